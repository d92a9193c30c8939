"""The picture of page 4: one training, two engines."""

from page import BLUE, ORANGE, plt


def same_losses(small, large):
    """Draw the losses of both engines over the steps."""
    figure, axis = plt.subplots()
    axis.semilogy(small, "-", color=BLUE, label="sixty lines")
    every = range(0, len(large), 15)
    axis.semilogy(
        every, large[::15], "o", color=ORANGE, markersize=5, label="the real engine"
    )
    axis.set(xlabel="step of gradient descent", ylabel="loss", title="XOR on two engines")
    axis.legend()
    axis.grid()
    return figure
