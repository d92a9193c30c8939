"""Pictures of page 6: the plane, coloured by what a network says."""

import numpy as np
from matplotlib.colors import ListedColormap

from page import BLUE, GREEN, GREY, ORANGE, plt

SIDES = ListedColormap([BLUE, ORANGE])


def surface(axis, logits, x, labels, title):
    """Colour the plane by the sign of the logits, and draw the points."""
    lo, hi = x.min(axis=0) - 0.4, x.max(axis=0) + 0.4
    u, v = np.meshgrid(np.linspace(lo[0], hi[0], 100), np.linspace(lo[1], hi[1], 100))
    z = logits(np.stack([u.ravel(), v.ravel()], axis=1)).reshape(u.shape)
    axis.pcolormesh(u, v, z > 0, cmap=SIDES, alpha=0.25, shading="nearest")
    axis.contour(u, v, z, levels=[0], colors=GREY, linewidths=1.5)
    for k, (colour, mark) in enumerate(((BLUE, "o"), (ORANGE, "^"))):
        axis.scatter(*x[labels == k].T, s=9, color=colour, marker=mark)
    axis.set(title=title, xlabel="$x_1$", ylabel="$x_2$")


def one_border(logits, x, labels):
    """Draw the border of one neuron between two species of iris."""
    figure, axis = plt.subplots(figsize=(5.4, 3.8))
    surface(axis, logits, x, labels, "one neuron, two species of iris")
    axis.set(xlabel="petal length, scaled", ylabel="petal width, scaled")
    return figure


def folds(logits, x, labels, first):
    """Draw a border, and the line on which each unit of the first layer switches."""
    figure, axis = plt.subplots(figsize=(6.2, 4.2))
    surface(axis, logits, x, labels, "2 layers, 8 hidden ReLUs: the border and the folds")
    span, limits = np.array(axis.get_xlim()), axis.get_ylim()
    for (a, b), c in zip(first.weight.data, first.bias.data, strict=True):
        axis.plot(span, -(a * span + c) / b, ":", color=GREEN, linewidth=1.3)
    axis.plot([], [], ":", color=GREEN, label="where a hidden unit switches")
    axis.set(xlim=span, ylim=limits)
    axis.legend(loc="upper right", frameon=True)
    return figure


def six_borders(panels):
    """Draw two rows of three borders: (logits, points, labels, title) for each."""
    figure, axes = plt.subplots(2, 3, figsize=(8.6, 6.2))
    for axis, panel in zip(axes.ravel(), panels, strict=True):
        surface(axis, *panel)
    for axis in axes[0]:
        axis.set_xlabel("")
    for axis in axes[:, 1:].ravel():
        axis.set_ylabel("")
    return figure
