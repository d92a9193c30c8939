"""Threshold logic and the perceptron rule: updates on misclassified examples only (E9).

    python -m examples.perceptron [--quick] [--out out]

McCulloch and Pitts: two layers of threshold units compute every Boolean function; one
unit computes few of them, and Rosenblatt's rule finds those.  On two iris species the
rule stops after fewer mistakes than Novikoff's bound allows.  On digits, its step is
the engine's gradient of a loss that is zero wherever the answer is right.  The same
idea in a net of sigmoids, the lecture's "back-propagation on any misclassified x", is
measured beside updates on all examples.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.linear_model import Perceptron as Theirs
from sklearn.svm import SVC
from tqdm import tqdm

import nn
import optim
from autograd_core import Tensor, no_grad
from examples import common
from nn.models import MLP

ONE_UNIT = {2: 14, 3: 104, 4: 1882}  # threshold functions, published: OEIS A000609


def corners(n: int) -> Any:
    """Return all inputs of n bits, shape (2 ** n, n)."""
    return np.arange(2**n)[:, None] >> np.arange(n) & 1


def two_layers(table: Any) -> nn.Module:
    """Return the net of threshold units for one Boolean function, written down, not learned.

    Each hidden unit fires for one of the inputs that give 1; the output unit is their OR.
    """
    x = corners(int(np.log2(len(table))))[np.asarray(table) == 1]
    hidden = nn.Linear(x.shape[1], max(len(x), 1))
    out = nn.Linear(max(len(x), 1), 1)
    hidden.weight.data[...] = 0.0
    hidden.bias.data[...] = -1.0  # no input gives 1: nothing fires
    if len(x):
        hidden.weight.data[...] = 2 * x - 1
        hidden.bias.data[...] = 0.5 - x.sum(axis=1)
    out.weight.data[...] = 1.0
    out.bias.data[...] = -0.5
    return nn.Sequential(hidden, nn.Step(), out, nn.Step())


def computed(n: int) -> int:
    """Return how many of all Boolean functions of n inputs two layers compute."""
    tables, x = corners(2**n), corners(n).astype(np.float32)
    with no_grad():
        return sum(
            bool(np.array_equal(two_layers(t)(Tensor(x)).data[:, 0], t))
            for t in tqdm(tables, desc=f"functions of {n} inputs")
        )


def learnable(n: int, rounds: int) -> int:
    """Return how many of all Boolean functions of n inputs Rosenblatt's rule learns exactly."""
    signs = 2 * corners(2**n) - 1  # one row for each function
    x = np.insert(2 * corners(n) - 1, 0, 1, axis=1)
    w = np.zeros((len(signs), n + 1), int)
    for _ in tqdm(range(rounds), desc=f"one unit, {n} inputs", unit="round"):
        for k in range(len(x)):
            wrong = signs[:, k] * (w @ x[k]) <= 0
            w += np.where(wrong, signs[:, k], 0)[:, None] * x[k]
    return int(np.all(signs * (w @ x.T) > 0, axis=1).sum())


def iris() -> tuple[int, float]:
    """Return the rule's mistakes until none is left on two iris species, and Novikoff's bound."""
    found = load_iris()
    x = np.insert(found.data[:100], 0, 1.0, axis=1)
    y = 2 * found.target[:100] - 1
    w, mistakes, before = np.zeros(5), 0, -1
    while mistakes > before:
        before = mistakes
        for a, b in zip(x, y, strict=True):
            if b * (w @ a) <= 0:
                w, mistakes = w + b * a, mistakes + 1
    # the margin of the best plane through 0 in the space with the constant 1
    doubled = np.concatenate([x * y[:, None], -x * y[:, None]])
    best = SVC(kernel="linear", C=1e9).fit(doubled, np.repeat([1, -1], 100))
    margin = (x @ best.coef_[0] * y).min() / np.linalg.norm(best.coef_)
    return mistakes, float((np.linalg.norm(x, axis=1).max() / margin) ** 2)


def perceptron_loss(scores: Any, labels: Any) -> Any:
    """Return by how much the highest score exceeds the right one: 0 wherever it is highest."""
    return np.mean(np.max(scores, axis=1) - scores[np.arange(len(labels)), labels])


def rosenblatt(images: Any, labels: Any, epochs: int, seed: int) -> nn.Module:
    """Train ten threshold units on single images, at a rate of 1; return the mean of all weights.

    Freund and Schapire's averaging: every weight vector votes as long as it lived.
    """
    model = nn.Linear(64, 10)
    for p in model.parameters():
        nn.init.zeros_(p)
    total = {name: np.zeros_like(p.data) for name, p in model.named_parameters()}
    optimizer = optim.SGD(model.parameters(), lr=1.0)
    rng = np.random.default_rng(seed)
    for _ in tqdm(range(epochs), desc=f"perceptron, seed {seed}", unit="epoch"):
        for k in rng.permutation(len(images)):
            optimizer.zero_grad()
            perceptron_loss(model(Tensor(images[k : k + 1])), labels[k : k + 1]).backward()
            optimizer.step()
            for name, p in model.named_parameters():
                total[name] += p.data
    model.load_state_dict({n: t / (epochs * len(images)) for n, t in total.items()})
    return model


def sigmoids(images: Any, labels: Any, epochs: int, seed: int, only_wrong: bool) -> Any:
    """Train a net of sigmoids; return it and how many examples took part in backward passes."""
    nn.manual_seed(seed)
    model = MLP([64, 30, 10], nn.Sigmoid)
    optimizer = optim.SGD(model.parameters(), lr=1.0)
    loader = nn.DataLoader((images, labels), 20, shuffle=True, seed=seed)
    used = 0
    for _ in range(epochs):
        for x, y in loader:
            z = model(Tensor(x))
            if only_wrong:
                wrong = np.flatnonzero(z.data.argmax(axis=1) != y)
                if not len(wrong):
                    continue
                z, y = z[wrong], y[wrong]
            used += len(y)
            target = np.eye(10, dtype=np.float32)[y]
            entropy = nn.functional.binary_cross_entropy_with_logits(z, target, reduction="sum")
            optimizer.zero_grad()
            (entropy / len(x)).backward()
            optimizer.step()
    return model, used


def picture(path: Path, weights: Any, shares: dict[str, Any], used: dict[str, Any]) -> Path:
    """Draw what the units learned, the accuracies, and the work."""
    figure, axes = common.pyplot().subplots(1, 3, figsize=(14, 4))
    tiles = np.pad(weights.reshape(2, 5, 8, 8), ((0, 0), (0, 0), (1, 1), (1, 1)))
    bound = np.abs(tiles).max()
    axes[0].imshow(
        tiles.transpose(0, 2, 1, 3).reshape(20, 50), cmap="RdBu", vmin=-bound, vmax=bound
    )
    axes[0].set(title="weights of the ten threshold units", xticks=[], yticks=[])
    places = range(len(shares))
    axes[1].errorbar(
        [100 * np.mean(v) for v in shares.values()],
        places,
        xerr=[100 * np.std(v) for v in shares.values()],
        fmt="o",
        color=common.BLUE,
        capsize=4,
    )
    axes[1].set_yticks(places, list(shares))
    axes[1].set(xlabel="held-out digits read right, %")
    axes[2].bar(list(used), [np.mean(v) for v in used.values()], color=common.ORANGE)
    axes[2].set(ylabel="examples in backward passes", yscale="log")
    return common.save(
        figure,
        path,
        "A rule that changes weights on mistakes only learns templates of the digits (blue: for, "
        "red: against). In a net of sigmoids, back-propagation on misclassified examples alone "
        "does a small part of the work.",
    )


def main(arguments: list[str] | None = None) -> list[common.Result]:
    """Run the example."""
    options = common.parse(common.parser(__doc__), arguments)
    images, held_out, labels, held_out_labels = common.digits()
    seeds, epochs = (2, 2) if options.quick else (5, 10)
    inputs = 3 if options.quick else 4
    all_three, single = computed(3), {n: learnable(n, 100) for n in range(2, inputs + 1)}
    mistakes, bound = iris()

    shares: dict[str, Any] = {
        "perceptron": [],
        "scikit-learn": [],
        "sigmoids, all": [],
        "sigmoids, mistakes only": [],
    }
    used: dict[str, Any] = {"all": [], "mistakes only": []}
    for seed in range(seeds):
        unit = rosenblatt(images, labels, epochs, seed)
        shares["perceptron"].append(common.accuracy(unit, held_out, held_out_labels))
        theirs = Theirs(max_iter=epochs, tol=None, random_state=seed).fit(images, labels)
        shares["scikit-learn"].append(theirs.score(held_out, held_out_labels))
        for name in used:
            model, count = sigmoids(images, labels, 4 * epochs, seed, name != "all")
            used[name].append(count)
            shares[f"sigmoids, {name}"].append(common.accuracy(model, held_out, held_out_labels))
    linear = LogisticRegression(max_iter=3000).fit(images, labels).score(held_out, held_out_labels)
    text = {name: common.mean_and_error(values) for name, values in shares.items()}
    part = float(np.mean(np.array(used["mistakes only"]) / used["all"]))
    gain = common.points(shares["sigmoids, mistakes only"], shares["sigmoids, all"])
    results = [
        common.Result(
            "E9",
            "two layers",
            "threshold logic, 2 layers: Boolean functions of 3 inputs computed",
            all_three,
            f"{all_three} of 256",
            "McCulloch and Pitts (1943): all",
        ),
        common.Result(
            "E9",
            "one unit",
            "one threshold unit, perceptron rule: Boolean functions learned of "
            f"{', '.join(map(str, single))} inputs",
            float(single == {n: ONE_UNIT[n] for n in single}),
            ", ".join(f"{v:,} of {2**2**n:,}" for n, v in single.items()),
            f"linearly separable: {', '.join(f'{ONE_UNIT[n]:,}' for n in single)}",
        ),
        common.Result(
            "E9",
            "mistakes over bound",
            "two iris species: mistakes of the rule until none is left",
            mistakes / bound,
            f"{mistakes}",
            f"Novikoff's bound (R / margin)^2: {bound:.0f}",
        ),
        common.Result(
            "E9",
            "perceptron",
            f"perceptron on digits, averaged, {seeds} seeds: held out, read right",
            float(np.mean(shares["perceptron"])),
            text["perceptron"],
            f"scikit-learn's Perceptron {text['scikit-learn']}, LogisticRegression {linear:.1%}",
        ),
        common.Result(
            "E9",
            "mistakes only",
            "sigmoid net, back-propagation on misclassified examples only",
            float(np.mean(shares["sigmoids, mistakes only"])),
            f"{text['sigmoids, mistakes only']} ({gain}), {part:.0%} of the examples",
            f"on all examples {text['sigmoids, all']}",
        ),
    ]
    written = [picture(options.out / "perceptron.png", unit.weight.data, shares, used)]
    return common.report(results, written, options)


if __name__ == "__main__":
    main()
