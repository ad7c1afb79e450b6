"""Environments in which libraries compute as on an older processor.

    python -m tests.machines.limits sse PROGRAM [ARGUMENT ...]

Held back is what can be told so: numpy, torch, OpenCV, BLAS, Arrow, JPEG, x264. Mediapipe's networks cannot.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module
from pathlib import Path

import cv2
import imageio_ffmpeg

FFMPEG = Path(__file__).with_name("ffmpeg.sh")
BLAS = {"avx2": "Haswell", "sse": "Nehalem"}
FIXED = {
    "avx2": {"ATEN_CPU_CAPABILITY": "avx2", "MKL_ENABLE_INSTRUCTIONS": "AVX2", "ONEDNN_MAX_CPU_ISA": "AVX2"},
    "sse": {
        "ARROW_USER_SIMD_LEVEL": "NONE",
        "ATEN_CPU_CAPABILITY": "default",
        "JSIMD_FORCENONE": "1",  # libjpeg-turbo
        "MKL_ENABLE_INSTRUCTIONS": "SSE4_2",
        "ONEDNN_MAX_CPU_ISA": "SSE41",
        "OPENCV_IPP": "sse42",
    },
}
LEFT = {"avx2": ("X86_V3", "SSE4.1", "SSE4.2", "AVX", "FP16", "AVX2"), "sse": ()}
"""Of what numpy and OpenCV choose among, by their names, what they may still use."""


def environment(limit: str) -> dict[str, str]:
    """Names and values that hold this processor back to "avx2" or to "sse"; x264 has no assembler in both."""
    kernels = import_module("numpy._core._multiarray_umath")
    numpy = [name for name in kernels.__cpu_dispatch__ if kernels.__cpu_features__[name]]
    listed = cv2.getCPUFeaturesLine().split()
    opencv = [word.strip("*") for word in listed if word.startswith("*") and not word.endswith("?")]
    return FIXED[limit] | {
        "IMAGEIO_FFMPEG_EXE": str(FFMPEG),
        "NPY_DISABLE_CPU_FEATURES": " ".join(name for name in numpy if name not in LEFT[limit]),
        "OPENBLAS_CORETYPE": BLAS[limit],
        "OPENCV_CPU_DISABLE": ",".join(name for name in opencv if name not in LEFT[limit]),
        "PLAIN_FFMPEG": os.environ.get("PLAIN_FFMPEG") or imageio_ffmpeg.get_ffmpeg_exe(),
    }


if __name__ == "__main__":
    os.execvpe(sys.argv[2], sys.argv[2:], {**os.environ, **environment(sys.argv[1])})
