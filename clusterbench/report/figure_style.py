"""One style for all figures: colours that the colour-blind can distinguish, and marks beside every colour."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from clusterbench.ranking import OrderRule
from clusterbench.report.entry_views import Entry
from clusterbench.report.number_text import NOTHING, fixed
from clusterbench.text import printable, shortened

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure
    from matplotlib.typing import LineStyleType
    from numpy.typing import NDArray

# Okabe & Ito 2008, without the yellow that vanishes on white; black is the page's own text colour.
_COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#000000")
# One mark more than colours: the pairs repeat only after 56 series.
_MARKS = ("o", "s", "^", "D", "v", "P", "X", "p")
_DASHES: tuple[LineStyleType, ...] = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)))
ACCENT, SECOND, MUTED, GRID = "#0072B2", "#D55E00", "#7d8590", "#8c959f55"

_SETTINGS: dict[str, Any] = {
    "font.family": ["DejaVu Sans"],
    "font.size": 9,
    "axes.titlesize": 9.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.formatter.useoffset": False,
    "axes.unicode_minus": False,
    "grid.color": GRID,
    "grid.linewidth": 0.6,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "lines.linewidth": 1.4,
    "lines.markersize": 5,
    "legend.frameon": False,
    "figure.constrained_layout.use": True,
}


@dataclass(frozen=True, slots=True)
class Look:
    """How one series is drawn: never distinguished by colour alone."""

    colour: str
    mark: str
    dash: LineStyleType


def look(index: int) -> Look:
    """Return the look of series number `index`, from 0."""
    return Look(_COLOURS[index % len(_COLOURS)], _MARKS[index % len(_MARKS)], _DASHES[index % len(_DASHES)])


@contextmanager
def house_style() -> Iterator[None]:
    """Draw in this style inside, whatever the reader's own matplotlib settings are."""
    import matplotlib

    settings: dict[Any, Any] = {k: v for k, v in matplotlib.rcParamsDefault.items() if not k.startswith("backend")}
    with matplotlib.rc_context(settings | _SETTINGS), warnings.catch_warnings():
        # A glyph that the measuring font lacks is no fault of the figure: the reader's fonts set the text.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        yield


def new_figure(width: float, height: float) -> Figure:
    """Return an empty figure, sizes in inches, without any global state."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height))


def literal(text: str, width: int = 44) -> str:
    """Return text as matplotlib is to draw it: one short line, and a dollar sign is a dollar sign."""
    return shortened(printable(text), width).replace("$", r"\$")


def seconds_axis(axes: Axes) -> None:
    """Make the x axis logarithmic, its ticks in plain decimals."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

    axes.set_xscale("log")
    low, high = axes.get_xlim()
    axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0) if high < 500 * low else (1.0,)))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.10g}"))


def rank_axis(axes: Axes, *, across: bool = False) -> None:
    """Put ticks on integer ranks only, and keep the axis wide enough to contain some; `across` means the x axis."""
    low, high = sorted(axes.get_xlim() if across else axes.get_ylim())
    if high - low < 1.5:
        ends = max(0.5, math.floor(low) - 0.5), math.ceil(high) + 0.5
        axes.set_xlim(*ends) if across else axes.set_ylim(*ends)
    integer_ticks(axes.xaxis if across else axes.yaxis)


def integer_ticks(axis: Axis) -> None:
    """Put ticks on integers only, even if there is a single one."""
    from matplotlib.ticker import MaxNLocator

    axis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))


@dataclass(frozen=True, slots=True)
class Shades:
    """How the numbers of a matrix are coloured: a colour map of matplotlib, and the values at its ends."""

    colours: str
    low: float
    high: float
    decimals: int
    dark: Callable[[float], bool]
    """Whether a place from 0 to 1 on the colour map needs white text."""


def draw_matrix(
    canvas: Figure, values: NDArray[np.float64], rows: Sequence[str], columns: Sequence[str], shades: Shades
) -> None:
    """Draw a matrix, shape (rows, columns), as coloured fields with their numbers; a NaN is an empty field."""
    from matplotlib import colormaps
    from matplotlib.patches import Rectangle

    axes = canvas.add_subplot()
    axes.grid(visible=False)
    texts = []  # after all fields: those alike stay together
    for i, j in np.ndindex(values.shape):
        value, corner = float(values[i, j]), (j - 0.48, i - 0.46)
        if math.isnan(value):
            axes.add_patch(Rectangle(corner, 0.96, 0.92, facecolor="none", edgecolor=MUTED, linestyle=":"))
            texts.append((MUTED, i, j, NOTHING))
            continue
        shade = (value - shades.low) / (shades.high - shades.low) if shades.high > shades.low else 0.0
        # White on dark fields, near-black (not the page's own colour) on light ones.
        ink = "#ffffff" if shades.dark(shade) else "#111111"
        axes.add_patch(Rectangle(corner, 0.96, 0.92, facecolor=colormaps[shades.colours](shade), edgecolor="none"))
        texts.append((ink, i, j, fixed(value, shades.decimals)))
    for ink, i, j, text in sorted(texts):
        axes.text(j, i, text, ha="center", va="center", fontsize=8, color=ink)
    axes.set_xlim(-0.5, len(columns) - 0.5)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    long = max(map(len, columns), default=0) > 14
    axes.set_xticks(range(len(columns)), [literal(one, 28) for one in columns], **(_TILTED if long else {}))
    axes.set_yticks(range(len(rows)), [literal(one) for one in rows])
    axes.tick_params(length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)


_MOST_NAMED = 10
_TILTED: dict[str, Any] = {"rotation": 30, "ha": "right"}


@dataclass(frozen=True, slots=True)
class Mark:
    """How one entry is drawn."""

    shape: str
    colour: str
    filled: bool = False
    size: float = 5.0


def draw_order(
    axes: Axes,
    rule: OrderRule,
    entries: Sequence[Entry],
    x: Sequence[float],
    marks: Sequence[Mark],
    *,
    numbered: Sequence[Entry],
) -> None:
    """Draw entries at their x values and what orders them, upwards is better; some have their rank beside the mark."""
    for entry, value, mark in zip(entries, x, marks, strict=True):
        face = mark.colour if mark.filled else "none"
        size, at = mark.size, (value, entry.order_value)
        axes.plot([value], [entry.order_value], mark.shape, color=mark.colour, markerfacecolor=face, markersize=size)
        if entry in numbered:
            axes.annotate(str(entry.rank), at, xytext=(-7, 5), textcoords="offset points", ha="right", fontsize=8)
    if rule is OrderRule.MEAN_RANK:
        rank_axis(axes)
        axes.invert_yaxis()
    axes.set_ylabel(f"{rule.heading.lower()} (upwards is better)")


def named(entries: Sequence[Entry]) -> str:
    """Return the ranks and labels of the first entries in one line."""
    names = [f"{entry.rank} {entry.label}" for entry in entries[:_MOST_NAMED]]
    more = [f"{len(entries) - _MOST_NAMED} more"] if len(entries) > _MOST_NAMED else []
    return "; ".join([*names, *more]) or "none"
