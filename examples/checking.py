"""Checking gradients numerically, the first step when training fails (A10).

    python -m examples.checking [--quick] [--out out]

A digit reader in which one operation after another has a wrong derivative, as a person would
get it wrong: a forgotten factor, a sign, the value in place of the argument.  `gradcheck` must
refuse each net and name the operation.  Then modules of every kind, which are right, must pass.
Beside it stands what a check without a graph can say: that the gradient as a whole is off, and
the loss after training with it, which still falls.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

import nn
from autograd_core import GradcheckError, elementwise, grad, gradcheck
from examples import common

Fault = tuple[Callable[..., Any], Callable[..., Any], Callable[..., Any]]


def sigmoid(z: Any) -> Any:
    """Return 1 / (1 + exp(-z))."""
    return 1 / (1 + np.exp(-z))


# name: the function, its derivative from the value y and the argument z, a wrong one
FAULTS: dict[str, Fault] = {
    "tanh, a sign": (lambda z: np.tanh(z), lambda y, z: 1 - y * y, lambda y, z: 1 + y * y),
    "tanh, of the argument": (lambda z: np.tanh(z), lambda y, z: 1 - y * y, lambda y, z: 1 - z * z),
    "sigmoid, half of it": (sigmoid, lambda y, z: y * (1 - y), lambda y, z: y),
    "sigmoid, of the argument": (sigmoid, lambda y, z: y * (1 - y), lambda y, z: z * (1 - z)),
    "ReLU, the other side": (lambda z: np.maximum(z, 0), lambda y, z: 1.0 * (z > 0),
                             lambda y, z: 1.0 * (z < 0)),
    "ReLU, everywhere": (lambda z: np.maximum(z, 0), lambda y, z: 1.0 * (z > 0),
                         lambda y, z: 1.0),
    "softplus, mirrored": (lambda z: np.log1p(np.exp(z)), lambda y, z: sigmoid(z),
                           lambda y, z: sigmoid(-z)),
    "softplus, of the value": (lambda z: np.log1p(np.exp(z)), lambda y, z: sigmoid(z),
                               lambda y, z: sigmoid(y)),
    "sine, a sign": (lambda z: np.sin(z), lambda y, z: np.cos(z), lambda y, z: -np.cos(z)),
    "square, a forgotten 2": (lambda z: z * z, lambda y, z: 2 * z, lambda y, z: z),
    "arctan, a square": (lambda z: np.arctan(z), lambda y, z: 1 / (1 + z * z),
                         lambda y, z: 1 / (1 + z)),
    "bump, a sign": (lambda z: np.exp(-z * z), lambda y, z: -2 * z * y, lambda y, z: 2 * z * y),
    "tanh, 1 % too large": (lambda z: np.tanh(z), lambda y, z: 1 - y * y,
                            lambda y, z: 1.01 * (1 - y * y)),
    "tanh, 0.1 % too large": (lambda z: np.tanh(z), lambda y, z: 1 - y * y,
                            lambda y, z: 1.001 * (1 - y * y)),
}  # fmt: skip


def operations(wrong: bool) -> dict[str, Callable[[Any], Any]]:
    """Return each as an operation of the engine, with the right or with the wrong rule."""
    return {
        name: elementwise(f, planted if wrong else right, name=name)
        for name, (f, right, planted) in FAULTS.items()
    }


def net(activation: Callable[[Any], Any], labels: Any) -> Any:
    """Return the loss of a net of two layers as a function of images and weights."""

    def loss(images: Any, first: Any, second: Any) -> Any:
        logits = activation(images @ first) @ second
        return np.mean((logits - np.eye(10)[labels]) ** 2)

    return loss


def sees(f: Any, *args: Any) -> str:
    """Return what gradcheck says, nothing if it finds no fault."""
    try:
        gradcheck(f, *args, order=1)
    except GradcheckError as error:
        return str(error)
    return ""


def descent(f: Any, images: Any, first: Any, second: Any, steps: int) -> float:
    """Return the loss after steps along the gradient that the engine is told."""
    g = grad(f, argnums=(1, 2))
    with np.errstate(over="ignore", invalid="ignore"):  # a wrong one may lead to infinity
        for _ in range(steps):
            a, b = g(images, first, second)
            first, second = first - 0.1 * a, second - 0.1 * b
        return float(f(images, first, second))


def faults(images: Any, labels: Any, steps: int) -> dict[str, Any]:
    """Plant each fault, ask, and train with it."""
    rng = np.random.default_rng(0)
    first, second = rng.normal(size=(64, 8)) / 4, rng.normal(size=(8, 10)) / 3
    right, wrong = operations(False), operations(True)
    found: dict[str, dict[str, Any]] = {}
    for name in tqdm(FAULTS, desc="faults"):
        f, broken = net(right[name], labels), net(wrong[name], labels)
        said = sees(partial(broken, images), first, second)
        off = np.linalg.norm(grad(broken, 1)(images, first, second) - grad(f, 1)(
            images, first, second)) / np.linalg.norm(grad(f, 1)(images, first, second))  # fmt: skip
        found[name] = {
            "named": name in said, "seen": bool(said), "off": float(off),
            "alarm": bool(sees(partial(f, images), first, second)),
            "before": float(f(images, first, second)),
            "right": descent(f, images, first, second, steps),
            "wrong": descent(broken, images, first, second, steps),
        }  # fmt: skip
    return found


def modules(rng: np.random.Generator) -> dict[str, tuple[nn.Module, Any]]:
    """Return modules of every kind in float64, and an input for each."""
    made = {
        "Linear": (nn.Linear(6, 4), (3, 6)),
        "Conv1d": (nn.Conv1d(2, 3, 3), (2, 2, 8)),
        "Conv2d, strided": (nn.Conv2d(2, 3, 3, stride=2, padding=1), (2, 2, 7, 7)),
        "ConvTranspose2d": (nn.ConvTranspose2d(2, 2, 3), (1, 2, 4, 4)),
        "MaxPool2d": (nn.MaxPool2d(2), (2, 2, 6, 6)),
        "AvgPool2d": (nn.AvgPool2d(3, 2), (2, 2, 7, 7)),
        "LPPool2d": (nn.LPPool2d(2, 2), (2, 2, 6, 6)),
        "BatchNorm1d": (nn.BatchNorm1d(5), (6, 5)),
        "LayerNorm": (nn.LayerNorm(5), (3, 5)),
        "GroupNorm": (nn.GroupNorm(2, 4), (2, 4, 3)),
        "PReLU": (nn.PReLU(), (4, 5)),
        "Softmax": (nn.Softmax(dim=1), (3, 5)),
        "GRU": (nn.GRU(3, 4), (5, 2, 3)),
        "LSTM, both ways": (nn.LSTM(3, 4, bidirectional=True), (5, 2, 3)),
        "TransformerEncoderLayer": (nn.TransformerEncoderLayer(4, 2, 6, dropout=0.0), (3, 2, 4)),
    }
    return {name: (m.double(), rng.normal(size=s)) for name, (m, s) in made.items()}


def passing() -> dict[str, bool]:
    """Check modules that are right, in their inputs and in their parameters."""
    nn.manual_seed(0)
    found = {}
    for name, (module, x) in tqdm(modules(np.random.default_rng(1)).items(), desc="modules"):

        def first(x: Any, module: nn.Module = module) -> Any:
            y = module(x)
            return y[0] if isinstance(y, tuple) else y

        try:
            found[name] = gradcheck(first, x, order=1, parameters=list(module.parameters()))
        except GradcheckError as error:
            print(name, error)
            found[name] = False
    return found


def picture(path: Path, found: dict[str, dict[str, Any]]) -> Path:
    """Draw the losses after training with right and with wrong rules."""
    figure, axis = common.pyplot().subplots(figsize=(9, 4.6))
    places = np.arange(len(found))
    for key, colour, shift in (("right", common.BLUE, -0.2), ("wrong", common.ORANGE, 0.2)):
        axis.barh(places + shift, [r[key] for r in found.values()], 0.38, color=colour,
                  label=f"{key} derivative")  # fmt: skip
    before = [r["before"] for r in found.values()]
    axis.scatter(before, places, marker="|", s=120, color="black", label="before training")
    axis.set(xlabel="loss", xlim=(0, 1.1 * max(before)))
    axis.set_yticks(places, list(found))
    axis.invert_yaxis()
    axis.legend()
    return common.save(
        figure, path,
        "With most of these faults the loss still falls, so it does not tell that a derivative is "
        "wrong; the numerical check does, and names the operation.",
    )  # fmt: skip


def main(arguments: list[str] | None = None) -> list[common.Result]:
    """Run the example."""
    options = common.parse(common.parser(__doc__), arguments)
    images, _, labels, _ = common.digits()
    images, labels = images[:20].astype(np.float64), labels[:20]
    found = faults(images, labels, 20 if options.quick else 300)
    right = passing()
    named, seen = (sum(r[k] for r in found.values()) for k in ("named", "seen"))
    alarms = sum(r["alarm"] for r in found.values()) + sum(not ok for ok in right.values())
    learns = sum(r["wrong"] < r["before"] for r in found.values())
    least = min(r["off"] for r in found.values())
    results = [
        common.Result(
            "A10", "named", f"digit readers with a planted wrong derivative, {len(found)} kinds: "
            "operation named", named / len(found), f"{named} of {len(found)}",
            f"seen as wrong without a name {seen - named}; the smallest fault moves the gradient "
            f"by {least:.1%}",
        ),
        common.Result(
            "A10", "alarms", f"the same nets with right derivatives, and {len(right)} modules with "
            "their parameters: false alarms", float(alarms),
            f"{alarms} of {len(found) + len(right)}", "none",
        ),
        common.Result(
            "A10", "learns", "nets whose loss falls all the same in training by the wrong gradient",
            learns / len(found), f"{learns} of {len(found)}", "right gradients "
            f"{sum(r['right'] < r['before'] for r in found.values())} of {len(found)}",
        ),
    ]  # fmt: skip
    written = [picture(options.out / "checking.png", found)]
    return common.report(results, written, options)


if __name__ == "__main__":
    main()
