"""Sparklines: the last minutes of a series as one SVG path; pure."""

from collections.abc import Sequence
from itertools import pairwise

from agent.store.history import Point

WIDTH, HEIGHT = 120, 24
SPAN_S = 900.0
_EDGE = 2.0
_GAP_INTERVALS = 3.5


def path(points: Sequence[Point], now: float) -> str:
    """Return the ``d`` of an SVG path of ``WIDTH`` by ``HEIGHT`` units; empty below two points.

    The right edge is ``now``, the left edge the oldest point of the last 15 minutes. The path has a
    gap where polls failed. A constant value is a line in the middle.
    """
    shown = [(at, value) for at, value in points if now - at <= SPAN_S]
    if len(shown) < 2:
        return ""
    low = min(value for _, value in shown)
    high = max(value for _, value in shown)
    began = shown[0][0]
    per_second = (WIDTH - 2 * _EDGE) / max(now - began, 1.0)
    steps = sorted(later[0] - earlier[0] for earlier, later in pairwise(shown))
    gap = max(2.0, steps[len(steps) // 2] * _GAP_INTERVALS)
    drawn, before = [], None
    for at, value in shown:
        x = _EDGE + (at - began) * per_second
        share = 0.5 if high == low else (value - low) / (high - low)
        y = HEIGHT - _EDGE - share * (HEIGHT - 2 * _EDGE)
        pen = "M" if before is None or at - before > gap else "L"
        drawn.append(f"{pen}{x:.1f} {y:.1f}")
        before = at
    return "".join(drawn)
