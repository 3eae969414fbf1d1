"""Base of the displays, which are pictures of a fitted detector in the manner of scikit-learn.

``Display.from_estimator(detector, ..., ax=None)`` computes and draws. ``display.plot(ax=None)``
draws again. ``display.ax_`` and ``display.figure_`` are objects of matplotlib, which is imported
when something is drawn. The colours are those of Okabe and Ito, which colour-blind readers can
tell apart.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .._support.optional_imports import import_optional

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BLUE, ORANGE, GREEN, GREY = "#0072B2", "#D55E00", "#009E73", "#8C8C8C"


@dataclass(kw_only=True)
class Display:
    """Base class of all displays, with matplotlib's axes and figure."""

    ax_: Axes = field(init=False, repr=False)
    figure_: Figure = field(init=False, repr=False)


def draw_on(display: Display, ax: Axes | None) -> Axes:
    """Set the axes that a display draws on, either ``ax`` or new ones, and return them."""
    if ax is None:
        ax = import_optional("matplotlib.pyplot", "plot").subplots(layout="constrained")[1]
    display.ax_, display.figure_ = ax, ax.figure  # type: ignore[assignment]
    return ax
