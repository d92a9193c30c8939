"""Pictures of page 10: errors on what was fitted and on what is new."""

from page import BLUE, GREEN, GREY, ORANGE, PURPLE, plt


def two_errors(degrees, train_error, new_error, noise):
    """Draw both errors of polynomials over their degree."""
    figure, axis = plt.subplots()
    axis.semilogy(degrees, train_error, "s--", color=ORANGE, label="on the 15 points")
    axis.semilogy(degrees, new_error, "o-", color=BLUE, label="on 1,000 new points")
    axis.axhline(noise, color=GREY, linestyle=":", label="the noise itself")
    axis.set(
        xlabel="degree of the polynomial", ylabel="mean squared error", title="Two errors"
    )
    axis.legend()
    axis.grid()
    return figure


def strengths(errors, curves):
    """Draw errors over the strength of a penalty, and two fits."""
    strength, on_train, held_out, on_new, chosen = errors
    figure, axes = plt.subplots(1, 2, figsize=(8.6, 3.8))
    left, right = axes
    left.loglog(strength, on_train, "--", color=ORANGE, label="on the 15 points")
    left.loglog(strength, held_out, "-.", color=GREEN, label="cross-validation, same 15")
    left.loglog(strength, on_new, "-", color=BLUE, label="on new points")
    left.vlines(strength[chosen], 1e-3, 5, color=GREY, linestyle=":", label="chosen")
    left.set(
        xlabel="strength of the penalty",
        ylabel="mean squared error",
        title="Errors",
        ylim=(1e-3, 1e3),
    )
    t, truth, wild, tame, x, y = curves
    right.plot(t, truth, ":", color=GREY, label="truth")
    right.plot(t, wild, "--", color=ORANGE, label="no penalty to speak of")
    right.plot(t, tame, "-", color=BLUE, label="chosen penalty")
    right.plot(x, y, "o", color=GREEN, markersize=4)
    right.set(ylim=(-2, 2), xlabel="x", ylabel="y", title="degree 12, 15 points")
    for axis in axes:
        axis.legend(fontsize=8)
    left.grid()
    return figure


def by_heart(runs):
    """Draw accuracy on new images, and the share of wrong labels learned, over epochs."""
    figure, axes = plt.subplots(1, 2, figsize=(8.6, 3.8))
    looks = zip(("-", "--", "-.", ":"), (ORANGE, BLUE, GREEN, PURPLE), strict=True)
    for (name, (on_new, heart)), (line, colour) in zip(runs.items(), looks, strict=True):
        axes[0].plot(on_new, line, color=colour, label=name)
        axes[1].plot(heart, line, color=colour)
    axes[0].set(
        title="new digits", xlabel="epoch", ylabel="share read right", ylim=(0.6, 0.97)
    )
    axes[1].set(title="wrong labels", xlabel="epoch", ylabel="share learned by heart")
    axes[0].legend(loc="lower right")
    for axis in axes:
        axis.grid()
    return figure
