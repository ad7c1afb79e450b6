"""What faces do over time: expressions and speech, the shapes that follow, and the sound of the voice."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from jobs.synthetic.mesh_files import read_target

Array = NDArray[np.float64]

ACTIONS = (
    *(
        "jawOpen",
        "mouthFunnel",
        "mouthPucker",
        "mouthLowerDownLeft",
        "mouthLowerDownRight",
        "mouthUpperUpLeft",
    ),
    *(
        "mouthUpperUpRight",
        "mouthSmileLeft",
        "mouthSmileRight",
        "browInnerUp",
        "browDownLeft",
        "browDownRight",
    ),
    *(
        "browOuterUpLeft",
        "browOuterUpRight",
        "eyeBlinkLeft",
        "eyeBlinkRight",
        "cheekSquintLeft",
        "cheekSquintRight",
    ),
)
"""Of the face, by the names of ARKit's blend shapes."""
A = {name: number for number, name in enumerate(ACTIONS)}
SYLLABLES_HZ = 4.2
BLINK_S = 0.18
PITCH_HZ = (95.0, 230.0)


@dataclass(frozen=True)
class Syllables:
    """Syllables one after another: when they are loudest, how open and how round the mouth is then."""

    times: Array  # n, s
    opening: Array  # n, 0..1
    rounding: Array  # n, 0..1
    pitch_hz: float

    def at(self, times: Array) -> tuple[Array, Array]:
        """How open and how round the mouth is at these times (t,) s, 0..1; closed between syllables."""
        width = 0.5 / SYLLABLES_HZ
        near = np.abs(times[:, None] - self.times) / width
        bump = np.where(near < 1, 0.5 + 0.5 * np.cos(np.pi * np.minimum(near, 1)), 0.0)
        total = np.maximum(bump.sum(axis=1), 1e-9)
        rounding = np.where(total > 1e-6, bump @ self.rounding / total, 0.0)
        return np.clip(bump @ self.opening, 0, 1), rounding

    def sound(self, num_samples: int, rate: int) -> NDArray[np.float32]:
        """The voice (n,), -1..1: as loud as the mouth is open, darker where it is round."""
        times = np.arange(num_samples) / rate
        opening, rounding = self.at_coarse(times)
        voice = np.zeros(num_samples)
        for harmonic in range(1, int(3500 / self.pitch_hz)):
            hertz = harmonic * self.pitch_hz
            formant = np.exp(-(((hertz - 300 - 500 * opening) / 250) ** 2))
            formant += 0.5 * np.exp(-(((hertz - 1900 + 1100 * rounding) / 350) ** 2))
            voice += formant * np.sin(2 * np.pi * hertz * times) / np.sqrt(harmonic)
        return np.asarray(0.25 * opening * voice, np.float32)

    def at_coarse(self, times: Array) -> tuple[Array, Array]:
        """`at` for many times: at every 5 ms, straight between."""
        coarse = np.arange(0, times[-1] + 0.01, 0.005)
        opening, rounding = self.at(coarse)
        return np.interp(times, coarse, opening), np.interp(times, coarse, rounding)


def random_syllables(random: np.random.Generator, duration_s: float) -> Syllables:
    """Phrases of a few syllables with pauses between them."""
    times, now = [], 0.25
    while now < duration_s:
        for _ in range(int(random.integers(3, 9))):
            times.append(now)
            now += random.uniform(0.8, 1.25) / SYLLABLES_HZ
        now += random.uniform(0.15, 0.5)
    size = len(times)
    return Syllables(
        np.array(times),
        random.uniform(0.35, 1.0, size),
        random.uniform(0, 1, size) ** 2,
        float(random.uniform(*PITCH_HZ)),
    )


def expression(
    random: np.random.Generator, times: Array, duration_s: float, speech: Syllables | None
) -> Array:
    """Amounts (t, 18) of `ACTIONS` at times (t,) s: moods that come and go, blinks, speech if any."""
    amounts = np.zeros((len(times), len(ACTIONS)))
    smile, brows, frown = (np.clip(waves(random, times, 0.35) + shift, 0, 1) for shift in (0.35, 0.1, -0.4))
    both(amounts, "mouthSmile", 0.15 + 0.55 * smile)
    both(amounts, "cheekSquint", 0.4 * smile)
    both(amounts, "browOuterUp", 0.6 * brows)
    both(amounts, "browDown", 0.6 * frown)
    amounts[:, A["browInnerUp"]] = 0.6 * brows
    blinks = np.cumsum(random.uniform(1.2, 4.0, 2 + int(duration_s))) - 0.6
    closed = np.exp(-(((times[:, None] - blinks) / (BLINK_S / 2.5)) ** 2)).max(axis=1)
    both(amounts, "eyeBlink", closed)
    if speech is not None:
        opening, rounding = speech.at(times)
        amounts[:, A["jawOpen"]] = 0.75 * opening * (1 - 0.4 * rounding)
        amounts[:, A["mouthFunnel"]] = 0.7 * opening * rounding
        amounts[:, A["mouthPucker"]] = 0.4 * opening * rounding
        both(amounts, "mouthLowerDown", 0.5 * opening * (1 - rounding))
        both(amounts, "mouthUpperUp", 0.35 * opening * (1 - rounding))
        for side in ("Left", "Right"):
            amounts[:, A[f"mouthSmile{side}"]] *= 1 - 0.6 * opening
    return amounts


def both(amounts: Array, action: str, values: Array) -> None:
    """Set an action of both sides alike."""
    for side in ("Left", "Right"):
        amounts[:, A[f"{action}{side}"]] = values


def waves(random: np.random.Generator, times: Array, hertz: float) -> Array:
    """A smooth course (t,) about -1..1 with a few turns each 1 / `hertz` seconds."""
    tempo, turn = hertz * random.uniform(0.4, 1.6, 3), random.uniform(0, 2 * np.pi, 3)
    return np.asarray(np.sin(2 * np.pi * tempo * times[:, None] + turn).mean(axis=1) * 1.4)


def action_offsets() -> Array:
    """Offsets (18, n, 3) m of the model's vertices by each of `ACTIONS`."""
    return np.stack([read_target(f"faceunits01/targets/faceunits/{name}") for name in ACTIONS])
