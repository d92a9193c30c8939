"""What is wrong in here?  Faults of training, told from what the layers do (C11).

    python -m examples.inspection [--quick] [--out out]

A digit reader is trained in seven ways, six of which have a fault: a rate so high that units
die, saturated sigmoids, gradients that vanish, gradients that explode, hidden units that are
alike, and no learning at all.  `nn.LayerStatistics` looks on in the first epochs; from its
numbers alone, and with the same thresholds for all, the fault is named.  It is the same numbers
that the documents look at: activity, sparsity and correlation of hidden units, dead ReLUs, and
the gradient layer by layer.  Then parameters and operations of a convolutional net are counted,
and held against a count by hand; a picture shows what the first layer looks for.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import nn
import optim
from examples import common

Make = Callable[[], nn.Sequential]


def deep(activation: Any, layers: int, size: float, hidden: int = 40) -> nn.Sequential:
    """Return a net; its weights have `size` times the deviation 1 / sqrt(fan-in)."""
    made: list[nn.Module] = []
    for k in range(layers):
        linear = nn.Linear(64 if k == 0 else hidden, hidden)
        nn.init.normal_(linear.weight, 0.0, size * linear.weight.shape[1] ** -0.5)
        nn.init.zeros_(linear.bias)
        made += [linear, activation()]
    return nn.Sequential(*made, nn.Linear(hidden, 10))


def alike(net: nn.Sequential) -> nn.Sequential:
    """Return the net with all hidden units begun alike."""
    for p in net.parameters():
        p.data[...] = 0.05
    return net


@dataclass
class Way:
    """A net, and the rate it is trained at."""

    make: Make
    rate: float = 0.1


WAYS: dict[str, Way] = {
    "none": Way(lambda: deep(nn.ReLU, 2, 1.4)),
    "dead units": Way(lambda: deep(nn.ReLU, 2, 1.4), 3.0),
    "saturated units": Way(lambda: deep(nn.Sigmoid, 1, 30.0)),
    "vanishing gradients": Way(lambda: deep(nn.Sigmoid, 6, 1.0)),
    "exploding gradients": Way(lambda: deep(nn.ReLU, 6, 4.0), 1e-7),
    "units alike": Way(lambda: alike(deep(nn.Sigmoid, 1, 1.0))),
    "no learning": Way(lambda: deep(nn.ReLU, 2, 1.4), 1e-7),
}


def named(model: nn.Sequential, records: Any, losses: list[float]) -> str:
    """Return the fault that these numbers tell; the order is from the inside to the outside."""
    last, first = records[-1], records[0]
    linears = [n for n, m in model.named_modules() if isinstance(m, nn.Linear)]
    acting = [n for n, m in model.named_modules() if isinstance(m, nn.ReLU | nn.Sigmoid)]
    dead = max(last["layers"][n]["dead"] for n in acting)
    spread = max(last["layers"][n]["correlation"] for n in acting)
    inputs = max(first["layers"][n]["std"] for n in linears[:-1])
    # a weight's gradient, relative to its size: what a step changes of it
    moves = [
        first["parameters"][f"{n}.weight"]["gradient"] / first["parameters"][f"{n}.weight"]["value"]
        for n in linears
    ]
    if dead > 0.5:
        return "dead units"
    if spread > 0.999:
        return "units alike"
    if max(moves) > 100:
        return "exploding gradients"
    if any(isinstance(m, nn.Sigmoid) for m in model) and inputs > 8:
        return "saturated units"
    if moves[0] < 1e-3 * moves[-1]:
        return "vanishing gradients"
    return "no learning" if losses[-1] > 0.99 * losses[0] else "none"


def looked_at(way: Way, seed: int, epochs: int) -> dict[str, Any]:
    """Train for some epochs and look on."""
    images, test, labels, test_labels = common.digits()
    nn.manual_seed(seed)
    model = way.make()
    statistics = nn.LayerStatistics(every=5)
    trainer = nn.Trainer(
        model, nn.CrossEntropyLoss(), optim.SGD(model.parameters(), lr=way.rate),
        callbacks=[statistics], progress=False,
    )  # fmt: skip
    loader = nn.DataLoader((images, labels), 32, shuffle=True, seed=seed)
    history = trainer.fit(loader, epochs=epochs)
    losses = [row["loss"] for row in history]
    return {
        "named": named(model, statistics.records, losses), "model": model,
        "share": common.accuracy(model, test, test_labels), "last": statistics.records[-1],
    }  # fmt: skip


def counted() -> dict[str, float]:
    """Count a convolutional net's parameters and operations, and do the same by hand."""
    model = nn.Sequential(
        nn.Conv2d(1, 20, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(20, 40, 5), nn.ReLU(),
        nn.MaxPool2d(2), nn.Flatten(), nn.Linear(640, 100), nn.ReLU(), nn.Linear(100, 10),
    )  # fmt: skip
    found = nn.summary(model, np.zeros((1, 1, 28, 28), np.float32))
    parameters = 20 * 26 + 40 * (20 * 25 + 1) + 100 * 641 + 10 * 101
    # a multiply-add counts as two; then biases, ReLUs, and the comparisons of the pools
    products = 2 * (576 * 20 * 25 + 64 * 40 * 500 + 640 * 100 + 100 * 10)
    return {
        "parameters": found.parameters, "by hand": parameters, "flops": found.flops,
        "products": products, "share": products / found.flops,
    }  # fmt: skip


def picture(path: Path, found: dict[str, dict[str, Any]]) -> Path:
    """Draw what the sound net's first layer looks for, and how active each net's units are."""
    figure, (left, axis) = common.pyplot().subplots(1, 2, figsize=(11, 4.6))
    weights = found["none"]["model"][0].weight.data[:16].reshape(4, 4, 8, 8)
    framed = np.pad(weights, ((0, 0), (0, 0), (1, 1), (1, 1)))
    left.imshow(framed.transpose(0, 2, 1, 3).reshape(40, 40), cmap="RdBu_r")
    left.axis("off")
    places = np.arange(len(found))
    colours = {"dead": common.ORANGE, "sparsity": common.BLUE, "correlation": "black"}
    for (key, colour), shift in zip(colours.items(), (-0.25, 0.0, 0.25), strict=True):
        values = [each["last"]["layers"]["1"][key] for each in found.values()]
        axis.barh(places + shift, values, 0.22, color=colour, label=key)
    axis.set_yticks(places, list(found), fontsize=8)
    axis.set(xlabel="of the first hidden layer, last epoch", xlim=(0, 1.05))
    axis.invert_yaxis()
    axis.legend(fontsize=8)
    return common.save(
        figure, path,
        "Left: weights of sixteen units of the net without a fault. Right: dead units, share of "
        "zeros, and correlation between units.",
    )  # fmt: skip


def main(arguments: list[str] | None = None) -> list[common.Result]:
    """Run the example."""
    options = common.parse(common.parser(__doc__), arguments)
    seeds, epochs = (range(1), 3) if options.quick else (range(10), 6)
    runs = {name: [looked_at(way, s, epochs) for s in seeds] for name, way in WAYS.items()}
    for name, each in runs.items():
        told = sorted({run["named"] for run in each})
        print(f"{name}: named {', '.join(told)}; digits {np.mean([r['share'] for r in each]):.1%}")
    right = sum(run["named"] == name for name, each in runs.items() for run in each)
    total = len(WAYS) * len(seeds)
    sound = [run["share"] for run in runs["none"]]
    faulty = [run["share"] for name, each in runs.items() if name != "none" for run in each]
    count = counted()
    layer = {name: each[0]["last"]["layers"]["1"] for name, each in runs.items()}
    results = [
        common.Result(
            "C11", "named",
            f"six faults of training and none, {len(seeds)} starts each, told from "
            f"{epochs} epochs of layer statistics", right / total, f"{right} of {total} named",
            f"a guess 1 in {len(WAYS)}; digits read without a fault "
            f"{common.mean_and_error(sound)}, with one {np.mean(faulty):.1%}",
        ),
        common.Result(
            "C11", "dead", "units of the first layer that are off for every image, rate 3",
            layer["dead units"]["dead"], f"{layer['dead units']['dead']:.0%}",
            f"rate 0.1: {layer['none']['dead']:.0%}",
        ),
        common.Result(
            "C11", "correlation", "correlation between hidden units that began alike",
            layer["units alike"]["correlation"], f"{layer['units alike']['correlation']:.3f}",
            f"drawn at random {layer['none']['correlation']:.3f}",
        ),
        common.Result(
            "C11", "parameters", "Nielsen's convolutional net, 28 by 28: parameters; operations "
            "of a forward pass", count["parameters"] - count["by hand"],
            f"{count['parameters']:,}; {count['flops']:,.0f}",
            f"by hand {count['by hand']:,}; products and sums alone {count['products']:,}, "
            f"{count['share']:.1%}",
        ),
    ]  # fmt: skip
    found = {name: each[0] for name, each in runs.items()}
    written = [picture(options.out / "inspection.png", found)]
    return common.report(results, written, options)


if __name__ == "__main__":
    main()
