"""How a fresh network begins: all random weights are drawn here, and what is zero is made zero here."""

from __future__ import annotations

from torch import Generator, nn
from torch.nn import init

from model.nets.lora import draw_changes_of

STD = 0.02
"""Of embeddings and null tokens."""


def start(net: nn.Module, generator: Generator) -> None:
    """Draw the weights of a `DiT`.

    Layers behind a ReLU or SiLU in the encoders keep the size of the signal (He); those of the transformer
    are Glorot's, as in Wan 2.1. Parts that are added to a base begin with zero as their answer. The speech
    encoder is drawn last: the rest is the same with it and without. A network without memory stays without
    numbers: torch would load its compiler to draw none.
    """
    if all(parameter.is_meta for parameter in net.parameters()):
        return
    draw_layers(net, generator, speech=False)
    for name, parameter in net.named_parameters():
        if name.endswith("modulation"):
            init.normal_(parameter, std=parameter.shape[-1] ** -0.5, generator=generator)
        elif name in {"no_reference", "face.null"}:
            init.normal_(parameter, std=STD, generator=generator)
    draw_layers(net, generator, speech=True)
    for name, parameter in net.named_parameters():
        if begins_as_zero(name):
            init.zeros_(parameter)
    draw_changes_of(net, generator)


def draw_layers(net: nn.Module, generator: Generator, *, speech: bool) -> None:
    """Draw the weights of the layers of the speech encoder, or of all others."""
    for name, module in net.named_modules():
        if name.startswith("speech.") == speech:
            draw(name, module, generator)


def draw(name: str, module: nn.Module, generator: Generator) -> None:
    """Draw the weights of a layer, if it is one."""
    if isinstance(module, nn.Linear | nn.Conv1d | nn.Conv2d | nn.Conv3d):
        if name.startswith(("face.motion.", "pose.", "speech.conv")):
            init.kaiming_normal_(module.weight, nonlinearity="relu", generator=generator)
        else:
            init.xavier_uniform_(module.weight.flatten(1), generator=generator)
        if module.bias is not None:
            init.zeros_(module.bias)


def begins_as_zero(name: str) -> bool:
    """Whether a weight is zero in a fresh network: outputs of added parts, and the read-out."""
    return "_attn.attention.o." in name or name.startswith(ANSWERS)


ANSWERS = ("control_embedding.", "head.head.", "speech.out.")
