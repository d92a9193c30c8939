"""Boltzmann machines learn digits without labels, draw digits, and help with few labels (D17).

    python -m examples.boltzmann [--quick] [--out out]

A restricted Boltzmann machine and a deep belief net, pretrained layer by layer,
see 1,198 images and no label.  Then 100 labels: a linear classifier on their
features against the same classifier on pixels.  Their samples start from noise.
The learning rule is the gradient of a difference of free energies.
"""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import BernoulliRBM
from tqdm import tqdm

import nn
import optim
from autograd_core import no_grad
from examples import common
from nn.models import DBN, RBM

BATCH = 50
THEIRS = "scikit-learn's RBM"
STRENGTHS = (0.1, 1.0, 10.0, 100.0)  # of the linear classifier: each kind of feature gets its best


def train_machine(
    rbm: RBM, data: Any, epochs: int, lr: float = 0.1, about: str = "RBM", decay: float = 0.0
) -> None:
    """Train by contrastive divergence with one Gibbs step, in place."""
    rng = np.random.default_rng(0)
    mean = data.mean(axis=0).clip(0.01, 0.99)
    nn.init.normal_(rbm.weight, 0.0, 0.01)
    rbm.visible_bias.data[...] = np.log(mean / (1 - mean))
    rbm.hidden_bias.data[...] = -(rbm.weight.data @ mean)  # every unit starts undecided
    optimizer = optim.SGD(rbm.parameters(), lr=lr, momentum=0.9, weight_decay=decay)
    schedule = optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.1, total_iters=epochs)
    for _ in tqdm(range(epochs), desc=about, unit="epoch"):
        order = rng.permutation(len(data))
        for start in range(0, len(data) - BATCH + 1, BATCH):
            v = data[order[start : start + BATCH]]
            optimizer.zero_grad()
            rbm.contrastive_loss(v, rbm.gibbs(v)).backward()
            optimizer.step()
        schedule.step()


def pretrain(dbn: DBN, data: Any, epochs: int, lr: float = 0.1) -> None:
    """Train a deep belief net greedily: each machine on what the ones below make of the data."""
    for depth, machine in enumerate(dbn.machines):
        with no_grad():
            seen = data if depth == 0 else dbn.see(data, depth).data
        train_machine(machine, seen, epochs, lr, f"machine {depth + 1} of {len(dbn.machines)}")


def features(model: Any, images: Any) -> Any:
    """Return the hidden probabilities as an array."""
    with no_grad():
        return model(nn.Parameter(images, requires_grad=False)).data


def few_labels(train: Any, labels: Any, held_out: Any, held_out_labels: Any, draws: int) -> Any:
    """Return the accuracies of a linear classifier given 10 labels a class, one for each draw.

    Of four strengths of regularization the one with the best mean counts.
    """
    scores = np.zeros((len(STRENGTHS), draws))
    for draw in range(draws):
        rng = np.random.default_rng(draw)
        chosen = np.concatenate(
            [rng.choice(np.flatnonzero(labels == k), 10, replace=False) for k in range(10)]
        )
        for k, strength in enumerate(STRENGTHS):
            classifier = LogisticRegression(C=strength, max_iter=1000)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", ConvergenceWarning)
                classifier.fit(train[chosen], labels[chosen])
            scores[k, draw] = classifier.score(held_out, held_out_labels)
    return scores[scores.mean(axis=1).argmax()]


def nearest(images: Any, real: Any) -> float:
    """Return the mean distance of images to their nearest real digit."""
    return float(np.mean([np.sqrt(((real - image) ** 2).sum(axis=1).min()) for image in images]))


def picture(path: Path, rbm: RBM, samples: dict[str, Any], scores: dict[str, Any]) -> Path:
    """Draw filters, samples and accuracies."""
    plt = common.pyplot()
    figure, axes = plt.subplots(1, len(samples) + 2, figsize=(4 * (len(samples) + 2), 4.8))
    most = np.argsort(-np.abs(rbm.weight.data).sum(axis=1))[:36]
    for axis, (title, images) in zip(
        axes, {"36 filters": rbm.weight.data[most], **samples}.items(), strict=False
    ):
        tiles = np.pad(images[:36].reshape(6, 6, 8, 8), ((0, 0), (0, 0), (1, 1), (1, 1)))
        axis.imshow(tiles.transpose(0, 2, 1, 3).reshape(60, 60), cmap="gray_r")
        axis.set(title=title, xticks=[], yticks=[])
    for k, (name, colour) in enumerate(
        zip(scores, (common.GREY, common.BLUE, common.ORANGE, common.GREEN), strict=True)
    ):
        axes[-1].errorbar(
            [k], [scores[name].mean()], [scores[name].std()], fmt="o", color=colour, capsize=5
        )
    axes[-1].set(ylabel="share of held-out digits read right", title="100 labels")
    axes[-1].set_xticks(range(len(scores)), [n.replace(" ", "\n") for n in scores])
    return common.save(
        figure,
        path,
        "Filters are spots and pieces of strokes, samples drawn from noise look like digits, "
        "and with 100 labels a linear classifier reads features that were learned without "
        "labels better than pixels "
        "(bars: spread over draws of the labels).",
    )


def means(images: Any, labels: Any, count: int) -> Any:
    """Return the mean image of the class of each of the first images: as blurred as can be."""
    return np.stack([images[labels == k].mean(axis=0) for k in labels[:count]])


def told_apart(
    drawn: dict[str, Any], images: Any, labels: Any, held_out: Any, judge: Any
) -> list[common.Result]:
    """Return how well samples can be told from held-out digits, and which digits they are."""
    results = []
    for name, samples in drawn.items():
        count = len(samples)
        mixed = np.random.default_rng(0).permuted(images[:count], axis=0)
        others = {
            "real digits": images[:count],
            "means of the classes": means(images, labels, count),
            "shuffled pixels": mixed,
        }
        value = common.told_apart(held_out, samples)
        digits = np.bincount(judge.predict(samples), minlength=10)
        beside = ", ".join(f"{n} {common.told_apart(held_out, x):.0%}" for n, x in others.items())
        results.append(
            common.Result(
                "D17",
                f"{name}: told apart",
                f"{name} told from held-out digits by a classifier, which blur does not please; "
                "how many of 0 to 9",
                value,
                f"{value:.0%}; {', '.join(map(str, digits))}",
                f"{beside}; real digits are about as frequent as each other",
            )
        )
    return results


def main(arguments: list[str] | None = None) -> list[common.Result]:
    """Run the example."""
    options = common.parse(common.parser(__doc__), arguments)
    images, held_out, labels, held_out_labels = common.digits()
    nn.manual_seed(0)
    epochs, draws, chains = (100, 8, 100) if options.quick else (400, 30, 300)

    rbm = RBM(64, 256)
    train_machine(rbm, images, epochs)
    dbn = DBN([64, 256, 256])
    pretrain(dbn, images, epochs)
    theirs = BernoulliRBM(
        256, learning_rate=0.06, batch_size=10, n_iter=epochs // 4, random_state=0
    ).fit(images)

    spaces = {
        "pixels": (images, held_out),
        THEIRS: (theirs.transform(images), theirs.transform(held_out)),
        "our RBM": (features(rbm, images), features(rbm, held_out)),
        "our DBN": (features(dbn, images), features(dbn, held_out)),
    }
    scores = {
        name: few_labels(a, labels, b, held_out_labels, draws)
        for name, (a, b) in tqdm(spaces.items(), desc="linear classifiers")
    }

    rng = np.random.default_rng(0)
    noise = rng.random((chains, 64), dtype=np.float32)
    drawn = {"RBM samples": rbm.gibbs(noise, 500), "DBN samples": dbn.dream(noise, 500)}
    shuffled = rng.permuted(images[:chains], axis=0)  # each pixel as often dark as in the data
    judge = LogisticRegression(C=10.0, max_iter=1000).fit(images, labels)
    far = {n: nearest(s, images) for n, s in drawn.items()}
    real, random = nearest(held_out[:chains], images), nearest(shuffled, images)
    blur = nearest(means(images, labels, chains), images)
    kinds = np.bincount(judge.predict(drawn["RBM samples"]), minlength=10)
    sure = judge.predict_proba(drawn["RBM samples"]).max(axis=1).mean()
    sure_real = judge.predict_proba(held_out).max(axis=1).mean()

    def share(name: str) -> str:
        return f"{scores[name].mean():.1%} ± {scores[name].std():.1%}"

    gain = {n: float(scores[n].mean() - scores["pixels"].mean()) for n in scores}
    wins = float(np.mean(scores["our RBM"] > scores["pixels"]))
    against = f"pixels {share('pixels')}; scikit-learn's BernoulliRBM {share(THEIRS)}"
    results = [
        common.Result(
            "D17",
            "rbm gain",
            "RBM features, linear classifier, 100 labels",
            gain["our RBM"],
            share("our RBM") + f", better in {wins:.0%} of draws",
            against,
        ),
        common.Result(
            "D17",
            "dbn gain",
            "DBN (two machines) features, the same",
            gain["our DBN"],
            share("our DBN"),
            against,
        ),
        common.Result(
            "D17",
            "sample distance",
            "RBM samples' distance to the nearest digit",
            (far["RBM samples"] - real) / (random - real),
            f"{far['RBM samples']:.2f}",
            f"unseen real digits {real:.2f}, means of the classes {blur:.2f}, "
            f"pixels shuffled between digits {random:.2f}; blur is rewarded here",
        ),
        common.Result(
            "D17",
            "dbn sample distance",
            "DBN samples' distance to the nearest digit",
            (far["DBN samples"] - real) / (random - real),
            f"{far['DBN samples']:.2f}",
            f"unseen real digits {real:.2f}, pixels shuffled between digits {random:.2f}",
        ),
        common.Result(
            "D17",
            "kinds",
            "classes among the RBM's samples, and a judge's confidence",
            float(np.count_nonzero(kinds)),
            f"{np.count_nonzero(kinds)} of 10, rarest {kinds.min() / kinds.sum():.0%}; "
            f"{sure:.0%} sure",
            f"{sure_real:.0%} sure of unseen real digits",
        ),
    ]
    results += told_apart(drawn, images, labels, held_out, judge)
    written = [picture(options.out / "boltzmann.png", rbm, drawn, scores)]
    return common.report(results, written, options)


if __name__ == "__main__":
    main()
