"""The paper's tables (arXiv 2504.01724) by name: which samples, which columns, and its own rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class PaperTable:
    """A table of the paper."""

    title: str
    where: tuple[str, ...]
    """Conditions that samples of a benchmark after it fulfil."""
    columns: Mapping[str, str]
    """Its columns, and the variant that stands under each here."""
    printed: Mapping[str, tuple[float, ...]]
    """Its rows, by method."""
    unknown: tuple[str, ...]
    """What it does not say, so that no number of it can be made again."""


COLUMNS = {
    "FID": "fid_tf",
    "SSIM": "ssim_disco",
    "PSNR": "psnr",
    "LPIPS": "lpips_alex",
    "FVD": "fvd_videogpt",
}
UNKNOWN = (
    "The clips are the authors' own and private: their number, length, resolution and people are not said.",
    "Variants are not said: of SSIM, of LPIPS and its input range, of Inception and I3D, of resizing.",
    "How many frames and windows stand behind FID and FVD is not said; both depend on it.",
    "Which frame is the reference, and whether it is among the frames that are scored, is not said.",
)

TABLES: Mapping[str, PaperTable] = {
    "table1": PaperTable(
        title="Table 1: body animation",
        where=("framing!=portrait",),
        columns=COLUMNS,
        printed={
            "Animate Anyone": (36.72, 0.791, 21.74, 0.266, 158.3),
            "Champ": (40.21, 0.732, 20.18, 0.281, 171.2),
            "MimicMotion": (35.90, 0.799, 22.25, 0.253, 149.9),
            "DisPose": (33.01, 0.804, 21.99, 0.248, 144.7),
            "DreamActor-M1": (27.27, 0.821, 23.93, 0.206, 122.0),
        },
        unknown=UNKNOWN,
    ),
    "table2": PaperTable(
        title="Table 2: portrait animation",
        where=("framing=portrait",),
        columns=COLUMNS,
        printed={
            "LivePortrait": (31.72, 0.809, 24.25, 0.270, 147.1),
            "X-Portrait": (30.09, 0.774, 22.98, 0.281, 150.9),
            "SkyReels-A1": (30.66, 0.811, 24.11, 0.262, 133.8),
            "Act-One": (29.84, 0.817, 25.07, 0.259, 135.2),
            "DreamActor-M1": (25.70, 0.823, 28.44, 0.238, 110.3),
        },
        unknown=(
            *UNKNOWN,
            "A PSNR of 28.44 beside an SSIM of 0.823 does not fit rows of equal SSIM with 24 to 25 dB.",
        ),
    ),
    "table3": PaperTable(
        title="Table 3: one reference, or several that the network makes itself",
        where=("framing!=portrait",),
        columns=COLUMNS,
        printed={
            "one reference": (28.22, 0.798, 25.86, 0.223, 120.5),
            "several references": (26.53, 0.812, 26.22, 0.219, 116.6),
        },
        unknown=(
            *UNKNOWN,
            "The clips are others than those of Table 1, whose row of the same method differs.",
        ),
    ),
}
"""Table 3 compares two runs of `evaluate render`, one with `--second-pass`."""
