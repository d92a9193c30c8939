"""Handwritten digits: a fully connected network, then each convolutional step in turn (E11).

    python -m examples.conv_ladder [--quick] [--out out]

Nielsen's chapter 6: 20 feature maps, 40 more on those, rectified linear units, expanded data, an
extra fully connected layer, dropout, an ensemble that votes.  Each step keeps what the last one
had and changes one thing (with dropout, layers become twice as wide, as the source widens them
too).  The source trains on 50,000 images for 60 epochs; here 300 images and as many updates for
each step, so Adam with one cycle of rates takes the place of its plain gradient descent.  Each
seed draws its own images and weights; the rates were chosen on training images that these 300
leave over.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.model_selection import train_test_split
from sklearn.svm import SVC
from tqdm import tqdm

import nn
from examples import common
from examples.ladder import gain, votes

BATCH, COUNT = 30, 300
ACTIVATIONS = {"sigmoid": (nn.Sigmoid, 2e-2), "ReLU": (nn.ReLU, 1e-2)}  # and Adam's largest rate


@dataclass(frozen=True)
class Recipe:
    """How one network is made and trained; each step of the ladder changes one entry."""

    maps: tuple[int, ...] = ()
    activation: str = "sigmoid"
    copies: int = 0  # images moved by a pixel, for each image
    hidden: tuple[int, ...] = (100,)
    dropout: float = 0.0
    votes: int = 1


ONE = Recipe(maps=(20,))
TWO = replace(ONE, maps=(20, 40))
RELU = replace(TWO, activation="ReLU")
EXPANDED = replace(RELU, copies=4)
EXTRA = replace(EXPANDED, hidden=(100, 100))
DROPOUT = replace(EXTRA, hidden=(200, 200), dropout=0.5)
LADDER = {
    "fully connected": Recipe(),
    "+ 20 maps": ONE,
    "+ 40 maps on those": TWO,
    "+ ReLU": RELU,
    "+ expanded data": EXPANDED,
    "+ extra layer": EXTRA,
    "+ dropout": DROPOUT,
    "+ ensemble of 5": replace(DROPOUT, votes=5),
}


def enlarged(images: Any) -> Any:
    """Return digits of 8 by 8 pixels as 16 by 16, the least for two convolutions and pools."""
    square = images.reshape(-1, 1, 8, 8)
    large = nn.functional.interpolate(square, scale_factor=2, mode="bilinear")
    return np.asarray(large, np.float32)


def moved(images: Any, labels: Any, copies: int) -> tuple[Any, Any]:
    """Return images, and each moved by a pixel up, down, left and right, with their labels."""
    framed = np.pad(images, ((0, 0), (0, 0), (1, 1), (1, 1)))
    side = images.shape[-1]
    corners = [(0, 1), (2, 1), (1, 0), (1, 2)][:copies]
    made = [images, *(framed[..., r : r + side, c : c + side] for r, c in corners)]
    return np.concatenate(made), np.tile(labels, copies + 1)


def network(recipe: Recipe) -> nn.Sequential:
    """Return an untrained network for images of 16 by 16 pixels."""
    activation, _ = ACTIVATIONS[recipe.activation]
    layers: list[Any] = []
    channels, side = 1, 16
    for maps in recipe.maps:
        layers += [nn.Conv2d(channels, maps, 5), activation(), nn.MaxPool2d(2)]
        channels, side = maps, (side - 4) // 2
    layers.append(nn.Flatten())
    inputs = channels * side**2
    for units in recipe.hidden:
        layers += [nn.Linear(inputs, units), activation()]
        layers += [nn.Dropout(recipe.dropout)] if recipe.dropout else []
        inputs = units
    return nn.Sequential(*layers, nn.Linear(inputs, 10))


def train(recipe: Recipe, images: Any, labels: Any, held_out: Any, epochs: int, seed: int) -> Any:
    """Train one network and return its outputs on the held-out images, shape (n, 10).

    An epoch is as many minibatches as fill the original images, also where there are copies.
    """
    nn.manual_seed(seed)
    model = network(recipe)
    rate = ACTIVATIONS[recipe.activation][1]
    passes = epochs // (recipe.copies + 1)
    loader = nn.DataLoader(
        moved(images, labels, recipe.copies), BATCH, shuffle=True, seed=seed, last="drop"
    )
    return common.trained(model, nn.CrossEntropyLoss(), loader, passes, rate).predict(held_out)


def climb(split: Any, epochs: int, seeds: int) -> dict[str, Any]:
    """Return for each step, and for the baseline, the share read right by each seed."""
    images, held_out, labels, held_out_labels = split
    found: dict[str, Any] = {name: [] for name in (*LADDER, "SVC")}
    nets = seeds * (sum(r.votes for r in LADDER.values()) - 1)
    with tqdm(total=nets, desc="networks", unit="net") as bar:
        for seed in range(seeds):
            few, _, few_labels, _ = train_test_split(
                images, labels, train_size=COUNT, random_state=seed, stratify=labels
            )
            made: dict[tuple[Recipe, int], Any] = {}
            for name, recipe in LADDER.items():
                members = []
                for member in range(recipe.votes):
                    key = replace(recipe, votes=1), member
                    if key not in made:
                        made[key] = train(
                            key[0], few, few_labels, held_out, epochs, 1000 * member + seed
                        )
                        bar.update()
                    members.append(made[key])
                found[name].append(np.mean(votes(members) == held_out_labels))
            theirs = SVC(C=10).fit(few.reshape(COUNT, -1), few_labels)
            found["SVC"].append(theirs.score(held_out.reshape(len(held_out), -1), held_out_labels))
    return {name: np.array(scores) for name, scores in found.items()}


def picture(path: Path, found: dict[str, Any]) -> Path:
    """Draw each step's accuracy."""
    plt = common.pyplot()
    figure, axis = plt.subplots(figsize=(10, 5))
    common.scatter(axis, {name: found[name] for name in LADDER})
    axis.axhline(found["SVC"].mean(), color=common.ORANGE, ls="--", lw=1.2, label="SVC")
    axis.set(ylabel="share of held-out digits read right")
    axis.legend(loc="lower right")
    return common.save(
        figure,
        path,
        f"Each step keeps all those to its left, with {COUNT} training images and the same number "
        "of updates; dots are seeds, bars their standard deviation.",
    )


def main(arguments: list[str] | None = None) -> list[common.Result]:
    """Run the example."""
    options = common.parse(common.parser(__doc__), arguments)
    images, held_out, labels, held_out_labels = common.digits()
    split = enlarged(images), enlarged(held_out), labels, held_out_labels
    found = climb(split, 15 if options.quick else 40, 2 if options.quick else 5)
    beside = f"scikit-learn's SVC, the same images: {found['SVC'].mean():.1%}"
    results, last = [], None
    for name in LADDER:
        scores = found[name]
        text = f"{scores.mean():.2%} ± {scores.std(ddof=1):.2%}"
        if last is not None:
            text += f", {gain(scores, last)[1]}"
        results.append(
            common.Result(
                "E11", name, f"{COUNT} digits, {name}", float(scores.mean()), text, beside
            )
        )
        last = scores
    first, final = found["fully connected"], found["+ ensemble of 5"]
    mean, bought = gain(final, first)
    results.append(
        common.Result(
            "E11",
            "whole",
            "the whole convolutional ladder",
            mean,
            f"errors {1 - first.mean():.2%} → {1 - final.mean():.2%}, {bought}",
            "Nielsen, 50,000 images of MNIST: 2.20% → 0.33%",
        )
    )
    written = [picture(options.out / "conv_ladder.png", found)]
    return common.report(results, written, options)


if __name__ == "__main__":
    main()
