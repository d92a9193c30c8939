"""Pictures of page 9: the race, over steps and from above."""

import numpy as np

from page import BLUE, GREEN, GREY, INK, ORANGE, PURPLE, plt

SEEN = ("gradient descent", "momentum", "Adagrad", "Adam")
LOWEST = 1e-18  # what is exactly at the bottom is drawn here


def race(heights, start):
    """Draw the height above the bottom over steps, and Newton's one step."""
    looks = zip(
        ("-", "--", "-.", ":", (0, (5, 1, 1, 1)), (0, (3, 1))),
        (GREY, BLUE, GREEN, PURPLE, ORANGE, INK),
        strict=True,
    )
    figure, axis = plt.subplots(figsize=(7.2, 4.2))
    for (name, found), (line, colour) in zip(heights.items(), looks, strict=True):
        axis.semilogy(found + LOWEST, color=colour, linestyle=line, label=name)
    axis.semilogy([0, 1], [start, LOWEST], "^-", color=GREEN, linewidth=1, label="Newton")
    axis.set(
        xlabel="step",
        ylabel="height above the bottom",
        title="The race",
        ylim=(LOWEST, 1e3),
    )
    axis.legend(loc="center left", bbox_to_anchor=(1, 0.5))
    axis.grid()
    return figure


def from_above(paths, kappa):
    """Draw four paths over the contours of the bowl."""
    figure, axes = plt.subplots(2, 2, figsize=(8.6, 5.0), sharex=True, sharey=True)
    u, v = np.meshgrid(np.linspace(-6, 10, 120), np.linspace(-2.9, 2.9, 110))
    height = 0.5 * (u**2 + kappa * v**2)
    for axis, (name, path) in zip(axes.ravel(), paths.items(), strict=True):
        axis.contour(u, v, height, levels=[1, 5, 12, 25, 45], colors=GREY, linewidths=0.7)
        axis.plot(*path.T, "o-", color=BLUE, markersize=3, linewidth=1)
        axis.plot(0, 0, "*", color=ORANGE, markersize=11)
        axis.set(title=name, xlim=(-6, 10), ylim=(-2.9, 2.9))
    for axis in axes[1]:
        axis.set_xlabel("x")
    for axis in axes[:, 0]:
        axis.set_ylabel("y")
    return figure
