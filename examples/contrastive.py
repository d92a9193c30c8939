"""Contrastive divergence with k steps, judged by the exact likelihood (D17, E8).

    python -m examples.contrastive [--quick] [--out out]

The learning rule of a Boltzmann machine compares data with samples of the model.
Contrastive divergence starts the samples at the data and takes k Gibbs steps; the
persistent kind lets its chains run on.  With few hidden units the sum over all their
states is exact, and with it the probability of held-out images, a measure that blurred
samples cannot please.  Beside it: each pixel on its own, and a mixture of classes.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

import nn
import optim
from autograd_core import no_grad
from examples import common
from nn.models import RBM

HIDDEN, BATCH, CHAINS = 12, 50, 100


def binary(images: Any) -> Any:
    """Return each pixel as 0 or 1."""
    return (images > 0.5).astype(np.float32)


def log_z(rbm: RBM) -> float:
    """Return the logarithm of the partition function, over all states of the hidden units.

    log Z = log sum_h exp(h.c) prod_i (1 + exp(b_i + (h W)_i)): the visible units are summed in
    closed form.
    """
    w, b, c = (p.data.astype(np.float64) for p in (rbm.weight, rbm.visible_bias, rbm.hidden_bias))
    states = (np.arange(2**rbm.hidden)[:, None] >> np.arange(rbm.hidden) & 1).astype(np.float64)
    terms = states @ c + np.logaddexp(0, b + states @ w).sum(axis=1)
    return float(np.logaddexp.reduce(terms))


def log_likelihood(rbm: RBM, v: Any) -> float:
    """Return the mean log-probability of images, in nats: -F(v) - log Z."""
    with no_grad():
        energy = rbm.free_energy(v.astype(np.float64))
    return float(-np.mean(getattr(energy, "data", energy)) - log_z(rbm))


def coins(p: Any, rng: Any) -> Any:
    """Return 0 or 1 with these probabilities."""
    return (rng.random(p.shape) < p).astype(np.float32)


def gibbs(rbm: RBM, v: Any, steps: int, rng: Any) -> Any:
    """Return binary images after so many Gibbs steps; `RBM.gibbs` keeps grey values instead."""
    with no_grad():
        for _ in range(steps):
            v = coins(rbm.down(coins(rbm(v).data, rng)).data, rng)
    return v


def train(
    data: Any, k: int, epochs: int, seed: int, held_out: Any, persistent: bool = False
) -> tuple[RBM, list[float]]:
    """Train by contrastive divergence of k steps; return the machine and held-out likelihoods."""
    nn.manual_seed(seed)
    rng = np.random.default_rng(seed)
    rbm = RBM(64, HIDDEN)
    nn.init.normal_(rbm.weight, 0.0, 0.1)
    mean = data.mean(axis=0).clip(0.01, 0.99)
    rbm.visible_bias.data[...] = np.log(mean / (1 - mean))
    optimizer = optim.SGD(rbm.parameters(), lr=0.1, momentum=0.5)
    schedule = optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.1, total_iters=epochs)
    chains = coins(np.broadcast_to(mean, (CHAINS, 64)), rng)
    curve = []
    name = f"{'persistent, ' if persistent else ''}k = {k}, seed {seed}"
    for _ in tqdm(range(epochs), desc=name, unit="epoch"):
        order = rng.permutation(len(data))
        for start in range(0, len(data) - BATCH + 1, BATCH):
            v = data[order[start : start + BATCH]]
            if persistent:
                chains = model = gibbs(rbm, chains, k, rng)
            else:
                model = gibbs(rbm, v, k, rng)
            optimizer.zero_grad()
            rbm.contrastive_loss(v, model).backward()
            optimizer.step()
        schedule.step()
        curve.append(log_likelihood(rbm, held_out))
    return rbm, curve


def pixels_alone(train: Any, held_out: Any) -> float:
    """Return the log-likelihood if every pixel is a coin of its own."""
    p = (train.sum(axis=0) + 1) / (len(train) + 2)
    return float(np.mean(held_out @ np.log(p) + (1 - held_out) @ np.log(1 - p)))


def mixture(train: Any, labels: Any, held_out: Any) -> float:
    """Return that of a mixture with such coins for each class; it is told the classes."""
    parts = []
    for k in range(10):
        own = train[labels == k]
        p = (own.sum(axis=0) + 1) / (len(own) + 2)
        share = np.log(len(own) / len(train))
        parts.append(share + held_out @ np.log(p) + (1 - held_out) @ np.log(1 - p))
    return float(np.mean(np.logaddexp.reduce(parts, axis=0)))


def picture(path: Path, curves: dict[str, Any], alone: float, mixed: float, samples: Any) -> Path:
    """Draw the held-out likelihood over epochs, and samples."""
    figure, (left, right) = common.pyplot().subplots(1, 2, figsize=(11, 4.4), width_ratios=(2, 1))
    colours = (common.GREY, common.ORANGE, common.GREEN, common.BLUE)
    for (name, rows), colour in zip(curves.items(), colours, strict=False):
        left.plot(np.mean(rows, axis=0), color=colour, label=name)
    for value, name, style in ((alone, "pixels on their own", ":"), (mixed, "10 classes", "--")):
        left.axhline(value, color="black", ls=style, label=name)
    left.set(xlabel="epoch", ylabel="held-out log-likelihood, nats an image")
    left.legend(fontsize=8)
    tiles = np.pad(samples[:36].reshape(6, 6, 8, 8), ((0, 0), (0, 0), (1, 1), (1, 1)))
    right.imshow(tiles.transpose(0, 2, 1, 3).reshape(60, 60), cmap="gray_r")
    right.set(title="samples, persistent chains", xticks=[], yticks=[])
    return common.save(
        figure,
        path,
        "The exact probability of held-out images over the epochs, for one, three and ten Gibbs "
        "steps from the data, and for chains that run on.",
    )


def main(arguments: list[str] | None = None) -> list[common.Result]:
    """Run the example."""
    options = common.parse(common.parser(__doc__), arguments)
    epochs, seeds = (15, 1) if options.quick else (60, 3)
    images, held_out, labels, _ = common.digits()
    images, held_out = binary(images), binary(held_out)
    kinds = {"CD-1": (1, False), "CD-3": (3, False), "CD-10": (10, False), "PCD-1": (1, True)}
    if options.quick:
        kinds.pop("CD-10")
    curves: dict[str, list[Any]] = {name: [] for name in kinds}
    rbm = RBM(64, HIDDEN)
    for name, (k, persistent) in kinds.items():
        for seed in range(seeds):
            rbm, curve = train(images, k, epochs, seed, held_out, persistent)
            curves[name].append(curve)
    last = {name: np.array(rows)[:, -1] for name, rows in curves.items()}
    alone, mixed = pixels_alone(images, held_out), mixture(images, labels, held_out)
    rng = np.random.default_rng(0)
    samples = gibbs(rbm, coins(np.full((36, 64), 0.5), rng), 1000, rng)

    def text(name: str) -> str:
        error = last[name].std(ddof=1) / np.sqrt(seeds) if seeds > 1 else 0.0
        return f"{last[name].mean():.2f} ± {error:.2f} nats"

    results = [
        common.Result(
            "D17" if name == "CD-1" else "E8",
            name,
            f"Boltzmann machine with {HIDDEN} hidden units, "
            + ("persistent chains" if persistent else f"contrastive divergence, k = {k}")
            + ": exact log-likelihood of a held-out image",
            float(last[name].mean()),
            text(name)
            if name == "CD-1"
            else f"{text(name)}, over k = 1 {last[name].mean() - last['CD-1'].mean():+.2f}",
            f"each pixel on its own {alone:.2f}; a mixture told the ten classes {mixed:.2f}",
        )
        for name, (k, persistent) in kinds.items()
    ]
    written = [picture(options.out / "contrastive.png", curves, alone, mixed, samples)]
    return common.report(results, written, options)


if __name__ == "__main__":
    main()
