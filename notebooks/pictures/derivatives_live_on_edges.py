"""Pictures of page 1: how well the edges predict, and the Jacobian of a layer."""

from page import BLUE, GREY, ORANGE, plt


def prediction(steps, error):
    """Draw what the first-order prediction misses, over the size of the change."""
    figure, axis = plt.subplots()
    axis.loglog(
        steps, error, "o", color=BLUE, markersize=4, label="what the prediction misses"
    )
    axis.loglog(steps, steps**2, "--", color=GREY, label="h²")
    axis.axhline(2.2e-16, color=ORANGE, linestyle=":", label="rounding of float64")
    axis.set(
        xlabel="h, the change of x",
        ylabel="error",
        title="The edges' prediction is exact to first order",
    )
    axis.legend()
    axis.grid()
    return figure


def jacobian_of_a_layer(whole):
    """Draw a matrix of 3 by 15 with its numbers: w = b + A v by b and by A."""
    figure, axis = plt.subplots(figsize=(8.6, 2.7))
    image = axis.imshow(whole, cmap="RdBu_r", vmin=-2, vmax=2, aspect="auto")
    axis.set_xticks(
        range(15),
        [f"$b_{j}$" for j in (1, 2, 3)]
        + [f"$A_{{{j}{k}}}$" for j in (1, 2, 3) for k in (1, 2, 3, 4)],
    )
    axis.set_yticks(range(3), ["$w_1$", "$w_2$", "$w_3$"])
    axis.set_title("∂w/∂b and ∂w/∂A of w = b + A v")
    for i in range(3):
        for j in range(15):
            if whole[i, j]:
                shade = "white" if abs(whole[i, j]) > 1.2 else "black"
                axis.text(j, i, f"{whole[i, j]:g}", ha="center", va="center", color=shade)
    figure.colorbar(image, ax=axis, label="derivative")
    return figure
