"""Pictures of page 11: filters, maps, receptive fields, slopes of pixels."""

import numpy as np

from page import plt


def _frame(axis, title=None, fontsize=11):
    axis.set(xticks=[], yticks=[])
    for side in axis.spines.values():
        side.set_visible(True)
    if title:
        axis.set_title(title, fontsize=fontsize)


def _signed(axis, picture, largest=None):
    largest = np.abs(picture).max() if largest is None else largest
    axis.imshow(picture, cmap="RdBu_r", vmin=-largest, vmax=largest)


def filter_by_hand(image, name, edge, answer):
    """Draw an image, a filter and what it answers."""
    figure, axes = plt.subplots(1, 3, figsize=(8.4, 3.0))
    axes[0].imshow(image, cmap="gray", vmin=0)
    _signed(axes[1], edge)
    _signed(axes[2], answer)
    titles = (name, "the filter, 3 × 3", "its answer, 6 × 6")
    for axis, title in zip(axes, titles, strict=True):
        _frame(axis, title)
    return figure


def filters(before, after):
    """Draw the filters of a layer before training, and below them after it."""
    figure, axes = plt.subplots(2, len(after), figsize=(8.6, 2.7))
    widest = np.abs(after).max()
    for row, group, name in zip(axes, (before, after), ("before", "after"), strict=True):
        for axis, picture in zip(row, group[:, 0], strict=True):
            _signed(axis, picture, widest)
            _frame(axis)
        row[0].set_ylabel(name)
    return figure


def maps(image, answers):
    """Draw an image, and beside it what each filter answers."""
    figure, axes = plt.subplots(1, 1 + len(answers), figsize=(8.6, 1.7))
    axes[0].imshow(image, cmap="gray")
    _frame(axes[0], "the digit", 8)
    for k, axis in enumerate(axes[1:]):
        axis.imshow(answers[k], cmap="viridis", vmin=0, vmax=answers.max())
        _frame(axis, f"filter {k + 1}", 8)
    return figure


def receptive_fields(fields, sizes):
    """Draw which pixels a unit feels behind one, two and three layers."""
    figure, axes = plt.subplots(1, 3, figsize=(8.2, 3.0))
    names = ("convolution", "+ pooling", "+ convolution")
    for axis, field, size, name in zip(axes, fields, sizes, names, strict=True):
        axis.imshow(field, cmap="Greys", vmin=0, vmax=1.6)
        _frame(axis, f"{name}: {size[0]} × {size[1]}")
    return figure


def slopes(images, found):
    """Draw images, and below each the derivative of its score by its pixels."""
    figure, axes = plt.subplots(2, len(images), figsize=(8.4, 3.6))
    for column, image, slope in zip(axes.T, images, found, strict=True):
        column[0].imshow(image, cmap="gray")
        _signed(column[1], slope)
        for axis in column:
            _frame(axis)
    return figure
