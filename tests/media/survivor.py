"""python -m tests.media.survivor FILES: probes and decodes each, or hears it, and prints what became of it.

With bounded memory, in one process: one that is aborted leaves the files after it without a line.
"""

from __future__ import annotations

import resource
import sys
import traceback
from pathlib import Path

from media.clock import num_ticks
from media.decode import decode, decode_frames
from media.voice import voice_of
from schemas.outcome import Rejected
from tests.films import probed

MAX_BYTES = 3 * 2**30
SOUNDS = (".wav", ".flac", ".m4a")


def fate(path: Path) -> str:
    """ "read", the reason of a reject, or the trace of what should not have been."""
    try:
        if path.suffix in SOUNDS:
            with voice_of(path):
                return "read"
        video = probed(path)
        num = num_ticks(video.duration_s)
        for _ in decode(video, 0, min(num, 40), window=16):
            pass
        decode_frames(video, [num // 2, num - 1])
    except Rejected as no:
        return no.reason
    except BaseException:  # noqa: BLE001 - that there is one is what the test asks
        return repr(traceback.format_exc())
    return "read"


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_AS, (MAX_BYTES, MAX_BYTES))
    for name in sys.argv[1:]:
        print(fate(Path(name)), flush=True)
