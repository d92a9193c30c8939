"""The worked example of back-propagation: five nodes, one iteration by hand (D3).

    python -m examples.five_nodes [--quick] [--out out]

Two inputs, two tanh units, one linear output, Euclidean loss, learning rate 0.2:
Torralba's exercise in Fergus's lecture.  Every derivative is first worked out by
hand, from the output back, and then asked of the engine.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

import optim
from autograd_core import Tensor, draw, gradients
from examples import common

WEIGHTS = {"w13": 1.0, "w23": -3.0, "w14": 0.2, "w24": 1.0, "w35": 1.0, "w45": -1.0}
X1, X2, DESIRED, RATE = 1.0, 0.1, 0.5, 0.2
PUBLISHED = {"w13": 1.02, "w23": -3.0, "w14": 0.17, "w24": 1.0, "w35": 1.02, "w45": -0.99}


def by_hand(w: dict[str, float]) -> tuple[dict[str, float], dict[str, float]]:
    """Return every node's value and its derivative, chain rule by chain rule."""
    z3 = w["w13"] * X1 + w["w23"] * X2
    z4 = w["w14"] * X1 + w["w24"] * X2
    h3, h4 = math.tanh(z3), math.tanh(z4)
    y = w["w35"] * h3 + w["w45"] * h4
    value = {"z3": z3, "z4": z4, "h3": h3, "h4": h4, "y": y, "C": (y - DESIRED) ** 2 / 2}

    d = {"C": 1.0}
    d["y"] = y - DESIRED  # the Euclidean loss
    d["h3"], d["h4"] = d["y"] * w["w35"], d["y"] * w["w45"]  # back through node 5
    d["z3"] = d["h3"] * (1 - h3 * h3)  # tanh'(z) = 1 - tanh(z)**2
    d["z4"] = d["h4"] * (1 - h4 * h4)
    d["w35"], d["w45"] = d["y"] * h3, d["y"] * h4  # out-going error times in-coming value
    d["w13"], d["w23"] = d["z3"] * X1, d["z3"] * X2
    d["w14"], d["w24"] = d["z4"] * X1, d["z4"] * X2
    return value, d


def by_engine(w: dict[str, float]) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Return every node of the same network, and its weights, recorded by the engine."""
    leaves = {name: Tensor(value, requires_grad=True) for name, value in w.items()}
    z3 = leaves["w13"] * X1 + leaves["w23"] * X2
    z4 = leaves["w14"] * X1 + leaves["w24"] * X2
    h3, h4 = np.tanh(z3), np.tanh(z4)
    y = leaves["w35"] * h3 + leaves["w45"] * h4
    loss = (y - DESIRED) ** 2 / 2
    return {"z3": z3, "z4": z4, "h3": h3, "h4": h4, "y": y, "C": loss}, leaves


def picture(path: Path, value: dict[str, float], d: dict[str, float], new: dict[str, float]) -> Any:
    """Draw the network with values, derivatives, and weights before and after."""
    plt = common.pyplot()
    figure, axis = plt.subplots(figsize=(9, 5))
    places = {"1": (0, 1), "2": (0, 0), "3": (1, 1), "4": (1, 0), "5": (2, 0.5)}
    for name, before in WEIGHTS.items():
        (xa, ya), (xb, yb) = places[name[1]], places[name[2]]
        axis.plot([xa, xb], [ya, yb], color=common.GREY, zorder=1)
        along = 0.3 if name in ("w23", "w14") else 0.5
        axis.text(
            xa + along * (xb - xa),
            ya + along * (yb - ya),
            f"{name}: {before:g} → {new[name]:.2f}\ngradient {d[name]:+.4f}",
            ha="center",
            va="center",
            fontsize=9,
            bbox={"color": "white", "pad": 1},
        )
    about = {
        "1": f"{X1:g}",
        "2": f"{X2:g}",
        "3": f"tanh({value['z3']:.1f})\n= {value['h3']:.3f}",
        "4": f"tanh({value['z4']:.1f})\n= {value['h4']:.3f}",
        "5": f"{value['y']:.3f}\nwanted {DESIRED:g}",
    }
    back = {"3": d["z3"], "4": d["z4"], "5": d["y"]}
    for name, (x, y) in places.items():
        axis.scatter([x], [y], s=4200, color="white", edgecolor="black", zorder=2)
        axis.text(x, y, about[name], ha="center", va="center", color=common.BLUE, zorder=3)
        axis.text(x, y + 0.22, f"node {name}", ha="center", fontsize=9)
        if name in back:
            axis.text(x, y - 0.26, f"dC/dz = {back[name]:+.4f}", ha="center", color=common.ORANGE)
    axis.set(xlim=(-0.3, 2.3), ylim=(-0.35, 1.35))
    axis.axis("off")
    axis.set_title("One iteration of back-propagation")
    return common.save(
        figure,
        path,
        "Values (blue) travel to the right, derivatives with respect to what "
        "goes into a node (orange) back to the left; a weight's "
        "gradient is the value where its edge begins times the derivative where it ends.",
    )


def main(arguments: list[str] | None = None) -> list[common.Result]:
    """Run the example."""
    options = common.parse(common.parser(__doc__), arguments)
    value, d = by_hand(WEIGHTS)
    nodes, leaves = by_engine(WEIGHTS)
    asked = {**nodes, **leaves}
    found = dict(zip(asked, gradients(nodes["C"], list(asked.values())), strict=True))
    difference = max(abs(found[name].item() - d[name]) for name in d)
    difference = max([difference] + [abs(nodes[n].item() - v) for n, v in value.items()])

    nodes["C"].backward()
    drawing = draw(nodes["C"])
    optim.SGD(leaves.values(), lr=RATE).step()
    new = {name: leaf.item() for name, leaf in leaves.items()}
    difference = max(
        [difference] + [abs(new[name] - (w - RATE * d[name])) for name, w in WEIGHTS.items()]
    )

    print(f"{'node':>4} {'value':>9} {'derivative':>11} {'engine':>11}")
    for name in d:
        number = value.get(name, WEIGHTS.get(name))
        print(f"{name:>4} {number:9.4f} {d[name]:11.6f} {found[name].item():11.6f}")
    print("\nAfter one iteration: " + ", ".join(f"{n} = {v:.2f}" for n, v in new.items()))

    losses = [value["C"]]
    w = WEIGHTS
    for _ in tqdm(range(20), desc="iterations"):
        slopes = by_hand(w)[1]
        w = {name: v - RATE * slopes[name] for name, v in w.items()}
        losses.append(by_hand(w)[0]["C"])
    agree = sum(round(new[name], 2) == PUBLISHED[name] for name in new)
    results = [
        common.Result(
            "D3",
            "difference",
            "five nodes, by hand against the engine: values, derivatives, new weights",
            difference,
            f"differ by at most {difference:.0e}",
            "float64's rounding, 1e-16",
        ),
        common.Result(
            "D3",
            "published",
            "the six weights after one iteration",
            float(agree),
            f"{agree} of 6 as published, to its two digits",
            "Torralba's slide: " + ", ".join(f"{v:g}" for v in PUBLISHED.values()),
        ),
        common.Result(
            "D3",
            "loss",
            "loss after 20 iterations",
            losses[-1],
            f"{losses[-1]:.1e}",
            f"{losses[0]:.4f} before, {losses[1]:.4f} after one",
        ),
    ]
    written = [picture(options.out / "five_nodes.png", value, d, new)]
    written.append(drawing.save(options.out / "five_nodes.txt"))
    return common.report(results, written, options)


if __name__ == "__main__":
    main()
