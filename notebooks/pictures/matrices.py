"""The picture of page 5: gradients of weights, seen as images."""

import numpy as np

from page import plt


def ten_gradients(columns):
    """Draw the ten columns of a matrix of 64 by 10 as images of 8 by 8."""
    figure, axes = plt.subplots(2, 5, figsize=(7.6, 3.4))
    largest = np.abs(columns).max()
    for k, axis in enumerate(axes.ravel()):
        axis.imshow(columns[:, k].reshape(8, 8), cmap="RdBu_r", vmin=-largest, vmax=largest)
        axis.set(title=f"class {k}", xticks=[], yticks=[])
    return figure
