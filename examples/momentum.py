"""Two forms of momentum, where they part, and what momentum buys on a narrow bowl (C2, E10).

    python -m examples.momentum [--quick] [--out out]

The slides: D = mu D - eta g, then theta = theta + D.  PyTorch's form, which `optim.SGD`
has: b = mu b + g, then theta = theta - eta b.  While the rate stands still both take
the same steps.  When it is divided, the slides' form rolls on at the old speed.  The
slides' Nesterov momentum jumps first and measures the gradient there; PyTorch's form
keeps the place after the jump instead, and is the same.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from sklearn.neural_network import MLPClassifier
from tqdm import tqdm

import nn
import optim
from autograd_core import Tensor
from examples import common
from nn.models import MLP

MU, BATCH = 0.9, 50


class SlideMomentum(optim.Optimizer):
    """D = mu D - eta g; theta = theta + D: the velocity is a length, the rate is in it."""

    numbers = ()

    def __init__(self, params: Any, lr: float, momentum: float) -> None:
        super().__init__(params, {"lr": lr, "momentum": momentum})

    def arrays(self, group: Any) -> tuple[str, ...]:
        """Return the names of the arrays kept for each parameter."""
        return ("velocity",)

    def scalars(self, group: Any, state: Any, first: bool) -> tuple[float, ...]:
        """Return the numbers that one step needs."""
        return group["lr"], group["momentum"]

    def update(self, scalars: Any, scratch: Any, p: Any, g: Any, *state: Any) -> None:
        """Do one step on one piece."""
        (lr, mu), (velocity,) = scalars, state
        velocity *= mu
        velocity -= lr * g
        p += velocity


def train(rule: Any, split: Any, epochs: int, seed: int, drop: float) -> tuple[Any, list[float]]:
    """Train on digits, the rate divided after half of the epochs; return the steps' lengths too."""
    images, _, labels, _ = split
    nn.manual_seed(seed)
    model = MLP([64, 30, 10], nn.Tanh, dtype=np.float64)
    optimizer = rule(model.parameters(), lr=0.1, momentum=MU)
    schedule = optim.lr_scheduler.MultiStepLR(optimizer, [epochs // 2], gamma=1 / drop)
    loader = nn.DataLoader((images.astype(float), labels), BATCH, shuffle=True, seed=seed)
    lengths = []
    for _ in range(epochs):
        for x, y in loader:
            before = [p.data.copy() for p in model.parameters()]
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(Tensor(x)), y).backward()
            optimizer.step()
            pairs = zip(model.parameters(), before, strict=True)
            lengths.append(float(np.sqrt(sum(np.sum((p.data - b) ** 2) for p, b in pairs))))
        schedule.step()
    return model, lengths


def apart(one: Any, other: Any) -> float:
    """Return the largest difference between two models' weights."""
    pairs = zip(one.parameters(), other.parameters(), strict=True)
    return max(float(np.abs(a.data - b.data).max()) for a, b in pairs)


def bowl(theta: Any, curvature: float) -> Any:
    """Return a quadratic whose long axis is so many times flatter than the short one."""
    return (theta[0] ** 2 / curvature + theta[1] ** 2) / 2


def roll(curvature: float, steps: int, **settings: Any) -> Any:
    """Return the way of `optim.SGD` down the bowl, shape (steps + 1, 2)."""
    theta = Tensor([-3.0, 1.0], requires_grad=True)
    optimizer = optim.SGD([theta], **settings)
    way = [theta.data.copy()]
    for _ in range(steps):
        optimizer.zero_grad()
        bowl(theta, curvature).backward()
        optimizer.step()
        way.append(theta.data.copy())
    return np.array(way)


def factor(way: Any) -> float:
    """Return by how much the distance to the minimum shrinks in a step, over the second half."""
    far = np.linalg.norm(way, axis=1)
    half = len(far) // 2
    return float((far[-1] / far[half]) ** (1 / (len(far) - 1 - half)))


def jumps(curvature: float, steps: int, lr: float) -> tuple[Any, Any]:
    """Return the slides' Nesterov: the places, and where the gradients were measured."""
    theta, velocity = np.array([-3.0, 1.0]), np.zeros(2)
    places, measured = [theta], []
    for _ in range(steps):
        ahead = Tensor(theta + MU * velocity, requires_grad=True)  # jump, then measure
        bowl(ahead, curvature).backward()
        velocity = MU * velocity - lr * ahead.grad.data
        theta = theta + velocity
        places.append(theta)
        measured.append(ahead.data)
    return np.array(places), np.array(measured)


def rates(k: float, steps: int) -> dict[str, tuple[float, float]]:
    """Return the factor of each method at its best rate, measured and predicted."""
    root = np.sqrt(k)
    best = {
        "gradient descent": ({"lr": 2 / (1 + 1 / k)}, (k - 1) / (k + 1)),
        "momentum": (
            {"lr": 4 / (1 + 1 / root) ** 2, "momentum": ((root - 1) / (root + 1)) ** 2},
            (root - 1) / (root + 1),
        ),
        "Nesterov": (
            {"lr": 1.0, "momentum": (root - 1) / (root + 1), "nesterov": True},
            1 - 1 / root,
        ),
    }
    return {n: (factor(roll(k, steps, **s)), float(p)) for n, (s, p) in best.items()}


def picture(path: Path, lengths: dict[str, list[float]], middle: int) -> Path:
    """Draw the steps around the division of the rate, the ways down a bowl, Nesterov's vectors."""
    figure, axes = common.pyplot().subplots(1, 3, figsize=(15, 4.4))
    shown = range(middle - 20, middle + 40)
    for (name, values), colour, style in zip(
        lengths.items(), (common.BLUE, common.ORANGE), ("-", "--"), strict=True
    ):
        axes[0].semilogy(shown, [values[k] for k in shown], style, color=colour, label=name)
    axes[0].axvline(middle, color=common.GREY, ls=":")
    axes[0].set(xlabel="step", ylabel="length of the step", title="rate divided by 10 (dotted)")
    axes[0].legend()
    u, v = np.meshgrid(np.linspace(-3.3, 1.5, 100), np.linspace(-1.3, 1.3, 100))
    for axis in axes[1:]:
        axis.contour(u, v, bowl(np.stack([u, v]), 20.0), 15, colors="lightgrey")
    for name, settings, colour, mark in (
        ("gradient descent", {"lr": 1.85}, common.GREY, "."),
        ("momentum", {"lr": 0.3, "momentum": 0.8}, common.ORANGE, "^"),
        ("Nesterov", {"lr": 0.3, "momentum": 0.8, "nesterov": True}, common.GREEN, "s"),
    ):
        way = roll(20.0, 25, **settings)
        axes[1].plot(*way.T, mark + "-", color=colour, lw=1, ms=4, label=name)
    axes[1].legend(loc="lower right", fontsize=8)
    axes[1].set(title="25 steps")
    places, measured = jumps(20.0, 6, 0.35)
    for k, (a, m, b) in enumerate(zip(places[:-1], measured, places[1:], strict=True)):
        for start, end, colour, name in (
            (a, m, "#7a4a00", "jump"),
            (m, b, "#c00030", "correction"),
            (a, b, common.GREEN, "both together"),
        ):
            axes[2].annotate(
                "", end, start, arrowprops={"arrowstyle": "->", "color": colour, "lw": 1.6}
            )
            if k == 0:
                axes[2].plot([], [], color=colour, label=name)
    axes[2].legend(loc="lower right", fontsize=8)
    every = np.concatenate([places, measured])
    (low, left), (high, right) = every.min(axis=0), every.max(axis=0)
    axes[2].set(
        title="Nesterov: jump first, then measure the gradient",
        xlim=(low - 0.1, high + 0.1),
        ylim=(left - 0.1, right + 0.1),
    )
    return common.save(
        figure,
        path,
        "When the rate is divided, PyTorch's form slows down at once, the slides' form over some "
        "ten steps. In a narrow bowl momentum damps the oscillation across and gains speed along. "
        "Nesterov's step is a jump along the velocity and a correction by the gradient there.",
    )


def main(arguments: list[str] | None = None) -> list[common.Result]:
    """Run the example."""
    options = common.parse(common.parser(__doc__), arguments)
    epochs, seeds = (6, 2) if options.quick else (20, 5)
    split = common.digits()
    rules = {"slides": SlideMomentum, "PyTorch": optim.SGD}
    still = [train(r, split, epochs // 2, 0, 1.0)[0] for r in rules.values()]
    same = apart(*still)
    shares: dict[str, list[float]] = {name: [] for name in rules}
    lengths: dict[str, list[float]] = {}
    last = []
    for seed in tqdm(range(seeds), desc="rate divided", unit="seed"):
        models = {}
        for name, rule in rules.items():
            models[name], lengths[name] = train(rule, split, epochs, seed, 10.0)
            shares[name].append(common.accuracy(models[name], split[1].astype(float), split[3]))
        last.append(apart(*models.values()))
    middle = epochs // 2 * (len(lengths["slides"]) // epochs)
    longer = lengths["slides"][middle] / lengths["PyTorch"][middle]
    theirs = MLPClassifier(
        (30,), activation="tanh", solver="sgd", learning_rate_init=0.1, batch_size=BATCH,
        nesterovs_momentum=False, max_iter=epochs, random_state=0,
    ).fit(split[0], split[2]).score(split[1], split[3])  # fmt: skip

    _, measured = jumps(20.0, 50, 0.35)
    # PyTorch's place is where the slides measure; its first step has no velocity yet
    torch = roll(20.0, 49, lr=0.35, momentum=MU, nesterov=True)
    nesterov = float(np.abs(torch - measured).max())
    found = rates(100.0, 400)
    results = [
        common.Result(
            "E10",
            "same",
            f"digits, rate held: weights after {epochs // 2} epochs, the slides' momentum "
            "against optim.SGD",
            same,
            f"differ by at most {same:.0e}",
            "0 but for rounding, amplified by training",
        ),
        common.Result(
            "E10",
            "longer",
            "the first step after the rate was divided by 10: the slides' over PyTorch's length",
            longer,
            f"{longer:.1f} times as long",
            f"1 while the rate is held; in the end the weights differ by {np.mean(last):.2f}",
        ),
        common.Result(
            "E10",
            "accuracy",
            f"held-out digits read right after both, {seeds} seeds",
            float(np.mean(shares["slides"])),
            f"slides {common.mean_and_error(shares['slides'])}; slides over PyTorch's "
            f"{common.points(shares['slides'], shares['PyTorch'])}",
            f"PyTorch's {common.mean_and_error(shares['PyTorch'])}; scikit-learn's MLPClassifier, "
            f"the same momentum, {theirs:.1%}",
        ),
        common.Result(
            "E10",
            "nesterov",
            "Nesterov, 50 steps: where the slides measure, against optim.SGD(nesterov=True)",
            nesterov,
            f"differ by at most {nesterov:.0e}",
            "0 but for rounding",
        ),
    ]
    for name, (value, predicted) in found.items():
        results.append(
            common.Result(
                "C2",
                name,
                f"quadratic bowl, 100 times as long as wide, {name} at its best rate: factor of a "
                "step",
                value / predicted,
                f"{value:.4f}, {np.log(0.1) / np.log(value):.0f} steps for a digit",
                f"predicted {predicted:.4f}",
            )
        )
    written = [picture(options.out / "momentum.png", lengths, middle)]
    return common.report(results, written, options)


if __name__ == "__main__":
    main()
