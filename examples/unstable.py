"""Unstable gradients: measured layer by layer in a deep sigmoid net, then cured (D7).

    python -m examples.unstable [--quick] [--out out]

Each layer back multiplies the gradient by w sigmoid'(z), and sigmoid' <= 1/4
(Nielsen, chapter 5).  The engine is asked for the derivative of the cost with
respect to every layer's weighted input z.  Cures: tanh, ReLU, skip connections.
"""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
from sklearn.neural_network import MLPClassifier
from tqdm import tqdm

import nn
import optim
from autograd_core import Tensor, gradients, no_grad
from examples import common

DEPTH, UNITS = 8, 30


class Deep(nn.Module):
    """Eight hidden layers of 30 units; with skip, each adds to what came in."""

    def __init__(self, activation: Any, gain: float, skip: bool = False) -> None:
        super().__init__()
        sizes = [64, *[UNITS] * DEPTH]
        self.hidden = nn.ModuleList(nn.Linear(a, b) for a, b in itertools.pairwise(sizes))
        self.out = nn.Linear(UNITS, 10)
        self.activation, self.skip = activation, skip
        for layer in [*self.hidden, self.out]:
            nn.init.normal_(layer.weight, 0.0, gain / np.sqrt(layer.in_features))
            nn.init.zeros_(layer.bias)

    def forward(self, x: Any, kept: list[Any] | None = None) -> Any:
        """Return the logits; weighted inputs of the hidden layers are appended to kept."""
        for k, layer in enumerate(self.hidden):
            z = layer(x)
            if kept is not None:
                kept.append(z)
            a = self.activation(z)
            x = x + a if self.skip and k else a
        return self.out(x)


NETS = {
    "sigmoid": (nn.functional.sigmoid, 1.0, False),
    "tanh": (np.tanh, 1.0, False),
    "ReLU, He initialization": (nn.functional.relu, np.sqrt(2.0), False),
    "sigmoid, skip connections": (nn.functional.sigmoid, 1.0, True),
    "ReLU, weights too large": (nn.functional.relu, 3 * np.sqrt(2.0), False),
}


def norms(net: Deep, images: Any, labels: Any) -> Any:
    """Return the norm of dC/dz of each hidden layer, first to last."""
    kept: list[Any] = []
    cost = nn.functional.cross_entropy(net(Tensor(images), kept), labels)
    return np.array([float(np.linalg.norm(g.data)) for g in gradients(cost, kept)])


def train(net: Deep, split: Any, epochs: int, about: str) -> float:
    """Train by plain SGD and return the share of held-out images read right."""
    images, held_out, labels, held_out_labels = split
    rng = np.random.default_rng(0)
    optimizer = optim.SGD(net.parameters(), lr=0.1)
    for _ in tqdm(range(epochs), desc=about, unit="epoch"):
        order = rng.permutation(len(images))
        for batch in np.array_split(order, len(order) // 20):
            optimizer.zero_grad()
            nn.functional.cross_entropy(net(Tensor(images[batch])), labels[batch]).backward()
            optimizer.step()
    with no_grad():
        return float(np.mean(net(Tensor(held_out)).data.argmax(axis=1) == held_out_labels))


def main(arguments: list[str] | None = None) -> list[common.Result]:
    """Run the example."""
    options = common.parse(common.parser(__doc__), arguments)
    split = common.digits()
    images, held_out, labels, held_out_labels = split
    theirs = MLPClassifier([UNITS] * DEPTH, max_iter=100, random_state=0).fit(images, labels)
    beside = f"MLPClassifier, same layers, ReLU {theirs.score(held_out, held_out_labels):.1%}"
    plt = common.pyplot()
    figure, axis = plt.subplots(figsize=(8, 5))
    results = []
    colours = (common.ORANGE, common.BLUE, common.GREEN, common.BLUE, common.GREY)
    for k, (name, settings) in enumerate(NETS.items()):
        nn.manual_seed(0)
        net = Deep(*settings)
        found = norms(net, images, labels)
        factor = float((found[0] / found[-1]) ** (1 / (DEPTH - 1)))
        axis.semilogy(
            range(1, DEPTH + 1),
            found,
            "osv^D"[k] + "-" * (1 + (k == 3)),
            color=colours[k],
            label=name,
        )
        results.append(
            common.Result(
                "D7",
                f"{name}: factor",
                f"{name}: gradient's factor for each layer back",
                factor,
                f"{factor:.2f}, {found[0] / found[-1]:.1e} over {DEPTH - 1}",
                "1 would be stable; sigmoid' is at most 0.25",
            )
        )
        if "large" not in name:
            share = train(net, split, 15 if options.quick else 30, name)
            results.append(
                common.Result(
                    "D7",
                    f"{name}: accuracy",
                    f"{name}: digits read right",
                    share,
                    f"{share:.1%}",
                    beside,
                )
            )
    axis.set(xlabel="hidden layer", ylabel="norm of dC/dz before training")
    axis.legend()
    written = [
        common.save(
            figure,
            options.out / "unstable.png",
            "In the sigmoid net the gradient shrinks by a constant factor for each layer back, "
            "so that the first layers hardly learn; the cures keep it level.",
        )
    ]
    return common.report(results, written, options)


if __name__ == "__main__":
    main()
