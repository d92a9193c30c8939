"""Universality: a network built by hand, bump by bump, without any training (D6).

    python -m examples.universality [--quick] [--out out]

Nielsen's construction: two steep sigmoid neurons make a bump, N bumps a function.
Prediction: with N bumps of width 1/N, each as high as the function at its middle,
the function moves away from the bump by its slope times the distance, so that

    average deviation = mean |f'| / (4 N)      largest deviation <= max |f'| / (2 N)

and on a log-log plot both fall with slope -1.  In two dimensions bumps become
towers, made by a second hidden layer that asks for x *and* y to be inside.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

import nn
from autograd_core import grad, no_grad
from examples import common
from nn.models import MLP

STEEP = 2000.0  # times N: how steep the steps are


def goal(x: Any) -> Any:
    """Return Nielsen's goal function, which stays in (0, 1) for x in [0, 1]."""
    return 0.2 + 0.4 * x**2 + 0.3 * x * np.sin(15 * x) + 0.05 * np.cos(50 * x)


def goal_2d(x: Any, y: Any) -> Any:
    """Return a hill and a valley, in (0, 1)."""
    return 0.5 + 0.4 * np.sin(3 * x) * np.cos(4 * y)


def logit(p: Any) -> Any:
    """Return the inverse of the sigmoid."""
    return np.log(p / (1 - p))


def built(bumps: int) -> MLP:
    """Return a network with 2 N hidden neurons and sigmoid output that is N bumps of the goal."""
    network = MLP([1, 2 * bumps, 1], nn.Sigmoid, nn.Sigmoid, dtype=np.float64)
    hidden, output = network.linears()
    edges, steep = np.arange(bumps + 1) / bumps, STEEP * bumps
    # the outermost steps stand outside of [0, 1], so that its ends are inside of a bump
    left, right = edges[:-1].copy(), edges[1:].copy()
    left[0], right[-1] = -1.0, 2.0
    height = logit(goal((edges[:-1] + edges[1:]) / 2))  # the output applies the sigmoid again
    assert hidden.bias is not None
    assert output.bias is not None
    hidden.weight.data[...] = steep
    hidden.bias.data[...] = -steep * np.concatenate([left, right])  # a step at -bias / weight
    output.weight.data[0] = np.concatenate([height, -height])  # up at the left, down at the right
    output.bias.data[...] = 0.0
    return network


def built_2d(towers: int) -> MLP:
    """Return a network with two hidden layers that is N by N towers of the goal."""
    n = towers
    network = MLP([2, 4 * n, n * n, 1], nn.Sigmoid, nn.Sigmoid, dtype=np.float64)
    steps, ands, output = network.linears()
    edges, steep = np.arange(n + 1) / n, STEEP * n
    left, right = edges[:-1].copy(), edges[1:].copy()
    left[0], right[-1] = -1.0, 2.0
    middle = (edges[:-1] + edges[1:]) / 2
    assert steps.bias is not None
    assert ands.bias is not None
    assert output.bias is not None
    for layer in (steps, ands, output):
        layer.weight.data[...] = 0.0
    steps.weight.data[: 2 * n, 0] = steps.weight.data[2 * n :, 1] = steep
    steps.bias.data[...] = -steep * np.concatenate([left, right, left, right])
    for i in range(n):
        for j in range(n):  # inside in x counts 1, inside in y counts 1, both are more than 3/2
            ands.weight.data[i * n + j, [i, 2 * n + j]] = 100.0
            ands.weight.data[i * n + j, [n + i, 3 * n + j]] = -100.0
    ands.bias.data[...] = -150.0
    output.weight.data[0] = logit(goal_2d(middle[:, None], middle[None, :])).ravel()
    output.bias.data[...] = 0.0
    return network


def off_edges(bumps: int, inside: int) -> Any:
    """Return points in [0, 1], evenly spread within each bump and never on an edge."""
    return (np.arange(bumps * inside) + 0.5) / (bumps * inside)


def measure(counts: list[int]) -> dict[str, Any]:
    """Return average and largest deviation in one dimension, beside plain NumPy steps."""
    x = np.linspace(0, 1, 20001)
    slope = np.abs(grad(lambda x: np.sum(goal(x)))(x))
    rows = []
    for n in tqdm(counts, desc="one dimension"):
        points = off_edges(n, max(40, 4000 // n))
        with no_grad():
            found = built(n)(nn.Parameter(points[:, None])).data[:, 0]
        plain = goal((np.floor(points * n) + 0.5) / n)  # the same steps without a network
        off, off_plain = np.abs(found - goal(points)), np.abs(plain - goal(points))
        rows.append((off.mean(), off.max(), off_plain.mean()))
    return {
        "n": np.array(counts),
        "found": np.array(rows),
        "average": slope.mean() / 4 / np.array(counts),
        "bound": slope.max() / 2 / np.array(counts),
    }


def measure_2d(counts: list[int]) -> dict[str, Any]:
    """Return the same in two dimensions; the bound adds both partial derivatives."""
    g = np.linspace(0, 1, 201)
    x, y = np.meshgrid(g, g, indexing="ij")
    dx, dy = grad(lambda x, y: np.sum(goal_2d(x, y)), argnums=(0, 1))(x, y)
    rows = []
    for n in tqdm(counts, desc="two dimensions"):
        p = off_edges(n, max(4, 64 // n))
        u, v = (a.ravel() for a in np.meshgrid(p, p, indexing="ij"))
        with no_grad():
            found = built_2d(n)(nn.Parameter(np.stack([u, v], axis=1))).data[:, 0]
        off = np.abs(found - goal_2d(u, v))
        rows.append((off.mean(), off.max()))
    most = (np.abs(dx) + np.abs(dy)).max()
    return {"n": np.array(counts), "found": np.array(rows), "bound": most / 2 / np.array(counts)}


def fall(n: Any, deviation: Any) -> float:
    """Return the slope of the line through the points on a log-log plot."""
    return float(np.polyfit(np.log(n), np.log(deviation), 1)[0])


def picture(path: Path, one: dict[str, Any], two: dict[str, Any]) -> Path:
    """Draw the function with its bumps, and both laws."""
    plt = common.pyplot()
    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4.5))
    x = np.linspace(0, 1, 1000)
    left.plot(x, goal(x), color="black", label="goal")
    for n, colour in ((10, common.ORANGE), (50, common.BLUE)):
        with no_grad():
            left.plot(
                x,
                built(n)(nn.Parameter(x[:, None])).data[:, 0],
                color=colour,
                lw=1,
                label=f"network, {n} bumps",
            )
    left.set(xlabel="x", ylabel="output")
    left.legend()
    right.loglog(one["n"], one["found"][:, 0], "o", color=common.BLUE, label="average, measured")
    right.loglog(one["n"], one["average"], color=common.BLUE, label="mean |f'| / 4N, predicted")
    right.loglog(one["n"], one["found"][:, 1], "s", color=common.ORANGE, label="largest, measured")
    right.loglog(one["n"], one["bound"], color=common.ORANGE, label="max |f'| / 2N, bound")
    right.loglog(
        two["n"], two["found"][:, 1], "^", color=common.GREEN, label="largest, N x N towers"
    )
    right.loglog(two["n"], two["bound"], ls="--", color=common.GREEN, label="bound, N x N towers")
    right.set(xlabel="N", ylabel="deviation from the goal")
    right.legend(fontsize=8)
    return common.save(
        figure,
        path,
        "Left: more bumps follow the goal more closely. Right: the measured deviations lie on the "
        "predicted line and under the predicted bounds, which fall as 1/N.",
    )


def main(arguments: list[str] | None = None) -> list[common.Result]:
    """Run the example."""
    options = common.parse(common.parser(__doc__), arguments)
    one = measure([25, 50, 100, 200, 400] + ([] if options.quick else [800, 1600]))
    two = measure_2d([4, 8, 16] + ([] if options.quick else [32]))
    n, found = one["n"], one["found"]
    ratio = found[:, 0] / one["average"]
    largest = n[-1]
    results = [
        common.Result(
            "D6",
            "slope",
            f"average deviation of N bumps, N = {n[0]} to {largest}: slope on a log-log plot",
            fall(n, found[:, 0]),
            f"{fall(n, found[:, 0]):.3f}",
            "predicted -1",
        ),
        common.Result(
            "D6",
            "average",
            f"average deviation with {largest} bumps",
            float(ratio[-1]),
            f"{found[-1, 0]:.2e}",
            f"predicted mean |f'| / 4N = {one['average'][-1]:.2e}; "
            f"plain NumPy steps {found[-1, 2]:.2e}",
        ),
        common.Result(
            "D6",
            "bound",
            "largest deviation over its bound, worst of all N",
            float((found[:, 1] / one["bound"]).max()),
            f"{(found[:, 1] / one['bound']).max():.3f}",
            "bound max |f'| / 2N: at most 1",
        ),
        common.Result(
            "D6",
            "slope 2d",
            "N x N towers in two dimensions: slope of the largest deviation",
            fall(two["n"], two["found"][:, 1]),
            f"{fall(two['n'], two['found'][:, 1]):.3f}",
            "predicted -1",
        ),
        common.Result(
            "D6",
            "bound 2d",
            "the same over its bound, worst of all N",
            float((two["found"][:, 1] / two["bound"]).max()),
            f"{(two['found'][:, 1] / two['bound']).max():.3f}",
            "bound max (|f_x| + |f_y|) / 2N: at most 1",
        ),
    ]
    written = [picture(options.out / "universality.png", one, two)]
    return common.report(results, written, options)


if __name__ == "__main__":
    main()
