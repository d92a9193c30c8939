"""Pictures of costs; matplotlib is loaded when one is drawn."""

from __future__ import annotations

from typing import Any

import numpy as np


def figure(width: float, height: float) -> Any:
    """Return a new figure that belongs to no window."""
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ImportError("plot() needs matplotlib: pip install matplotlib") from error
    return Figure(figsize=(width, height), layout="constrained")


def plot_modes(modes: Any, path: str | None) -> Any:
    """Draw log10 of (forward work / reverse work) over n and m, the function itself a star."""
    forward, reverse = (max(work, 1.0) for work in modes.per_sweep)
    top = max(4, int(np.ceil(np.log10(max(modes.n, modes.m)))))
    powers = np.linspace(0, top, 120)
    n, m = np.meshgrid(10**powers, 10**powers)
    ratio = np.log10(n * forward / (m * reverse))
    made = figure(6.4, 5.0)
    axes = made.add_subplot()
    widest = float(np.abs(ratio).max())
    image = axes.pcolormesh(n, m, ratio, cmap="RdBu_r", vmin=-widest, vmax=widest, shading="auto")
    axes.contour(n, m, ratio, levels=[0], colors="black", linewidths=1.5)
    axes.plot(
        modes.n, modes.m, "*", color="gold", markersize=18, markeredgecolor="black", clip_on=False
    )
    axes.annotate(
        f" this function:\n {modes.best} wins, {modes.ratio:,.0f} ×"
        if modes.ratio >= 1.5
        else " this function: about equal",
        (modes.n, modes.m),
        xytext=(-8 if modes.n > 10 ** (top / 2) else 8, 10),
        textcoords="offset points",
        ha="right" if modes.n > 10 ** (top / 2) else "left",
        bbox={"facecolor": "white", "alpha": 0.8, "edgecolor": "none", "pad": 2},
    )
    axes.set(xscale="log", yscale="log", xlabel="n, inputs", ylabel="m, outputs")
    axes.set_title("One graph for each input, or one for each output?")
    axes.text(0.97, 0.30, "reverse is cheaper", transform=axes.transAxes, ha="right")
    axes.text(0.03, 0.85, "forward is cheaper", transform=axes.transAxes)
    bar = made.colorbar(image, ax=axes)
    bar.set_label("log10 of forward work / reverse work")
    if path is not None:
        made.savefig(path, dpi=130)
    return made
