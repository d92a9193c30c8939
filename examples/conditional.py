"""A deep belief net draws the digit that it is asked for, and reads digits (E8).

    python -m examples.conditional [--quick] [--out out]

Hinton's net of 2006: a first machine learns features of images, and the machine on top
learns which features go with which label.  With a label held fixed, Gibbs steps in the
top machine dream up its features, and the lower machine draws them.  An independent
classifier judges whether the drawing is what was asked for, and another one whether it
can be told from real digits, a test that blurred images fail.  (Hinton,
Osindero and Teh, "A fast learning algorithm for deep belief nets", 2006.)
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.svm import SVC
from tqdm import tqdm

import nn
import optim
from autograd_core import no_grad
from examples import common
from nn.models import RBM

BATCH, RATE = 50, 0.3  # chosen on a quarter of the training images


class Labelled(RBM):
    """A machine whose last ten visible units are a label: exactly one of them is on."""

    def back(self, h: Any, rng: Any) -> Any:
        """Return visible units after hidden ones: probabilities, and a label that is drawn."""
        below = h @ self.weight.data + self.visible_bias.data
        scores = below[:, -10:] + rng.gumbel(size=(len(h), 10))  # the largest is a draw
        label = np.eye(10, dtype=np.float32)[scores.argmax(axis=1)]
        return np.concatenate([1 / (1 + np.exp(-below[:, :-10])), label], axis=1)

    def chain(self, v: Any, steps: int, rng: Any, label: Any = None) -> Any:
        """Return visible units after so many Gibbs steps, with the label held if one is given."""
        for _ in range(steps):
            with no_grad():
                p = self(v).data
            v = self.back((rng.random(p.shape) < p).astype(np.float32), rng).astype(np.float32)
            if label is not None:
                v[:, -10:] = label
        return v


def fit(machine: RBM, data: Any, sample: Any, epochs: int, about: str) -> None:
    """Train by persistent contrastive divergence; `sample` takes chains one step on."""
    rng = np.random.default_rng(0)
    nn.init.normal_(machine.weight, 0.0, 0.01)
    mean = data.mean(axis=0).clip(0.01, 0.99)
    machine.visible_bias.data[...] = np.log(mean / (1 - mean))
    optimizer = optim.SGD(machine.parameters(), lr=RATE, momentum=0.5, weight_decay=1e-4)
    schedule = optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.1, total_iters=epochs)
    chains = data[rng.choice(len(data), 2 * BATCH)]
    for _ in tqdm(range(epochs), desc=about, unit="epoch"):
        order = rng.permutation(len(data))
        for start in range(0, len(data) - BATCH + 1, BATCH):
            v = data[order[start : start + BATCH]]
            chains = sample(chains)
            optimizer.zero_grad()
            machine.contrastive_loss(v, chains).backward()
            optimizer.step()
        schedule.step()


def train(images: Any, labels: Any, sizes: tuple[int, int], epochs: int) -> tuple[RBM, Labelled]:
    """Train both machines, the lower one without labels."""
    nn.manual_seed(0)
    rng = np.random.default_rng(1)
    low, top = RBM(64, sizes[0]), Labelled(sizes[0] + 10, sizes[1])
    fit(low, images, lambda v: low.gibbs(v), epochs, "lower machine")
    seen = np.concatenate([features(low, images), np.eye(10, dtype=np.float32)[labels]], axis=1)
    fit(top, seen, lambda v: top.chain(v, 1, rng), epochs, "top machine")
    return low, top


def features(low: RBM, images: Any) -> Any:
    """Return what the lower machine sees in images."""
    with no_grad():
        return low(images).data


def drawn(low: RBM, top: Labelled, labels: Any, steps: int) -> Any:
    """Return an image for each label, dreamed up from noise."""
    rng = np.random.default_rng(2)
    asked = np.eye(10, dtype=np.float32)[labels]
    start = rng.random((len(labels), low.hidden), dtype=np.float32)
    v = top.chain(np.concatenate([start, asked], axis=1), steps, rng, asked)
    with no_grad():
        return low.down(v[:, :-10]).data


def read(low: RBM, top: Labelled, images: Any) -> Any:
    """Return the label of the lowest free energy for each image."""
    seen = features(low, images)
    energies = []
    for k in range(10):
        asked = np.broadcast_to(np.eye(10, dtype=np.float32)[k], (len(seen), 10))
        with no_grad():
            found = top.free_energy(np.concatenate([seen, asked], axis=1))
        energies.append(getattr(found, "data", found))
    return np.argmin(energies, axis=0)


def shuffled(images: Any, labels: Any, asked: Any) -> Any:
    """Return images whose pixels come each from another image of the class that is asked for."""
    rng = np.random.default_rng(3)
    made = np.empty((len(asked), 64), images.dtype)
    for k in range(10):
        own, place = images[labels == k], np.flatnonzero(asked == k)
        made[place] = own[rng.integers(len(own), size=(len(place), 64)), np.arange(64)]
    return made


def picture(path: Path, rows: dict[str, Any]) -> Path:
    """Draw ten images of each class for each way to make them."""
    figure, axes = common.pyplot().subplots(1, len(rows), figsize=(4 * len(rows), 4.6))
    for axis, (name, images) in zip(axes, rows.items(), strict=True):
        tiles = np.pad(images.reshape(10, 10, 8, 8), ((0, 0), (0, 0), (1, 1), (1, 1)))
        axis.imshow(tiles.transpose(0, 2, 1, 3).reshape(100, 100), cmap="gray_r")
        axis.set(title=name, xticks=[], yticks=[])
    return common.save(
        figure,
        path,
        "One row for each digit that was asked for. The net draws whole digits in many hands; "
        "pixels drawn one by one from the right class do not hang together.",
    )


def main(arguments: list[str] | None = None) -> list[common.Result]:
    """Run the example."""
    options = common.parse(common.parser(__doc__), arguments)
    epochs, steps, sizes = (40, 100, (80, 120)) if options.quick else (150, 300, (120, 250))
    images, held_out, labels, held_out_labels = common.digits()
    low, top = train(images, labels, sizes, epochs)
    asked = np.repeat(np.arange(10), 59)  # as many as there are held-out images, or one less
    judge = SVC(C=10).fit(images, labels)
    linear = LogisticRegression(max_iter=3000).fit(images, labels)
    means = np.stack([images[labels == k].mean(axis=0) for k in range(10)])
    made = {
        "the net": drawn(low, top, asked, steps),
        "pixels of the class": shuffled(images, labels, asked),
        "the mean of the class": means[asked],
    }
    agree = {name: judge.predict(x) == asked for name, x in made.items()}
    apart = {name: common.told_apart(held_out, x) for name, x in made.items()}
    apart["real"] = common.told_apart(held_out, images)
    each = [float(agree["the net"][asked == k].mean()) for k in range(10)]
    score = float(np.mean(read(low, top, held_out) == held_out_labels))
    results = [
        common.Result(
            "E8",
            "agree",
            "deep belief net asked for a digit: drawings that a judge reads as that digit",
            float(agree["the net"].mean()),
            f"{agree['the net'].mean():.1%} of {len(asked)}; the worst digit, "
            f"{int(np.argmin(each))}, {min(each):.0%}",
            f"held-out real digits {judge.score(held_out, held_out_labels):.1%}; pixels drawn one "
            f"by one from the class {agree['pixels of the class'].mean():.1%}; at random 10%",
        ),
        common.Result(
            "E8",
            "told apart",
            "the same drawings told from held-out digits by a classifier",
            apart["the net"],
            f"{apart['the net']:.0%}",
            f"real digits 50% at best, here {apart['real']:.0%}; pixels of the class "
            f"{apart['pixels of the class']:.0%}; means of the classes "
            f"{apart['the mean of the class']:.0%}",
        ),
        common.Result(
            "E8",
            "read",
            "the same net as a reader: the label of the lowest free energy, held out",
            score,
            f"{score:.1%}",
            f"scikit-learn's LogisticRegression {linear.score(held_out, held_out_labels):.1%}, "
            f"SVC {judge.score(held_out, held_out_labels):.1%}",
        ),
    ]
    ten = np.concatenate([np.flatnonzero(asked == k)[:10] for k in range(10)])
    real = np.concatenate([np.flatnonzero(held_out_labels == k)[:10] for k in range(10)])
    rows = {name: x[ten] for name, x in list(made.items())[:2]} | {"real": held_out[real]}
    written = [picture(options.out / "conditional.png", rows)]
    return common.report(results, written, options)


if __name__ == "__main__":
    main()
