"""Checkpoints of strangers, given to make videos with: one sentence, and no memory for what they tell."""

from __future__ import annotations

import json
import resource
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from model.nets.autoencoders.patches import VALUES, PatchCodec
from model.train import checkpoint
from model.train.load import has_learned, much_noise, trained
from model.train.names import CODEC, RUN
from model.train.phases import body
from model.train.starts import starts_of
from tests.model.train.runs import some_codec, train, training
from tests.model.train.test_starts import START
from tests.mutants import mutants

LAST = "1-000001"
CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def run(data_set: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of one step."""
    folder = tmp_path_factory.mktemp("run")
    train(data_set, folder, training(phases=(body(1),)))
    some_codec().save(folder / CODEC)
    return folder


@pytest.fixture
def own(run: Path, tmp_path: Path) -> Path:
    """A copy of it, to be changed."""
    return Path(shutil.copytree(run, tmp_path / "run"))


def tell(run: Path, way: str, value: object) -> None:
    """Change what a checkpoint tells; `way` leads there, its parts between dots."""
    file = run / "checkpoints" / LAST / checkpoint.STATE
    content = place = json.loads(file.read_text())
    *parts, last = way.split(".")
    for part in parts:
        place = place[part]
    place[last] = value
    file.write_text(json.dumps(content))


@contextmanager
def little_memory(more: int = 2**30) -> Iterator[None]:
    """This process may not take much more memory than it has."""
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + more, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def test_the_network_of_a_run_is_its_averages(run: Path) -> None:
    net, codec = trained(run, "average", CPU)
    folder = run / "checkpoints" / LAST
    for name, value in checkpoint.averages_of(folder).items():
        assert torch.equal(net.state_dict()[name], value), name
    last, _ = trained(run, "last", CPU)
    for name, value in checkpoint.weights_of(folder).items():
        assert torch.equal(last.state_dict()[name], value), name
    assert not any(weight.requires_grad for weight in net.parameters())
    assert codec.channels == 16


def test_two_runs_share_the_way_where_their_times_meet(own: Path, tmp_path: Path) -> None:
    other = Path(shutil.copytree(own, tmp_path / "other"))
    assert much_noise(own, None, "average", CPU) is None
    tell(own, "settings.times", [0.0, 0.9])
    with pytest.raises(ValueError, match=r"from 0 to 0\.9 alone.*--much-noise"):
        much_noise(own, None, "average", CPU)
    with pytest.raises(ValueError, match="together not all from 0 to 1"):
        much_noise(own, other, "average", CPU)
    tell(other, "settings.times", [0.9, 1.0])
    expert = much_noise(own, other, "average", CPU)
    assert expert
    assert expert.above == 0.9
    tell(other, "settings.sizes.first_frame", "at_time_0")
    with pytest.raises(ValueError, match="read other things: first_frame differ"):
        much_noise(own, other, "average", CPU)


@pytest.mark.parametrize(
    ("way", "value", "message"),
    [
        ("settings.sizes.layers", 50_000, "a network of 50000 layers, and holds"),
        ("settings.sizes.motion.depth", 50_000, "a network of 50000 layers, and holds"),
        ("settings.sizes.layers", 10**12, "layers of 1000000000000 makes no network"),
        ("settings.sizes.width", 65_536, "these weights do not fit its sizes: shapes: "),
        ("settings.sizes.ffn", 65_536, "these weights do not fit its sizes: shapes: blocks"),
        ("settings.sizes.layers", 3, r"do not fit its sizes: missing: blocks\.\*\.cross_attn"),
        ("settings.sizes.heads", 0, "heads of 0 makes no network"),
        ("settings.sizes.width", "wide", r"not the settings of a training \(.*sizes.width"),
        ("settings.sizes.motion", [], r"not the settings of a training \(.*sizes.motion"),
        ("settings.sizes", None, r"not the settings of a training \(.*sizes"),
        ("settings.dtype", "__import__", r"not the settings of a training \(.*dtype"),
        ("settings.vae", "../../../../etc/passwd", "not a patch codec"),
        ("settings.vae", "/dev/null", "not a patch codec"),
        ("phase", "first", r"not a checkpoint of a run \(phase: "),
        ("phase", -1, "not a checkpoint of a run"),
        ("phase", 98, r"not a checkpoint of a run \(it tells of 99-"),
        ("step", 7, "not a checkpoint of a run"),
        ("settings.timestep_shift", float("nan"), r"not a checkpoint of a run \(.*NaN is no finite number"),
        ("settings.seed", 10**30, "a number of 31 digits"),
        ("settings.sizes.speech.heads", 0, "speech width .* does not make 0 heads"),
        ("settings.sizes.speech.layers", -3, "speech width .* does not make"),
        ("step", 0, "not a checkpoint of a run"),
        ("loader", [], r"not a checkpoint of a run \(.*loader"),
        ("version", {}, r"a checkpoint of version \{\}; this code reads 2"),
    ],
)
def test_what_a_stranger_tells_is_refused_before_memory_is_taken(
    own: Path, way: str, value: object, message: str
) -> None:
    tell(own, way, value)
    with little_memory(), pytest.raises(ValueError, match=message) as refused:
        trained(own, "average", CPU)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("content", [b"", b"[" * 10_000, b"null", b"\xff\xfe", b"{" + b" " * 2**20 + b"}"])
def test_a_state_that_is_none_is_refused(own: Path, content: bytes) -> None:
    (own / "checkpoints" / LAST / checkpoint.STATE).write_bytes(content)
    with pytest.raises(ValueError, match=f"{LAST}: not a checkpoint of a run"):
        trained(own, "average", CPU)


@pytest.mark.parametrize(("phase", "step"), [(98, 1), (0, 7)])
def test_a_place_that_its_settings_lack_is_refused(own: Path, phase: int, step: int) -> None:
    tell(own, "phase", phase)
    tell(own, "step", step)
    (own / "checkpoints" / LAST).rename(own / "checkpoints" / f"{phase + 1}-{step:06}")
    for ask in (lambda: trained(own, "average", CPU), lambda: has_learned(own, "speech")):
        with pytest.raises(ValueError, match=f"step {step} of phase {phase + 1}, which its settings lack"):
            ask()


def test_weights_that_are_no_numbers_are_refused(own: Path) -> None:
    file = next((own / "checkpoints" / LAST / "weights").glob("*.safetensors"))
    weights = load_file(file)
    name = next(name for name in sorted(weights) if weights[name].is_floating_point())
    weights[name] = torch.full_like(weights[name], torch.nan)
    save_file(weights, file)
    with pytest.raises(ValueError, match="weights that are no finite numbers"):
        trained(own, "last", CPU)


def test_mutants_of_a_run_are_read_or_named(own: Path) -> None:
    """Whatever file of a run is another, a sentence says so, or the run is as good."""
    (own / RUN).write_text(json.dumps([START]))
    kept = ("state.json", RUN, CODEC, ".safetensors")
    paths = [path for path in own.rglob("*") if path.name.endswith(kept) and path.is_file()]
    files = {str(path.relative_to(own)): path.read_bytes() for path in paths}
    assert len(files) > 4
    for name, data in mutants(files, 80):
        (own / name).write_bytes(data)
        with suppress(ValueError):
            starts_of(own)
            has_learned(own, "speech")
            trained(own, "average", CPU)
        (own / name).write_bytes(files[name])
    trained(own, "average", CPU)


def test_weights_elsewhere_are_not_read(own: Path) -> None:
    """A list of files may not lead out of its folder."""
    secret = own / "secret.safetensors"
    save_file({"a": torch.ones(1)}, secret)
    folder = own / "checkpoints" / LAST / "weights"
    listed: dict[str, Any] = {"weight_map": {"a": "../../../secret.safetensors"}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(listed))
    with pytest.raises(ValueError, match="names files outside its folder"):
        trained(own, "average", CPU)


def test_where_no_run_is(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no checkpoint of a run there"):
        trained(tmp_path, "average", CPU)


def test_an_autoencoder_of_other_latents_is_said(own: Path) -> None:
    basis = torch.linalg.qr(torch.randn(VALUES, 8, generator=torch.Generator().manual_seed(3))).Q
    PatchCodec(torch.zeros(VALUES), basis, torch.full((8,), 3.0)).save(own / CODEC)
    with pytest.raises(ValueError, match=r"codec\.npz: latents of 8 channels; the network reads 16"):
        trained(own, "last", CPU)
