"""Pictures of page 8: the quadratic cost beside cross-entropy."""

from page import BLUE, GREY, ORANGE, plt


def two_neurons(slow, fast):
    """Draw the output of a neuron while it learns, with both costs."""
    figure, axis = plt.subplots()
    axis.plot(slow, "--", color=ORANGE, label="quadratic cost")
    axis.plot(fast, "-", color=BLUE, label="cross-entropy")
    axis.axhline(0, color=GREY, linewidth=1)
    axis.set(
        xlabel="step of gradient descent",
        ylabel="output a, wanted 0",
        title="A neuron that starts badly wrong",
    )
    axis.legend()
    axis.grid()
    return figure


def two_pulls(z, flat, steep):
    """Draw the derivative of both costs by z."""
    figure, axis = plt.subplots()
    axis.plot(z, flat, "--", color=ORANGE, label="quadratic: (a - y) σ'(z)")
    axis.plot(z, steep, "-", color=BLUE, label="cross-entropy: a - y")
    axis.set(
        xlabel="z; wanted is a = 0, so the right is wrong",
        ylabel="∂C/∂z",
        title="How hard each cost pulls",
    )
    axis.legend()
    axis.grid()
    return figure


def two_trainings(quadratic, entropy):
    """Draw the accuracy on new digits after each epoch: a row for each start."""
    figure, axis = plt.subplots()
    epochs = range(1, quadratic.shape[1] + 1)
    for runs, mark, colour, name in (
        (quadratic, "s--", ORANGE, "quadratic cost"),
        (entropy, "o-", BLUE, "cross-entropy"),
    ):
        lines = axis.plot(epochs, runs.T, mark, color=colour, markersize=4, linewidth=1.5)
        lines[0].set_label(name)
    axis.set(
        xlabel="epoch",
        ylabel="share of new digits read right",
        title="Each at its best rate, three starts",
    )
    axis.legend()
    axis.grid()
    return figure
