"""Plots of time series with limits, as coordinates for an SVG template; pure."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from agent.model.figures import number

WIDTH, HEIGHT = 560, 170
_LEFT, _RIGHT, _TOP, _BOTTOM = 58, 12, 10, 24
_POINTS_MAX = 280  # of one series: two for each step of two pixels
_TICKS = 4
_COURSES_MAX = 24
_MARGIN = 0.08
_SECONDS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600)

Points = Sequence[tuple[float, float]]
"""Seconds and values."""


@dataclass(frozen=True, slots=True)
class Tick:
    """A mark at an axis: its coordinate and its text."""

    at: float
    text: str


@dataclass(frozen=True, slots=True)
class Bound:
    """A limit: its y coordinate and its text."""

    y: float
    text: str


@dataclass(frozen=True, slots=True)
class SvgPlot:
    """The coordinates of a plot. ``paths`` are pairs of a series' name and an SVG path's ``d``."""

    paths: tuple[tuple[str, str], ...]
    bounds: tuple[Bound, ...]
    rows: tuple[Tick, ...]
    columns: tuple[Tick, ...]
    left: int = _LEFT
    right: int = WIDTH - _RIGHT
    top: int = _TOP
    bottom: int = HEIGHT - _BOTTOM
    width: int = WIDTH
    height: int = HEIGHT


def plot(
    courses: Iterable[tuple[str, Points]], limits: Iterable[tuple[str, float]], began: float
) -> SvgPlot | None:
    """Return a plot of named series with named limits, time counted from ``began``.

    The value axis includes all limits. Return None if no series has a point.
    """
    drawn = [(name, points) for name, points in courses if points][:_COURSES_MAX]
    if not drawn:
        return None
    bounds = [(name, limit) for name, limit in limits if math.isfinite(limit)]
    values = [value for _, points in drawn for _, value in points]
    low, high = _range([*values, *(limit for _, limit in bounds)])
    first = min(points[0][0] for _, points in drawn)
    last = max(max(points[-1][0] for _, points in drawn), first + 1.0)

    def x(at: float) -> float:
        return _LEFT + (at - first) / (last - first) * (WIDTH - _LEFT - _RIGHT)

    def y(value: float) -> float:
        return HEIGHT - _BOTTOM - (value - low) / (high - low) * (HEIGHT - _TOP - _BOTTOM)

    return SvgPlot(
        tuple((name, _path([(x(at), y(v)) for at, v in _thinned(p)])) for name, p in drawn),
        tuple(Bound(round(y(limit), 1), f"{name} {number(limit, 3)}") for name, limit in bounds),
        tuple(Tick(round(y(each), 1), number(each, 3)) for each in _steps(low, high)),
        tuple(
            Tick(round(x(began + each), 1), _clock(each))
            for each in _times(first - began, last - began)
        ),
    )


def _range(values: Sequence[float]) -> tuple[float, float]:
    low, high = min(values), max(values)
    margin = (high - low) * _MARGIN or max(abs(high) * _MARGIN, 1e-9)
    return low - margin, high + margin


def _thinned(points: Points) -> Points:
    """Reduce a series to 280 points: the lowest and highest of each section, so peaks stay."""
    if len(points) <= _POINTS_MAX:
        return points
    size = math.ceil(len(points) / (_POINTS_MAX // 2))
    kept: list[tuple[float, float]] = []
    for start in range(0, len(points), size):
        run = points[start : start + size]
        ends = {min(run, key=lambda each: each[1]), max(run, key=lambda each: each[1])}
        kept += sorted(ends)
    return kept


def _path(points: Sequence[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points)


def _steps(low: float, high: float) -> list[float]:
    """Return about four round numbers between two numbers."""
    rough = (high - low) / _TICKS
    size = 10 ** math.floor(math.log10(rough))
    step = next(size * each for each in (1, 2, 2.5, 5, 10) if size * each >= rough)
    first = math.ceil(low / step)
    return [each * step for each in range(first, math.floor(high / step) + 1)]


def _times(first: float, last: float) -> list[float]:
    """Return at most five round times between two times, in seconds."""
    rough = (last - first) / (_TICKS + 1)
    step = next((each for each in _SECONDS if each >= rough), math.ceil(rough / 3600) * 3600)
    return [each * step for each in range(math.ceil(first / step), math.floor(last / step) + 1)]


def _clock(seconds: float) -> str:
    """Return a time since the start as ``12:30`` or ``1:02:30``."""
    whole = round(abs(seconds))
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    text = f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
    return f"\N{MINUS SIGN}{text}" if seconds < 0 and whole else text
