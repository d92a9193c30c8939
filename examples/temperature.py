"""Softmax with a temperature of any sign, and a temperature that is learned (B2, E14).

    python -m examples.temperature [--quick] [--out out]

The slides' module is exp(-beta x), scaled to sum 1: the Boltzmann distribution of
energies x.  With a positive beta the lowest energy has the largest share, with 0 all
are alike, with a negative one the highest wins, as in the softmax of logits.  Beta is
then learned, by Newton's method on digits that the net has not seen: it makes the
probabilities of an overconfident net honest and leaves its answers alone.  (Guo et
al., "On calibration of modern neural networks", 2017.)
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression
from tqdm import tqdm

import nn
import optim
from autograd_core import Tensor, jacobian, no_grad
from examples import common
from nn.models import MLP

FEW, WRONG = 200, 0.15  # digits to learn from, and how many of their labels are wrong
softmin = nn.functional.softmin


def by_hand(beta: float, x: Any) -> tuple[Any, Any]:
    """Return the module's output and its Jacobian as the formulas have them."""
    z = np.exp(-beta * x) / np.sum(np.exp(-beta * x))
    return z, -beta * (np.diag(z) - np.outer(z, z))


def formulas(betas: Any) -> float:
    """Return the largest difference of the module and its Jacobian from the formulas."""
    x = np.random.default_rng(0).normal(size=6)
    worst = 0.0
    for beta in betas:
        z, slope = by_hand(float(beta), x)
        found = jacobian(lambda x, b=float(beta): softmin(x, beta=b))(x)
        worst = max(worst, np.abs(softmin(x, beta=float(beta)) - z).max())
        worst = max(worst, np.abs(found - slope).max())
    return float(worst)


def overconfident(images: Any, labels: Any, epochs: int, seed: int) -> MLP:
    """Train a net until it has learned a few digits by heart, wrong labels too."""
    nn.manual_seed(seed)
    model = MLP([64, 100, 10])
    loader = nn.DataLoader((images, labels), 50, shuffle=True, seed=seed)
    common.one_cycle(model, loader, epochs, 1e-2, f"overconfident net, seed {seed}")
    return model.eval()


def learned_beta(energies: Any, labels: Any, start: float) -> float:
    """Return the beta that makes the labels likeliest, by Newton's method from a start."""
    rows = np.arange(len(labels))

    def loss(beta: Any) -> Any:
        return -np.mean(np.log(softmin(energies, beta=beta)[rows, labels]))

    return float(optim.newton(loss, np.array(start)).x)


def likelihood(p: Any, labels: Any) -> float:
    """Return the mean negative log-likelihood."""
    return float(-np.mean(np.log(p[np.arange(len(labels)), labels] + 1e-12)))


def bins(p: Any, labels: Any, count: int = 10) -> Any:
    """Return by how sure the answer is: the share of answers, their sureness, the share right."""
    sure, right = p.max(axis=1), p.argmax(axis=1) == labels
    place = np.minimum((sure * count).astype(int), count - 1)
    rows = [
        (np.mean(place == k), sure[place == k].mean(), right[place == k].mean())
        for k in range(count)
        if np.any(place == k)
    ]
    return np.array(rows)


def calibration_error(p: Any, labels: Any) -> float:
    """Return the expected difference between how sure answers are and how often they are right."""
    share, sure, right = bins(p, labels).T
    return float(np.sum(share * np.abs(sure - right)))


def picture(path: Path, before: Any, after: Any) -> Path:
    """Draw shares against beta, and how often answers are right against how sure they are."""
    figure, (left, right) = common.pyplot().subplots(1, 2, figsize=(11, 4.4))
    betas = np.linspace(-4, 4, 81)
    energies = np.array([0.0, 0.5, 1.0])
    shares = np.array([softmin(energies, beta=float(b)) for b in betas])
    for k, (colour, style) in enumerate(
        ((common.BLUE, "-"), (common.ORANGE, "--"), (common.GREEN, "-."))
    ):
        left.plot(betas, shares[:, k], style, color=colour, label=f"energy {energies[k]}")
    left.axvline(0, color=common.GREY, ls=":")
    left.set(xlabel="beta", ylabel="share: exp(-beta x), scaled to sum 1")
    left.legend()
    right.plot([0, 1], [0, 1], color=common.GREY, ls=":", label="honest")
    for rows, colour, mark, name in (
        (before, common.ORANGE, "s--", "beta = 1"),
        (after, common.BLUE, "o-", "beta learned"),
    ):
        right.plot(rows[:, 1], rows[:, 2], mark, color=colour, label=name)
    right.set(xlabel="how sure the net is of its answer", ylabel="share of these answers right")
    right.legend()
    return common.save(
        figure,
        path,
        "Left: the lower energies win with a positive beta, the higher ones with a negative beta. "
        "Right: an overconfident net becomes about as sure as it is right.",
    )


def main(arguments: list[str] | None = None) -> list[common.Result]:
    """Run the example."""
    options = common.parse(common.parser(__doc__), arguments)
    epochs, seeds = (120, 2) if options.quick else (200, 6)
    images, held_out, labels, held_out_labels = common.digits()
    worst = formulas(np.linspace(-3, 3, 13))
    found: dict[str, list[float]] = {}
    signs, rows = [], []
    for seed in tqdm(range(seeds), desc="nets", unit="seed"):
        order = np.random.default_rng(seed).permutation(len(images))
        few, others = order[:FEW], order[FEW : 2 * FEW]
        told = common.with_wrong_labels(labels[few], WRONG, seed)
        model = overconfident(images[few], told, epochs, seed)
        with no_grad():
            energies = {n: -model(Tensor(x)).data.astype(np.float64)
                        for n, x in (("set", images[others]), ("new", held_out))}  # fmt: skip
        beta = learned_beta(energies["set"], labels[others], 0.5)
        # logits in place of energies: the same, with the other sign
        signs.append(abs(beta + learned_beta(-energies["set"], labels[others], -0.5)))
        before, after = (softmin(energies["new"], beta=b) for b in (1.0, beta))
        linear = LogisticRegression(max_iter=2000).fit(images[few], told)
        theirs = linear.predict_proba(held_out)
        for name, value in {
            "beta": beta,
            "NLL before": likelihood(before, held_out_labels),
            "NLL after": likelihood(after, held_out_labels),
            "NLL linear": likelihood(theirs, held_out_labels),
            "error before": calibration_error(before, held_out_labels),
            "error after": calibration_error(after, held_out_labels),
            "error linear": calibration_error(theirs, held_out_labels),
            "changed": float(np.mean(before.argmax(axis=1) != after.argmax(axis=1))),
        }.items():
            found.setdefault(name, []).append(value)
        rows = [bins(p, held_out_labels) for p in (before, after)]
    mean = {name: float(np.mean(values)) for name, values in found.items()}
    results = [
        common.Result(
            "E14",
            "formulas",
            "exp(-beta x) / sum and its Jacobian, beta from -3 to 3: engine against the formulas",
            worst,
            f"differ by at most {worst:.0e}",
            "one rounding of float64 is 1e-16",
        ),
        common.Result(
            "E14",
            "sign",
            "beta learned for energies and for logits: the sum of both, which have opposite signs",
            max(signs),
            f"{max(signs):.0e}",
            f"beta itself {mean['beta']:.2f}, of logits {-mean['beta']:.2f}",
        ),
        common.Result(
            "B2",
            "likelihood",
            f"beta learned on {FEW} other digits, {seeds} seeds: held-out negative log-likelihood",
            mean["NLL after"] - mean["NLL before"],
            f"{mean['NLL after']:.3f}; {mean['changed']:.0%} of the answers change",
            f"beta = 1 {mean['NLL before']:.3f}; LogisticRegression {mean['NLL linear']:.3f}",
        ),
        common.Result(
            "B2",
            "calibration",
            "the same: difference between how sure answers are and how often they are right",
            mean["error after"] - mean["error before"],
            f"{100 * mean['error after']:.1f} points",
            f"beta = 1 {100 * mean['error before']:.1f}; LogisticRegression "
            f"{100 * mean['error linear']:.1f}",
        ),
    ]
    written = [picture(options.out / "temperature.png", *rows)]
    return common.report(results, written, options)


if __name__ == "__main__":
    main()
