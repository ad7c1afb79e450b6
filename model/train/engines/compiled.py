"""Blocks compiled by torch's inductor: the same losses within rounding, in fewer and larger kernels.

Block by block, in place: all blocks share their graphs, and names of weights stay. Sizes of a batch are
symbols in a graph. What a phase needs is one graph for batches of one clip and one for more, twice as many
where the first block gets tokens without gradients (in a phase whose base is frozen), and as many again where
gradients are off; now and then one more, where two sizes happen to be equal. Torch stops at eight and runs
what does not fit any of them as it is. A phase begins with none: what learns is part of a graph.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from model.nets.block import Block
from model.train.engines.engine import Build, Engine
from model.train.engines.optimizer import OptimizerSettings


def compiling(build: Build, device: torch.device) -> Build:
    """Makes engines of networks whose blocks are compiled when they first run.

    Raises:
        ValueError: nothing can be compiled on this machine.
    """
    check_compiler(device)

    def built(
        net: nn.Module, settings: OptimizerSettings, steps: int, *, stored: Mapping[str, Tensor]
    ) -> Engine:
        torch.compiler.reset()
        for block in net.modules():
            if isinstance(block, Block):
                block.compile(dynamic=True)
        return build(net, settings, steps, stored=stored)

    return built


def check_compiler(device: torch.device) -> None:
    """That torch can compile for a device; tried on a small function, as only that proves it.

    Raises:
        ValueError: it cannot.
    """
    from torch._dynamo.exc import TorchDynamoException

    try:
        torch.compile(torch.sin)(torch.ones(8, device=device))
    except TorchDynamoException as trouble:
        needs = "Triton and a C compiler" if device.type == "cuda" else "a C++ compiler such as g++"
        why = str(trouble).strip().splitlines()[0]
        raise ValueError(
            f"nothing can be compiled here ({why}): compile needs {needs}; install that, or leave compile off"
        ) from trouble
