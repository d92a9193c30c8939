"""Pictures of page 13: a loss that levels off, dead units, gradients that are kept."""

from page import BLUE, GREEN, GREY, ORANGE, plt


def softmax_twice(twice, once, lowest):
    """Draw the losses with two and with one softmax, and the lowest that two allow."""
    figure, axis = plt.subplots()
    epochs = range(1, len(twice) + 1)
    axis.plot(epochs, twice, color=ORANGE, linestyle="--", label="softmax twice")
    axis.plot(epochs, once, color=BLUE, label="softmax once")
    label = f"lowest possible with two: {lowest:.2f}"
    axis.axhline(lowest, color=GREY, linestyle=":", label=label)
    axis.set(xlabel="epoch", ylabel="loss", title="A loss that stops too early")
    axis.legend()
    axis.grid()
    return figure


def units_that_are_on(sound, burnt):
    """Draw which units are on for which images, after training with two rates."""
    figure, axes = plt.subplots(1, 2, figsize=(8.6, 3.6), sharey=True)
    for axis, on, title in zip(axes, (sound, burnt), ("rate 0.1", "rate 1"), strict=True):
        axis.imshow(
            on, cmap="Greys", vmin=0, vmax=1.4, aspect="auto", interpolation="nearest"
        )
        axis.set(title=title, xlabel="hidden unit")
    axes[0].set_ylabel("image")
    return figure


def forgotten(kept, cleared):
    """Draw the way of a weight with old gradients kept, and with them cleared."""
    figure, axis = plt.subplots()
    axis.plot(kept, "--", color=ORANGE, label="zero_grad() forgotten")
    axis.plot(cleared, "-", color=GREEN, label="with zero_grad()")
    axis.set(
        xlabel="step",
        ylabel="w, best at 0",
        title="Old gradients pull along",
        ylim=(-1.1, 1.7),
    )
    axis.legend(loc="upper right")
    axis.grid()
    return figure
