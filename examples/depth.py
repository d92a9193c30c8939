"""Depth of fully connected networks; how much sooner ReLU learns; ReLU as a limit (E12).

    python -m examples.depth [--quick] [--out out]

The lecture says that beyond three or four layers a fully connected network gains nothing; the
networks here have one to nine.  Krizhevsky et al. (2012) reach a training error of 25 % six times
sooner with ReLU than with tanh, each at its own best rate; here a convolutional network is timed
in epochs to a training error of 10 %.  And log(1 + exp(b x)) / b tends to ReLU as b grows: its
slope is a sigmoid that tends to a step, and its second derivative, which the engine computes, to
an impulse.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from sklearn.svm import SVC
from tqdm import tqdm

import nn
import optim
from autograd_core import grad
from examples import common
from examples.conv_ladder import enlarged

COUNT, UNITS, RATE = 300, 50, 5e-3
ACTIVATIONS = {"ReLU": nn.ReLU, "tanh": nn.Tanh}
RATES = (0.02, 0.05, 0.1, 0.2)
ERROR = 0.1  # of the training images, to be reached
SLOPES = (1.0, 10.0, 100.0, 1000.0)


def fully_connected(layers: int) -> nn.Sequential:
    """Return a network of so many layers, the last included, with ReLU between."""
    parts: list[Any] = []
    inputs = 64
    for _ in range(layers - 1):
        parts += [nn.Linear(inputs, UNITS), nn.ReLU()]
        nn.init.kaiming_normal_(parts[-2].weight)
        nn.init.zeros_(parts[-2].bias)
        inputs = UNITS
    return nn.Sequential(*parts, nn.Linear(inputs, 10))


def depths(split: Any, sizes: tuple[int, ...], epochs: int, seeds: int) -> dict[str, Any]:
    """Return the share of held-out digits read right by networks of each depth, over seeds."""
    images, held_out, labels, held_out_labels = split
    found: dict[str, Any] = {str(layers): [] for layers in sizes}
    with tqdm(total=len(sizes) * seeds, desc="depths", unit="net") as bar:
        for seed in range(seeds):
            rows = np.random.default_rng(seed).permutation(len(images))[:COUNT]
            for layers in sizes:
                nn.manual_seed(seed)
                loader = nn.DataLoader((images[rows], labels[rows]), 30, shuffle=True, seed=seed)
                made = common.trained(
                    fully_connected(layers), nn.CrossEntropyLoss(), loader, epochs, RATE
                )
                right = made.predict(held_out).argmax(axis=1) == held_out_labels
                found[str(layers)].append(np.mean(right))
                bar.update()
    return {name: np.array(scores) for name, scores in found.items()}


class Reached(nn.Callback):
    """Stop when few enough training images are misread."""

    def on_epoch_end(self, trainer: Any, row: dict[str, float]) -> None:
        """Look at the epoch's accuracy."""
        if row["accuracy"] >= 1 - ERROR:
            trainer.stop("the error is reached")


def epochs_needed(kind: Any, rate: float, images: Any, labels: Any, most: int, seed: int) -> float:
    """Return after how many epochs the training error is reached; infinite, if it is not."""
    nn.manual_seed(seed)
    model = nn.Sequential(
        nn.Conv2d(1, 10, 5), kind(), nn.MaxPool2d(2), nn.Conv2d(10, 20, 5), kind(),
        nn.MaxPool2d(2), nn.Flatten(), nn.Linear(20, 50), kind(), nn.Linear(50, 10),
    )  # fmt: skip
    trainer = nn.Trainer(
        model, nn.CrossEntropyLoss(), optim.SGD(model.parameters(), lr=rate, momentum=0.9),
        metrics={"accuracy": nn.accuracy}, callbacks=[Reached()], seed=seed, progress=False,
    )  # fmt: skip
    trainer.fit((images, labels), epochs=most, batch_size=30)
    return float(trainer.epoch) if trainer.stopped else np.inf


def speeds(images: Any, labels: Any, most: int, seeds: int) -> dict[str, tuple[float, float]]:
    """Return for each activation the best rate, and the mean number of epochs at it."""
    found = {}
    with tqdm(total=len(ACTIVATIONS) * len(RATES) * seeds, desc="rates", unit="net") as bar:
        for name, kind in ACTIVATIONS.items():
            means = []
            for rate in RATES:
                needed = []
                for seed in range(seeds):
                    needed.append(epochs_needed(kind, rate, images, labels, most, seed))
                    bar.update()
                means.append(np.mean(needed))
            k = int(np.argmin(means))
            found[name] = RATES[k], float(means[k])
    return found


def softplus(x: Any, slope: float) -> Any:
    """Return log(1 + exp(slope x)) / slope, whatever the sign of x."""
    return np.logaddexp(0.0, slope * x) / slope


def impulse(slope: float) -> tuple[float, float, float]:
    """Return how far softplus is from ReLU, and what its second derivative does under integrals.

    Returns
    -------
    float, float, float
        The largest distance; the integral of the second derivative; its integral times cos(x),
        less cos(0).
    """
    x = np.linspace(-40, 40, 4001) / slope
    second = grad(lambda x: np.sum(grad(lambda x: np.sum(softplus(x, slope)))(x)))(x)
    gap = float(np.max(softplus(x, slope) - np.maximum(x, 0)))
    area = float(np.trapezoid(second, x))
    return gap, area, float(np.trapezoid(second * np.cos(x), x)) - 1.0


def picture(path: Path, found: dict[str, Any], speed: dict[str, Any]) -> Path:
    """Draw accuracy over depth, epochs over activations, and softplus with two derivatives."""
    plt = common.pyplot()
    figure, axes = plt.subplots(1, 4, figsize=(18, 4.4))
    common.scatter(axes[0], found)
    axes[0].set(xlabel="layers", ylabel="share of held-out digits read right")
    heights = [needed if np.isfinite(needed) else 0.0 for _, needed in speed.values()]
    axes[1].bar(list(speed), heights, color=common.BLUE)
    axes[1].set(ylabel=f"epochs to a training error of {ERROR:.0%}")
    x = np.linspace(-2, 2, 801)
    for slope, colour, style in zip((1.0, 3.0, 10.0), (common.GREY, common.ORANGE, common.GREEN),
                                    (":", "--", "-"), strict=True):  # fmt: skip
        f = lambda x, b=slope: np.sum(softplus(x, b))  # noqa: E731
        axes[2].plot(x, softplus(x, slope), color=colour, ls=style, label=f"b = {slope:g}")
        axes[3].plot(x, grad(lambda x, f=f: np.sum(grad(f)(x)))(x), color=colour, ls=style)
    axes[2].plot(x, np.maximum(x, 0), color=common.BLUE, lw=1, label="ReLU")
    axes[2].set(title="log(1 + exp(b x)) / b")
    axes[2].legend()
    axes[3].set(title="its second derivative")
    return common.save(
        figure,
        path,
        "Dots are seeds, bars their standard deviation. Softplus tends to ReLU; its second "
        "derivative becomes higher and narrower, and its area stays 1.",
    )


def main(arguments: list[str] | None = None) -> list[common.Result]:
    """Run the example."""
    options = common.parse(common.parser(__doc__), arguments)
    split = common.digits()
    images, held_out, labels, held_out_labels = split
    sizes = (1, 2, 4, 9) if options.quick else (1, 2, 3, 4, 5, 7, 9)
    found = depths(split, sizes, 20 if options.quick else 40, 2 if options.quick else 5)
    theirs = SVC(C=10).fit(images[:COUNT], labels[:COUNT]).score(held_out, held_out_labels)
    results = [
        common.Result(
            "E12",
            f"layers: {name}",
            f"fully connected network, {COUNT} digits, {name} layer{'s' * (name != '1')}",
            float(scores.mean()),
            f"{scores.mean():.2%} ± {scores.std(ddof=1):.2%}"
            + (f", {common.points(scores, found['2'])} to two" if name != "2" else ""),
            f"scikit-learn's SVC, as many images: {theirs:.1%}",
        )
        for name, scores in found.items()
    ]
    few, few_labels = enlarged(images[:COUNT]), labels[:COUNT]
    speed = speeds(few, few_labels, 25 if options.quick else 40, 1 if options.quick else 5)
    told = ", ".join(f"{name} {n:.1f} (rate {rate:g})" for name, (rate, n) in speed.items())
    results.append(
        common.Result(
            "E12",
            "speed",
            f"epochs to a training error of {ERROR:.0%}, convolutional network, best of "
            f"{len(RATES)} rates each: tanh over ReLU",
            speed["tanh"][1] / speed["ReLU"][1],
            f"{speed['tanh'][1] / speed['ReLU'][1]:.2f} times; {told}",
            "Krizhevsky et al. (2012), CIFAR-10: 6 times",
        )
    )
    measured = np.array([impulse(slope) for slope in SLOPES])
    order = np.polyfit(np.log(SLOPES[1:]), np.log(abs(measured[1:, 2])), 1)[0]
    results += [
        common.Result(
            "E12",
            "limit",
            "softplus of slope b = 1 to 1000: largest distance from ReLU, times b",
            float(np.ptp(measured[:, 0] * SLOPES)),
            ", ".join(f"{v:.6f}" for v in measured[:, 0] * SLOPES),
            f"log 2 = {np.log(2):.6f}",
        ),
        common.Result(
            "E12",
            "area",
            "area under its second derivative, by the engine: largest distance from 1",
            float(abs(measured[:, 1] - 1).max()),
            f"{abs(measured[:, 1] - 1).max():.1e}",
            "an impulse has area 1",
        ),
        common.Result(
            "E12",
            "order",
            "integral of the second derivative times cos, less cos(0): power of b",
            float(order),
            f"{order:.3f}",
            "predicted -2: pi² / 6 b²",
        ),
        common.Result(
            "E12",
            "kink",
            "second derivative of ReLU itself at -1, 0 and 1, by the engine",
            float(_second_of_relu()),
            "0, 0, 0: the impulse is not seen",
            "differences over a step h at 0: 1 / h",
        ),
    ]
    written = [picture(options.out / "depth.png", found, speed)]
    return common.report(results, written, options)


def _second_of_relu() -> float:
    """Return the largest second derivative of ReLU that the engine finds at -1, 0 and 1."""
    relu = nn.functional.relu
    second = grad(lambda x: np.sum(grad(lambda x: np.sum(relu(x)))(x) + 0 * x))
    return float(np.max(np.abs(second(np.array([-1.0, 0.0, 1.0])))))


if __name__ == "__main__":
    main()
