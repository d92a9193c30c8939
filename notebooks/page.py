"""What the ten pages share: colours, pictures that follow light and dark, exercises.

Nothing here computes a derivative.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from typing import Any

import matplotlib as mpl
import numpy as np
from IPython.display import display

mpl.use("Agg")  # show() below shows the figures
import matplotlib.pyplot as plt
from matplotlib.collections import QuadMesh

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


def svg(figure: Any, title: str, adapt: bool = True) -> str:
    """Return a figure as SVG whose colours follow the reader's light or dark scheme."""
    for mesh in figure.findobj(QuadMesh):  # thousands of cells: as pixels
        mesh.set_rasterized(True)
    file = io.StringIO()
    figure.savefig(file, format="svg", dpi=110, metadata={"Date": None, "Title": title})
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
    picture = svg(figure, sentence, adapt)
    display({"image/svg+xml": picture, "text/plain": "[picture]"}, raw=True)
    plt.close(figure)
    display(
        {
            "text/markdown": f"***What to see:** {sentence}*",
            "text/plain": f"What to see: {sentence}",
        },
        raw=True,
    )


def exercise(answer: Any, solution: Callable[[], Any], tolerance: float = 1e-6) -> None:
    """Compare an answer with the solution, which is computed and not written down.

    Parameters
    ----------
    answer : array_like or None
        None: not answered yet.
    solution : callable
        Returns what is right.
    tolerance : float
        Relative, and absolute near zero.

    Raises
    ------
    AssertionError
        If it is wrong.
    """
    if answer is None:
        print("Your turn: put your answer in place of None and run the cell again.")
        return
    assert np.allclose(answer, solution(), rtol=tolerance, atol=tolerance), (
        f"{answer} is not it yet."
    )
    print(f"Right: {np.array2string(np.asarray(answer), precision=6)}")
