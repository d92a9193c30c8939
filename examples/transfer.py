"""Transfer learning: what half of the digits teach about the other half (E8).

    python -m examples.transfer [--quick] [--out out]

A convolutional net learns to tell 0 to 4 apart, wherever they stand in a larger noisy
image; it sees each image at many places.  Its trunk then reads 5 to 9, which it has
never seen, from a few labelled images, each at one place: kept as it is under a new
last layer, or fine-tuned.  Beside them, from the same images: the same net from random
weights, a trunk that stays random, and scikit-learn's LogisticRegression on pixels.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression
from tqdm import tqdm

import nn
import optim
from autograd_core import Tensor, no_grad
from examples import common

WAYS = ("from scratch", "random trunk, kept", "trunk, kept", "trunk, fine-tuned")
SIDE, NOISE, FEATURES, RATE = 14, 0.15, 32, 3e-3


def placed(images: Any, rng: Any) -> Any:
    """Return digits of 8 by 8 at random places of images of 14 by 14, with noise everywhere."""
    large = rng.normal(0, NOISE, (len(images), 1, SIDE, SIDE)).astype(np.float32)
    for image, digit in zip(large[:, 0], images.reshape(-1, 8, 8), strict=True):
        row, column = rng.integers(0, SIDE - 7, 2)
        image[row : row + 8, column : column + 8] += digit
    return large


def network() -> nn.Module:
    """Return a trunk of three convolutions, and a last layer for five digits."""
    trunk = nn.Sequential(
        nn.Conv2d(1, 12, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(12, 24, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(24, FEATURES, 3), nn.ReLU(), nn.GlobalMaxPool2d(),
    )  # fmt: skip
    return nn.Sequential(trunk, nn.Linear(FEATURES, 5))


def train(model: Any, batch_of: Callable[[], tuple[Any, Any]], steps: int, lr: float) -> None:
    """Train a model in place on the batches that a function returns."""
    optimizer = optim.Adam(model.parameters(), lr=lr)
    schedule = optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=steps)
    for _ in range(steps):
        x, y = batch_of()
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(Tensor(x)), y).backward()
        optimizer.step()
        schedule.step()


def learned_trunk(split: Any, steps: int, seed: int) -> tuple[Any, float]:
    """Return the weights of a trunk that tells 0 to 4 apart, and how many held-out it reads."""
    images, held_out, labels, held_out_labels = split
    nn.manual_seed(seed)
    rng = np.random.default_rng(seed)
    model = network()

    def batch_of() -> tuple[Any, Any]:
        rows = rng.choice(len(images), 50, replace=False)
        return placed(images[rows], rng), labels[rows]

    train(model, batch_of, steps, RATE)
    score = common.accuracy(model, placed(held_out, rng), held_out_labels)
    return model[0].state_dict(), score


def read(
    way: str, weights: Any, x: Any, y: Any, new: Any, new_y: Any, steps: int, seed: int
) -> float:
    """Return the share of new images of 5 to 9 that a net reads after learning from x."""
    nn.manual_seed(100 + seed)
    rng = np.random.default_rng(seed)
    model: Any = network()
    if way.startswith("trunk"):
        model[0].load_state_dict(weights)
    if kept := way.endswith("kept"):
        with no_grad():
            x, new = (model[0](Tensor(a)).data for a in (x, new))
        model = model[1]

    def batch_of() -> tuple[Any, Any]:
        rows = rng.choice(len(x), min(50, len(x)), replace=False)
        return x[rows], y[rows]

    train(model, batch_of, steps, 3 * RATE if kept else RATE)
    return common.accuracy(model, new, new_y)


def picture(path: Path, scores: Any, counts: list[int], filters: Any) -> Path:
    """Draw accuracy against the number of labelled images, and the first filters."""
    figure, (left, right) = common.pyplot().subplots(1, 2, figsize=(11, 4.4), width_ratios=(3, 1))
    styles = {
        "from scratch": (common.GREY, "^--"),
        "random trunk, kept": (common.GREY, "v:"),
        "trunk, kept": (common.ORANGE, "s-"),
        "trunk, fine-tuned": (common.BLUE, "o-"),
        "LogisticRegression": (common.GREEN, "D:"),
    }
    for name, (colour, style) in styles.items():
        values = [100 * np.mean(scores[n][name]) for n in counts]
        left.semilogx(counts, values, style, color=colour, label=name, base=2)
    left.set_xticks(counts, [str(n) for n in counts])
    left.set(xlabel="labelled images of 5 to 9", ylabel="held-out images of 5 to 9 read right, %")
    left.legend(fontsize=8)
    tiles = np.pad(filters.reshape(4, 3, 3, 3), ((0, 0), (0, 0), (1, 1), (1, 1)))
    right.imshow(tiles.transpose(0, 2, 1, 3).reshape(20, 15), cmap="RdBu")
    right.set(title="filters learned on 0 to 4", xticks=[], yticks=[])
    return common.save(
        figure,
        path,
        "What a trunk that learned on 0 to 4 is worth on 5 to 9, against the same net from random "
        "weights, for few and for more labelled images.",
    )


def main(arguments: list[str] | None = None) -> list[common.Result]:
    """Run the example."""
    options = common.parse(common.parser(__doc__), arguments)
    counts, steps, seeds = ([80], 100, 1) if options.quick else ([20, 80], 150, 3)
    images, held_out, labels, held_out_labels = common.digits()
    low, low_new = labels < 5, held_out_labels < 5
    source = (images[low], held_out[low_new], labels[low], held_out_labels[low_new])
    y, new_y = labels[~low] - 5, held_out_labels[~low_new] - 5
    scores: dict[int, dict[str, list[float]]] = {
        n: {w: [] for w in (*WAYS, "LogisticRegression")} for n in counts
    }
    known, weights = [], {}
    for seed in tqdm(range(seeds), desc="trunks", unit="seed"):
        weights, score = learned_trunk(source, 3 * steps if options.quick else 4 * steps, seed)
        known.append(score)
        rng = np.random.default_rng(seed)
        x, new = placed(images[~low], rng), placed(held_out[~low_new], rng)
        for n in counts:
            few = common.few_of_each(y, n, seed)
            for way in WAYS:
                found = read(way, weights, x[few], y[few], new, new_y, steps, seed)
                scores[n][way].append(found)
            linear = LogisticRegression(max_iter=1000).fit(x[few].reshape(n, -1), y[few])
            scores[n]["LogisticRegression"].append(linear.score(new.reshape(len(new), -1), new_y))
    rng = np.random.default_rng(0)
    large, large_new = (placed(a, rng).reshape(len(a), -1) for a in source[:2])
    linear = LogisticRegression(max_iter=1000).fit(large, source[2])
    results = [
        common.Result(
            "E8",
            "source",
            "0 to 4 at any place of a noisy image: held-out images that the first net reads",
            float(np.mean(known)),
            common.mean_and_error(known),
            f"LogisticRegression {linear.score(large_new, source[3]):.1%}",
        )
    ]
    for n in counts:
        text = {name: common.mean_and_error(values) for name, values in scores[n].items()}
        for way in WAYS[2:]:
            gain = common.points(scores[n][way], scores[n][WAYS[0]])
            results.append(
                common.Result(
                    "E8",
                    f"{way}: {n}",
                    f"5 to 9 from {n} labelled images, trunk of 0 to 4 "
                    + way.removeprefix("trunk, "),
                    float(np.mean(scores[n][way]) - np.mean(scores[n][WAYS[0]])),
                    f"{text[way]}, transfer buys {gain}",
                    f"from scratch {text[WAYS[0]]}; random trunk {text[WAYS[1]]}; "
                    f"LogisticRegression {text['LogisticRegression']}",
                )
            )
    written = [picture(options.out / "transfer.png", scores, counts, weights["0.weight"])]
    return common.report(results, written, options)


if __name__ == "__main__":
    main()
