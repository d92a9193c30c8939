"""Handwritten digits: a sigmoid network, then each improvement in turn (D5).

    python -m examples.ladder [--quick] [--mnist] [--out out]

Nielsen's chapters 1, 3 and 6: quadratic cost, cross-entropy, L2 regularization,
better initialization, dropout, expanded data, an ensemble that votes.  Each step
keeps what the last one had.  Five seeds give each step its error bar.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from tqdm import tqdm

import nn
import optim
from autograd_core import Tensor, no_grad
from examples import common
from nn.models import MLP

BATCH = 10


@dataclass(frozen=True)
class Recipe:
    """How one network is made and trained; each step of the ladder changes one entry."""

    cost: str = "quadratic"
    rate: float = 3.0  # Nielsen's, for the quadratic cost
    decay: float = 0.0  # lambda / n of the L2 term
    narrow: bool = False  # weights from N(0, 1 / fan-in) instead of N(0, 1)
    hidden: int = 30
    dropout: float = 0.0
    copies: int = 0  # moved and turned copies of each image
    votes: int = 1


PLAIN = Recipe()
ENTROPY = replace(PLAIN, cost="cross-entropy", rate=0.3)
DECAY = replace(ENTROPY, decay=1e-3)
NARROW = replace(DECAY, narrow=True)
DROPOUT = replace(NARROW, hidden=100, dropout=0.3, decay=1e-4)
EXPANDED = replace(DROPOUT, copies=4)
LADDER = {
    "sigmoid, quadratic cost": PLAIN,
    "+ cross-entropy": ENTROPY,
    "+ L2 regularization": DECAY,
    "+ better initialization": NARROW,
    "+ dropout, 100 units": DROPOUT,
    "+ expanded data": EXPANDED,
    "+ ensemble of 5": replace(EXPANDED, votes=5),
}


def expanded(images: Any, copies: int, rng: np.random.Generator) -> Any:
    """Return the images and copies of them, each moved by up to half a pixel and turned by 8°."""
    from scipy.ndimage import affine_transform

    side = round(np.sqrt(images.shape[1]))
    middle = (side - 1) / 2
    made = [images]
    for _ in range(copies):
        angles = rng.uniform(-8, 8, len(images)) * np.pi / 180
        shifts = rng.uniform(-side / 16, side / 16, (len(images), 2))
        turned = np.empty_like(images)
        for k, (angle, shift) in enumerate(zip(angles, shifts, strict=True)):
            turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
            offset = middle - turn @ (middle + shift)
            flat = affine_transform(images[k].reshape(side, side), turn, offset, order=1)
            turned[k] = flat.ravel()
        made.append(turned)
    return np.concatenate(made)


def train(recipe: Recipe, images: Any, labels: Any, steps: int, seed: int) -> MLP:
    """Train one network by plain stochastic gradient descent."""
    nn.manual_seed(seed)
    rng = np.random.default_rng(seed)
    output = nn.Sigmoid if recipe.cost == "quadratic" else None
    model = MLP([images.shape[1], recipe.hidden, 10], nn.Sigmoid, output, recipe.dropout)
    for layer in model.linears():
        (nn.init.fan_in_normal_ if recipe.narrow else nn.init.normal_)(layer.weight)
        if layer.bias is not None:
            nn.init.normal_(layer.bias)
    if recipe.copies:
        images, labels = expanded(images, recipe.copies, rng), np.tile(labels, recipe.copies + 1)
    targets = np.eye(10, dtype=np.float32)[labels]
    # the textbook's costs: summed over the ten outputs, mean over the batch
    quadratic, entropy = nn.HalfSquaredError(), nn.BCEWithLogitsLoss(reduction="sum")
    weights = [layer.weight for layer in model.linears()]
    biases = [layer.bias for layer in model.linears() if layer.bias is not None]
    optimizer = optim.SGD(
        [{"params": weights, "weight_decay": recipe.decay}, {"params": biases}], lr=recipe.rate
    )
    schedule = optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=steps)
    for _ in range(steps):
        batch = rng.integers(0, len(images), BATCH)
        a = model(Tensor(images[batch]))
        y = targets[batch]
        loss = quadratic(a, y) if recipe.cost == "quadratic" else entropy(a, y) / BATCH
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    return model.eval()


def votes(models: list[MLP], images: Any) -> Any:
    """Return the class with the most votes; a tie goes to the larger sum of outputs."""
    with no_grad():
        outputs = np.array([nn.functional.sigmoid(m(Tensor(images))).data for m in models])
    counted = np.eye(10)[outputs.argmax(axis=2)].sum(axis=0)
    return (counted + outputs.mean(axis=0) / 100).argmax(axis=1)


def climb(split: Any, steps: int, seeds: int) -> dict[str, Any]:
    """Return the share of held-out images read right, for each step of the ladder and each seed."""
    images, held_out, labels, held_out_labels = split
    scores: dict[str, Any] = {name: [] for name in LADDER}
    single: dict[tuple[Recipe, int], MLP] = {}
    total = seeds * sum(r.votes for r in LADDER.values()) - seeds
    with tqdm(total=total, desc="networks", unit="net") as bar:
        for name, recipe in LADDER.items():
            for seed in range(seeds):
                members = []
                for member in range(recipe.votes):
                    key = replace(recipe, votes=1), 1000 * member + seed
                    if key not in single:
                        long = steps * (2 if recipe.dropout else 1)
                        single[key] = train(recipe, images, labels, long, key[1])
                        bar.update()
                    members.append(single[key])
                scores[name].append(np.mean(votes(members, held_out) == held_out_labels))
    return {name: np.array(found) for name, found in scores.items()}


def picture(path: Path, scores: dict[str, Any], baselines: dict[str, float]) -> Path:
    """Draw each step with its error bar."""
    plt = common.pyplot()
    figure, axis = plt.subplots(figsize=(9, 5))
    for k, found in enumerate(scores.values()):
        axis.scatter(np.full(len(found), k), found, color=common.GREY, s=12, alpha=0.6)
        axis.errorbar(
            [k + 0.12],
            [found.mean()],
            [found.std(ddof=1) if len(found) > 1 else 0],
            fmt="o",
            color=common.BLUE,
            capsize=5,
        )
    for (name, value), style in zip(baselines.items(), ("--", ":"), strict=True):
        axis.axhline(value, color=common.ORANGE, ls=style, lw=1.2, label=name)
    axis.set_xticks(range(len(scores)), [n.replace(" ", "\n", 2) for n in scores], fontsize=8)
    axis.set(ylabel="share of held-out digits read right", title="What each improvement buys")
    axis.legend(loc="lower right")
    return common.save(
        figure,
        path,
        "Each step keeps all those to its left; dots are seeds, bars their standard deviation: "
        "where the bars of two steps overlap widely, this data set cannot tell them apart.",
    )


def main(arguments: list[str] | None = None) -> list[common.Result]:
    """Run the example."""
    made = common.parser(__doc__)
    made.add_argument("--mnist", action="store_true", help="fetch and use MNIST (minutes)")
    options = common.parse(made, arguments)
    split = common.mnist() if options.mnist else common.digits()
    images, held_out, labels, held_out_labels = split
    scores = climb(split, 1500 if options.quick else 5000, 2 if options.quick else 5)

    linear = LogisticRegression(max_iter=3000).fit(images, labels).score(held_out, held_out_labels)
    theirs = (
        MLPClassifier((30,), activation="logistic", max_iter=600, random_state=0)
        .fit(images, labels)
        .score(held_out, held_out_labels)
    )
    baselines = {"LogisticRegression": linear, "MLPClassifier": theirs}
    beside = f"scikit-learn's LogisticRegression {linear:.1%}, MLPClassifier (30 logistic units) {theirs:.1%}"  # noqa: E501
    results, last = [], None
    for name, found in scores.items():
        spread = found.std(ddof=1)
        text = f"{found.mean():.2%} ± {spread:.2%}"
        if last is not None:
            bought, noise = found.mean() - last.mean(), (found - last).std(ddof=1)
            error = noise / np.sqrt(len(found))
            text += f", buys {100 * bought:+.2f} ± {100 * error:.2f} points"
        results.append(
            common.Result("D5", name, f"digits, {name}", float(found.mean()), text, beside)
        )
        last = found
    first, final = (scores[n].mean() for n in (next(iter(LADDER)), list(LADDER)[-1]))
    results.append(
        common.Result(
            "D5",
            "whole",
            "digits, the whole ladder",
            float(final - first),
            f"errors {1 - first:.2%} → {1 - final:.2%}",
            beside,
        )
    )
    written = [picture(options.out / "ladder.png", scores, baselines)]
    return common.report(results, written, options)


if __name__ == "__main__":
    main()
