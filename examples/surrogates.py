"""What is learned and what counts: F-measure, absolute error, BLEU beside their surrogates (E4).

    python -m examples.surrogates [--quick] [--out out]

The measure that counts is seldom the loss: the F-measure is learned by cross-entropy or the hinge
loss, the absolute error by squares, BLEU by the cross-entropy of each next letter.  Each is
measured over the whole held-out set (a tenth of the digits are eights; the progress of diabetes;
number words from English to German).  The mean of the F-measures of batches, which is something
else, stands beside it.  No setting was tuned.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from sklearn.datasets import load_diabetes
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.metrics import f1_score, mean_absolute_error
from sklearn.model_selection import train_test_split
from tqdm import tqdm

import nn
from autograd_core import Tensor, no_grad
from examples import common, translate
from nn.metrics import BLEUScore, F1Score, MeanAbsoluteError, MeanSquaredError
from nn.models import Seq2Seq

BATCH, FEW = 10, 150


class Signed(nn.Module):
    """The hinge loss of logits of two classes, whose labels are 0 and 1."""

    def __init__(self) -> None:
        super().__init__()
        self.loss = nn.HingeLoss()

    def forward(self, input: Any, target: Any) -> Any:
        """Compare."""
        return self.loss(input, 2.0 * target - 1)


def eights(seeds: int, epochs: int) -> dict[str, Any]:
    """Return F-measures of "is it an eight?", of networks trained by two losses, over seeds."""
    images, held_out, labels, held_out_labels = common.digits()
    yes, wanted = (labels == 8).astype(np.float32), (held_out_labels == 8).astype(np.float32)
    found: dict[str, Any] = {"cross-entropy": [], "hinge": [], "batches": [], "theirs": []}
    for seed in tqdm(range(seeds), desc="eights", unit="seed"):
        few, _, answers, _ = train_test_split(
            images, yes, train_size=FEW, random_state=seed, stratify=yes
        )
        for name, loss in (("cross-entropy", nn.BCEWithLogitsLoss()), ("hinge", Signed())):
            nn.manual_seed(seed)
            model = nn.Sequential(nn.Linear(64, 30), nn.ReLU(), nn.Linear(30, 1), nn.Flatten(0))
            loader = nn.DataLoader((few, answers), BATCH, shuffle=True, seed=seed)
            made = common.trained(model, loss, loader, epochs, 1e-2)
            metric = F1Score(2, "binary", threshold=0.0)
            data = held_out, wanted
            found[name].append(made.evaluate(data, metrics={"f1": metric})["f1"])
            if name == "cross-entropy":
                logits = made.predict(held_out)
                parts = [
                    metric(logits[k : k + BATCH], wanted[k : k + BATCH])
                    for k in range(0, len(wanted), BATCH)
                ]
                found["batches"].append(np.mean(parts))
        theirs = LogisticRegression(max_iter=3000).fit(few, answers)
        found["theirs"].append(f1_score(wanted, theirs.predict(held_out)))
    return {name: np.array(values) for name, values in found.items()}


def diabetes(seeds: int, epochs: int) -> dict[str, Any]:
    """Return absolute and squared errors of networks trained by either, over seeds."""
    x, y = load_diabetes(return_X_y=True)
    found: dict[str, Any] = {
        f"{loss}: {measure}": []
        for loss in ("squares", "absolute", "linear")
        for measure in ("mae", "rmse")
    }
    for seed in tqdm(range(seeds), desc="diabetes", unit="seed"):
        train_x, test_x, train_y, test_y = train_test_split(x, y, random_state=seed)
        scale = nn.transforms.Normalize(train_x)
        train_x, test_x = (scale(part).astype(np.float32) for part in (train_x, test_x))
        mean, deviation = train_y.mean(), train_y.std()
        target = ((train_y - mean) / deviation).astype(np.float32)
        for name, loss in (("squares", nn.MSELoss()), ("absolute", nn.L1Loss())):
            nn.manual_seed(seed)
            model = nn.Sequential(nn.Linear(10, 20), nn.Tanh(), nn.Linear(20, 1), nn.Flatten(0))
            loader = nn.DataLoader((train_x, target), 32, shuffle=True, seed=seed)
            guess = common.trained(model, loss, loader, epochs, 5e-3).predict(test_x)
            guess = guess * deviation + mean
            found[f"{name}: mae"].append(MeanAbsoluteError()(guess, test_y))
            found[f"{name}: rmse"].append(MeanSquaredError(squared=False)(guess, test_y))
        guess = LinearRegression().fit(train_x, train_y).predict(test_x)
        found["linear: mae"].append(mean_absolute_error(test_y, guess))
        found["linear: rmse"].append(np.sqrt(np.mean((test_y - guess) ** 2)))
    return {name: np.array(values) for name, values in found.items()}


def numbers(updates: int) -> dict[str, float]:
    """Return BLEU over letters of translated numbers, and what is learned, before and after."""
    pairs = translate.pairs_of(1000, 1000)
    known, asked = pairs[:600], pairs[600:]
    codes = translate.Codes(known)
    nn.manual_seed(0)
    net = Seq2Seq(len(codes.english), codes.end + 1, 96)
    translate.train(net, codes, known, updates, "number words")
    metric = BLEUScore()
    losses, right = [], 0
    for group in translate.by_length(asked).values():
        source, target, wanted = codes.batch(group)
        with no_grad():
            logits = net(source, target)
            loss = nn.functional.cross_entropy(
                Tensor(logits.data.reshape(-1, logits.shape[-1])), wanted.ravel(),
                ignore_index=translate.IGNORED,
            )  # fmt: skip
            written, _ = net.translate(source, codes.start, codes.end, codes.limit)
        losses += [float(loss.data)] * len(group)
        texts = [codes.read(row) for row in written.T]
        metric.update([list(t) for t in texts], [list(german) for _, german in group])
        right += sum(t == german for t, (_, german) in zip(texts, group, strict=True))
    near = []  # the German of the known English that shares most letters
    for english, _ in asked:
        near.append(min(known, key=lambda pair, e=english: _distance(pair[0], e))[1])
    beside = BLEUScore()([list(t) for t in near], [list(german) for _, german in asked])
    return {
        "bleu": metric.compute(),
        "loss": float(np.mean(losses)),
        "whole": right / len(asked),
        "near": beside,
    }


def _distance(a: str, b: str) -> int:
    """Return how many letters of two texts are not in common."""
    return sum(abs(a.count(c) - b.count(c)) for c in {*a, *b})


def picture(path: Path, eight: dict[str, Any], errors: dict[str, Any]) -> Path:
    """Draw the F-measures and the errors over seeds."""
    plt = common.pyplot()
    figure, axes = plt.subplots(1, 3, figsize=(15, 4.6))
    names = {"cross-entropy": "cross-entropy", "batches": "the same, mean of batches",
             "hinge": "hinge loss", "theirs": "Logistic-Regression"}  # fmt: skip
    common.scatter(axes[0], {names[k]: eight[k] for k in names})
    axes[0].set(ylabel="F-measure", title="Is it an eight?")
    for axis, kind, title in ((axes[1], "mae", "mean absolute error"),
                              (axes[2], "rmse", "root of the mean square")):  # fmt: skip
        shown = {"by squares": "squares", "by absolute errors": "absolute", "linear": "linear"}
        common.scatter(axis, {k: errors[f"{v}: {kind}"] for k, v in shown.items()})
        axis.set(title=f"Diabetes: {title}")
    return common.save(
        figure,
        path,
        "Left: the mean of the F-measures of batches of ten is far from that of the set. Middle "
        "and right: each error, for networks trained by either.",
    )


def main(arguments: list[str] | None = None) -> list[common.Result]:
    """Run the example."""
    options = common.parse(common.parser(__doc__), arguments)
    seeds = 2 if options.quick else 8
    eight = eights(seeds, 25 if options.quick else 50)
    errors = diabetes(seeds, 10 if options.quick else 30)
    words = numbers(100 if options.quick else 400)
    whole, hinge, batches = (eight[k] for k in ("cross-entropy", "hinge", "batches"))
    squares, absolute = errors["squares: mae"], errors["absolute: mae"]
    gap = absolute - squares
    error = gap.std(ddof=1) / np.sqrt(seeds)
    results = [
        common.Result(
            "E4",
            "f1",
            f"is it an eight? {FEW} digits, trained by cross-entropy: F-measure, held-out set",
            float(whole.mean()),
            f"{whole.mean():.1%}; trained by the hinge loss {hinge.mean():.1%}, "
            + common.points(hinge, whole),
            f"scikit-learn's LogisticRegression {eight['theirs'].mean():.1%}",
        ),
        common.Result(
            "E4",
            "batches",
            f"the same as the mean over batches of {BATCH}, which is something else",
            float(np.mean(batches - whole)),
            f"{batches.mean():.1%}",
            f"of the whole set {whole.mean():.1%}",
        ),
        common.Result(
            "E4",
            "mae",
            "diabetes, trained by absolute errors: mean absolute error of the held-out patients",
            float(gap.mean()),
            f"{absolute.mean():.1f}; trained by squares {squares.mean():.1f}, difference "
            f"{gap.mean():+.2f} ± {error:.2f}",
            f"scikit-learn's LinearRegression {errors['linear: mae'].mean():.1f}",
        ),
        common.Result(
            "E4",
            "bleu",
            "number words below 1,000, English to German, 400 unseen: BLEU over letters",
            words["bleu"],
            f"{words['bleu']:.1%}; cross-entropy {words['loss']:.3f} a letter, "
            f"{words['whole']:.1%} right as a whole",
            f"the known number that shares most letters: BLEU {words['near']:.1%}",
        ),
    ]
    written = [picture(options.out / "surrogates.png", eight, errors)]
    return common.report(results, written, options)


if __name__ == "__main__":
    main()
