"""Pictures of page 12: gradients over distance in time, attention weights."""

import numpy as np

from page import BLUE, GREEN, GREY, ORANGE, PURPLE, plt


def felt_over_time(curves):
    """Draw how much the last state feels the input k steps before, for several networks."""
    figure, axis = plt.subplots(figsize=(7.6, 4.0))
    looks = zip(
        ("-", "-.", ":", "--", (0, (5, 1, 1, 1))),
        (ORANGE, GREEN, GREY, PURPLE, BLUE),
        strict=True,
    )
    for (name, found), (line, colour) in zip(curves.items(), looks, strict=True):
        axis.semilogy(found, color=colour, linestyle=line, label=name)
    axis.set(
        xlabel="k, steps before the last",
        ylabel="norm of the gradient",
        title="How much of an input is felt at the end",
    )
    axis.legend(loc="center left", bbox_to_anchor=(1, 0.5))
    axis.grid()
    return figure


def weights_and_influence(P, J):
    """Draw attention weights, and the size of each block of the Jacobian."""
    figure, axes = plt.subplots(1, 2, figsize=(8.0, 3.4))
    for axis, matrix, title in zip(
        axes, (P, J), ("attention weights", "size of ∂answer/∂input"), strict=True
    ):
        image = axis.imshow(np.where(matrix == 0, np.nan, matrix), cmap="viridis", vmin=0)
        axis.set(title=title, xlabel="position looked at", ylabel="position of the answer")
        axis.set_xticks(range(len(P)), range(1, len(P) + 1))
        axis.set_yticks(range(len(P)), range(1, len(P) + 1))
        figure.colorbar(image, ax=axis, shrink=0.85)
    return figure


def largest_weight(sizes, found):
    """Draw the mean of the largest weight over the size of a head."""
    figure, axis = plt.subplots()
    for (name, values), look, colour in zip(
        found.items(), ("o-", "s--"), (BLUE, ORANGE), strict=True
    ):
        axis.semilogx(sizes, values, look, color=colour, label=name)
    axis.set(
        xlabel="d, length of queries and keys",
        ylabel="largest of 20 weights, mean",
        title="Why the scores are divided by √d",
        ylim=(0, 1.05),
    )
    axis.legend()
    axis.grid()
    return figure
