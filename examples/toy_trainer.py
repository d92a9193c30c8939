"""The toy trainer: forward, cross-entropy, backward, update, twice (D4).

    python -m examples.toy_trainer [--quick] [--out out]

The lecture's trainer of a dozen lines (logistic layers, softmax, cross-entropy,
back-propagation by hand), written in plain NumPy as it stands there, and again
on the engine, where nobody writes a derivative.  Both start from the same
weights, see the same batches of real digits, and must stay equal step for step.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression
from tqdm import tqdm

import nn
import optim
from autograd_core import Tensor, no_grad
from examples import common
from nn.models import MLP

SIZES, BATCH, RATE = (64, 40, 30, 10), 20, 1.0


def step_by_hand(w: list[Any], b: list[Any], x: Any, target: Any) -> float:
    """Do one step in plain NumPy, in place; samples are columns, as in the lecture."""
    layers = len(w)
    # forward
    h, slope = [x], [None]
    for i in range(layers - 1):
        h.append(1.0 / (1.0 + np.exp(-(w[i] @ h[i] + b[i]))))
        slope.append(h[-1] * (1 - h[-1]))
    z = w[-1] @ h[-1] + b[-1]
    e = np.exp(z - z.max(axis=0))
    prediction = e / e.sum(axis=0)
    # cross-entropy
    loss = -np.sum(np.log(prediction) * target)
    # backward
    dh = prediction - target
    for i in reversed(range(layers)):
        w_grad, b_grad = dh @ h[i].T, dh.sum(axis=1, keepdims=True)
        if i:
            dh = (w[i].T @ dh) * slope[i]
        # update
        w[i] -= RATE / BATCH * w_grad
        b[i] -= RATE / BATCH * b_grad
    return float(loss)


def step_by_engine(model: MLP, optimizer: optim.SGD, x: Any, labels: Any) -> float:
    """Do the same step on the engine; samples are rows."""
    loss = nn.functional.cross_entropy(model(Tensor(x)), labels, reduction="sum")
    optimizer.zero_grad()
    (loss / BATCH).backward()
    optimizer.step()
    return float(loss.item())


def picture(path: Path, losses: Any, gaps: list[float]) -> Path:
    """Draw both losses and the gap between the weights."""
    plt = common.pyplot()
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4))
    steps = np.arange(1, len(gaps) + 1)
    left.plot(steps, losses[:, 0], color=common.BLUE, lw=3, alpha=0.5, label="NumPy by hand")
    left.plot(steps, losses[:, 1], "--", color=common.ORANGE, lw=1, label="engine")
    left.set(xlabel="step", ylabel="cross-entropy of the batch (sum)")
    left.legend()
    right.semilogy(steps, np.maximum(gaps, 1e-18), color=common.GREEN)
    right.axhline(1e-12, color=common.GREY, ls=":")
    right.set(xlabel="step", ylabel="largest difference between any two weights")
    return common.save(
        figure,
        path,
        "The two trainers' losses lie on top of each other, and after every step their weights "
        "differ by less than 1e-12 (dotted): rounding, nothing else.",
    )


def main(arguments: list[str] | None = None) -> list[common.Result]:
    """Run the example."""
    options = common.parse(common.parser(__doc__), arguments)
    images, held_out, labels, held_out_labels = common.digits()
    images, held_out = images.astype(np.float64), held_out.astype(np.float64)
    nn.manual_seed(0)
    model = MLP(SIZES, nn.Sigmoid, dtype=np.float64)
    for layer in model.linears():
        nn.init.fan_in_normal_(layer.weight)
        nn.init.zeros_(layer.bias)
    w = [layer.weight.data.copy() for layer in model.linears()]
    biases = [layer.bias for layer in model.linears() if layer.bias is not None]
    b = [bias.data[:, None].copy() for bias in biases]
    optimizer = optim.SGD(model.parameters(), lr=RATE)

    rng = np.random.default_rng(0)
    losses, gaps = [], []
    for _ in tqdm(range(600 if options.quick else 3000), desc="steps, twice each", unit="step"):
        batch = rng.choice(len(images), BATCH, replace=False)
        x, y = images[batch], labels[batch]
        losses.append(
            (step_by_hand(w, b, x.T, np.eye(10)[y].T), step_by_engine(model, optimizer, x, y))
        )
        pairs = zip(model.linears(), biases, w, b, strict=True)
        gaps.append(
            max(
                max(np.abs(layer.weight.data - v).max(), np.abs(bias.data - c.ravel()).max())
                for layer, bias, v, c in pairs
            )
        )

    with no_grad():
        score = float(np.mean(np.argmax(model(Tensor(held_out)).data, axis=1) == held_out_labels))
    linear = LogisticRegression(max_iter=2000).fit(images, labels).score(held_out, held_out_labels)
    results = [
        common.Result(
            "D4",
            "gap",
            f"toy trainer, {len(gaps):,} steps: engine against NumPy by hand",
            float(max(gaps)),
            f"no weight ever differs by more than {max(gaps):.0e}",
            "1e-12 allowed; one rounding of float64 is 1e-16",
        ),
        common.Result(
            "D4",
            "accuracy",
            "the digits that it learned on the way",
            score,
            f"{score:.1%}",
            f"scikit-learn's LogisticRegression {linear:.1%}",
        ),
    ]
    written = [picture(options.out / "toy_trainer.png", np.array(losses), gaps)]
    return common.report(results, written, options)


if __name__ == "__main__":
    main()
