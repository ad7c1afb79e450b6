"""The file of the speech network."""

from __future__ import annotations

from storage.packaged_files import PackagedFile

SPEECH_NETWORK = PackagedFile(
    package="silero_vad",
    member="silero_vad/data/silero_vad.jit",
    sha256="e1122837f4154c511485fe0b9c64455f7b929c96fbb8d79fbdb336383ebd3720",
    licence="MIT",
)
