"""How a data set is read: all that a recipe may say of it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal

from model.data.augment import Augmentation
from model.data.epoch_order import OrderSettings
from model.data.reference_rule import ReferenceRule
from model.data.sample_rng import DropoutRule


@dataclass(frozen=True, kw_only=True)
class SampleSettings:
    """What is made of a stored sample."""

    maps: Literal["drawn", "baked"] = "drawn"
    """Skeletons and spheres are drawn where a batch is used, or read from samples that hold them."""
    speech: bool = False
    """Give the sound of the window, and of half a second around it, where the sample has it."""
    references: ReferenceRule = field(default_factory=ReferenceRule)
    dropout: DropoutRule = field(default_factory=DropoutRule)
    augment: Augmentation = field(default_factory=Augmentation)

    def __post_init__(self) -> None:
        """Check that what is baked need not be drawn otherwise."""
        if self.maps == "baked" and self.augment.redraws:
            raise ValueError("baked maps can be neither mirrored nor given other bones: draw them")


def undisturbed(settings: SampleSettings) -> SampleSettings:
    """The settings under which a sample is given whole, with its first reference: to try a network on."""
    nothing = DropoutRule(references=0, motion=0, face=0, everything=0, caption=0)
    one = ReferenceRule(max_references=1)
    return replace(settings, references=one, dropout=nothing, augment=Augmentation())


@dataclass(frozen=True, kw_only=True)
class LatentSource:
    """Where latents are stored, and of which autoencoder they must be."""

    root: str
    """Folder that `understudy encode` filled, or its URI."""
    vae: str
    """Digest of the autoencoder that training uses."""
    others: tuple[str, ...] = ()
    """Further such folders, of other data sets."""
    captions: str = ""
    """Digest of the text encoder whose embeddings of captions are stored there too; empty: no captions."""

    @property
    def roots(self) -> tuple[str, ...]:
        """All folders."""
        return (self.root, *self.others)


@dataclass(frozen=True, kw_only=True)
class LoaderSettings:
    """How a data set is read."""

    order: OrderSettings = field(default_factory=OrderSettings)
    sample: SampleSettings = field(default_factory=SampleSettings)
    latents: LatentSource | None = None
    """Stored latents to give in place of pictures, wherever all of a batch have them."""
    seed: int = 0
    epochs: int | None = None
    """End after so many epochs; None: never."""
    max_unfit: int = 0
    """Samples that a rank may leave out, counted and named, before the run stops; 0 stops at the first."""
    verify: bool = True
    """Compare the bytes of every sample with the digest in the index."""
    workers: int = 4
    """Processes that make batches; 0 makes them where they are used."""
    pin: bool = False
    """Put batches where a GPU fetches them without waiting."""
    batches_ahead_mib: int = 4096
    """Most memory of batches that are made before they are asked for, MiB."""
    fetch_ahead_mib: int = 64
    """Most memory of stored samples that one worker fetches before it needs them, and of latents, MiB."""

    def __post_init__(self) -> None:
        """Check that what is stored shows what is drawn."""
        if self.order.area is not None and self.sample.maps == "baked":
            raise ValueError("baked maps are of stored canvases: draw them, or leave out order.area")
