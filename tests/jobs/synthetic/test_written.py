from __future__ import annotations

import av
import numpy as np
import pytest

from jobs.synthetic.film import cast, frames, sound
from jobs.synthetic.written import write_film
from tests.jobs.synthetic.takes import take_of


def test_a_film_holds_its_pictures_and_its_voice_in_step(kept, tmp_path):
    on = cast(take_of("talk", num_frames=25, speaks=True), kept)
    write_film(on, tmp_path / "a.mp4")
    with av.open(str(tmp_path / "a.mp4")) as file:
        pictures = np.stack([frame.to_ndarray(format="rgb24") for frame in file.decode(video=0)])
        assert file.streams.video[0].average_rate == 24
    with av.open(str(tmp_path / "a.mp4")) as file:
        heard = np.concatenate([frame.to_ndarray()[0] for frame in file.decode(audio=0)])
    assert len(pictures) == 25
    assert np.abs(pictures.astype(int) - frames(on)).mean() < 6
    result = sound(on.take).astype(float) / 32768
    num = min(len(result), len(heard))
    shift = max(range(-400, 401, 50), key=lambda s: result[1000:14000] @ heard[1000 + s : 14000 + s])
    assert abs(shift) <= 50  # of 16 000 a second
    assert np.corrcoef(result[:num], heard[:num])[0, 1] > 0.9
    assert [path.name for path in tmp_path.iterdir()] == ["a.mp4"]


def test_a_silent_film_has_no_track_of_sound_and_other_rates_are_refused(kept, tmp_path):
    write_film(cast(take_of("talk", num_frames=13), kept), tmp_path / "a.mp4")
    with av.open(str(tmp_path / "a.mp4")) as file:
        assert not file.streams.audio
        assert len(list(file.decode(video=0))) == 13
    with pytest.raises(ValueError, match="24 frames a second, not 12"):
        write_film(cast(take_of("talk", fps=12.0), kept), tmp_path / "b.mp4")
    assert not (tmp_path / "b.mp4").exists()
