"""One batch on several ranks: each holds some tokens of every picture, and in attention some heads of all.

Ulysses (arXiv 2309.14509): before an attention queries, keys and values of a rank's tokens are exchanged for
those of all tokens in its share of the heads, and the answers the other way behind it. All else of a token is
computed where it is. Tokens are shared out by their place in the picture, alike in all latent frames and
references, so every rank works as long as the others, and whole frames can be asked for their faces.

What lies before the tokens (embeddings, pose, faces) all ranks compute alike. The answer is gathered, so each
has the whole loss: its gradient goes back to a rank's own tokens alone, `size` times, as engines take the
mean of ranks and not their sum.

B clips, A heads, N tokens of this rank, S tokens of all ranks, E channels of a head, F pictures (latent
frames, references, or both), P tokens of a picture, C numbers of a token.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor

from model.nets.rope import Rotation


class SequenceGroup(Protocol):
    """Ranks that share the tokens of a batch."""

    @property
    def rank(self) -> int:
        """Of this process."""
        ...

    @property
    def size(self) -> int:
        """How many there are."""
        ...

    def swap(self, row: Tensor, sent: list[int], received: list[int]) -> Tensor:
        """Numbers of all ranks in a row: so many of each; `row` holds those for each, `sent` how many."""
        ...


@dataclass(frozen=True)
class Lanes:
    """Which tokens of a picture each rank has."""

    group: SequenceGroup
    shares: tuple[int, ...]
    """Tokens of a picture by rank."""

    @classmethod
    def of(cls, group: SequenceGroup, picture: int) -> Lanes:
        """Shares of a picture of so many tokens, as even as can be.

        Raises:
            ValueError: it has fewer tokens than there are ranks.
        """
        if picture < group.size:
            raise ValueError(f"{picture} tokens of a picture cannot be shared by {group.size} ranks")
        each, more = divmod(picture, group.size)
        return cls(group, tuple(each + (rank < more) for rank in range(group.size)))

    @property
    def own(self) -> slice:
        """This rank's tokens of a picture."""
        start = sum(self.shares[: self.group.rank])
        return slice(start, start + self.shares[self.group.rank])

    def mine(self, tokens: Tensor, dim: int) -> Tensor:
        """This rank's tokens of all pictures, which lie one after the other along an axis."""
        pictures = tokens.unflatten(dim, (-1, sum(self.shares)))
        start, stop = self.own.start, self.own.stop
        return pictures.narrow(dim + 1, start, stop - start).flatten(dim, dim + 1)

    def turn(self, turn: Rotation) -> Rotation:
        """The rotations of this rank's tokens."""
        return Rotation(self.mine(turn.cos, 0), self.mine(turn.sin, 0))

    def counts(self, tokens: int) -> list[int]:
        """Tokens of each rank, where this one has so many."""
        pictures = tokens // self.shares[self.group.rank]
        return [pictures * share for share in self.shares]

    def by_heads(self, x_BANE: Tensor) -> Tensor:
        """All tokens (B, A / size, S, E) in this rank's heads, of its own tokens in all heads."""
        counts, size = self.counts(x_BANE.shape[2]), self.group.size
        sent = [piece.flatten() for piece in x_BANE.chunk(size, dim=1)]
        b, a, _, e = x_BANE.shape
        shapes = [(b, a // size, count, e) for count in counts]
        return torch.cat(self.exchange(sent, shapes), dim=2)

    def by_tokens(self, x_BaSE: Tensor, tokens: int) -> Tensor:
        """This rank's tokens (B, A, N, E) in all heads, of all tokens in its heads."""
        counts = self.counts(tokens)
        sent = [piece.flatten() for piece in x_BaSE.split(counts, dim=2)]
        b, a, _, e = x_BaSE.shape
        return torch.cat(self.exchange(sent, [(b, a, tokens, e)] * self.group.size), dim=1)

    def exchange(self, sent: list[Tensor], shapes: Sequence[tuple[int, ...]]) -> list[Tensor]:
        """Pieces of these shapes, one of each rank, for pieces sent to each."""
        received = [torch.Size(shape).numel() for shape in shapes]
        row = Swapped.apply(torch.cat(sent), self.group, [piece.numel() for piece in sent], received)
        pieces = row.split(received)
        return [piece.view(shape) for piece, shape in zip(pieces, shapes, strict=True)]

    def gathered(self, x_BNC: Tensor) -> Tensor:
        """The tokens of all ranks (B, S, C), for a loss that all compute alike."""
        b, n, c = x_BNC.shape
        counts = self.counts(n)
        row = Gathered.apply(x_BNC.flatten(), self.group, [b * count * c for count in counts])
        pieces = zip(row.split([b * count * c for count in counts]), self.shares, strict=True)
        return torch.cat([piece.view(b, -1, share, c) for piece, share in pieces], dim=2).flatten(1, 2)


class Swapped(torch.autograd.Function):
    """Numbers exchanged between ranks, and their gradients back."""

    @staticmethod
    def forward(ctx: Any, row: Tensor, group: SequenceGroup, sent: list[int], received: list[int]) -> Tensor:
        """What the other ranks sent."""
        ctx.group, ctx.sent, ctx.received = group, sent, received
        return group.swap(row, sent, received)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None, None]:
        """The gradients of what was sent."""
        return ctx.group.swap(gradients[0].contiguous(), ctx.received, ctx.sent), None, None, None


class Gathered(torch.autograd.Function):
    """Numbers of all ranks; the gradient, which all ranks have whole, of this rank's own, `size` times."""

    @staticmethod
    def forward(ctx: Any, row: Tensor, group: SequenceGroup, received: list[int]) -> Tensor:
        """The numbers of all ranks in a row."""
        ctx.group, ctx.received = group, received
        return group.swap(row.repeat(group.size), [row.numel()] * group.size, received)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        """The gradient of this rank's own numbers."""
        own = gradients[0].split(ctx.received)[ctx.group.rank]
        return own * ctx.group.size, None, None
