"""Pictures of page 7: activations and their slopes, gradients and spreads by layer."""

from page import BLUE, GREEN, GREY, ORANGE, PURPLE, plt


def bends_and_slopes(z, height, slope):
    """Draw activations at the left and their slopes at the right."""
    looks = zip(
        (GREY, ORANGE, BLUE, GREEN, PURPLE),
        (":", "-", "--", "-.", (0, (5, 1, 1, 1))),
        strict=True,
    )
    figure, axes = plt.subplots(1, 2, figsize=(8.6, 3.6))
    for name, (colour, line) in zip(height, looks, strict=True):
        axes[0].plot(z, height[name], color=colour, linestyle=line, label=name)
        axes[1].plot(z, slope[name], color=colour, linestyle=line)
    axes[0].set(title="activation", xlabel="z", ylim=(-1.3, 3))
    axes[1].set(title="its slope", xlabel="z")
    axes[0].legend()
    for axis in axes:
        axis.grid()
    return figure


def _by_layer(axis, curves):
    marks = zip(
        ("o-", "s-", "^-", "v--", "D:"), (ORANGE, BLUE, GREEN, PURPLE, GREY), strict=True
    )
    for (name, found), (mark, colour) in zip(curves.items(), marks, strict=False):
        layers = range(1, len(found) + 1)
        axis.semilogy(layers, found, mark, color=colour, markersize=5, label=name)
    axis.grid()


def gradients_by_layer(measured):
    """Draw the norm of dC/dz of each hidden layer, for several networks."""
    figure, axis = plt.subplots(figsize=(7.2, 4.2))
    _by_layer(axis, measured)
    axis.set(
        xlabel="hidden layer, 1 is next to the pixels",
        ylabel="norm of ∂C/∂z",
        title="Before training",
    )
    axis.legend(loc="upper center", bbox_to_anchor=(0.5, -0.18), ncols=2)
    return figure


def spread_by_layer(seen):
    """Draw how much a unit's answer varies over images, by layer."""
    figure, axis = plt.subplots(figsize=(6.8, 3.6))
    _by_layer(axis, seen)
    axis.set(
        xlabel="hidden layer",
        ylabel="standard deviation over images",
        title="How differently a unit answers different images",
    )
    axis.legend()
    return figure
