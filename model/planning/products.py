"""What a network computes as products of matrices and attentions, each with its weights and operations."""

from __future__ import annotations

from dataclasses import dataclass

from model.nets.autoencoders.wan import TIME_STRIDE
from model.nets.param_groups import Part
from model.nets.sizes import Sizes

Parts = frozenset[Part]
NONE: Parts = frozenset()


@dataclass(frozen=True, kw_only=True)
class WindowSpec:
    """What a batch of one rank shows."""

    frames: int
    """4k + 1."""
    width: int
    """px"""
    height: int
    """px"""
    references: int = 1
    clips: int = 1
    faces: bool = True
    """The network is told of faces."""
    caption: int = 1
    """Tokens; one where there is none."""
    shared_by: int = 1
    """Ranks, each of which has some of the tokens."""

    @property
    def latents(self) -> int:
        """Latent frames, T."""
        return 1 + (self.frames - 1) // TIME_STRIDE

    @property
    def pixels(self) -> int:
        """Of a frame."""
        return self.width * self.height

    def picture(self, sizes: Sizes) -> int:
        """Tokens of a latent frame."""
        _, rows, columns = sizes.patch
        return -(-self.height // (sizes.stride * rows)) * -(-self.width // (sizes.stride * columns))


@dataclass(frozen=True, kw_only=True)
class Product:
    """Rows times a matrix of weights."""

    part: Part
    rows: int
    """Of all clips; 0 for weights that are no matrix: of norms, tables, null tokens."""
    inputs: int
    outputs: int
    bias: bool = True
    after: Parts = NONE
    """What lies in front of it."""
    tied: bool = False
    """Its weights are those of another product."""
    count: int = 1
    exact: bool = False
    """Its weights stay float32, whatever the others are."""
    again: bool = False
    """Done once more on the way back, where activations are computed again."""
    shared: bool = False
    """Of a block: ranks that share the tokens of a batch share it too."""

    @property
    def weights(self) -> int:
        """Values that it holds."""
        return 0 if self.tied else self.count * self.outputs * (self.inputs + self.bias)

    @property
    def forward(self) -> int:
        """Operations of the way there."""
        return 2 * self.count * self.rows * self.inputs * self.outputs

    def backward(self, learning: Parts) -> int:
        """Operations of the way back."""
        return self.forward * ((self.part in learning) + bool(self.after & learning))


@dataclass(frozen=True, kw_only=True)
class Attending:
    """Tokens that ask others."""

    clips: int
    asking: int
    asked: int
    width: int
    after: Parts
    """What lies in front of it, its own weights included."""
    count: int = 1
    again: bool = True
    shared: bool = False
    """Of a block: ranks that share the tokens of a batch share it too."""

    @property
    def forward(self) -> int:
        """Operations of the way there."""
        return 4 * self.count * self.clips * self.asking * self.asked * self.width

    def backward(self, learning: Parts) -> int:
        """Operations of the way back."""
        return self.forward * 5 // 2 if self.after & learning else 0


Work = Product | Attending


def table(part: Part, size: int, rows: int = 1, *, exact: bool = True) -> Product:
    """Weights that are no matrix: `rows` for each of `size` values. Of norms and times, they stay float32."""
    return Product(part=part, rows=0, inputs=rows, outputs=size, bias=False, exact=exact)
