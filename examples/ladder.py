"""Handwritten digits: a sigmoid network, then each improvement in turn (D5).

    python -m examples.ladder [--quick] [--mnist] [--out out]

Nielsen's chapters 1, 3 and 6: quadratic cost, cross-entropy, L2 regularization,
better initialization, more hidden units, dropout, expanded data, an ensemble that votes.
Each step keeps what the last one had and changes one thing
(with dropout, the L2 term also becomes weaker).  The source claims two kinds
of gain, and both are measured: learning faster (cross-entropy, initialization: accuracy
after five epochs) and reading new images better (the others: accuracy at the end).  It
shows regularization where training images are few, and so does this: 300 of them.  Each
of five seeds draws its own images and weights.  The rates are the source's; all other
settings were chosen on training images that these 300 leave over.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier
from tqdm import tqdm

import nn
import optim
from autograd_core import Tensor, no_grad
from examples import common
from nn.models import MLP

BATCH = 10
SOON = 5  # epochs after which the speed of learning is read off
LAST = 10  # epochs at the end over which accuracy is averaged: a constant rate leaves it unsteady
MOVED = nn.transforms.affine(rotation=8, translation=1.5, zoom=0.08, skew=8)


@dataclass(frozen=True)
class Recipe:
    """How one network is made and trained; each step of the ladder changes one entry."""

    cost: str = "quadratic"
    decay: float = 0.0  # lambda / n of the L2 term
    narrow: bool = False  # weights from N(0, 1 / fan-in) instead of N(0, 1)
    hidden: int = 30
    dropout: float = 0.0
    copies: int = 0  # moved, turned, skewed copies of each image
    votes: int = 1

    @property
    def rate(self) -> float:
        """Return the source's learning rate for the cost."""
        return 3.0 if self.cost == "quadratic" else 0.5


PLAIN = Recipe()
ENTROPY = replace(PLAIN, cost="cross-entropy")
DECAY = replace(ENTROPY, decay=1e-3)
NARROW = replace(DECAY, narrow=True)
WIDE = replace(NARROW, hidden=100)
DROPOUT = replace(WIDE, dropout=0.5, decay=3e-4)  # and so a weaker L2 term
EXPANDED = replace(DROPOUT, copies=9)
LADDER = {
    "sigmoid, quadratic cost": PLAIN,
    "+ cross-entropy": ENTROPY,
    "+ L2 regularization": DECAY,
    "+ better initialization": NARROW,
    "+ 100 hidden units": WIDE,
    "+ dropout": DROPOUT,
    "+ expanded data": EXPANDED,
    "+ ensemble of 5": replace(EXPANDED, votes=5),
}
FASTER = ("+ cross-entropy", "+ better initialization")  # what the source says learns faster


def enlarged(images: Any) -> Any:
    """Return digits of 8 by 8 pixels as 24 by 24: nearly as many inputs as the source has.

    How far N(0, 1) saturates a unit, and so what initialization can buy, depends on that.
    """
    if images.shape[1] != 64:
        return images
    large = nn.functional.interpolate(images.reshape(-1, 1, 8, 8), scale_factor=3, mode="bilinear")
    return np.asarray(large, np.float32).reshape(len(images), -1)


def expanded(images: Any, labels: Any, copies: int, rng: np.random.Generator) -> tuple[Any, Any]:
    """Return images and moved copies of them, with their labels."""
    side = round(np.sqrt(images.shape[1]))
    square = images.reshape(-1, side, side)
    made = [images, *(MOVED(square, rng).reshape(images.shape) for _ in range(copies))]
    return np.concatenate(made), np.tile(labels, copies + 1)


def outputs(model: MLP, images: Any) -> Any:
    """Return what the ten output units show."""
    was = model.training
    model.eval()
    with no_grad():
        found = model(Tensor(images)).data
    model.train(was)
    return found


def train(
    recipe: Recipe, images: Any, labels: Any, test: tuple[Any, Any], epochs: int, seed: int
) -> tuple[Any, list[float]]:
    """Train one network by plain stochastic gradient descent.

    An epoch is as many minibatches as fill the original images, also where there are copies.

    Returns
    -------
    array, list of float
        Its outputs on the held-out images after each of the last epochs, shape (LAST, n, 10);
        its accuracy there after each epoch.
    """
    nn.manual_seed(seed)
    rng = np.random.default_rng(seed)
    quadratic = recipe.cost == "quadratic"
    model = MLP(
        [images.shape[1], recipe.hidden, 10], nn.Sigmoid, nn.Sigmoid if quadratic else None,
        recipe.dropout,
    )  # fmt: skip
    for layer in model.linears():
        (nn.init.fan_in_normal_ if recipe.narrow else nn.init.normal_)(layer.weight)
        if layer.bias is not None:
            nn.init.normal_(layer.bias)
    count = len(images) - len(images) % BATCH
    images, labels = expanded(images, labels, recipe.copies, rng)
    targets = np.eye(10, dtype=np.float32)[labels]
    # the textbook's costs: summed over the ten outputs, mean over the batch
    cost_of, entropy = nn.HalfSquaredError(), nn.BCEWithLogitsLoss(reduction="sum")
    weights = [layer.weight for layer in model.linears()]
    biases = [layer.bias for layer in model.linears() if layer.bias is not None]
    optimizer = optim.SGD(
        [{"params": weights, "weight_decay": recipe.decay}, {"params": biases}], lr=recipe.rate
    )
    curve, last = [], []
    for _ in range(epochs):
        order = rng.permutation(len(images))[:count]
        for batch in order.reshape(-1, BATCH):
            a, y = model(Tensor(images[batch])), targets[batch]
            loss = cost_of(a, y) if quadratic else entropy(a, y) / BATCH
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        last = [*last[1 - LAST :], outputs(model, test[0])]
        curve.append(float(np.mean(last[-1].argmax(axis=1) == test[1])))
    return np.array(last), curve


def votes(members: list[Any]) -> Any:
    """Return the class with the most votes; a tie goes to the larger sum of outputs."""
    each = np.array(members)
    counted = np.eye(10)[each.argmax(axis=-1)].sum(axis=0)
    return (counted + nn.functional.sigmoid(each).mean(axis=0) / 100).argmax(axis=-1)


def climb(split: Any, count: int, epochs: int, seeds: int) -> dict[str, Any]:
    """Train every step of the ladder with every seed.

    Returns
    -------
    dict
        For each step "end" (mean of the last epochs) and "soon": the share of held-out images
        read right, an array over seeds; "curve": the same after each epoch, mean over seeds.
        For the baselines "end".
    """
    images, held_out, labels, held_out_labels = split
    found: dict[str, Any] = {name: {"end": [], "soon": [], "curve": []} for name in LADDER}
    others = {"LogisticRegression": [], "MLPClassifier (100 logistic units)": []}
    nets = seeds * (sum(r.votes for r in LADDER.values()) - 1)
    with tqdm(total=nets, desc="networks", unit="net") as bar:
        for seed in range(seeds):
            few, _, few_labels, _ = train_test_split(
                images, labels, train_size=count, random_state=seed, stratify=labels
            )
            made: dict[tuple[Recipe, int], Any] = {}
            for name, recipe in LADDER.items():
                members = []
                for member in range(recipe.votes):
                    key = replace(recipe, votes=1), member
                    if key not in made:
                        test = held_out, held_out_labels
                        made[key] = train(
                            key[0], few, few_labels, test, epochs, 1000 * member + seed
                        )
                        bar.update()
                    members.append(made[key])
                right = votes([shown for shown, _ in members]) == held_out_labels
                curve = np.mean([c for _, c in members], axis=0)
                found[name]["end"].append(np.mean(right))
                found[name]["soon"].append(curve[SOON - 1])
                found[name]["curve"].append(curve)
            linear = LogisticRegression(max_iter=3000)
            theirs = MLPClassifier((100,), activation="logistic", max_iter=1000, random_state=seed)
            for name, other in zip(others, (linear, theirs), strict=True):
                others[name].append(other.fit(few, few_labels).score(held_out, held_out_labels))
    for entry in found.values():
        entry.update(end=np.array(entry["end"]), soon=np.array(entry["soon"]))
        entry["curve"] = np.mean(entry["curve"], axis=0)
    return found | {name: {"end": np.array(scores)} for name, scores in others.items()}


def gain(after: Any, before: Any) -> tuple[float, str]:
    """Return the mean difference of two steps over seeds, and its text with the standard error."""
    differences = after - before
    mean = float(differences.mean())
    error = float(differences.std(ddof=1) / np.sqrt(len(differences)))
    told = "" if abs(mean) > 2 * error else ", which is within the error"
    return mean, f"buys {100 * mean:+.2f} ± {100 * error:.2f} points{told}"


def picture(path: Path, found: dict[str, Any]) -> Path:
    """Draw each step's accuracy at the end, and the first steps' way there."""
    plt = common.pyplot()
    figure, (left, right) = plt.subplots(1, 2, figsize=(15, 5), width_ratios=(3, 2))
    for k, name in enumerate(LADDER):
        end = found[name]["end"]
        left.scatter(np.full(len(end), k), end, color=common.GREY, s=12, alpha=0.6)
        left.errorbar(
            [k + 0.12], [end.mean()], [end.std(ddof=1)], fmt="o", color=common.BLUE, capsize=5
        )
    for (name, entry), style in zip(
        [(n, e) for n, e in found.items() if n not in LADDER], ("--", ":"), strict=True
    ):
        left.axhline(entry["end"].mean(), color=common.ORANGE, ls=style, lw=1.2, label=name)
    left.set_xticks(range(len(LADDER)), [n.replace(" ", "\n", 2) for n in LADDER], fontsize=8)
    left.set(ylabel="share of held-out digits read right", title="At the end")
    left.legend(loc="lower right")
    looks = zip(list(LADDER)[:4], (common.GREY, common.ORANGE, common.GREEN, common.BLUE),
                (":", "--", "-.", "-"), strict=True)  # fmt: skip
    for name, colour, style in looks:
        curve = found[name]["curve"]
        right.plot(range(1, len(curve) + 1), curve, color=colour, ls=style, label=name)
    right.axvline(SOON, color="black", lw=0.7)
    right.set(xscale="log", xlabel="epoch", title="On the way: the first four steps")
    right.legend(loc="lower right")
    return common.save(
        figure,
        path,
        "Left: each step keeps all those to its left; dots are seeds, bars their standard "
        "deviation. Right: cross-entropy and better initialization learn faster; the line marks "
        f"{SOON} epochs.",
    )


def main(arguments: list[str] | None = None) -> list[common.Result]:
    """Run the example."""
    made = common.parser(__doc__)
    made.add_argument("--mnist", action="store_true", help="fetch and use MNIST (minutes)")
    options = common.parse(made, arguments)
    images, held_out, labels, held_out_labels = common.mnist() if options.mnist else common.digits()
    split = enlarged(images), enlarged(held_out), labels, held_out_labels
    count = 1000 if options.mnist else 300
    found = climb(split, count, 25 if options.quick else 150, 2 if options.quick else 5)

    beside = ", ".join(
        f"{name} {entry['end'].mean():.1%}" for name, entry in found.items() if name not in LADDER
    )
    beside = f"scikit-learn, the same images: {beside}"
    results, last = [], None
    for name in LADDER:
        end, soon = found[name]["end"], found[name]["soon"]
        text = f"{end.mean():.2%} ± {end.std(ddof=1):.2%}"
        if last is not None:
            text += f", {gain(end, last['end'])[1]}"
        results.append(
            common.Result("D5", name, f"{count} digits, {name}", float(end.mean()), text, beside)
        )
        if name in FASTER and last is not None:
            mean, bought = gain(soon, last["soon"])
            results.append(
                common.Result(
                    "D5",
                    f"{name}: faster",
                    f"the same, after {SOON} epochs",
                    mean,
                    f"{soon.mean():.1%}, {bought}",
                    f"the step before {last['soon'].mean():.1%}",
                )
            )
        last = found[name]
    first, final = (found[n]["end"] for n in (next(iter(LADDER)), list(LADDER)[-1]))
    mean, bought = gain(final, first)
    results.append(
        common.Result(
            "D5",
            "whole",
            "the whole ladder",
            mean,
            f"errors {1 - first.mean():.2%} → {1 - final.mean():.2%}, {bought}",
            beside,
        )
    )
    written = [picture(options.out / "ladder.png", found)]
    return common.report(results, written, options)


if __name__ == "__main__":
    main()
