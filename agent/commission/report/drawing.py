"""Draw a plot as inline SVG, the same bytes for the same numbers.

No text of a device is drawn: a plot contains numbers and fixed words only. The names of its
series are in the HTML beside it.
"""

import re
import threading
from collections.abc import Callable
from importlib import import_module
from io import StringIO
from typing import TYPE_CHECKING

from agent.commission.report.curves import CheckPlot
from agent.commission.report.words import number
from agent.model.units import printed

if TYPE_CHECKING:
    from matplotlib.axes import Axes

DASHES = ("", "6 2", "2 2", "8 2 2 2")
COLOURS = ("#0b4f8a", "#a6420a", "#1f6f4a", "#6b3a86")

_INK, _FAINT, _LIMIT, _GUARD, _JUDGED = "#1a1a1a", "#8c8c88", "#a4161a", "#8a6100", "#eef3f7"
_WIDE_INCHES, _SMALL_INCHES = (7.1, 2.2), (3.5, 1.55)
_MINUTES_FROM_S = 300.0
_PADDING = 0.18  # above and below, of the shown range
_NOISE = re.compile(
    r"<\?xml.*?\?>|<!DOCTYPE.*?>|<metadata>.*?</metadata>|<style .*?</style>", re.DOTALL
)
_GROUP = re.compile(r'<g id="[^"]*">')
_FONT = re.compile(r" font-family: [^;\"]*;")
_SPACE = re.compile(r"\s*\n\s*")
_LOOKS = {
    "svg.hashsalt": "rackagent",
    "svg.fonttype": "none",
    "text.parse_math": False,
    "font.size": 7.0,
    "axes.linewidth": 0.6,
    "axes.edgecolor": _FAINT,
    "axes.labelcolor": _INK,
    "xtick.color": _FAINT,
    "ytick.color": _FAINT,
    "xtick.labelcolor": _INK,
    "ytick.labelcolor": _INK,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "axes.unicode_minus": True,
    "axes.formatter.useoffset": False,
}

_LOOKS_LOCK = threading.Lock()  # matplotlib's settings are global to the process

Draw = Callable[[CheckPlot], str]
"""Returns the SVG of a plot."""


def style(number: int) -> tuple[str, str]:
    """Return colour and dashes of a line: eight distinct combinations, also in greyscale."""
    return COLOURS[number % len(COLOURS)], DASHES[(number + number // len(COLOURS)) % len(DASHES)]


def plot_renderer() -> Draw | None:
    """Return a function that draws plots; None if matplotlib is not installed.

    matplotlib is imported here, so that only reports load it.
    """
    try:
        matplotlib = import_module("matplotlib")
    except ImportError:
        return None

    def draw(plot: CheckPlot) -> str:
        with _LOOKS_LOCK, matplotlib.rc_context():
            matplotlib.rcdefaults()
            matplotlib.rcParams.update(_LOOKS)
            return _inline(_drawn(plot), plot)

    return draw


def _drawn(plot: CheckPlot) -> str:
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    figure = Figure(figsize=_WIDE_INCHES if plot.wide else _SMALL_INCHES, layout="constrained")
    FigureCanvasSVG(figure)
    axes = figure.add_subplot()
    figure.patch.set_visible(False)
    axes.patch.set_visible(False)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    unit_s, word = (60.0, "min") if plot.judged[1] >= _MINUTES_FROM_S else (1.0, "s")
    axes.set_xlabel(f"time after the step began ({word})", labelpad=1.5)
    axes.set_ylabel(printed(plot.unit))
    axes.axvspan(plot.judged[0] / unit_s, plot.judged[1] / unit_s, color=_JUDGED, linewidth=0)
    for place, curve in enumerate(plot.curves):
        colour, dashes = style(place)
        axes.plot(
            [time / unit_s for time, _ in curve.points],
            [float("nan") if value is None else value for _, value in curve.points],
            color=colour,
            linewidth=1.0,
            dashes=[float(part) for part in dashes.split()] or (None, None),
        )
    _frame(axes, plot, unit_s)
    _marks(axes, plot, unit_s)
    text = StringIO()
    figure.savefig(text, format="svg", metadata={"Date": None})
    return text.getvalue()


def _frame(axes: "Axes", plot: CheckPlot, unit_s: float) -> None:
    """Set the axes so that every value and every limit is visible."""
    known = [value for curve in plot.curves for _, value in curve.points if value is not None]
    shown = [*known, *(limit.at for limit in plot.limits)]
    low, high = min(shown, default=0.0), max(shown, default=1.0)
    padding = (high - low) * _PADDING or abs(high) * _PADDING or 1.0
    axes.set_ylim(low - padding, high + padding)
    times = [time for curve in plot.curves for time, _ in curve.points]
    axes.set_xlim(min([0.0, *times]) / unit_s, max([plot.judged[1], *times]) / unit_s)


def _marks(axes: "Axes", plot: CheckPlot, unit_s: float) -> None:
    """Draw labelled limits (horizontal) and instants (vertical)."""
    for limit in plot.limits:
        colour = _GUARD if limit.guard else _LIMIT
        width, dashes = (0.6, (1, 2)) if limit.guard else (0.9, (5, 1.5))
        axes.axhline(limit.at, color=colour, linewidth=width, dashes=dashes)
        if not limit.guard:
            sign = "≤" if limit.above else "≥"
            _text(axes, 1.0, limit.at, f"{limit.words} {sign} {number(limit.at)}", limit.above)
    for instant in plot.instants if plot.wide else ():
        axes.axvline(instant.at / unit_s, color=_INK, linewidth=0.6, dashes=(1, 1.5))
    if plot.wide:
        _captions(axes, plot, unit_s)


def _text(axes: "Axes", x: float, y: float, words: str, above: bool) -> None:
    """Write a label at the right end of a limit, on the side where no value should be."""
    axes.annotate(
        words,
        (x, y),
        xycoords=axes.get_yaxis_transform(),
        xytext=(0, 1.5 if above else -2.0),
        textcoords="offset points",
        ha="right",
        va="bottom" if above else "top",
        color=_LIMIT,
        fontsize=6.5,
    )


def _captions(axes: "Axes", plot: CheckPlot, unit_s: float) -> None:
    """Write the labels of instants above the plot, those close together in separate rows."""
    left, right = axes.get_xlim()
    ends = [left - 1.0] * 3
    for instant in plot.instants:
        at = instant.at / unit_s
        width = (right - left) * (len(instant.words) + 2) / 125  # of 7.1 inches at this size
        row = next((row for row, end in enumerate(ends) if end <= at), 0)
        ends[row] = at + width
        axes.annotate(
            instant.words,
            (at, 1.0),
            xycoords=axes.get_xaxis_transform(),
            xytext=(1.5, 1.5 + 7.5 * row),
            textcoords="offset points",
            color=_INK,
            fontsize=6.5,
        )


def _inline(text: str, plot: CheckPlot) -> str:
    """Return the SVG without declarations, metadata, identifiers and fonts, for use in a page."""
    text = _NOISE.sub("", text)
    text = _GROUP.sub("<g>", text)
    text = _FONT.sub("", text)
    text = _SPACE.sub("\n", text).strip()
    kind = "wide" if plot.wide else "small"
    return text.replace("<svg ", f'<svg class="plot {kind}" role="img" ', 1)
