"""What the examples share: options, data, colours, pictures, results."""

from __future__ import annotations

import argparse
import textwrap
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

import nn
import optim
from autograd_core import Tensor, no_grad

BLUE, ORANGE, GREEN = "#005f99", "#b34700", "#00704e"  # told apart by colour-blind readers
GREY = "#777777"


@dataclass(frozen=True)
class Result:
    """One number that an example measured, beside what a reader can judge it by."""

    row: str  # of the list of systems: "D1", or several: "E7, C10"
    key: str  # short, for tests
    claim: str  # what was measured
    value: float
    text: str  # the value as the table shows it
    baseline: str  # the same of something known


def parser(doc: str | None) -> argparse.ArgumentParser:
    """Return a parser with the options that every example has."""
    made = argparse.ArgumentParser(description=(doc or "").strip().splitlines()[0])
    made.add_argument("--quick", action="store_true", help="smaller, within 20 seconds")
    made.add_argument("--out", type=Path, default=Path("out"), help="folder for what is written")
    return made


def parse(made: argparse.ArgumentParser, arguments: list[str] | None) -> argparse.Namespace:
    """Read the options, make the folder, start the clock."""
    options = made.parse_args(arguments)
    options.out.mkdir(parents=True, exist_ok=True)
    options.started = time.perf_counter()
    return options


def pyplot() -> Any:
    """Return matplotlib's pyplot, drawing into files."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    return plt


def save(figure: Any, path: Path, sentence: str) -> Path:
    """Write a picture with one sentence below it that says what to see."""
    width = int(figure.get_figwidth() * 13)
    lines = textwrap.wrap(sentence, width)
    room = (0.17 * len(lines) + 0.1) / figure.get_figheight()
    figure.tight_layout(rect=(0, room, 1, 1))
    figure.text(0.5, 0.3 * room, "\n".join(lines), ha="center", va="bottom", fontsize=9)
    figure.savefig(path, dpi=120)
    pyplot().close(figure)
    return path


def one_cycle(model: Any, loader: Any, epochs: int, rate: float, title: str) -> list[float]:
    """Train by Adam and cross-entropy, the rate rising and falling once; return epochs' losses."""
    steps = epochs * len(loader)
    optimizer = optim.Adam(model.parameters(), lr=rate)
    schedule = optim.lr_scheduler.OneCycleLR(optimizer, max_lr=rate, total_steps=steps)
    loss_of = nn.CrossEntropyLoss()
    curve = []
    with tqdm(total=steps, desc=title, unit="step") as bar:
        for _ in range(epochs):
            found = []
            for x, y in loader:
                loss = loss_of(model(Tensor(x)), y)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                schedule.step()
                found.append(loss.item())
                bar.update()
            curve.append(float(np.mean(found)))
            bar.set_postfix(loss=f"{curve[-1]:.3f}")
    return curve


def accuracy(model: Any, images: Any, labels: Any) -> float:
    """Return the share of images that a model of logits reads right, in eval mode."""
    was = model.training
    model.eval()
    with no_grad():
        guesses = model(Tensor(images)).data.argmax(axis=1)
    model.train(was)
    return float(np.mean(guesses == labels))


def mean_and_error(shares: Any) -> str:
    """Return the mean of shares over seeds with its standard error, as percentages."""
    shares = np.asarray(shares)
    if len(shares) == 1:
        return f"{shares[0]:.1%}"
    return f"{shares.mean():.1%} ± {shares.std(ddof=1) / np.sqrt(len(shares)):.1%}"


def points(new: Any, old: Any) -> str:
    """Return what the new shares gain over the old, seed by seed, in points with an error."""
    gain = 100 * (np.asarray(new) - np.asarray(old))
    if len(gain) == 1:
        return f"{gain[0]:+.1f} points, one seed"
    error = gain.std(ddof=1) / np.sqrt(len(gain))
    within = ", which is within the error" if abs(gain.mean()) < 2 * error else ""
    return f"{gain.mean():+.1f} ± {error:.1f} points{within}"


def told_apart(real: Any, made: Any) -> float:
    """Return how well a classifier tells real images from made ones, as many of both.

    0.5: not at all; 1: always, which blurred images do not escape.  The classifier is a support
    vector machine with a Gaussian kernel, judged by five-fold cross-validation (Lopez-Paz and
    Oquab, "Revisiting classifier two-sample tests", 2017).
    """
    from sklearn.model_selection import StratifiedKFold, cross_val_score
    from sklearn.svm import SVC

    count = min(len(real), len(made))
    both = np.concatenate([real[:count], made[:count]])
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    return float(cross_val_score(SVC(C=10), both, np.arange(2 * count) < count, cv=folds).mean())


def few_of_each(labels: Any, count: int, seed: int) -> Any:
    """Return the places of as many images of each class, `count` in all, drawn at random."""
    rng, classes = np.random.default_rng(seed), np.unique(labels)
    share = count // len(classes)
    each = [rng.choice(np.flatnonzero(labels == k), share, replace=False) for k in classes]
    return np.concatenate(each)


def with_wrong_labels(labels: Any, part: float, seed: int) -> Any:
    """Return labels of ten classes, a part of them replaced by random other ones."""
    rng = np.random.default_rng(seed)
    changed = rng.random(len(labels)) < part
    return np.where(changed, (labels + rng.integers(1, 10, len(labels))) % 10, labels)


def trained(model: Any, loss: Any, loader: Any, epochs: int, rate: float) -> nn.Trainer:
    """Train by Adam, the rate rising and falling once, without a bar; return the Trainer."""
    optimizer = optim.Adam(model.parameters(), lr=rate)
    schedule = optim.lr_scheduler.OneCycleLR(
        optimizer, max_lr=rate, total_steps=epochs * len(loader)
    )
    trainer = nn.Trainer(model, loss, optimizer, schedule, scheduler_every="batch", progress=False)
    trainer.fit(loader, epochs=epochs)
    return trainer


def scatter(axis: Any, found: dict[str, Any]) -> None:
    """Draw each name's values over seeds, their mean, and their standard deviation."""
    for k, scores in enumerate(found.values()):
        axis.scatter(np.full(len(scores), k), scores, color=GREY, s=12, alpha=0.6)
        axis.errorbar(
            [k + 0.12], [np.mean(scores)], [np.std(scores, ddof=1)], fmt="o", color=BLUE, capsize=5
        )
    axis.set_xticks(range(len(found)), [textwrap.fill(n, 14) for n in found], fontsize=8)


def digits(seed: int = 0) -> tuple[Any, Any, Any, Any]:
    """Return the digits' train images, held-out images, train labels, held-out labels.

    scikit-learn's 1,797 real images of 8 by 8, in [0, 1]; a fixed third is held out.
    """
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    found = load_digits()
    images = (found.data / 16).astype(np.float32)
    parts = train_test_split(
        images, found.target, test_size=1 / 3, random_state=seed, stratify=found.target
    )
    return tuple(parts)


def mnist() -> tuple[Any, Any, Any, Any]:
    """Return MNIST in the same form, fetched from OpenML (15 MB, kept by scikit-learn).

    Ends the program with what to do instead where the network does not allow it.
    """
    from sklearn.datasets import fetch_openml

    try:
        images, labels = fetch_openml("mnist_784", version=1, return_X_y=True, as_frame=False)
    except (OSError, ValueError) as error:  # no network, a refusal, or a page that is no data
        raise SystemExit(
            f"--mnist: MNIST could not be fetched from openml.org ({error}). "
            "Leave out --mnist to train on the digits that scikit-learn ships."
        ) from error
    images, labels = (images / 255).astype(np.float32), labels.astype(np.int64)
    return images[:60000], images[60000:], labels[:60000], labels[60000:]


def report(results: list[Result], written: list[Path], options: argparse.Namespace) -> list[Result]:
    """Print each result beside its baseline, what was written, and the time; return the results."""
    print()
    for result in results:
        print(f"  {result.claim}: {result.text}\n      beside {result.baseline}")
    print(f"\nWritten: {', '.join(str(path) for path in written)}")
    print(f"{time.perf_counter() - options.started:.1f} s")
    return results
