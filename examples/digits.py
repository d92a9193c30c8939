"""The main job: a network learns real handwritten digits on this engine (A3, D5).

    python -m examples.digits [--quick] [--out out] [--epochs 30]

Trains a small network on scikit-learn's bundled digits (1,797 real images,
8 by 8), shows what one of its gradients costs in reverse and in forward mode,
and writes to the folder: the graph of one training step and a page that steps
through it, the learning curve, misread digits, and the weights.
"""

from __future__ import annotations

import statistics
import time
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression
from tqdm import tqdm

import nn
import optim
from autograd_core import Tensor, animate, draw, jvp, no_grad
from examples import common

HIDDEN = 64
BATCH = 32


def network() -> nn.Module:
    """Return the network: 64 pixels, one hidden layer, 10 classes."""
    return nn.Sequential(nn.Linear(64, HIDDEN), nn.ReLU(), nn.Dropout(0.2), nn.Linear(HIDDEN, 10))


def train(
    model: nn.Module, split: tuple[Any, Any, Any, Any], epochs: int
) -> dict[str, list[float]]:
    """Train by minibatches and return the history, epoch by epoch."""
    images, held_out, labels, held_out_labels = split
    loss_of = nn.CrossEntropyLoss()
    optimizer = optim.Adam(model.parameters(), lr=3e-3)
    schedule = optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=epochs)
    rng = np.random.default_rng(0)
    history: dict[str, list[float]] = {"loss": [], "train": [], "held out": []}
    bar = tqdm(range(epochs), desc="training", unit="epoch")
    for _ in bar:
        order = rng.permutation(len(images))
        losses = []
        for start in range(0, len(order), BATCH):
            batch = order[start : start + BATCH]
            loss = loss_of(model(Tensor(images[batch])), labels[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        schedule.step()
        history["loss"].append(float(np.mean(losses)))
        history["train"].append(common.accuracy(model, images, labels))
        history["held out"].append(common.accuracy(model, held_out, held_out_labels))
        bar.set_postfix(
            loss=f"{history['loss'][-1]:.3f}", held_out=f"{history['held out'][-1]:.3f}"
        )
    return history


def both_modes(model: nn.Module, images: Any, labels: Any) -> dict[str, float]:
    """Compute one gradient of this network in reverse mode and in forward mode, and time both.

    Reverse mode takes one sweep.  Forward mode takes one pass for each
    parameter; all of them are run, and the gradients compared.  Times are
    the processor's, so that other work on the machine does not count.
    """
    model.eval()  # without dropout, so that every pass computes the same function
    loss_of = nn.CrossEntropyLoss()
    names = [name for name, _ in model.named_parameters()]
    values = [p.data.astype(np.float64) for p in model.parameters()]

    def loss(*parameters: Any) -> Any:
        named = dict(zip(names, parameters, strict=True))
        return loss_of(nn.functional_call(model, named, (images,)), labels)

    seconds = []
    for _ in range(20):
        leaves = [Tensor(v, requires_grad=True) for v in values]
        start = time.process_time()
        loss(*leaves).backward()
        seconds.append(time.process_time() - start)
    reverse = statistics.median(seconds)

    slopes = []
    count = sum(v.size for v in values)
    start = time.process_time()
    with tqdm(total=count, desc="forward mode, one pass for each parameter", unit="pass") as bar:
        for k, value in enumerate(values):
            for j in range(value.size):
                tangents = [np.zeros_like(v) for v in values]
                tangents[k].flat[j] = 1.0
                slopes.append(float(jvp(loss, values, tangents)[1]))
                bar.update()
    forward = time.process_time() - start
    model.train()
    difference = np.abs(np.concatenate([p.grad.data.ravel() for p in leaves]) - slopes).max()
    return {"parameters": count, "reverse": reverse, "forward": forward, "difference": difference}


def pictures(
    model: nn.Module, split: tuple[Any, Any, Any, Any], history: dict[str, list[float]], out: Path
) -> list[Path]:
    """Write the graph of one training step, the learning curve, and some misread digits."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    images, held_out, labels, held_out_labels = split
    model.eval()
    loss = nn.CrossEntropyLoss()(model(Tensor(images[:BATCH])), labels[:BATCH])
    drawing = draw(loss)
    written = [
        drawing.save(out / "graph.txt"),
        animate(loss, title="One training step").save(out / "backprop.html"),
    ]
    try:
        written.append(drawing.save(out / "graph.svg"))
    except TypeError as error:  # no layout program: the text says how to get one
        print(error)

    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4))
    epochs = np.arange(1, len(history["loss"]) + 1)
    left.plot(epochs, history["loss"], color="#005f99")
    left.set(xlabel="epoch", ylabel="cross-entropy (training)")
    right.plot(epochs, history["train"], "--", color="#005f99", label="training images")
    right.plot(epochs, history["held out"], color="#b34700", label="held-out images")
    right.set(xlabel="epoch", ylabel="share read right", ylim=(0.8, 1.005))
    right.legend()
    figure.suptitle("Learning to read digits")
    figure.tight_layout()
    written.append(out / "learning_curve.png")
    figure.savefig(written[-1], dpi=120)

    with no_grad():
        guesses = np.argmax(model(Tensor(held_out)), axis=1).numpy()
    wrong = np.flatnonzero(guesses != held_out_labels)[:10]
    figure, axes = plt.subplots(2, 5, figsize=(8, 4))
    for axis in axes.flat:
        axis.axis("off")
    for axis, k in zip(axes.flat, wrong, strict=False):
        axis.imshow(held_out[k].reshape(8, 8), cmap="gray_r")
        axis.set_title(f"is {held_out_labels[k]}, read as {guesses[k]}", fontsize=9)
    figure.suptitle(f"Misread digits: {np.sum(guesses != held_out_labels)} of {len(held_out)}")
    figure.tight_layout()
    written.append(out / "misread.png")
    figure.savefig(written[-1], dpi=120)
    plt.close("all")
    return written


def main(arguments: list[str] | None = None) -> list[common.Result]:
    """Run the job."""
    made = common.parser(__doc__)
    made.add_argument("--epochs", type=int, help="how often to go through the images; default 30")
    options = common.parse(made, arguments)
    epochs = options.epochs or (10 if options.quick else 30)

    nn.manual_seed(0)
    split = common.digits()
    images, held_out, labels, held_out_labels = split
    model = network()
    start = time.process_time()
    history = train(model, split, epochs)
    seconds = time.process_time() - start
    share = history["held out"][-1]
    linear = LogisticRegression(max_iter=3000).fit(images, labels).score(held_out, held_out_labels)
    cost = both_modes(model, images[:BATCH], labels[:BATCH])
    times = cost["forward"] / cost["reverse"]
    results = [
        common.Result(
            "D5",
            "accuracy",
            f"the main job, {len(held_out)} held-out digits read right, {epochs} epochs in "
            f"{seconds:.1f} s",
            share,
            f"{share:.2%}",
            f"scikit-learn's LogisticRegression {linear:.2%}",
        ),
        common.Result(
            "A3",
            "times",
            f"one gradient of its {cost['parameters']:,} parameters, {BATCH} images: forward mode, "
            "one pass for each parameter, over reverse mode, one sweep",
            times,
            f"{times:,.0f} times as long: {cost['forward']:.2f} s and {cost['reverse'] * 1e3:.2f} "
            "ms",
            f"{cost['parameters']:,} passes and 1",
        ),
        common.Result(
            "A3",
            "difference",
            "the same gradient in both modes",
            cost["difference"],
            f"differs by at most {cost['difference']:.0e}",
            "one rounding of float64 is 1e-16",
        ),
    ]
    written = pictures(model, split, history, options.out)
    written.append(options.out / "digits.safetensors")
    nn.save(model.state_dict(), written[-1])
    return common.report(results, written, options)


if __name__ == "__main__":
    main()
