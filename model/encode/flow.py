"""The legs from a data set to its latents: a codec where none is given, then a lap for each tar."""

from __future__ import annotations

from functools import partial
from itertools import chain

from dataset.index import Index, read_index
from engine.core import Step
from engine.ledger import Lap, Ledger, digest
from engine.leg import Leg
from model.data.windows import FRAMES_PER_LATENT, PX_PER_TOKEN
from model.encode.autoencoder import Autoencoder
from model.encode.fit import SAMPLES, FitCodec, first_parts
from model.encode.latents import Encoder, LatentPart, LatentParts, parts_of
from model.encode.settings import CODEC, Encoding
from model.encode.texts import TextEncoder
from schemas.controls import CANVAS_AREA
from schemas.latents import CodecSample, LatentRow
from schemas.media import MIN_CLIP_FRAMES
from schemas.version import LATENTS
from storage.place import Place

FIT = "codec"
"""The leg that fits a codec, where OUT holds none and none is given."""
TARS = "latents"
"""The leg that encodes."""
TORCH = 512 * 2**20
"""Bytes that torch takes, with a sample as it lies in its tar."""
FITTED, ENCODED = 3 * (1 + 4 + 4 + 8 + 8), 3 * (1 + 4 + 4 + 4 + 4)
"""Bytes that a pixel takes: decoded, as a number, as one of a patch, and as what is done with that."""


def forget_lost_codec(ledger: Ledger, out: Place) -> None:
    """To be called before the legs run: a codec that is gone is fitted anew, whatever the ledger says."""
    if out.size(CODEC) is None:
        ledger.prune(FIT, frozenset())


def autoencoder_of(run: Encoding, out: str) -> Autoencoder:
    """What encodes: the one that is given, or the codec beside the latents."""
    return Autoencoder(path=run.vae, out=out, device=run.device, precision=run.precision)


def texts_of(run: Encoding) -> TextEncoder | None:
    """What encodes captions, if anything does."""
    if run.text_encoder is None:
        return None
    return TextEncoder(path=run.text_encoder, device=run.device, precision=run.precision)


def legs(run: Encoding, data: str, out: str, *, fits: bool) -> list[Leg]:
    """The legs of a run from a data set to latents in `out`, one of them fits a codec where `fits`."""
    autoencoder = autoencoder_of(run, out)
    if fits:
        return [fitting(data, out), encoding(run, autoencoder, data, out, beside=(FIT,))]
    return [encoding(run, autoencoder, data, out)]


def fitting(data: str, out: str) -> Leg:
    """The leg that fits a codec."""
    return Leg(name=FIT, steps=(fit(data, out),), plan=partial(once, data=data))


def encoding(
    run: Encoding, autoencoder: Autoencoder, data: str, out: str, beside: tuple[str, ...] = ()
) -> Leg:
    """The leg that encodes."""
    plan = partial(each_tar, run=run, autoencoder=autoencoder, data=data)
    return Leg(name=TARS, steps=(encode(run, autoencoder, data, out),), plan=plan, beside=beside)


def fit(data: str, out: str) -> Step[LatentParts, CodecSample]:
    """A codec for the data set."""
    return Step(
        name="fit",
        make=partial(FitCodec, data, out),
        takes=LatentParts,
        gives=CodecSample,
        version=2,  # 1 took all patches of a film
        settings=(SAMPLES, MIN_CLIP_FRAMES),
        memory_bytes=TORCH + CANVAS_AREA * MIN_CLIP_FRAMES * FITTED,
    )


def encode(run: Encoding, autoencoder: Autoencoder, data: str, out: str) -> Step[LatentParts, LatentRow]:
    """The windows, references and captions of a tar, encoded into a tar."""
    texts = texts_of(run)
    return Step(
        name="encode",
        make=partial(Encoder, autoencoder, data, out, texts),
        takes=LatentParts,
        gives=LatentRow,
        settings=(LATENTS, run.window, run.max_tokens, *(["mirrored"] if run.mirrored else [])),
        memory_bytes=TORCH
        + run.max_tokens * FRAMES_PER_LATENT * PX_PER_TOKEN**2 * ENCODED
        + (texts.num_bytes if texts and run.device == "cpu" else 0),
        gpus=0.0 if run.device == "cpu" else run.gpu_share,
        weights=frozenset({"autoencoder"}),
    )


def once(_: Ledger, leg: Leg, *, data: str) -> list[Lap]:
    """One lap, whatever the data set: where samples come the codec stays, for latents hold to it."""
    parts = first_parts(read_index(data), SAMPLES)
    read = partial(given, parts=LatentParts(key=CODEC, members=tuple(parts)))
    return [Lap(leg=leg.name, name=f"{0:06d}", inputs=leg.settings, items=len(parts), read=read)]


def each_tar(_: Ledger, leg: Leg, *, run: Encoding, autoencoder: Autoencoder, data: str) -> list[Lap]:
    """One lap for each tar of the data set from which anything is encoded.

    Raises:
        ValueError: there is no such autoencoder.
    """
    index = read_index(data)
    if run.vae is None and Place.at(autoencoder.out).size(CODEC) is None:
        raise ValueError(f"{autoencoder.out}: no sample could be read to fit a codec to; see its rejects")
    vae, texts, laps = autoencoder.digest, texts_of(run), []
    for shard, samples in index.by_shard():
        identifiers = chain(samples.table["key"].to_pylist(), samples.table["sha256"].to_pylist())
        captions = [texts.digest, *samples.table["extra"].to_pylist()] if texts else []
        laps.append(
            Lap(
                leg=leg.name,
                name=shard.removeprefix("shards/").removesuffix(".tar").replace("/", "-"),
                inputs=digest(leg.settings, vae, shard, *identifiers, *captions),
                items=len(parts_in(samples, run)),
                read=partial(of_tar, samples=samples, run=run, shard=shard),
            )
        )
    return [lap for lap in laps if lap.items]


def of_tar(_: Ledger, *, samples: Index, run: Encoding, shard: str) -> list[LatentParts]:
    """All that is to be encoded of the samples of one tar, together."""
    return [LatentParts(key=shard, members=tuple(parts_in(samples, run)))]


def parts_in(samples: Index, run: Encoding) -> list[LatentPart]:
    """All that is to be encoded of the samples of one tar."""
    captions = run.text_encoder is not None
    return parts_of(samples, run.window, run.max_tokens, mirrored=run.mirrored, captions=captions)


def given(_: Ledger, *, parts: LatentParts) -> list[LatentParts]:
    """Parts that a lap carries."""
    return [parts]
