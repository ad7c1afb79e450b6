"""Charts of what was counted already, as SVG: bars by a word, columns of a histogram; told in words too."""

from __future__ import annotations

from collections.abc import Sequence

from jobs.pages.parts import text

WIDTH = 340
ROW = 22
LABEL = 120
PLOT = 130
MARGIN = 14


def bars(rows: Sequence[tuple[str, float]], unit: str) -> str:
    """Horizontal bars, a row each: a label, a bar, its number."""
    most = max((value for _, value in rows), default=0.0) or 1.0
    room = WIDTH - LABEL - 60
    parts = []
    for number, (label, value) in enumerate(rows):
        top, length = number * ROW, room * value / most
        parts.append(
            f'<text x="{LABEL - 6}" y="{top + 15}" text-anchor="end">{text(short(label))}'
            f"<title>{text(label)}</title></text>"
            f'<rect class="bar" x="{LABEL}" y="{top + 4}" width="{length:.1f}" height="{ROW - 8}" rx="2"/>'
            f'<text x="{LABEL + length + 5:.1f}" y="{top + 15}">{figure(value)}</text>'
        )
    description = ", ".join(f"{label} {figure(value)}" for label, value in rows)
    return svg(max(len(rows), 1) * ROW, f"{unit}: {description}", "".join(parts))


def histogram(
    counts: Sequence[tuple[float, int]], width: float, bounds: Sequence[float], beyond: Sequence[bool]
) -> str:
    """Columns of a histogram (left edge, count), those beyond a bound marked, with the bounds drawn in."""
    if not counts:
        return svg(ROW, "nothing was measured", f'<text x="{MARGIN}" y="15">nothing was measured</text>')
    edges = [at for at, _ in counts] + [at + width for at, _ in counts] + list(bounds)
    low, high = min(edges), max(edges)
    scale = (WIDTH - 2 * MARGIN) / ((high - low) or 1.0)
    most = max(count for _, count in counts)
    parts = []
    for (at, count), outside in zip(counts, beyond, strict=True):
        tall = max(PLOT * count / most, 1.0)
        kind = "beyond" if outside else "bar"
        parts.append(
            f'<rect class="{kind}" x="{MARGIN + (at - low) * scale:.1f}" y="{PLOT - tall + 4:.1f}" '
            f'width="{max(width * scale - 1, 3):.1f}" height="{tall:.1f}"><title>{figure(at)} to '
            f"{figure(at + width)}: {count}</title></rect>"
        )
    for bound in bounds:
        at = MARGIN + (bound - low) * scale
        parts.append(f'<line class="limit" x1="{at:.1f}" y1="0" x2="{at:.1f}" y2="{PLOT + 4}"/>')
    parts.append(
        f'<line class="axis" x1="{MARGIN}" y1="{PLOT + 4.5}" x2="{WIDTH - MARGIN}" y2="{PLOT + 4.5}"/>'
        f'<text x="{MARGIN}" y="{PLOT + 18}">{figure(low)}</text>'
        f'<text x="{WIDTH / 2:g}" y="{PLOT + 18}" text-anchor="middle">tallest: {most:,}</text>'
        f'<text x="{WIDTH - MARGIN}" y="{PLOT + 18}" text-anchor="end">{figure(high)}</text>'
    )
    description = f"{sum(count for _, count in counts)} samples from {figure(low)} to {figure(high)}"
    return svg(PLOT + 24, description, "".join(parts))


def svg(height: float, description: str, content: str) -> str:
    """A picture of shapes with what it shows in words."""
    box, name = f"0 0 {WIDTH} {height:g}", text(description)
    return f'<svg class="counted" viewBox="{box}" role="img" aria-label="{name}">{content}</svg>'


def short(label: str) -> str:
    """A label that fits beside its bar."""
    return label if len(label) <= 18 else f"{label[:8]}…{label[-8:]}"


def figure(value: float) -> str:
    """A number for a person."""
    return f"{value:,.0f}" if abs(value) >= 1000 or value == int(value) else f"{value:.3g}"
