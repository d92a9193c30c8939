"""Dropout as an average over thinned nets, and the rescaling that stands for it (B6, E6).

    python -m examples.dropout_averages [--quick] [--out out]

Every training step thins the net anew, so dropout trains 2^n nets that share weights.
At test time the full net answers, its weights multiplied by the share p that was kept.
With one layer of dropped units below a softmax, that is exactly the renormalized
geometric mean of all 2^n nets; here all of them are computed.  In deeper nets it is an
approximation, measured against the mean of many thinned nets on real digits.
"""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

import nn
from autograd_core import Tensor, no_grad
from examples import common
from nn.models import MLP

KEPT, SMALL, WIDTH = 0.5, 12, 100


def train(
    split: Any, sizes: list[int], dropout: float, epochs: int, seed: int, few: int = 300
) -> MLP:
    """Train on a few digits, so that there is something to overfit."""
    images, _, labels, _ = split
    chosen = common.few_of_each(labels, few, seed)
    nn.manual_seed(seed)
    model = MLP(sizes, nn.ReLU, dropout=dropout)
    loader = nn.DataLoader((images[chosen], labels[chosen]), 25, shuffle=True, seed=seed)
    common.one_cycle(model, loader, epochs, 5e-3, f"dropout {dropout}, seed {seed}")
    return model


def probabilities(model: Any, x: Any) -> Any:
    """Return the model's probabilities in the mode that it is in."""
    with no_grad():
        return nn.functional.softmax(model(Tensor(x))).data


def all_thinned(model: MLP, x: Any) -> tuple[Any, Any]:
    """Return the means of all thinned nets' probabilities: arithmetic, renormalized geometric.

    Each unit of the one hidden layer is there or not: 2^n nets, computed one by one in float64.
    """
    first, last = model.linears()
    w1, b1, w2, b2 = (p.data.astype(np.float64) for p in (*first.parameters(), *last.parameters()))
    hidden = np.maximum(x @ w1.T + b1, 0) / (1 - (1 - KEPT))  # as nn.Dropout scales in training
    total, logs = 0.0, 0.0
    masks = list(itertools.product((0.0, 1.0), repeat=len(b1)))
    for mask in tqdm(masks, desc="thinned nets", unit="net"):
        z = (hidden * mask) @ w2.T + b2
        z -= z.max(axis=1, keepdims=True)
        log_p = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
        total, logs = total + np.exp(log_p), logs + log_p
    geometric = np.exp(logs / len(masks))
    return total / len(masks), geometric / geometric.sum(axis=1, keepdims=True)


def by_hand(model: MLP, x: Any) -> Any:
    """Return the full net's answer as Strang has it: trained weights out of a unit times p.

    `nn.Dropout` divides by p in training instead, so its weights are p times those.
    """
    first, last = model.linears()
    with no_grad():
        hidden = np.maximum(first(Tensor(x)), 0)
        trained = last.weight.data / KEPT  # what training without the division would have
        return nn.functional.softmax(hidden @ (KEPT * trained).T + last.bias).data


def negative_log_likelihood(p: Any, labels: Any) -> float:
    """Return the mean of -log p of the right label."""
    return float(-np.mean(np.log(np.maximum(p[np.arange(len(p)), labels], 1e-12))))


def monte_carlo(model: MLP, x: Any, counts: list[int]) -> dict[int, Any]:
    """Return the mean probabilities of so many thinned nets, drawn at random."""
    model.train()
    found, total = {}, np.zeros(())
    for k in range(1, max(counts) + 1):
        total = total + probabilities(model, x)
        if k in counts:
            found[k] = total / k
    model.eval()
    return found


def doubled(model: MLP, x: Any) -> Any:
    """Return the full net's answer without rescaling: every layer hears twice too much."""
    model.eval()
    with no_grad():
        h = Tensor(x)
        *hidden, last = model.linears()
        for layer in hidden:
            h = np.maximum(layer(h), 0) / KEPT
        return nn.functional.softmax(last(h)).data


def measured(
    split: Any, epochs: int, seeds: int, counts: list[int]
) -> dict[str, dict[str, list[float]]]:
    """Return accuracy and negative log-likelihood of each way to answer, one for each seed."""
    _, held_out, _, labels = split
    sizes = [64, WIDTH, WIDTH, 10]
    found: dict[str, dict[str, list[float]]] = {}
    for seed in range(seeds):
        model = train(split, sizes, 1 - KEPT, epochs, seed).eval()
        ways = {
            "no dropout": probabilities(train(split, sizes, 0.0, epochs, seed).eval(), held_out),
            "rescaled": probabilities(model, held_out),
            "not rescaled": doubled(model, held_out),
        }
        ways |= {f"{k} nets": p for k, p in monte_carlo(model, held_out, counts).items()}
        for way, p in ways.items():
            row = found.setdefault(way, {"accuracy": [], "nll": []})
            row["accuracy"].append(float(np.mean(p.argmax(axis=1) == labels)))
            row["nll"].append(negative_log_likelihood(p, labels))
    return found


def picture(path: Path, found: dict[str, dict[str, list[float]]], counts: list[int]) -> Path:
    """Draw both measures against the number of nets averaged."""
    figure, axes = common.pyplot().subplots(1, 2, figsize=(10, 4.2))
    for axis, key, label, scale in zip(
        axes,
        ("accuracy", "nll"),
        ("held-out digits read right, %", "negative log-likelihood"),
        (100, 1),
        strict=True,
    ):
        curve = [scale * np.mean(found[f"{k} nets"][key]) for k in counts]
        axis.semilogx(counts, curve, "o-", color=common.BLUE, label="mean of thinned nets")
        for way, colour, style in (
            ("rescaled", common.ORANGE, "-"),
            ("no dropout", common.GREY, "--"),
        ):
            axis.axhline(scale * np.mean(found[way][key]), color=colour, ls=style, label=way)
        axis.set(xlabel="thinned nets in the mean", ylabel=label)
    axes[0].legend()
    return common.save(
        figure,
        path,
        "A single thinned net is poor. The mean of many comes close to the full net with rescaled "
        "weights, which costs one pass.",
    )


def main(arguments: list[str] | None = None) -> list[common.Result]:
    """Run the example."""
    options = common.parse(common.parser(__doc__), arguments)
    split = common.digits()
    epochs, seeds, counts = (15, 2, [1, 10, 100]) if options.quick else (60, 5, [1, 3, 10, 30, 300])
    units = 8 if options.quick else SMALL
    small = train(split, [64, units, 10], 1 - KEPT, epochs, 0).eval()
    x = split[1].astype(np.float64)
    arithmetic, geometric = all_thinned(small, x)
    small = small.double()
    exact = float(np.abs(probabilities(small, x) - geometric).max())
    strang = float(np.abs(by_hand(small, x) - geometric).max())
    other = float(np.abs(probabilities(small, x) - arithmetic).max())
    found = measured(split, epochs, seeds, counts)
    most = f"{counts[-1]} nets"

    def says(way: str) -> str:
        row = found[way]
        return f"{common.mean_and_error(row['accuracy'])}, NLL {np.mean(row['nll']):.3f}"

    results = [
        common.Result(
            "B6, E6",
            "exact",
            f"one layer of {units} dropped units: full net with rescaled weights against the "
            f"geometric mean of all {2**units:,} thinned nets",
            max(exact, strang),
            f"probabilities differ by at most {max(exact, strang):.0e}",
            f"from their arithmetic mean by up to {other:.2f}",
        ),
        common.Result(
            "B6, E6",
            "rescaled",
            f"two layers of {WIDTH}, 300 digits, {seeds} seeds: full net, rescaled, one pass",
            float(np.mean(found["rescaled"]["accuracy"])),
            says("rescaled"),
            f"trained without dropout {says('no dropout')}",
        ),
        common.Result(
            "B6, E6",
            "average",
            f"the same: mean of {most} drawn at random",
            float(np.mean(found[most]["accuracy"])),
            f"{says(most)}; over the rescaled net "
            f"{common.points(found[most]['accuracy'], found['rescaled']['accuracy'])}",
            f"one thinned net {says('1 nets')}",
        ),
        common.Result(
            "B6, E6",
            "not rescaled",
            "the same: full net without the rescaling",
            float(np.mean(found["not rescaled"]["nll"]) - np.mean(found["rescaled"]["nll"])),
            says("not rescaled"),
            f"rescaled {says('rescaled')}",
        ),
    ]
    written = [picture(options.out / "dropout_averages.png", found, counts)]
    return common.report(results, written, options)


if __name__ == "__main__":
    main()
