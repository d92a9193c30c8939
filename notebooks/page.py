"""What the pages share: colours, pictures that follow light and dark, exercises.

Nothing here computes a derivative. How each picture is drawn stands in pictures/, and what
the exercises are compared with in answers/.
"""

from __future__ import annotations

import importlib
import inspect
import io
import math
import re
from collections.abc import Callable
from typing import Any

import matplotlib as mpl
import numpy as np
from IPython.display import display

mpl.use("Agg")  # show() below shows the figures
import matplotlib.pyplot as plt
from matplotlib.collections import QuadMesh
from matplotlib.ticker import FuncFormatter, NullFormatter

from autograd_core.viewer.notebook_frame import picture

# Told apart by colour-blind readers; each line also has a mark or a dash of its own.
BLUE, ORANGE, GREEN, PURPLE = "#005f99", "#b34700", "#00704e", "#8a3f9c"
GREY, INK, GROUND = "#777777", "#1b1b1f", "#ffffff"
DARK = {
    BLUE: "#7cc4f5",
    ORANGE: "#ffab66",
    GREEN: "#5fd6ad",
    PURPLE: "#dcaaf0",
    GREY: "#9aa0ab",
    INK: "#eceef2",
    GROUND: "#16181d",
}

plt.rcParams.update(
    {
        "figure.figsize": (6.8, 3.8),
        "figure.constrained_layout.use": True,
        "figure.facecolor": GROUND,
        "axes.facecolor": "none",
        "axes.edgecolor": GREY,
        "axes.labelcolor": INK,
        "axes.titlesize": 11,
        "axes.prop_cycle": mpl.cycler(color=[BLUE, ORANGE, GREEN, PURPLE, GREY]),
        "axes.spines.right": False,
        "axes.spines.top": False,
        "grid.color": GREY,
        "grid.alpha": 0.3,
        "image.cmap": "viridis",
        "legend.frameon": False,
        "lines.linewidth": 2,
        "patch.edgecolor": INK,
        "savefig.facecolor": GROUND,
        "svg.hashsalt": "a page",  # the same picture is the same file
        "text.color": INK,
        "xtick.color": INK,
        "ytick.color": INK,
    }
)


def _variable(colour: str) -> str:
    return f"--plot-{colour[1:]}"


STYLE = "@media (prefers-color-scheme: dark) { .plot { %s } }" % " ".join(  # noqa: UP031 - braces
    f"{_variable(light)}: {dark};" for light, dark in DARK.items()
)


def _power(value: float, _: int | None = None) -> str:
    """Write a tick of a logarithmic axis in plain text, which is drawn faster than a formula."""
    exponent = round(math.log10(value))
    raised = str(exponent).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return {0: "1", 1: "10"}.get(exponent, f"10{raised}")


def _plain_ticks(figure: Any) -> None:
    for axes in figure.axes:
        for axis, limits in ((axes.xaxis, axes.get_xlim()), (axes.yaxis, axes.get_ylim())):
            if axis.get_scale() == "log" and max(limits) > 100 * min(limits):
                axis.set_major_formatter(FuncFormatter(_power))
                axis.set_minor_formatter(NullFormatter())


def _titles(figure: Any) -> str:
    titles = [axes.get_title() for axes in figure.axes if axes.get_title()]
    return "; ".join(dict.fromkeys(titles)) or "plot"


def svg(figure: Any, adapt: bool = True) -> str:
    """Return a figure as SVG whose colours follow the reader's light or dark scheme."""
    for mesh in figure.findobj(QuadMesh):  # thousands of cells: as pixels
        mesh.set_rasterized(True)
    _plain_ticks(figure)
    file = io.StringIO()
    figure.savefig(
        file,
        format="svg",
        dpi=110,
        metadata={"Date": None, "Title": _titles(figure)},
    )
    text = file.getvalue()
    text = text[text.index("<svg") :]
    if adapt:
        known = "|".join(DARK)
        text = re.sub(f": ({known})", lambda m: f": var({_variable(m[1])}, {m[1]})", text)
    text = re.sub("<metadata>.*?</metadata>", "", text, flags=re.S)
    return text.replace(
        "<svg", '<svg class="plot" role="img" style="max-width: 100%; height: auto"', 1
    ).replace("<defs>", f"<style>{STYLE}</style><defs>", 1)


def show(figure: Any, sentence: str, adapt: bool = True) -> None:
    """Show a figure, and below it a sentence that says what to see.

    A figure with text on coloured ground stays light in the dark: adapt=False.
    """
    titles = _titles(figure)
    shown = picture(svg(figure, adapt), titles)
    display({"text/html": shown, "text/plain": f"[picture: {titles}]"}, raw=True)
    plt.close(figure)
    display({"text/markdown": f"*{sentence}*", "text/plain": sentence}, raw=True)


def agree(answer: Any, right: Any) -> bool:
    """Whether an answer is right: a count exactly, a word as written, a number to three digits."""
    if isinstance(right, str):
        return isinstance(answer, str) and answer.strip().casefold() == right
    expected = np.asarray(right)
    try:
        given = np.asarray(answer, dtype=float)
    except (TypeError, ValueError):
        return False
    if given.shape != expected.shape:
        return False
    if expected.dtype.kind in "bui":
        return bool(np.array_equal(given, expected))
    small = 1e-3 * float(np.abs(expected).max(initial=0.0)) or 1e-6
    return bool(np.allclose(given, expected, rtol=5e-3, atol=small))


def exercises(page: str) -> Callable[[int, Any], None]:
    """Return the check of a page's exercises: ``check(number, answer)``.

    Parameters
    ----------
    page : str
        Name of a module in answers/. Its ``EXERCISES`` has a function for each exercise.
        Without parameters, it computes the right answer. With one, it is given the answer
        and says whether it is right.

    Returns
    -------
    callable
        Prints whether the answer is right, never what would be. None: not answered yet.
    """
    known = importlib.import_module(f"answers.{page}").EXERCISES

    def check(number: int, answer: Any) -> None:
        if answer is None:
            print("Your turn: put your answer in place of None and run the cell again.")
            return
        rule = known[number - 1]
        if inspect.signature(rule).parameters:
            right = bool(rule(answer))
        else:
            right = agree(answer, rule())
        print("Right." if right else "Not yet.")

    return check
