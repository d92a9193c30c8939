"""Bagging by bootstrap: nets that vote, each trained on its own draw of the data (C10, E7).

    python -m examples.bagging [--quick] [--out out]

scikit-learn's BaggingClassifier around `nn.NeuralNetClassifier`: once with a bootstrap
sample for each net, once with all of the data for each, so that only the starts and
the order differ.  The images that a net did not draw judge the bag without any
held-out data.  Bagged trees stand beside it, for which the method was made.
(Breiman, "Bagging predictors", 1996.)
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from sklearn.ensemble import BaggingClassifier
from sklearn.tree import DecisionTreeClassifier
from tqdm import tqdm

import nn
from examples import common

FEW = 200  # digits to learn from


def net(epochs: int, seed: int | None = None) -> Any:
    """Return one net as an estimator."""
    return nn.NeuralNetClassifier(
        hidden_layer_sizes=(50,), lr=5e-3, max_epochs=epochs, random_state=seed
    )


def votes(bag: Any, images: Any) -> Any:
    """Return what each member reads, shape (members, images)."""
    return np.array([member.predict(images) for member in bag.estimators_])


def majority(read: Any, members: int) -> Any:
    """Return what most of the first members read; of equal counts the smallest digit."""
    counts = np.array([np.bincount(column, minlength=10) for column in read[:members].T])
    return counts.argmax(axis=1)


def picture(path: Path, curves: dict[str, Any], single: float) -> Path:
    """Draw accuracy against the number of members."""
    figure, axis = common.pyplot().subplots(figsize=(7, 4.4))
    for (name, rows), colour, mark in zip(
        curves.items(), (common.BLUE, common.ORANGE, common.GREY), "os^", strict=True
    ):
        values = 100 * np.array(rows)
        members = np.arange(1, values.shape[1] + 1)
        axis.plot(members, values.mean(axis=0), mark + "-", color=colour, label=name, ms=4)
    axis.axhline(100 * single, color="black", ls=":", label="one net, all of the data")
    axis.set(xlabel="members that vote", ylabel="held-out digits read right, %")
    axis.legend()
    return common.save(
        figure,
        path,
        "A bootstrap sample leaves out a third of the digits: nets gain more from a vote of other "
        "starts on all of them. For trees, which a small change makes others, bagging buys most.",
    )


def main(arguments: list[str] | None = None) -> list[common.Result]:
    """Run the example."""
    options = common.parse(common.parser(__doc__), arguments)
    members, epochs, seeds = (5, 10, 2) if options.quick else (15, 30, 5)
    images, held_out, labels, held_out_labels = common.digits()
    kinds = {
        "bootstrap": (net(epochs), True),
        "same data": (net(epochs), False),
        "trees, bootstrap": (DecisionTreeClassifier(), True),
    }
    curves: dict[str, list[Any]] = {name: [] for name in kinds}
    single, tree, outside = [], [], []
    with tqdm(total=seeds * len(kinds), desc="bags", unit="bag") as bar:
        for seed in range(seeds):
            chosen = common.few_of_each(labels, FEW, seed)
            x, y = images[chosen], labels[chosen]
            single.append(net(epochs, seed).fit(x, y).score(held_out, held_out_labels))
            alone = DecisionTreeClassifier(random_state=seed).fit(x, y)
            tree.append(alone.score(held_out, held_out_labels))
            for name, (estimator, bootstrap) in kinds.items():
                bag = BaggingClassifier(
                    estimator, members, bootstrap=bootstrap, random_state=seed
                ).fit(x, y)
                read = votes(bag, held_out)
                curves[name].append(
                    [np.mean(majority(read, k) == held_out_labels) for k in range(1, members + 1)]
                )
                if name == "bootstrap":
                    outside.append(out_of_bag(bag, x, y))
                bar.update()
    last = {name: np.array(rows)[:, -1] for name, rows in curves.items()}
    first = np.array(curves["bootstrap"])[:, 0]
    results = [
        common.Result(
            "C10, E7",
            "bootstrap",
            f"{members} nets on bootstrap samples of {FEW} digits, {seeds} draws: the vote",
            float(last["bootstrap"].mean() - np.mean(single)),
            f"{common.mean_and_error(last['bootstrap'])}, over one net "
            f"{common.points(last['bootstrap'], single)}",
            f"one net on all of the {FEW} {common.mean_and_error(single)}, on one bootstrap sample "
            f"{common.mean_and_error(first)}",
        ),
        common.Result(
            "C10, E7",
            "same data",
            "the same without bootstrap: nets that differ in start and order only",
            float(last["same data"].mean() - np.mean(single)),
            f"{common.mean_and_error(last['same data'])}; the bootstrap over it "
            f"{common.points(last['bootstrap'], last['same data'])}",
            f"one net {common.mean_and_error(single)}",
        ),
        common.Result(
            "C10, E7",
            "trees",
            "the same with trees in place of nets",
            float(last["trees, bootstrap"].mean() - np.mean(tree)),
            f"{common.mean_and_error(last['trees, bootstrap'])}, over one tree "
            f"{common.points(last['trees, bootstrap'], tree)}",
            f"one tree {common.mean_and_error(tree)}",
        ),
        common.Result(
            "C10, E7",
            "out of bag",
            "accuracy of the bag on images that its members did not draw",
            float(abs(np.mean(outside) - last["bootstrap"].mean())),
            common.mean_and_error(outside),
            f"on held-out images {common.mean_and_error(last['bootstrap'])}",
        ),
    ]
    written = [picture(options.out / "bagging.png", curves, float(np.mean(single)))]
    return common.report(results, written, options)


def out_of_bag(bag: Any, x: Any, y: Any) -> float:
    """Return the share of images that the members which did not draw them read right, by vote."""
    counts = np.zeros((len(x), 10), int)
    for member, drawn in zip(bag.estimators_, bag.estimators_samples_, strict=True):
        left = np.setdiff1d(np.arange(len(x)), drawn)
        counts[left, member.predict(x[left])] += 1
    judged = counts.sum(axis=1) > 0
    return float(np.mean(counts[judged].argmax(axis=1) == y[judged]))


if __name__ == "__main__":
    main()
