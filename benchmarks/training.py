"""Speed and memory of the trainer: against a bare loop, of its engines, against its formulas; what fits.

    python -m benchmarks.training [TURNS]

Steps of the recipe tiny, phase everything, on made-up pictures of 25 frames of 192x128 px, in memory, so that
no loader is measured. The bare loop is what one would write without a trainer: encode, noise, forward, loss,
backward, clip, step, average. The contenders take turns, so that a busy machine slows all of them; on a
processor seconds are those that it was busy with this process, on a GPU those of the clock.

Formulas are compared on the recipe tiny, on a GPU on wan_1b at 960x640 px. Memory is that of all tensors that
live at a time on a processor, and what torch allocated on a GPU. The best of the machine is that of one large
product; the share of it that a step reaches (MFU) is taken at 25 frames and predicts the longer windows.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import torch
from torch import Tensor
from torch.nn.functional import mse_loss
from torch.nn.utils import clip_grad_norm_

from benchmarks.living_tensors import Living
from benchmarks.machine import write_table
from jobs.commands.estimate_training import GPUS_GIB, learning, longest, parse, sharing
from jobs.recipes.training import RECIPES, Name
from model.data.batch import Batch, shapes, tensors
from model.data.loader import Loader
from model.data.position import Position
from model.encode.inputs import generator_of, inputs_of, sometimes_handed_over
from model.flow.path import between
from model.flow.timesteps import draw
from model.nets.autoencoders.patches import VALUES, PatchCodec
from model.planning.flops import Operations, operations
from model.planning.memory import Memory, memory
from model.planning.products import WindowSpec
from model.train import init
from model.train.engines.deepspeed import join
from model.train.engines.engine import DTYPES, Engine
from model.train.engines.optimizer import AveragingAdamW
from model.train.loop import Trainer
from model.train.phases import enter, everything
from model.train.settings import Training
from tests.model.train.runs import Notes

FOLDER = Path(__file__).parent
FRAMES = (25, 73, 121)
DEVICE = torch.device("cuda" if torch.cuda.is_available() else "cpu")
STEPS = 10**6
MIB = 2**20
Row = tuple[str, ...]


def main(turns: int) -> None:
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    name: Name = "wan_1b" if DEVICE.type == "cuda" else "tiny"
    rows: list[Row] = [("what", "", "", "", "")]
    for part in (speeds(turns), against_formulas(name, turns), fits()):
        rows += [*part, ("", "", "", "", "")]
    where = torch.cuda.get_device_name() if DEVICE.type == "cuda" else "a processor, one thread"
    write_table(
        FOLDER / "TRAINING.md",
        "Speed and memory of the trainer",
        f"python -m benchmarks.training {turns}",
        rows[:-1],
        f"On {where}. Goal: the trainer costs less than 5 % of a bare loop.",
        *(() if DEVICE.type == "cuda" else ("No GPU was there: MFU is that of a processor.",)),
    )


def settings_of(name: Name, **changes: Any) -> Training:
    """A recipe in its last phase, which checkpoints, looks and captions never interrupt."""
    return replace(RECIPES[name](), phases=(everything(STEPS),), save_every=STEPS, **changes)


def made_up(clips: int, frames: int, width: int, height: int) -> Batch:
    """A batch of noise, of which everything is seen."""
    generator = torch.Generator().manual_seed(0)
    made: dict[str, Tensor] = {}
    seen = {
        "points": torch.tensor([width, height]),
        "score": torch.ones(()),
        "head": torch.tensor([width / 2, height / 4, height / 10]),
        "head_rotation": torch.eye(3),
        "face_points": torch.tensor([[80.0, 90.0], [144.0, 90.0], [112.0, 160.0]]),
        **dict.fromkeys(("reference_valid", "face_valid", "driven"), torch.ones(())),
    }
    for field, (shape, dtype) in shapes(clips, frames, height, width).items():
        made[field] = seen.get(field, torch.zeros(())).to(dtype).expand(shape).clone()
        if dtype == torch.uint8:
            made[field] = torch.randint(256, shape, dtype=dtype, generator=generator)
    made["points"] *= torch.rand(made["points"].shape, generator=generator)
    return Batch(keys=("made up",) * clips, starts=(0,) * clips, faults=(), **made)


def random_codec() -> PatchCodec:
    """An autoencoder that was fitted to nothing."""
    basis = torch.randn(VALUES, 16, generator=torch.Generator().manual_seed(3))
    codec = PatchCodec(torch.zeros(VALUES), torch.linalg.qr(basis).Q, torch.full((16,), 3.0))
    return codec.to(DEVICE)


def now() -> float:
    """Seconds: of the clock where a GPU works, else those that this process kept a processor busy."""
    if DEVICE.type == "cuda":
        torch.cuda.synchronize()
        return time.perf_counter()
    return time.process_time()


def speeds(turns: int) -> Iterator[Row]:
    """Steps a second of each contender."""
    batch, codec = made_up(2, 25, 192, 128), random_codec()
    with tempfile.TemporaryDirectory() as scratch:
        join(DEVICE)
        ways: dict[str, dict[str, Any]] = {
            "the trainer": {},
            "the trainer, DeepSpeed, zero 2, one rank": {"zero_stage": 2},
            "the trainer, compiled": {"compile": True},
        }
        plain = settings_of("tiny")
        steps = {"a bare loop": bare(plain, codec, batch)}
        motion = Path(scratch) / "motion.pt"  # or the trainer would ask its loader for faces to measure
        torch.save(init.fresh(plain).face.motion.state_dict(), motion)
        for name, changes in ways.items():
            steps[name] = trained(
                Path(scratch) / name, replace(plain, motion=motion, **changes), codec, batch
            )
        times: dict[str, list[float]] = {name: [] for name in steps}
        for step in steps.values():
            step()  # compiles, and takes memory for the first time
        for _ in range(turns):
            for name, step in steps.items():
                began = now()
                step()
                times[name].append(now() - began)
    took = {name: statistics.median(durations) for name, durations in times.items()}
    least = took["a bare loop"]
    for name, s in took.items():
        yield name, f"{1 / s:.3f} steps/s", f"{1e3 * s:.0f} ms", f"{s / least - 1:+.1%} of the bare loop", ""


def bare(settings: Training, codec: PatchCodec, batch: Batch) -> Callable[[], None]:
    """A step of a loop without a trainer."""
    net = init.fresh(settings).to(DEVICE)
    weights = list(net.parameters())
    optimizer = AveragingAdamW(dict(net.named_parameters()), settings.optimizer)
    for weight in weights:
        optimizer.begin(weight, 0)

    def step() -> None:
        given = inputs_of(batch.to(DEVICE), codec, faces=True)
        generator = generator_of(0, Position(order="made up"))
        conditions = sometimes_handed_over(given.conditions, generator, settings.first_frame_share)
        times = draw(len(given.latents), generator, timestep_shift=settings.timestep_shift).to(DEVICE)
        noise = torch.randn(given.latents.shape, generator=generator).to(DEVICE)
        point = between(given.latents, noise, times)
        torch.autograd.backward(mse_loss(net(point.x_t, times, conditions), point.v))
        clip_grad_norm_(weights, settings.optimizer.max_grad_norm)
        optimizer.step()
        optimizer.zero_grad()

    return step


def trained(run: Path, settings: Training, codec: PatchCodec, batch: Batch) -> Callable[[], None]:
    """A step of the trainer, whose loader has this batch alone."""
    order = SimpleNamespace(slots_of=lambda epoch: STEPS)  # noqa: ARG005 - an order's signature
    place = Position(order="made up")
    loader = SimpleNamespace(root="", settings=settings.loader, position=place, order=order, held_out=None)
    trainer = Trainer(run, settings, cast("Loader", loader), codec, DEVICE, Notes())

    def step() -> None:
        trainer.observer.stepped(trainer.one_step(iter([batch])))

    return step


def against_formulas(name: Name, turns: int) -> Iterator[Row]:
    """Memory and time of a step as predicted and as measured."""
    job, share, best = (
        parse(["--recipe", name, "--world-size", "1"]),
        0.0,
        best_tflops(DTYPES[settings_of(name).dtype]),
    )
    yield f"best of the machine, {settings_of(name).dtype}", f"{best:.3f} TFLOP/s", "", "", ""
    for frames in FRAMES:
        settings = settings_of(name)
        phase, (width, height) = settings.phases[0], job.canvas
        window = WindowSpec(frames=frames, width=width, height=height, references=4)
        how = sharing(replace(job, settings=settings))
        how = replace(how, precision=replace(how.precision, fused=DEVICE.type == "cuda"))
        result = memory(settings.sizes, window, learning(phase), how)
        work = operations(
            settings.sizes,
            window,
            learning(phase),
            activation_checkpointing=settings.activation_checkpointing,
            keep_attention=settings.keep_attention,
        )
        peak, seconds = measured(settings, window, result, turns)
        share = share or work.model / seconds / best / 1e12
        guess = work.model / share / best / 1e12
        yield (
            f"{name}, {frames} frames of {width}x{height} px, one clip",
            f"memory: said {result.peak / MIB:,.0f} MiB, measured {peak / MIB:,.0f} "
            f"({result.peak / peak - 1:+.1%})",
            f"time: said {guess:.2f} s, measured {seconds:.2f} ({guess / seconds - 1:+.1%})",
            f"{work.model / 1e12:.3f} TFLOP, {work.again / work.model:.0%} more computed again",
            f"MFU {utilisation(work, seconds, best):.1%}",
        )


def utilisation(work: Operations, seconds: float, best: float) -> float:
    """Share of the machine's best that the network's own operations reached."""
    return work.model / seconds / best / 1e12


def best_tflops(dtype: torch.dtype) -> float:
    """Of one large product."""
    side = 8192 if DEVICE.type == "cuda" else 1024
    a, b = (torch.randn(side, side, device=DEVICE, dtype=dtype) for _ in range(2))
    times = []
    for _ in range(5):
        began = now()
        a @ b
        times.append(now() - began)
    return 2 * side**3 / min(times) / 1e12


def measured(settings: Training, window: WindowSpec, result: Memory, turns: int) -> tuple[int, float]:
    """Most bytes, and median seconds, of a step."""
    batch, codec = made_up(1, window.frames, window.width, window.height), random_codec()
    engine = enter(
        init.fresh(settings), {}, settings.phases[0], settings.engine(DEVICE), settings.optimizer
    ).engine

    def step() -> None:
        one_step(engine, batch, codec)

    if DEVICE.type == "cuda":
        step()
        torch.cuda.reset_peak_memory_stats()
        step()
        peak = torch.cuda.max_memory_allocated()
    else:
        with Living() as living:
            step()
            step()
        held = result.weights + result.states  # of which tests show that it is so
        peak = living.most + held + sum(tensor.nbytes for tensor in tensors(batch).values())
    times = []
    for _ in range(max(1, turns // 2)):
        began = now()
        step()
        times.append(now() - began)
    engine.close()
    return peak, statistics.median(times)


def one_step(engine: Engine, batch: Batch, codec: PatchCodec) -> None:
    """A step of an engine."""
    given = inputs_of(batch.to(DEVICE), codec, faces=True)
    noise = torch.randn(given.latents.shape, device=DEVICE)
    velocity = engine(noise, torch.full((len(noise),), 0.5, device=DEVICE), given.conditions)
    engine.backward((velocity - noise + given.latents).square().mean())
    engine.step(1e-4, 1.0)


def fits() -> Iterator[Row]:
    """The longest batch that fits, by recipe, sharing and GPU."""
    yield ("tokens (frames of one clip) that fit", *(f"{size} GB" for size in GPUS_GIB), "")
    names: tuple[Name, ...] = ("wan_1b", "paper")
    for name in names:
        for zero_stage in (1, 2, 3):
            for world_size in (1, 8):
                stage = ("--settings.zero-stage", str(zero_stage))
                job = parse(["--recipe", name, "--world-size", str(world_size), *stage])
                cells = (longest(job, sharing(job), size) for size in GPUS_GIB)
                yield (f"{name}, zero {zero_stage}, {world_size} rank{'s' * (world_size > 1)}", *cells, "")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
