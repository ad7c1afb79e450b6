"""Charts of pages as SVG: lines over an axis, and bars of a distribution; gaps where there is no value."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.floating]

WIDTH, HEIGHT = 320, 120
LEFT, BELOW, ABOVE = 44, 18, 14
SERIES = 6
"""Colours of the style."""


def lines(title: str, curves: Mapping[str, Values], *, below: str, among: Sequence[str] = ()) -> str:
    """Curves over a common axis, each in its colour with its name; `below` says what the axis counts.

    `among` are the names of a page's curves: one name has one colour in all charts.
    """
    place = {name: number for number, name in enumerate(among or curves)}
    known = np.concatenate([curve[np.isfinite(curve)] for curve in curves.values()] or [np.zeros(0)])
    if not len(known):
        return ""
    low, high = bounds(known)
    count = max(len(curve) for curve in curves.values())
    drawn = "".join(
        f'<path class="line s{place[name] % SERIES}" d="{path(curve, count, low, high)}"/>'
        for name, curve in curves.items()
    )
    cursor = f'<line class="cursor" x1="{LEFT}" x2="{LEFT}" y1="{ABOVE}" y2="{HEIGHT - BELOW}"/>'
    return figure(
        title,
        axes(low, high, f"{count} {below}") + drawn + cursor,
        legend({name: place[name] for name in curves}),
    )


def bars(title: str, values: Values, *, below: str, limit: float | None = None, bins: int = 30) -> str:
    """How values are distributed, with a threshold drawn in where there is one; n stands beside it."""
    known = values[np.isfinite(values)]
    if not len(known):
        return ""
    low, high = bounds(known if limit is None else np.append(known, limit))
    counts, _ = np.histogram(known, bins, (low, high))
    step, most = (WIDTH - LEFT) / bins, max(int(counts.max()), 1)
    tall = (HEIGHT - BELOW - ABOVE) / most
    drawn = "".join(
        f'<rect class="bar" x="{LEFT + k * step:.1f}" y="{HEIGHT - BELOW - n * tall:.1f}" '
        f'width="{step:.1f}" height="{n * tall:.1f}"/>'
        for k, n in enumerate(counts)
    )
    if limit is not None:
        x = LEFT + (limit - low) / (high - low) * (WIDTH - LEFT)
        drawn += f'<line class="limit" x1="{x:.1f}" x2="{x:.1f}" y1="{ABOVE}" y2="{HEIGHT - BELOW}"/>'
    scale = f"{short(low)} to {short(high)} {below}, n = {len(known)}"
    return figure(title, axes(0, most, scale) + drawn, "")


def bounds(values: Values) -> tuple[float, float]:
    """Least and greatest value, apart."""
    low, high = float(values.min()), float(values.max())
    return (low, high) if high > low else (low - 0.5, high + 0.5)


def path(curve: Values, count: int, low: float, high: float) -> str:
    """A curve as SVG draws it, lifted where it has no value."""
    x = LEFT + np.arange(len(curve)) / max(count - 1, 1) * (WIDTH - LEFT - 2)
    y = HEIGHT - BELOW - (curve - low) / (high - low) * (HEIGHT - BELOW - ABOVE)
    return "".join(strokes(x, y))


def strokes(x: Values, y: Values) -> Iterator[str]:
    """The strokes of a curve."""
    drawing = False
    for a, b in zip(x, y, strict=True):
        if np.isfinite(b):
            yield f"{'L' if drawing else 'M'}{a:.1f} {b:.1f}"
        drawing = bool(np.isfinite(b))


def axes(low: float, high: float, below: str) -> str:
    """The two ends of the upright axis, and what the lower one counts."""
    return (
        f'<line class="axis" x1="{LEFT}" x2="{LEFT}" y1="{ABOVE}" y2="{HEIGHT - BELOW}"/>'
        f'<line class="axis" x1="{LEFT}" x2="{WIDTH}" y1="{HEIGHT - BELOW}" y2="{HEIGHT - BELOW}"/>'
        f'<text x="{LEFT - 4}" y="{ABOVE + 4}" text-anchor="end">{short(high)}</text>'
        f'<text x="{LEFT - 4}" y="{HEIGHT - BELOW}" text-anchor="end">{short(low)}</text>'
        f'<text x="{WIDTH}" y="{HEIGHT - 4}" text-anchor="end">{escape(below)}</text>'
    )


def figure(title: str, drawn: str, below: str) -> str:
    """A drawing with its title, which readers of screens are told."""
    name = escape(title)
    return (
        f'<figure><figcaption>{name}</figcaption><svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-label="{name}" data-left="{LEFT}" data-right="{WIDTH - 2}">{drawn}</svg>{below}</figure>'
    )


def legend(places: Mapping[str, int]) -> str:
    """Names in the colours of their curves."""
    words = (f'<span class="s{number % SERIES}">{escape(name)}</span>' for name, number in places.items())
    return f'<p class="legend">{" ".join(words)}</p>'


def short(value: float) -> str:
    """A number in few digits."""
    return f"{value:.0f}" if abs(value) >= 1000 else f"{value:.3g}"
