"""Stuck in a bad minimum: perturb the weights and restart, a couple of times (C6, E9).

    python -m examples.restarts [--quick] [--out out]

XOR with noise and two hidden sigmoids, the fewest that can do it: gradient descent
gets stuck from many starts.  The lecture's algorithm goes on while the cost shows
significant reduction; otherwise it perturbs the weights at random and restarts.
All starts are trained side by side, as one program with one more axis, and each
stops by its own rule.  Held-out points decide what counts as solved.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from sklearn.neural_network import MLPClassifier
from tqdm import tqdm

from autograd_core import Tensor
from examples import common

HIDDEN, RATE, MOMENTUM = 2, 1.0, 0.9
WINDOW, REDUCTION = 100, 0.02  # stuck: the cost fell by less than 2 % in 100 steps
ATTEMPTS = 4  # a first descent and a couple of restarts
SOLVED = 0.98  # of the held-out points
KINDS = ("perturbation", "new start")


def xor(n: int, seed: int) -> tuple[Any, Any]:
    """Return noisy corners of the square, with labels 0 and 1: XOR."""
    rng = np.random.default_rng(seed)
    corners = rng.integers(0, 2, (n, 2))
    return 2.0 * corners - 1 + rng.normal(0, 0.25, (n, 2)), corners.sum(axis=1) % 2


def start(count: int, rng: Any) -> list[Any]:
    """Return the weights of so many nets, one more axis in front: w1, b1, w2, b2."""
    shapes = ((2, HIDDEN), (1, HIDDEN), (HIDDEN, 1), (1, 1))
    return [rng.normal(0, 1, (count, *shape)) for shape in shapes]


def logits(weights: list[Any], x: Any) -> Any:
    """Return each net's output for each point, shape (nets, points)."""
    w1, b1, w2, b2 = weights
    hidden = 1 / (1 + np.exp(-(x @ w1 + b1)))
    return (hidden @ w2 + b2)[..., 0]


def costs(weights: list[Any], x: Any, y: Any) -> Any:
    """Return each net's mean cross-entropy, shape (nets,)."""
    z = logits(weights, x)
    return np.mean(np.logaddexp(0, z) - y * z, axis=1)


def descend(weights: list[Any], x: Any, y: Any, limit: int = 4000) -> tuple[list[Any], Any]:
    """Descend until each net's cost shows no significant reduction; return weights and steps."""
    weights = [w.copy() for w in weights]
    steps = np.zeros(len(weights[0]), int)
    going = np.arange(len(steps))
    before, speed = np.full(len(steps), np.inf), [np.zeros_like(w) for w in weights]
    for _ in range(0, limit, WINDOW):
        cost = np.zeros(0)
        for _ in range(WINDOW):
            leaves = [Tensor(w[going], requires_grad=True) for w in weights]
            each = costs(leaves, x, y)
            np.sum(each).backward()
            cost = each.data
            for w, v, leaf in zip(weights, speed, leaves, strict=True):
                v[going] = MOMENTUM * v[going] - RATE * (1 - MOMENTUM) * leaf.grad.data
                w[going] += v[going]
        steps[going] += WINDOW
        kept = (cost < (1 - REDUCTION) * before[going]) & (cost > 0.01)
        before[going] = cost
        going = going[kept]
        if not len(going):
            break
    return weights, steps


def right(weights: list[Any], x: Any, y: Any) -> Any:
    """Return each net's share of points on the right side."""
    return np.mean((logits(weights, x) > 0) == y, axis=1)


def attempts(kind: str, first: list[Any], x: Any, y: Any, seed: int) -> list[tuple[Any, Any]]:
    """Return, after each attempt, every net's best weights and the steps that it took so far.

    A net restarts while it misclassifies more than 2 % of the training points.
    """
    rng = np.random.default_rng(seed)
    weights, steps = descend(first, x, y)
    found = [([w.copy() for w in weights], steps.copy())]
    for _ in tqdm(range(ATTEMPTS - 1), desc=kind, unit="restart"):
        stuck = np.flatnonzero(right(weights, x, y) < SOLVED)
        again = start(len(stuck), rng)
        if kind == "perturbation":
            for noise, w in zip(again, weights, strict=True):
                own = w[stuck]
                size = np.sqrt(np.mean(own**2, axis=(1, 2), keepdims=True))
                noise *= size
                noise += own
        tried, more = descend(again, x, y)
        steps[stuck] += more
        better = right(tried, x, y) > right([w[stuck] for w in weights], x, y)
        for w, new in zip(weights, tried, strict=True):
            w[stuck[better]] = new[better]
        found.append(([w.copy() for w in weights], steps.copy()))
    return found


def picture(path: Path, solved: dict[str, list[float]], nets: list[Any], data: Any) -> Path:
    """Draw the shares that are solved after each attempt, and one net stuck, then free."""
    figure, axes = common.pyplot().subplots(1, 3, figsize=(13, 4.2))
    for (kind, shares), colour, mark in zip(
        solved.items(), (common.BLUE, common.ORANGE), "os", strict=True
    ):
        axes[0].plot(
            range(len(shares)), [100 * s for s in shares], mark + "-", color=colour, label=kind
        )
    axes[0].set(xlabel="restarts allowed", ylabel="starts that solve XOR, %", ylim=(0, 101))
    axes[0].set_xticks(range(ATTEMPTS))
    axes[0].legend()
    x, y = data
    grid = np.stack(np.meshgrid(*[np.linspace(-2, 2, 100)] * 2), axis=-1)
    for axis, net, title in zip(axes[1:], nets, ("stuck", "after a restart"), strict=True):
        z = logits([w[None] for w in net], grid.reshape(-1, 2)).reshape(100, 100)
        axis.contourf(
            grid[..., 0], grid[..., 1], z > 0, levels=[-0.5, 0.5, 1.5],
            colors=[common.BLUE, common.ORANGE], alpha=0.2,
        )  # fmt: skip
        for k, (colour, mark) in enumerate(((common.BLUE, "o"), (common.ORANGE, "^"))):
            axis.scatter(*x[y == k].T, s=9, color=colour, marker=mark)
        axis.set(title=title, xlabel="$x_1$", ylabel="$x_2$")
    return common.save(
        figure,
        path,
        "From some starts descent ends where one corner is on the wrong side and the cost falls "
        "no further. Started again from new weights up to three times, nearly all nets solve XOR; "
        "from perturbed weights fewer do, as many fall back to where they were.",
    )


def main(arguments: list[str] | None = None) -> list[common.Result]:
    """Run the example."""
    options = common.parse(common.parser(__doc__), arguments)
    count = 40 if options.quick else 300
    (x, y), (x_new, y_new) = xor(100, 0), xor(1000, 1)
    first = start(count, np.random.default_rng(2))
    found = {kind: attempts(kind, first, x, y, 3) for kind in KINDS}
    solved = {
        kind: [float(np.mean(right(w, x_new, y_new) >= SOLVED)) for w, _ in each]
        for kind, each in found.items()
    }
    steps = {kind: [float(np.mean(s)) for _, s in each] for kind, each in found.items()}
    theirs = [
        MLPClassifier((HIDDEN,), activation="logistic", solver="lbfgs", alpha=0, random_state=k)
        .fit(x, y)
        .score(x_new, y_new)
        >= SOLVED
        for k in range(min(count, 100))
    ]
    once = solved[KINDS[0]][0]
    error = float(np.sqrt(once * (1 - once) / count))
    results = [
        common.Result(
            "E9",
            "once",
            f"XOR, {HIDDEN} hidden sigmoids, one descent: share of {count} starts that solve it, "
            "on held-out points",
            once,
            f"{once:.0%} ± {error:.0%}, {steps[KINDS[0]][0]:,.0f} steps",
            f"scikit-learn's MLPClassifier (L-BFGS), {len(theirs)} starts: {np.mean(theirs):.0%}",
        )
    ]
    for kind in KINDS:
        name = "perturbed and restarted" if kind == KINDS[0] else "from a new start"
        results.append(
            common.Result(
                "C6" if kind == KINDS[0] else "E9",
                kind,
                f"the same, {name} when the cost shows no significant reduction, "
                f"at most {ATTEMPTS - 1} times",
                solved[kind][-1],
                f"{solved[kind][1]:.0%} after one, {solved[kind][-1]:.0%} after "
                f"{ATTEMPTS - 1}; {steps[kind][-1]:,.0f} steps",
                f"independent starts would give {1 - (1 - once) ** ATTEMPTS:.0%}",
            )
        )
    before, after = found[KINDS[0]][0][0], found[KINDS[0]][-1][0]
    gained = right(after, x_new, y_new) - right(before, x_new, y_new)
    nets = [[w[gained.argmax()] for w in weights] for weights in (before, after)]
    written = [picture(options.out / "restarts.png", solved, nets, (x, y))]
    return common.report(results, written, options)


if __name__ == "__main__":
    main()
