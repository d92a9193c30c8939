"""The picture of page 2: how many paths there are, and how many operations."""

from page import BLUE, ORANGE, plt


def paths_and_operations(counted, visited):
    """Draw two counts over the number of doublings, on a logarithmic axis."""
    figure, axis = plt.subplots()
    k = range(1, len(counted) + 1)
    axis.semilogy(k, counted, "-", color=ORANGE, label="paths from x to the output")
    axis.semilogy(k, visited, "--", color=BLUE, label="operations that one sweep visits")
    axis.set(
        xlabel="k, how often y = y + y is repeated",
        ylabel="count",
        title="Paths and operations",
    )
    axis.legend()
    axis.grid()
    return figure
