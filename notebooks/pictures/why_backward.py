"""Pictures of page 3: times over the number of inputs and outputs, memory over steps."""

from page import GREEN, ORANGE, plt


def times(sizes, over_n, over_m):
    """Draw the seconds of both modes, (forward, reverse) in rows, over n and over m."""
    figure, axes = plt.subplots(1, 2, figsize=(8.6, 3.8), sharey=True)
    labels = ("n inputs, 1 output", "1 input, m outputs")
    for axis, found, label in zip(axes, (over_n, over_m), labels, strict=True):
        forward, reverse = 1e3 * found.T
        axis.loglog(
            sizes, forward, "s-", color=GREEN, label="forward: a sweep for each input"
        )
        axis.loglog(
            sizes, reverse, "o--", color=ORANGE, label="reverse: a sweep for each output"
        )
        axis.set(xlabel=label)
        axis.grid()
    axes[0].set(
        ylabel="milliseconds for all derivatives", title="Whole Jacobians, measured"
    )
    axes[0].legend()
    return figure


def memory(lengths, kept_reverse, kept_forward):
    """Draw the kilobytes that either mode keeps, over the length of a loop."""
    figure, axis = plt.subplots()
    axis.plot(lengths, kept_reverse, "o--", color=ORANGE, label="reverse keeps every step")
    axis.plot(lengths, kept_forward, "s-", color=GREEN, label="forward keeps the last one")
    axis.set(
        xlabel="steps of the loop, 1,000 numbers each",
        ylabel="peak kB",
        title="What a sweep keeps in memory",
    )
    axis.legend()
    axis.grid()
    return figure
