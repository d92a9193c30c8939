"""What can a layer draw?  Decision surfaces of one neuron and of 1, 2 and 3 layers (D1, D2).

    python -m examples.surfaces [--quick] [--out out]

One neuron on two real iris species draws a line, the same as scikit-learn's.
Then networks of 1, 2 and 3 layers on two moons and on two spirals.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.datasets import load_iris, make_moons
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold
from sklearn.neural_network import MLPClassifier
from tqdm import tqdm

import nn
import optim
from autograd_core import Tensor, no_grad
from examples import common
from nn.models import MLP


def spirals(n: int, seed: int) -> tuple[Any, Any]:
    """Return two spirals of one and a half turns each, with a little noise."""
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % 2
    radius = np.sqrt(rng.uniform(0.02, 1, n))
    angle = 3 * np.pi * radius + np.pi * labels
    points = radius[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    return 2 * points + rng.normal(0, 0.04, (n, 2)), labels


def score(model: Any, x: Any, labels: Any) -> float:
    """Return the share of points on the right side."""
    with no_grad():
        return float(np.mean((model(Tensor(x)).data[:, 0] > 0) == labels))


def train(sizes: list[int], x: Any, labels: Any, steps: int, activation: Any = nn.Tanh) -> MLP:
    """Train a network with one logit by full-batch Adam."""
    nn.manual_seed(0)
    model = MLP(sizes, activation, dtype=np.float64)
    optimizer = optim.Adam(model.parameters(), lr=0.02)
    target = labels[:, None].astype(float)
    for _ in tqdm(range(steps), desc=f"{len(sizes) - 1} layers", unit="step"):
        optimizer.zero_grad()
        nn.functional.binary_cross_entropy_with_logits(model(Tensor(x)), target).backward()
        optimizer.step()
    return model


def neuron() -> tuple[Any, Any, Any, dict[str, float]]:
    """Return one neuron trained to its optimum on iris, its data, and what was measured.

    The neuron and scikit-learn's LogisticRegression learn from all flowers, for the weights, and
    from four fifths of them five times over, to be judged by the flowers that were left out.
    """
    iris = load_iris()
    kept = iris.target > 0
    x, labels = iris.data[kept][:, 2:], iris.target[kept] - 1
    x = (x - x.mean(axis=0)) / x.std(axis=0)
    model, theirs = optimal(x, labels), LogisticRegression(tol=1e-10).fit(x, labels)
    found = {"gap": float(np.abs(model.linears()[0].weight.data - theirs.coef_).max())}
    left_out: dict[str, list[float]] = {"ours": [], "theirs": []}
    for train_rows, rest in StratifiedKFold(5, shuffle=True, random_state=0).split(x, labels):
        one = optimal(x[train_rows], labels[train_rows])
        left_out["ours"].append(score(one, x[rest], labels[rest]))
        other = LogisticRegression(tol=1e-10).fit(x[train_rows], labels[train_rows])
        left_out["theirs"].append(other.score(x[rest], labels[rest]))
    found |= {name: float(np.mean(values)) for name, values in left_out.items()}
    return model, x, labels, found


def optimal(x: Any, labels: Any) -> MLP:
    """Return one neuron at the minimum of scikit-learn's objective, half |w|^2 + the losses."""
    model = MLP([2, 1], dtype=np.float64)
    (layer,) = model.linears()

    def loss() -> Any:
        entropy = nn.functional.binary_cross_entropy_with_logits(
            model(Tensor(x)), labels[:, None].astype(float), reduction="sum"
        )
        return entropy + 0.5 * np.sum(layer.weight**2)

    optim.newton(optim.of_parameters(loss, model.parameters()))
    return model


def collapsed(model: MLP, x: Any) -> Any:
    """Return x through the one layer that layers without activation amount to."""
    weight, bias = np.eye(x.shape[1]), np.zeros(x.shape[1])
    for layer in model.linears():
        weight = layer.weight.data @ weight
        bias = layer.weight.data @ bias + layer.bias.data
    return x @ weight.T + bias


def surface(axis: Any, model: Any, x: Any, labels: Any, title: str) -> None:
    """Draw the line where the output is 0, and the points."""
    lo, hi = x.min(axis=0) - 0.3, x.max(axis=0) + 0.3
    u, v = np.meshgrid(np.linspace(lo[0], hi[0], 120), np.linspace(lo[1], hi[1], 120))
    with no_grad():
        z = model(Tensor(np.stack([u.ravel(), v.ravel()], axis=1))).data.reshape(u.shape)
    axis.contourf(
        u, v, z > 0, levels=[-0.5, 0.5, 1.5], colors=[common.BLUE, common.ORANGE], alpha=0.2
    )
    for k, (colour, mark) in enumerate(((common.BLUE, "o"), (common.ORANGE, "^"))):
        axis.scatter(*x[labels == k].T, s=7, color=colour, marker=mark)
    axis.set(title=title, xlabel="$x_1$", ylabel="$x_2$")


def main(arguments: list[str] | None = None) -> list[common.Result]:
    """Run the example."""
    options = common.parse(common.parser(__doc__), arguments)
    plt = common.pyplot()
    figure, axes = plt.subplots(2, 4, figsize=(15, 7.5))
    model, x, labels, found = neuron()
    surface(axes[0, 0], model, x, labels, "one neuron, two iris species")
    results = [
        common.Result(
            "D1",
            "neuron",
            "one neuron on two iris species, trained by Newton: weights",
            found["gap"],
            f"differ by {found['gap']:.0e}",
            "scikit-learn's LogisticRegression, the same objective",
        ),
        common.Result(
            "D1",
            "left out",
            "the same neuron on flowers that it did not learn from, five-fold cross-validation",
            found["ours"],
            f"{found['ours']:.1%} right",
            f"scikit-learn's LogisticRegression {found['theirs']:.1%}",
        ),
    ]
    corners = np.array([[0.0, 0], [0, 1], [1, 0], [1, 1]])
    xor = np.array([0, 1, 1, 0])
    surface(axes[1, 0], train([2, 4, 1], corners, xor, 400), corners, xor, "XOR, 2 layers")
    alone = score(train([2, 1], corners, xor, 400), corners, xor)
    results.append(
        common.Result(
            "D1",
            "xor",
            "one neuron on XOR",
            alone,
            f"{alone:.0%} right",
            "at most 75 %, Minsky and Papert (1969)",
        )
    )
    data = {
        "moons": (
            make_moons(400, noise=0.15, random_state=0),
            make_moons(1000, noise=0.15, random_state=1),
        ),
        "spirals": (spirals(400, 0), spirals(1000, 1)),
    }
    (x, y), (x_new, y_new) = data["moons"]
    deep = train([2, 32, 32, 1], x, y, 300, nn.Identity)
    with no_grad():
        gap = float(np.abs(deep(Tensor(x_new)).data - collapsed(deep, x_new)).max())
    results.append(
        common.Result(
            "D2",
            "collapse",
            "moons, 3 layers without activation, new points",
            gap,
            f"{score(deep, x_new, y_new):.1%}, and it is one layer: outputs differ by {gap:.0e}",
            "W3 (W2 (W1 x + b1) + b2) + b3 = W x + b",
        )
    )
    for row, (name, ((x, y), (x_new, y_new))) in enumerate(data.items()):
        for depth, hidden in enumerate(([], [32], [32, 32]), start=1):
            model = train([2, *hidden, 1], x, y, 500 if options.quick else 1500)
            share = score(model, x_new, y_new)
            if hidden:
                other = MLPClassifier(
                    hidden,
                    activation="tanh",
                    learning_rate_init=0.02,
                    max_iter=1500,
                    n_iter_no_change=100,
                    random_state=0,
                )
                beside = "MLPClassifier"
            else:
                other, beside = LogisticRegression(), "LogisticRegression"
            theirs = other.fit(x, y).score(x_new, y_new)
            surface(
                axes[row, depth],
                model,
                x,
                y,
                f"{name}, {depth} layer{'s' * (depth > 1)}: {share:.1%}",
            )
            results.append(
                common.Result(
                    "D2",
                    f"{name} {depth}",
                    f"{name}, {depth} layer{'s' * (depth > 1)}, new points",
                    share,
                    f"{share:.1%}",
                    f"scikit-learn's {beside} {theirs:.1%}",
                )
            )
    written = [
        common.save(
            figure,
            options.out / "surfaces.png",
            "One layer draws a straight line; a second bends it, and only with hidden "
            "layers can a network follow moons, XOR and spirals.",
        )
    ]
    return common.report(results, written, options)


if __name__ == "__main__":
    main()
