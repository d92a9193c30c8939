"""Few labels, several tasks, one trunk: what the tasks teach each other (D18).

    python -m examples.multitask [--quick] [--out out]

Fifty (or a hundred) images carry their digit; of the other training images only cheap
things are known: whether the digit is odd, above four, written with a closed loop, or what can
be measured on the image itself (ink, centre, extent, slant).  A trunk shared by all tasks
is compared with one that learns the digit alone, on the same fifty, over seeds.  Two
controls: the same cheap labels dealt out at random, and cheap labels for the fifty only.
Settings were chosen with a part of the training images held out.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression
from tqdm import tqdm

import nn
import optim
from autograd_core import Tensor, no_grad
from examples import common
from nn.models import MLP, MultiTask

FEW, MANY, RATE, WIDTH = 32, 64, 3e-3, 256  # images of a batch with and without a digit


@dataclass(frozen=True)
class Lesson:
    """Which tasks are learned beside the digit, and from which images."""

    coarse: bool = False  # odd, above four, has a loop: each yes or no
    measured: bool = False  # on the image
    shuffled: bool = False  # the coarse labels dealt out at random
    labelled_only: bool = False  # the other tasks on the labelled images alone


LESSONS = {
    "digit alone": Lesson(),
    "+ measurements": Lesson(measured=True),
    "+ coarse labels": Lesson(coarse=True),
    "+ all": Lesson(coarse=True, measured=True),
    "+ random labels": Lesson(coarse=True, shuffled=True),
    "+ all, same images": Lesson(coarse=True, measured=True, labelled_only=True),
}
ALONE = "digit alone"


def measured(images: Any) -> Any:
    """Return ink, centre, extent and slant of each image, each with mean 0 and variance 1."""
    x = images.reshape(-1, 8, 8)
    row, column = np.mgrid[:8, :8]
    ink = x.sum(axis=(1, 2))

    def mean(values: Any) -> Any:
        return (x * values).sum(axis=(1, 2)) / ink

    r, c = mean(row), mean(column)
    down, right = row - r[:, None, None], column - c[:, None, None]
    found = np.stack([ink, r, c, mean(down**2), mean(right**2), mean(down * right)], axis=1)
    return ((found - found.mean(axis=0)) / found.std(axis=0)).astype(np.float32)


def train(
    lesson: Lesson, images: Any, labels: Any, chosen: Any, steps: int, seed: int
) -> MultiTask:
    """Train one network; only the chosen images' digits are looked at."""
    nn.manual_seed(seed)
    rng = np.random.default_rng(seed)
    loop = np.isin(labels, (0, 6, 8, 9))
    coarse = np.stack([labels % 2, labels > 4, loop], axis=1).astype(np.float32)
    if lesson.shuffled:
        coarse = rng.permutation(coarse)
    shape = measured(images)
    pool = chosen if lesson.labelled_only else np.arange(len(images))
    tasks = {"digit": 10}
    if lesson.coarse:
        tasks["coarse"] = coarse.shape[1]
    if lesson.measured:
        tasks["measured"] = shape.shape[1]
    model = MultiTask(MLP([64, WIDTH], output=nn.ReLU), WIDTH, tasks)
    optimizer = optim.Adam(model.parameters(), lr=RATE)
    schedule = optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=steps)
    entropy, squared = nn.functional.binary_cross_entropy_with_logits, nn.functional.mse_loss
    for _ in range(steps):
        few, many = rng.choice(chosen, FEW), rng.choice(pool, MANY)
        out = model(Tensor(images[np.concatenate([few, many])]))
        loss = nn.functional.cross_entropy(out["digit"][:FEW], labels[few])
        if lesson.coarse:
            loss = loss + 3 * entropy(out["coarse"][FEW:], coarse[many])
        if lesson.measured:
            loss = loss + squared(out["measured"][FEW:], shape[many])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    return model.eval()


def compare(split: Any, count: int, steps: int, seeds: int) -> dict[str, Any]:
    """Return the share of held-out digits read right: for each lesson an array over seeds."""
    images, held_out, labels, held_out_labels = split
    scores: dict[str, Any] = {name: [] for name in [*LESSONS, "LogisticRegression"]}
    with tqdm(total=seeds * len(LESSONS), desc=f"{count} labels", unit="net") as bar:
        for seed in range(seeds):
            chosen = common.few_of_each(labels, count, seed)  # the same for all lessons
            for name, lesson in LESSONS.items():
                model = train(lesson, images, labels, chosen, steps, seed)
                with no_grad():
                    guesses = model(Tensor(held_out))["digit"].data.argmax(axis=1)
                scores[name].append(np.mean(guesses == held_out_labels))
                bar.update()
            linear = LogisticRegression(max_iter=3000).fit(images[chosen], labels[chosen])
            scores["LogisticRegression"].append(linear.score(held_out, held_out_labels))
    return {name: np.array(found) for name, found in scores.items()}


def picture(path: Path, found: dict[int, dict[str, Any]]) -> Path:
    """Draw what each lesson buys over the digit alone, with standard errors."""
    plt = common.pyplot()
    figure, axes = plt.subplots(1, len(found), figsize=(6.5 * len(found), 4.6), squeeze=False)
    for axis, (count, scores) in zip(axes[0], found.items(), strict=True):
        names = [n for n in LESSONS if n != ALONE]
        for k, name in enumerate(names):
            gain = 100 * (scores[name] - scores[ALONE])
            colour = common.GREY if "random" in name or "same" in name else common.BLUE
            axis.scatter(np.full(len(gain), k), gain, s=12, color=common.GREY, alpha=0.5)
            error = gain.std(ddof=1) / np.sqrt(len(gain))
            axis.errorbar([k + 0.12], [gain.mean()], [error], fmt="o", color=colour, capsize=5)
        axis.axhline(0, color=common.ORANGE, lw=1)
        axis.set_xticks(range(len(names)), [n.replace(" ", "\n", 1) for n in names], fontsize=8)
        axis.set(
            ylabel="points gained over the digit alone",
            title=f"{count} labels; the digit alone: {scores[ALONE].mean():.1%}",
        )
    return common.save(
        figure,
        path,
        "Tasks that have to do with the digit, known for many images, make the trunk better at "
        "the digit; random labels, or the same tasks on the few images alone, do not. Dots are "
        "seeds, bars standard errors.",
    )


def main(arguments: list[str] | None = None) -> list[common.Result]:
    """Run the example."""
    options = common.parse(common.parser(__doc__), arguments)
    split = common.digits()
    counts, steps, seeds = ((50,), 300, 2) if options.quick else ((50, 100), 600, 8)
    found = {count: compare(split, count, steps, seeds) for count in counts}
    results = []
    for count, scores in found.items():
        for name in [n for n in LESSONS if n != ALONE]:
            gain = scores[name] - scores[ALONE]
            error = gain.std(ddof=1) / np.sqrt(len(gain))
            results.append(
                common.Result(
                    "D18",
                    f"{count} {name}",
                    f"shared trunk, {count} digits labelled, {name}",
                    float(gain.mean()),
                    f"{scores[name].mean():.1%}, buys {100 * gain.mean():+.1f} ± {100 * error:.1f} "
                    "points",
                    f"the digit alone {scores[ALONE].mean():.1%}; scikit-learn's "
                    f"LogisticRegression {scores['LogisticRegression'].mean():.1%}",
                )
            )
    written = [picture(options.out / "multitask.png", found)]
    return common.report(results, written, options)


if __name__ == "__main__":
    main()
