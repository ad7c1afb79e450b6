"""What the shard stage does where something cannot be stored."""

from __future__ import annotations

import pickle
import resource
import signal
import subprocess
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.core import Step, Tally, apply
from engine.runners.monitored import Monitored
from media.content import state_of
from pipeline.stages.shard import Shard, ShardSettings
from schemas.arrays import array_specs
from schemas.controls import Controls
from schemas.index import IndexRow, ShardPlan
from schemas.outcome import Reject
from tests.pipeline.stages.stored_shard import SCENE, members_of, names_in
from tests.stored import filmed, in_their_tar, plan_of, sample_of, tar_in


def test_a_source_that_is_gone_is_a_reject_and_the_others_are_stored(plan: ShardPlan, tmp_path: Path) -> None:
    gone = filmed(tmp_path / "gone.mp4", replace(SCENE, appearance=2))
    Path(gone.uri).unlink()
    lost = sample_of(gone, SCENE, 0, 25)
    make = partial(Shard, ShardSettings(), tmp_path)
    step: Step[Any, Any] = Step(name="shard", make=make, takes=ShardPlan, gives=IndexRow)
    tally = Tally(step="shard")
    outcomes = in_their_tar(apply(step, step.make(), [plan_of(lost, plan.members[0])], tally, lambda: 0.0))
    rejects = [outcome for outcome in outcomes if isinstance(outcome, Reject)]
    assert [(reject.key, reject.reason, reject.uri) for reject in rejects] == [(lost.key, "gone", gone.uri)]
    assert (tally.offered, tally.kept, tally.rejected) == (2, 1, 1)
    (row,) = (outcome for outcome in outcomes if isinstance(outcome, IndexRow))
    assert set(members_of(tmp_path, [row])[0]) >= {"video.mp4", "face.mp4", "tracks.npz", "meta.json"}


@pytest.mark.parametrize("tells", [True, False])
def test_a_source_rewritten_at_its_size_is_not_stored_under_its_old_digest(
    plan: ShardPlan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, tells: bool
) -> None:
    """Also where sizes and times do not tell: whoever stores reads the file again."""
    clip = plan.members[2].scene.clip
    video = tmp_path / "c.mp4"
    video.write_bytes(Path(clip.uri).read_bytes())
    here = replace(clip.video, source=replace(clip.video.source, uri=str(video)))
    sample = replace(plan.members[2], scene=replace(plan.members[2].scene, clip=replace(clip, video=here)))
    if not tells:
        state = state_of(video)
        for module in ("content", "fetch"):
            monkeypatch.setattr(f"media.{module}.state_of", lambda file: state)
    (row,) = Shard(ShardSettings(), tmp_path / "before")(plan_of(sample))
    assert isinstance(row, IndexRow)
    data = bytearray(video.read_bytes())
    data[len(data) // 2] ^= 1
    video.write_bytes(data)
    (no,) = Shard(ShardSettings(), tmp_path / "after")(plan_of(sample))
    assert isinstance(no, Reject)
    assert (no.reason, no.detail) == ("changed", "its content is not what was listed")


def test_a_bug_upstream_stops_the_run_before_the_tar_has_its_name(plan: ShardPlan, tmp_path: Path) -> None:
    member = plan.members[0]
    arrays = {name: getattr(member.scene.controls, name) for name in array_specs(Controls)}
    arrays["body_yaw"] = np.where(np.arange(len(arrays["body_yaw"])) == 3, np.nan, arrays["body_yaw"])
    bad = remade(member, scene=remade(member.scene, controls=Controls(**arrays)))
    with pytest.raises(RuntimeError, match="tracks: body_yaw: not finite"):
        list(Shard(ShardSettings(), tmp_path)(plan_of(bad)))
    assert list(tmp_path.rglob("*.tar")) == []


def test_of_a_tar_only_the_sample_that_breaks_a_promise_is_held_back(plan: ShardPlan, tmp_path: Path) -> None:
    member = plan.members[1]
    arrays = {name: getattr(member.scene.controls, name) for name in array_specs(Controls)}
    arrays["body_yaw"] = np.full_like(arrays["body_yaw"], np.nan)
    bad = remade(member, scene=remade(member.scene, controls=Controls(**arrays)))
    mixed = plan_of(plan.members[0], bad, plan.members[2])
    make = partial(Shard, ShardSettings(), tmp_path)
    step: Step[Any, Any] = Step(name="shard", make=make, takes=ShardPlan, gives=IndexRow)
    stage = Monitored(step=step, stage=step.make(), holds={}, tell=lambda spot: None, tries=1)
    outcomes = list(apply(step, stage, [mixed], Tally(step="shard"), lambda: 0.0))
    assert [(o.key, isinstance(o, Reject)) for o in outcomes] == [
        (bad.key, True),
        (plan.members[0].key, False),
        (plan.members[2].key, False),
    ]
    assert outcomes[0].detail.startswith("RuntimeError in pipeline.stages.shard, line")


def test_an_unwritable_folder_is_one_clear_error(plan: ShardPlan, tmp_path: Path) -> None:
    (tmp_path / "shards").write_text("a file where the folder should be")
    with pytest.raises(OSError, match=r"Not a directory.*shards"):
        list(Shard(ShardSettings(), tmp_path)(plan))


def test_a_full_disk_is_an_error_and_leaves_nothing(plan: ShardPlan, tmp_path: Path) -> None:
    """The limit on the size of files stands for the disk: the tar of three samples cannot be written."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))
    try:
        with pytest.raises(OSError, match="File too large"):
            list(Shard(ShardSettings(), tmp_path)(plan))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_killed_attempt_leaves_no_tar_and_the_next_one_is_whole(
    stored: tuple[Path, list[Any]], plan: ShardPlan, tmp_path: Path
) -> None:
    code = (
        "import os, pickle, signal, sys\n"
        "from pathlib import Path\n"
        "import pipeline.stages.shard as stage\n"
        "stage.read_back = lambda path, rows: os.kill(os.getpid(), signal.SIGKILL)\n"
        "list(stage.Shard(stage.ShardSettings(), Path(sys.argv[1]))(pickle.load(sys.stdin.buffer)))\n"
    )
    root = Path(__file__).resolve().parents[3]
    ended = subprocess.run(
        [sys.executable, "-c", code, tmp_path], input=pickle.dumps(plan), cwd=root, check=False
    )
    assert ended.returncode == -signal.SIGKILL
    assert not (tmp_path / "shards").exists()
    list(Shard(ShardSettings(), tmp_path)(plan))
    out, rows = stored
    assert (tmp_path / rows[0].shard).read_bytes() == (out / rows[0].shard).read_bytes()
    assert names_in(tmp_path / "shards" / plan.bucket) == [tar_in(tmp_path, plan.key).name]


def remade(item: Any, **changes: Any) -> Any:
    """A record with some fields changed."""
    fields = {name: getattr(item, name) for name in type(item).__dataclass_fields__}
    return type(item)(**{**fields, **changes})


@pytest.mark.parametrize("key", ["../../outside", "160x240/../../../outside", "160x240/a\\b"])
def test_a_key_cannot_write_outside(plan: ShardPlan, tmp_path: Path, key: str) -> None:
    out = tmp_path / "set"
    with pytest.raises(ValueError, match="no plain name"):
        list(Shard(ShardSettings(), out)(ShardPlan(key=key, bucket=plan.bucket, members=plan.members[:1])))
    assert list(tmp_path.rglob("*.tar")) == []
