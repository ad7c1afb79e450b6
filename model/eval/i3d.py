"""I3D (Carreira and Zisserman 2017) with 400 classes of Kinetics, as FVD needs it.

Names of weights are those of the PyTorch port that VideoGPT, TATS and cd-fvd share (`i3d_pretrained_400.pt`).
B videos of T frames, C channels.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool3d, interpolate, max_pool3d, pad

SIDE = 224
Shape = tuple[int, int, int]
MIXED = {
    "Mixed_3b": (192, 64, 96, 128, 16, 32, 32),
    "Mixed_3c": (256, 128, 128, 192, 32, 96, 64),
    "Mixed_4b": (480, 192, 96, 208, 16, 48, 64),
    "Mixed_4c": (512, 160, 112, 224, 24, 64, 64),
    "Mixed_4d": (512, 128, 128, 256, 24, 64, 64),
    "Mixed_4e": (512, 112, 144, 288, 32, 64, 64),
    "Mixed_4f": (528, 256, 160, 320, 32, 128, 128),
    "Mixed_5b": (832, 256, 160, 320, 32, 128, 128),
    "Mixed_5c": (832, 384, 192, 384, 48, 128, 128),
}
"""Channels that come in, then those of the units b0, b1a, b1b, b2a, b2b, b3b."""
POOLS: dict[str, tuple[Shape, Shape]] = {
    "Conv3d_1a_7x7": ((1, 3, 3), (1, 2, 2)),
    "Conv3d_2c_3x3": ((1, 3, 3), (1, 2, 2)),
    "Mixed_3c": ((3, 3, 3), (2, 2, 2)),
    "Mixed_4f": ((2, 2, 2), (2, 2, 2)),
}
"""Window and stride of the max pool behind a part."""


class I3DUnit(nn.Module):
    """Convolution over as many places as its stride leaves, batch norm, ReLU."""

    def __init__(self, before: int, after: int, side: int, stride: int, eps: float) -> None:
        super().__init__()
        self.conv3d = nn.Conv3d(before, after, side, stride, bias=False)
        self.bn = nn.BatchNorm3d(after, eps=eps)

    def forward(self, x: Tensor) -> Tensor:
        """The same places, fewer where it strides."""
        window = (self.conv3d.kernel_size[0],) * 3
        stride = (self.conv3d.stride[0],) * 3
        return self.bn(self.conv3d(bordered(x, window, stride))).relu()


class Mixed(nn.Module):
    """Four branches side by side."""

    def __init__(self, widths: tuple[int, ...], eps: float) -> None:
        super().__init__()
        before, b0, b1a, b1b, b2a, b2b, b3b = widths
        self.b0 = I3DUnit(before, b0, 1, 1, eps)
        self.b1a, self.b1b = I3DUnit(before, b1a, 1, 1, eps), I3DUnit(b1a, b1b, 3, 1, eps)
        self.b2a, self.b2b = I3DUnit(before, b2a, 1, 1, eps), I3DUnit(b2a, b2b, 3, 1, eps)
        self.b3b = I3DUnit(before, b3b, 1, 1, eps)

    def forward(self, x: Tensor) -> Tensor:
        """All branches' channels, in their order."""
        near = pooled(x, (3, 3, 3), (1, 1, 1))
        return torch.cat([self.b0(x), self.b1b(self.b1a(x)), self.b2b(self.b2a(x)), self.b3b(near)], dim=1)


class Classes(nn.Module):
    """The last layer, whose weights lie one name deeper."""

    def __init__(self) -> None:
        super().__init__()
        self.conv3d = nn.Conv3d(1024, 400, 1)

    def forward(self, x: Tensor) -> Tensor:
        """400 values at every place."""
        classes: Tensor = self.conv3d(x)
        return classes


class I3d(nn.Module):
    """The network. DisCo's copy of it has `eps` 1e-3 and `frames_pooled` 1, and so gives other numbers."""

    def __init__(self, eps: float = 1e-5, frames_pooled: int = 2) -> None:
        super().__init__()
        self.frames_pooled = frames_pooled
        self.Conv3d_1a_7x7 = I3DUnit(3, 64, 7, 2, eps)
        self.Conv3d_2b_1x1 = I3DUnit(64, 64, 1, 1, eps)
        self.Conv3d_2c_3x3 = I3DUnit(64, 192, 3, 1, eps)
        for name, widths in MIXED.items():
            self.add_module(name, Mixed(widths, eps))
        self.logits = Classes()

    def forward(self, x_B3THW: Tensor) -> Tensor:
        """Logits (B, 400), mean over time, of videos of 10 frames or more, prepared by `prepared`."""
        x = x_B3THW
        for name, part in self.named_children():
            if name != "logits":
                x = part(x)
                x = pooled(x, *POOLS[name]) if name in POOLS else x
        x = avg_pool3d(x, (self.frames_pooled, 7, 7), stride=1)
        return self.logits(x)[..., 0, 0].mean(dim=2)


def bordered(x: Tensor, window: Shape, stride: Shape) -> Tensor:
    """`x` with zeros around, so that ceil(size / stride) windows fit; the odd one behind."""
    borders: list[int] = []
    for size, side, step in zip(reversed(x.shape[2:]), reversed(window), reversed(stride), strict=True):
        missing = max(side - (size % step or step), 0)
        borders += [missing // 2, missing - missing // 2]
    return pad(x, borders)


def pooled(x: Tensor, window: Shape, stride: Shape) -> Tensor:
    """Maxima of windows, zeros around."""
    return max_pool3d(bordered(x, window, stride), window, stride)


def prepared(videos_BTHW3: Tensor) -> Tensor:
    """uint8 videos as VideoGPT and cd-fvd give them to the network (B, 3, T, 224, 224): bilinear, 2x - 1."""
    x = videos_BTHW3.permute(0, 4, 1, 2, 3).float()
    flat = x.transpose(1, 2).flatten(0, 1)
    resized = interpolate(flat, (SIDE, SIDE), mode="bilinear", align_corners=False)
    return 2 * resized.unflatten(0, (len(x), -1)).transpose(1, 2) / 255 - 1
