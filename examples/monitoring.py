"""Watching a training: news within an epoch, and accuracy over elapsed time (E3).

    python -m examples.monitoring [--quick] [--out out]

Nielsen's advice for finding settings: look at the validation accuracy several times in an epoch,
on a hundred images in place of all; and choose the size of minibatches by accuracy over elapsed
time, because small ones make more updates in an epoch and large ones take less time for each.
Seconds are the processor's.  Rates grow with the square root of the size.  No test image is used:
the third that other examples hold out is the validation set here.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression
from tqdm import tqdm

import nn
import optim
from examples import common
from nn.metrics import F1Score

SIZES = (1, 4, 16, 64, 256)
RATE, FEW, GOAL = 3e-3, 100, 0.93
CHECKS = 8  # in an epoch


def trainer(rate: float, seed: int, **options: Any) -> nn.Trainer:
    """Return a network that has not been trained, and what trains it."""
    nn.manual_seed(seed)
    model = nn.Sequential(nn.Linear(64, 100), nn.ReLU(), nn.Linear(100, 10))
    return nn.Trainer(
        model, nn.CrossEntropyLoss(), optim.Adam(model.parameters(), lr=rate),
        metrics={"accuracy": nn.accuracy, "f1": F1Score(10)}, seed=seed, progress=False, **options,
    )  # fmt: skip


def over_time(split: Any, epochs: int, seeds: int) -> dict[int, list[nn.History]]:
    """Train with each size of minibatches; return the histories, with seconds."""
    images, held_out, labels, held_out_labels = split
    found: dict[int, list[nn.History]] = {size: [] for size in SIZES}
    with tqdm(total=len(SIZES) * seeds, desc="sizes", unit="run") as bar:
        for size in SIZES:
            rows = slice(0, 2 * size)  # so that the time of compiling kernels is not counted
            trainer(RATE, 0).fit((images[rows], labels[rows]), (held_out, held_out_labels), 1, size)
            for seed in range(seeds):
                made = trainer(
                    RATE * (size / 16) ** 0.5, seed, val_check_interval=0.5,
                    callbacks=[nn.Timer(clock=time.process_time)],
                )  # fmt: skip
                # large batches make fewer updates in an epoch
                passes = max(2, round(epochs * (size / 16) ** 0.5))
                made.fit((images, labels), (held_out, held_out_labels), passes, size)
                found[size].append(made.history)
                bar.update()
    return found


def seconds_to(history: nn.History, goal: float) -> float:
    """Return when the validation accuracy first reached a goal; infinite, if never."""
    for row in history:
        if row["val_accuracy"] >= goal:
            return row["seconds"]
    return float("inf")


class Both(nn.Callback):
    """Notes the accuracy on a few validation images beside that on all, and what each costs."""

    def __init__(self, images: Any, labels: Any) -> None:
        self.few = images[:FEW], labels[:FEW]
        self.all = images, labels

    def on_val_check(self, trainer: Any, row: dict[str, float]) -> None:
        """Measure."""
        for name, data in (("few", self.few), ("all", self.all)):
            start = time.process_time()
            row[name] = trainer.evaluate(data)["accuracy"]
            row[f"{name}_seconds"] = time.process_time() - start

    def on_epoch_end(self, trainer: Any, row: dict[str, float]) -> None:
        """Do the same."""
        self.on_val_check(trainer, row)


def picture(path: Path, found: dict[int, list[nn.History]], watched: nn.History) -> Path:
    """Draw accuracy over time for each size, and the first epochs of a run that is watched."""
    plt = common.pyplot()
    figure, (left, right) = plt.subplots(1, 2, figsize=(14, 5))
    looks = ((common.GREY, ":"), (common.ORANGE, "--"), (common.BLUE, "-"), (common.GREEN, "-."),
             ("black", "--"))  # fmt: skip
    for (size, histories), (colour, style) in zip(found.items(), looks, strict=True):
        middle = sorted(histories, key=lambda h: seconds_to(h, GOAL))[len(histories) // 2]
        left.plot(
            middle["seconds"], middle["val_accuracy"], color=colour, ls=style, label=f"{size}"
        )
    left.axhline(GOAL, color="black", lw=0.6)
    left.set(xscale="log", xlabel="seconds of the processor", ylabel="validation accuracy",
             ylim=(0.5, 1.0), title="Size of the minibatches")  # fmt: skip
    left.legend(loc="lower right")
    for name, colour, style in (("few", common.ORANGE, "--"), ("all", common.BLUE, "-")):
        label = f"{FEW} validation images" if name == "few" else "all"
        right.plot(watched["epoch"], watched[name], color=colour, ls=style, label=label)
    whole = [(r["epoch"], r["all"]) for r in watched if r["epoch"] % 1 == 0]
    right.plot(*zip(*whole, strict=True), "o", color="black", label="what each epoch tells")
    right.set(xlabel="epoch", ylabel="validation accuracy", title="News within an epoch")
    right.legend(loc="lower right")
    return common.save(
        figure,
        path,
        "Left: the run of middle speed for each size. Right: eight looks in each epoch; a hundred "
        "images tell nearly what all do.",
    )


def main(arguments: list[str] | None = None) -> list[common.Result]:
    """Run the example."""
    options = common.parse(common.parser(__doc__), arguments)
    split = common.digits()
    images, held_out, labels, held_out_labels = split
    found = over_time(split, 4 if options.quick else 12, 1 if options.quick else 5)
    needed = {
        size: float(np.median([seconds_to(h, GOAL) for h in histories]))
        for size, histories in found.items()
    }
    best = min(needed, key=lambda size: needed[size])
    told = ", ".join(f"{size}: {seconds:.3f} s" for size, seconds in needed.items())

    runs = []
    for seed in range(1 if options.quick else 5):
        order = np.random.default_rng(seed).permutation(len(held_out))
        watch = Both(held_out[order], held_out_labels[order])
        made = trainer(RATE, seed, val_check_interval=1 / CHECKS, callbacks=[watch])
        made.fit((images, labels), (held_out, held_out_labels), epochs=3, batch_size=16)
        runs.append(made.history)
    gaps = [row["few"] - row["all"] for history in runs for row in history]
    apart = float(np.sqrt(np.mean(np.square(gaps))))
    share = np.mean([np.mean(history["all"]) for history in runs])
    expected = float(np.sqrt(share * (1 - share) / FEW * (1 - FEW / len(held_out))))
    cost = [np.sum([h[f"{name}_seconds"] for h in runs]) for name in ("few", "all")]
    first = [next(r["epoch"] for r in h if r["val_accuracy"] >= 0.8) for h in runs]
    theirs = LogisticRegression(max_iter=3000).fit(images, labels)
    last = np.mean([histories[-1]["val_f1"][-1] for histories in found.values()])
    results = [
        common.Result(
            "E3",
            "size",
            f"size of minibatches that is first at {GOAL:.0%} validation accuracy, in seconds",
            float(best),
            f"{best}; {told}",
            f"one epoch has {len(images)} updates of size 1, {-(-len(images) // 256)} of 256",
        ),
        common.Result(
            "E3",
            "sooner",
            f"epoch in which {CHECKS} looks an epoch first see 80% validation accuracy",
            float(np.mean(first)),
            f"{np.mean(first):.2f}",
            "looks after each epoch: 1 at the earliest",
        ),
        common.Result(
            "E3",
            "apart",
            f"accuracy on {FEW} validation images, distance from that on all {len(held_out)} "
            "(root mean square)",
            apart / expected,
            f"{100 * apart:.2f} points at {cost[0] / cost[1]:.0%} of the cost",
            f"predicted from chance: {100 * expected:.2f} points",
        ),
        common.Result(
            "E3",
            "f1",
            "macro F-measure of the validation set at the end, mean of the sizes",
            float(last),
            f"{last:.1%}",
            f"accuracy of scikit-learn's LogisticRegression "
            f"{theirs.score(held_out, held_out_labels):.1%}",
        ),
    ]
    written = [picture(options.out / "monitoring.png", found, runs[0])]
    return common.report(results, written, options)


if __name__ == "__main__":
    main()
