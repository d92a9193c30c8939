"""Better a big model, regularized, than a small one that cannot fit (C5, E7).

    python -m examples.capacity [--quick] [--out out]

Nets of 1 to 256 hidden units on few real digits with labels of which some are wrong,
each with and without weight decay.  The strength of the decay and the width of the
small net are chosen by cross-validation within the few; held-out digits judge.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from tqdm import tqdm

import nn
from examples import common

FEW, WRONG = 300, 0.1  # digits to learn from, and how many of their labels are wrong
WIDTHS, DECAYS = (2, 4, 8, 16, 64, 256), (0.0, 0.003, 0.01, 0.03)


def net(width: int, decay: float, epochs: int, seed: int) -> Any:
    """Return a net as an estimator; its decay leaves biases alone."""
    return nn.NeuralNetClassifier(
        hidden_layer_sizes=(width,),
        lr=5e-3,
        weight_decay=decay,
        max_epochs=epochs,
        batch_size=50,
        random_state=seed,
    )


def best(x: Any, y: Any, settings: dict[str, Any], epochs: int, seed: int) -> Any:
    """Return the estimator that three-fold cross-validation within these digits prefers."""
    search = GridSearchCV(net(8, 0.0, epochs, seed), settings, cv=3)
    return search.fit(x, y).best_estimator_


def picture(path: Path, plain: Any, decayed: Any, training: Any, widths: Any) -> Path:
    """Draw accuracy against width."""
    figure, axis = common.pyplot().subplots(figsize=(7, 4.4))
    for values, colour, style, name in (
        (training, common.GREY, "^:", "no decay, training digits"),
        (plain, common.ORANGE, "s--", "no decay, held out"),
        (decayed, common.BLUE, "o-", "weight decay, held out"),
    ):
        axis.semilogx(widths, 100 * values.mean(axis=0), style, color=colour, label=name, base=2)
    axis.set_xticks(widths, [str(w) for w in widths])
    axis.set(xlabel="hidden units", ylabel="digits read right, %")
    axis.legend()
    return common.save(
        figure,
        path,
        "Small nets cannot fit the digits. Wide nets fit even the wrong labels; with weight decay "
        "they read new digits best.",
    )


def main(arguments: list[str] | None = None) -> list[common.Result]:
    """Run the example."""
    options = common.parse(common.parser(__doc__), arguments)
    images, held_out, labels, held_out_labels = common.digits()
    widths, epochs, seeds = ((4, 64), 20, 2) if options.quick else (WIDTHS, 40, 3)
    decay = DECAYS[2]
    small, big, linear = [], [], []
    shape = (seeds, len(widths))
    plain, decayed, training = np.zeros(shape), np.zeros(shape), np.zeros(shape)
    for seed in tqdm(range(seeds), desc="draws", unit="draw"):
        chosen = common.few_of_each(labels, FEW, seed)
        x, y = images[chosen], common.with_wrong_labels(labels[chosen], WRONG, seed)
        for k, width in enumerate(widths):
            one = net(width, 0.0, epochs, seed).fit(x, y)
            training[seed, k] = one.score(x, y)
            plain[seed, k] = one.score(held_out, held_out_labels)
            other = net(width, decay, epochs, seed).fit(x, y)
            decayed[seed, k] = other.score(held_out, held_out_labels)
        few = [w for w in widths if w <= 16]
        found = best(x, y, {"hidden_layer_sizes": [(w,) for w in few]}, epochs, seed)
        small.append(found.score(held_out, held_out_labels))
        settings = {"hidden_layer_sizes": [(widths[-1],)], "weight_decay": DECAYS}
        big.append(best(x, y, settings, epochs, seed).score(held_out, held_out_labels))
        theirs = GridSearchCV(LogisticRegression(max_iter=1000), {"C": (0.01, 0.1, 1.0)}, cv=3)
        linear.append(theirs.fit(x, y).score(held_out, held_out_labels))
    results = [
        common.Result(
            "E7",
            "big",
            f"{widths[-1]} hidden units, decay by cross-validation, {FEW} digits, one label in ten "
            "wrong",
            float(np.mean(big) - np.mean(small)),
            f"{common.mean_and_error(big)}, over the small net {common.points(big, small)}",
            f"at most 16 units, their number by cross-validation, no decay "
            f"{common.mean_and_error(small)}; scikit-learn's LogisticRegression, C likewise, "
            f"{common.mean_and_error(linear)}",
        ),
        common.Result(
            "C5",
            "decay",
            f"{widths[-1]} hidden units, weight decay {decay}",
            float(decayed[:, -1].mean() - plain[:, -1].mean()),
            f"{common.mean_and_error(decayed[:, -1])}, over no decay "
            f"{common.points(decayed[:, -1], plain[:, -1])}",
            f"no decay {common.mean_and_error(plain[:, -1])}, which reads "
            f"{training[:, -1].mean():.1%} of the training digits as labelled",
        ),
        common.Result(
            "C5",
            "small decay",
            f"{widths[0]} hidden units, weight decay {decay}",
            float(decayed[:, 0].mean() - plain[:, 0].mean()),
            f"{common.mean_and_error(decayed[:, 0])}, over no decay "
            f"{common.points(decayed[:, 0], plain[:, 0])}",
            f"no decay {common.mean_and_error(plain[:, 0])}, which reads "
            f"{training[:, 0].mean():.1%} of the training digits as labelled",
        ),
    ]
    written = [picture(options.out / "capacity.png", plain, decayed, training, widths)]
    return common.report(results, written, options)


if __name__ == "__main__":
    main()
