"""Two plots as inline SVG, for the server-rendered study page: best steps, and rate against
objective."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

WIDTH, HEIGHT, PAD = 460, 220, 34
BINS = 20


@dataclass(frozen=True, slots=True)
class Dot:
    """One trial in the plot of rate against objective; `value` None: diverged, drawn at the top."""

    rate: float
    value: float | None
    label: str


def best_step_histogram(fractions: Sequence[float]) -> Markup:
    """Best step over horizon (0..1), with the first tenth (P-10) and the last quarter (P-11)
    shaded."""
    counts = [0] * BINS
    for fraction in fractions:
        counts[min(int(fraction * BINS), BINS - 1)] += 1
    top = max([1, *counts])
    width = (WIDTH - 2 * PAD) / BINS
    bars = [
        _rect(
            (PAD + i * width + 1, _y(count / top)), (width - 2, _y(0) - _y(count / top)), "#2a6fdb"
        )
        for i, count in enumerate(counts)
        if count
    ]
    zones = [
        _rect((PAD, _y(1)), (0.1 * (WIDTH - 2 * PAD), _y(0) - _y(1)), "#b7791f33"),
        _rect((_x(0.75), _y(1)), (0.25 * (WIDTH - 2 * PAD), _y(0) - _y(1)), "#1e844933"),
    ]
    words = [_text(_x(u), HEIGHT - 8, f"{u:.0%}") for u in (0, 0.1, 0.5, 0.75, 1)]
    return _svg("best step as a share of max_train_steps", [*zones, *bars, *words, _axis()])


def rate_against_objective(dots: Sequence[Dot], bounds: tuple[float, float]) -> Markup:
    """Each trial's best value over its learning rate (log scale), the range's edges as lines,
    diverged as crosses."""
    rates = [*bounds, *(dot.rate for dot in dots)]
    low, high = math.log10(min(rates)), math.log10(max(rates))
    values = [dot.value for dot in dots if dot.value is not None]
    floor, ceiling = (min(values), max(values)) if values else (0.0, 1.0)

    def across(rate: float) -> float:
        return _x((math.log10(rate) - low) / (high - low or 1.0))

    def up(value: float) -> float:
        return _y(0.9 * (value - floor) / (ceiling - floor or 1.0))

    edges = [
        f'<line x1="{across(end):.1f}" y1="{_y(1)}" x2="{across(end):.1f}" y2="{_y(0)}" '
        'stroke="#c0392b" stroke-dasharray="4 3"/>'
        for end in bounds
    ]
    marks = [
        _cross(across(dot.rate), _y(1), dot.label)
        if dot.value is None
        else _circle(across(dot.rate), up(dot.value), dot.label)
        for dot in dots
    ]
    words = [_text(across(end), HEIGHT - 8, f"{end:.3g}") for end in bounds]
    words += [_text(PAD / 2, up(value) + 4, f"{value:.3g}") for value in {floor, ceiling}]
    return _svg("learning rate against the objective", [*edges, *marks, *words, _axis()])


def _x(u: float) -> float:
    return PAD + u * (WIDTH - 2 * PAD)


def _y(u: float) -> float:
    return HEIGHT - PAD + 10 - u * (HEIGHT - 2 * PAD)


def _axis() -> str:
    return f'<line x1="{PAD}" y1="{_y(0)}" x2="{WIDTH - PAD}" y2="{_y(0)}" stroke="currentColor"/>'


def _rect(corner: tuple[float, float], size: tuple[float, float], color: str) -> str:
    (x, y), (width, height) = corner, size
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" fill="{color}"/>'
    )


def _circle(x: float, y: float, label: str) -> str:
    title = f"<title>{escape(label)}</title>"
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="#2a6fdb">{title}</circle>'


def _cross(x: float, y: float, label: str) -> str:
    path = f"M{x - 4:.1f} {y - 4:.1f}l8 8m0 -8l-8 8"
    return (
        f'<path d="{path}" stroke="#c0392b" stroke-width="2"><title>{escape(label)}</title></path>'
    )


def _text(x: float, y: float, words: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="middle">{escape(words)}</text>'


def _svg(title: str, parts: Sequence[str]) -> Markup:
    body = "".join(parts)
    return Markup(
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{title}">'
        f"<title>{title}</title>{body}</svg>"
    )
