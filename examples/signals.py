"""How large signals are: inputs, first weights, batch normalization (B5, B9, C9).

    python -m examples.signals [--quick] [--out out]

The sources say: bring inputs to mean 0 and variance 1, draw weights with variance 1 / fan-in,
break the symmetry, normalize batches.  Each is done and left out, on measurements of wine in
their own units and on digits.  What is measured first is what the advice is about: the spread
of what arrives at each layer, and how different the units are.  Then the accuracy.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from sklearn.datasets import load_wine
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split

import nn
import optim
from autograd_core import Tensor, no_grad
from examples import common

DEPTH, WIDTH = 8, 100


def stack(deviation: Any, normalized: bool = False) -> nn.Sequential:
    """Return a deep tanh net for digits; `deviation` is that of the weights, from the fan-in."""
    layers: list[nn.Module] = []
    for k in range(DEPTH):
        linear = nn.Linear(64 if k == 0 else WIDTH, WIDTH)
        nn.init.normal_(linear.weight, 0.0, deviation(linear.weight.shape[1]))
        nn.init.zeros_(linear.bias)
        layers += [linear, *([nn.BatchNorm1d(WIDTH)] if normalized else []), nn.Tanh()]
    return nn.Sequential(*layers, nn.Linear(WIDTH, 10))


def spread(model: nn.Sequential, x: Any) -> list[float]:
    """Return the deviation of what goes into each activation."""
    found = []
    with no_grad():
        y = Tensor(x)
        for layer in model:
            if isinstance(layer, nn.Tanh):
                found.append(float(y.data.std()))
            y = layer(y)
    return found


def fitted(model: nn.Module, split: Any, epochs: int, rate: float, seed: int) -> float:
    """Train by plain SGD and return the share of held-out rows read right."""
    x, x_test, y, y_test = split
    optimizer = optim.SGD(model.parameters(), lr=rate)
    trainer = nn.Trainer(model, nn.CrossEntropyLoss(), optimizer, progress=False)
    try:
        trainer.fit(nn.DataLoader((x, y), 32, shuffle=True, seed=seed), epochs=epochs)
    except nn.errors.AutogradError:  # a loss that is not finite
        return float(np.mean(y_test == 0))
    return common.accuracy(model, x_test, y_test)


WAYS: dict[str, tuple[Any, bool]] = {
    "variance 1 / fan-in": (lambda n: n**-0.5, False),
    "variance 1": (lambda n: 1.0, False),
    "variance 0.01 / fan-in": (lambda n: 0.1 * n**-0.5, False),
    "variance 0.01 / fan-in, batch normalization": (lambda n: 0.1 * n**-0.5, True),
}


def starts(quick: bool) -> dict[str, dict[str, Any]]:
    """Measure the spread at the start, and the accuracy, for each way to begin."""
    found = {}
    for name, (deviation, normalized) in WAYS.items():
        shares, spreads = [], []
        for seed in range(1 if quick else 3):
            nn.manual_seed(seed)
            split = common.digits(seed)
            mean, scale = split[0].mean(), split[0].std()
            split = ((split[0] - mean) / scale, (split[1] - mean) / scale, *split[2:])
            model = stack(deviation, normalized)
            spreads.append(spread(model, split[0]))
            shares.append(fitted(model, split, 8 if quick else 25, 0.05, seed))
        found[name] = {"spread": np.mean(spreads, axis=0), "shares": shares}
    return found


def symmetry(epochs: int) -> dict[str, tuple[float, int]]:
    """Train a net whose hidden units begin alike, and one whose do not; count different units."""
    found = {}
    for name in ("all weights alike", "drawn at random"):
        nn.manual_seed(0)
        model = nn.Sequential(nn.Linear(64, 16), nn.Sigmoid(), nn.Linear(16, 10))
        if name == "all weights alike":
            for p in model.parameters():
                p.data[...] = 0.1
        share = fitted(model, common.digits(), epochs, 0.5, 0)
        found[name] = share, len(np.unique(model[0].weight.data.round(4), axis=0))
    return found


def inputs(quick: bool) -> dict[str, Any]:
    """Read three kinds of wine from measurements in their own units, and scaled."""
    x, y = load_wine(return_X_y=True)
    found: dict[str, list[float]] = {"own units": [], "scaled": [], "linear": []}
    for seed in range(3 if quick else 20):
        split = train_test_split(x.astype(np.float32), y, test_size=1 / 3, random_state=seed,
                                 stratify=y)  # fmt: skip
        normalize = nn.transforms.Normalize(split[0])
        rng = np.random.default_rng(0)
        scaled = [normalize(a, rng) for a in split[:2]]
        for name, parts in (("own units", split[:2]), ("scaled", scaled)):
            nn.manual_seed(seed)
            model = nn.Sequential(nn.Linear(13, 16), nn.Tanh(), nn.Linear(16, 3))
            data = (*parts, *split[2:])
            found[name].append(fitted(model, data, 10 if quick else 40, 0.1, seed))
        found["linear"].append(
            LogisticRegression(max_iter=2000).fit(scaled[0], split[2]).score(scaled[1], split[3])
        )
    return found


def picture(path: Path, found: dict[str, dict[str, Any]]) -> Path:
    """Draw the spread at each layer."""
    figure, axis = common.pyplot().subplots(figsize=(8, 4.4))
    colours = (common.BLUE, common.ORANGE, common.GREY, common.GREEN)
    for (name, each), colour, mark in zip(found.items(), colours, "osvD", strict=True):
        axis.semilogy(1 + np.arange(DEPTH), each["spread"], mark + "-", color=colour, label=name)
    axis.set(xlabel="layer", ylabel="deviation of what goes into the activation")
    axis.legend(fontsize=8)
    return common.save(
        figure, path,
        "Digits with variance 1, before any training. With weights of variance 1 / fan-in the "
        "signal keeps its size; batch normalization brings it back whatever the weights are.",
    )  # fmt: skip


def main(arguments: list[str] | None = None) -> list[common.Result]:
    """Run the example."""
    options = common.parse(common.parser(__doc__), arguments)
    wine = inputs(options.quick)
    begun = starts(options.quick)
    alike, drawn = symmetry(5 if options.quick else 30).values()
    good, small, normal = (begun[k] for k in (
        "variance 1 / fan-in", "variance 0.01 / fan-in",
        "variance 0.01 / fan-in, batch normalization"))  # fmt: skip
    large = begun["variance 1"]
    share = common.mean_and_error
    results = [
        common.Result(
            "B9", "spread",
            f"{DEPTH} tanh layers, weights of variance 1 / fan-in: deviation of what goes into "
            "the last", float(good["spread"][-1]),
            f"{good['spread'][-1]:.2f} (first {good['spread'][0]:.2f}); digits "
            f"{share(good['shares'])}",
            f"variance 1: {large['spread'][-1]:.1f}, {share(large['shares'])}; 0.01 / fan-in: "
            f"{small['spread'][-1]:.0e}, {share(small['shares'])}",
        ),
        common.Result(
            "B9", "symmetry", "16 hidden units that begin alike: different ones after training",
            float(alike[1]), f"{alike[1]} of 16; digits {alike[0]:.1%}",
            f"drawn at random {drawn[1]} of 16; {drawn[0]:.1%}",
        ),
        common.Result(
            "B5", "normalization",
            "the same net from weights a tenth as large, batch normalization: digits",
            float(np.mean(normal["shares"]) - np.mean(small["shares"])),
            f"{share(normal['shares'])}; deviation at the last layer {normal['spread'][-1]:.2f}",
            f"without {share(small['shares'])}; {small['spread'][-1]:.0e}",
        ),
        common.Result(
            "C9", "inputs", f"wine, 13 measurements brought to mean 0 and variance 1, "
            f"{len(wine['scaled'])} splits: held out, read right",
            float(np.mean(wine["scaled"]) - np.mean(wine["own units"])),
            f"{share(wine['scaled'])}, buys {common.points(wine['scaled'], wine['own units'])}",
            f"in their own units {share(wine['own units'])}; scikit-learn's LogisticRegression, "
            f"scaled, {share(wine['linear'])}",
        ),
    ]  # fmt: skip
    written = [picture(options.out / "signals.png", begun)]
    return common.report(results, written, options)


if __name__ == "__main__":
    main()
