"""Every layer, activation and loss of the documents (B1, B2, B3, B4, B5, B7, B8).

    python -m examples.layers [--quick] [--out out]

Each is run on real digits in float64.  Its values are those of SciPy, of scikit-learn, or of
the formula as the documents write it, in plain NumPy; its derivatives, to the input and to
every parameter, are held against differences of that other program.  A loss and its last
activation go together: what comes out of both must be the error itself.  Batch normalization
is trained, and what it has gathered is held against the mean and variance of the data.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from scipy.signal import correlate2d
from scipy.special import expit, log_softmax, rel_entr, softmax
from scipy.stats import entropy
from sklearn.metrics import hinge_loss, log_loss, mean_squared_error

import nn
from autograd_core import Tensor, no_grad
from examples import common


@dataclass
class Check:
    """A module, its input, and the same computation by other means: values and parameters in."""

    row: str
    name: str
    module: Any
    x: Any
    other: Callable[..., Any]


def differences(f: Callable[[float], Any]) -> float:
    """Return the derivative at 0, by four points; the error is of order h^4."""
    h = 1e-5
    return float((8 * (f(h) - f(-h)) - (f(2 * h) - f(-2 * h))) / (12 * h))


def apart(check: Check, directions: int) -> tuple[float, float]:
    """Return the largest distances: of the values, and of derivatives along directions."""
    rng = np.random.default_rng(0)
    x = Tensor(check.x, requires_grad=True)
    y = check.module(x)
    y = y[0] if isinstance(y, tuple) else y
    parameters = list(check.module.parameters())
    values = [p.data.copy() for p in parameters]
    expected = check.other(check.x, *values)
    weights = rng.normal(size=np.shape(expected))
    np.sum(y * weights).backward()
    slopes = [np.asarray(t.grad) if t.grad is not None else 0.0 * t.data for t in (x, *parameters)]
    worst = 0.0
    for _ in range(directions):
        moves = [rng.normal(size=g.shape) for g in slopes]

        def moved(h: float, moves: Any = moves) -> Any:
            args = [a + h * d for a, d in zip((check.x, *values), moves, strict=True)]
            return np.sum(check.other(*args) * weights)

        told = sum(np.sum(g * d) for g, d in zip(slopes, moves, strict=True))
        size = sum(np.abs(g * d).sum() for g, d in zip(slopes, moves, strict=True)) + 1e-3
        worst = max(worst, abs(differences(moved) - told) / size)
    return float(np.abs(y.data - expected).max()), float(worst)


def convolved(stride: int, padding: int) -> Callable[..., Any]:
    """Return a convolution by SciPy: images (n, c, h, w), weights (out, c, k, k), biases."""

    def run(x: Any, weight: Any, bias: Any) -> Any:
        padded = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))

        def one(image: Any, kernels: Any) -> Any:
            found = sum(correlate2d(c, k, "valid") for c, k in zip(image, kernels, strict=True))
            return found[::stride, ::stride]

        return np.stack(
            [[one(i, k) + b for k, b in zip(weight, bias, strict=True)] for i in padded]
        )

    return run


def windows(x: Any, size: int, stride: int) -> Any:
    """Return the windows of images, each in the last two axes."""
    return sliding_window_view(x, (size, size), axis=(2, 3))[:, :, ::stride, ::stride]


def elman(x: Any, wx: Any, wh: Any, bx: Any, bh: Any) -> Any:
    """Return the states of a recurrent layer: x_in, x_recur, x_out."""
    h, states = np.zeros((x.shape[1], len(wh))), []
    for step in x:
        h = np.tanh(step @ wx.T + bx + h @ wh.T + bh)
        states.append(h)
    return np.stack(states)


def memory(x: Any, wx: Any, wh: Any, bx: Any, bh: Any) -> Any:
    """Return the outputs of a layer of memory cells (LSTM), one way."""
    units = wh.shape[1]
    h = c = np.zeros((x.shape[1], units))
    states = []
    for step in x:
        z = step @ wx.T + bx + h @ wh.T + bh
        enter, forget, out = (expit(z[:, k * units : (k + 1) * units]) for k in (0, 1, 3))
        c = forget * c + enter * np.tanh(z[:, 2 * units : 3 * units])
        h = out * np.tanh(c)
        states.append(h)
    return np.stack(states)


def both_ways(x: Any, *weights: Any) -> Any:
    """Return the outputs of memory cells that read forward, and of those that read backward."""
    back = memory(x[::-1], *weights[4:])[::-1]
    return np.concatenate([memory(x, *weights[:4]), back], axis=2)


def attended(x: Any, inner: Any, bias: Any, outer: Any, shift: Any) -> Any:
    """Return attention with two heads of a sequence (length, batch, features) to itself."""
    features = x.shape[2]
    q, k, v = (
        (x @ w.T + b).transpose(1, 0, 2).reshape(x.shape[1], x.shape[0], 2, -1)
        for w, b in zip(np.split(inner, 3), np.split(bias, 3), strict=True)
    )
    scores = np.einsum("nihd,njhd->nhij", q, k) / np.sqrt(features / 2)
    mixed = np.einsum("nhij,njhd->nihd", softmax(scores, axis=-1), v)
    return mixed.reshape(x.shape[1], x.shape[0], features).transpose(1, 0, 2) @ outer.T + shift


class Itself(nn.Module):
    """Self-attention, given its input once."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(features, 2)

    def forward(self, x: Any) -> Any:
        """Apply it: shape (length, batch, features) in and out."""
        return self.attention(x, x, x)[0]


class Skip(nn.Module):
    """x + a layer of it."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.layer = nn.Linear(features, features)

    def forward(self, x: Any) -> Any:
        """Apply it: the same shape in and out."""
        return x + nn.functional.relu(self.layer(x))


class Beside(nn.Module):
    """A loss with its targets, as a module of one input."""

    def __init__(self, loss: Any, *targets: Any) -> None:
        super().__init__()
        self.loss, self.targets = loss, targets

    def forward(self, x: Any) -> Any:
        """Apply it: logits in, a number out."""
        return self.loss(x, *self.targets)


def layers(images: Any) -> list[Check]:
    """Return the layers and activations; images of 8 by 8 with one channel."""
    flat, square = images[:, 0].reshape(len(images), -1), images
    z = 4 * (flat[:, 20:30] - 0.4)  # on both sides of every kink
    deep = np.concatenate([square, square[::-1]], axis=1)
    rows = images[:, 0].transpose(1, 0, 2)  # read row by row
    return [
        Check("B1", "Linear", nn.Linear(64, 5), flat, lambda x, w, b: x @ w.T + b),
        Check("B2", "Identity", nn.Identity(), z, lambda x: x),
        Check("B2", "Step", nn.Step(), z, lambda x: np.heaviside(x, 0.0)),
        Check("B2", "Sigmoid", nn.Sigmoid(), z, expit),
        Check("B2", "Tanh", nn.Tanh(), z, lambda x: 2 * expit(2 * x) - 1),
        Check("B2", "ReLU", nn.ReLU(), z, lambda x: np.where(x > 0, x, 0)),
        Check("B2", "LeakyReLU", nn.LeakyReLU(0.1), z, lambda x: np.where(x > 0, x, 0.1 * x)),
        Check("B2", "PReLU, slope learned", nn.PReLU(), z, lambda x, a: np.where(x > 0, x, a * x)),
        Check("B2", "Softmax, beta = 3", nn.Softmax(dim=1, temperature=1 / 3), z,
              lambda x: softmax(3 * x, axis=1)),
        Check("B4", "Conv2d", nn.Conv2d(2, 3, 3), deep, convolved(1, 0)),
        Check("B4", "Conv2d, stride 2, padding 2", nn.Conv2d(2, 3, 3, stride=2, padding=2), deep,
              convolved(2, 2)),
        Check("B4", "MaxPool2d", nn.MaxPool2d(2), square, lambda x: windows(x, 2, 2).max((-2, -1))),
        Check("B4", "MaxPool2d, overlapping", nn.MaxPool2d(3, 2), square,
              lambda x: windows(x, 3, 2).max((-2, -1))),
        Check("B4", "AvgPool2d", nn.AvgPool2d(2), square,
              lambda x: windows(x, 2, 2).mean((-2, -1))),
        Check("B4", "LPPool2d, L2", nn.LPPool2d(2, 2), square,
              lambda x: np.sqrt((windows(x, 2, 2) ** 2).sum((-2, -1)))),
        Check("B7", "skip connection", Skip(64), flat,
              lambda x, w, b: x + np.maximum(x @ w.T + b, 0)),
        Check("B7", "MultiheadAttention", Itself(8), rows, attended),
        Check("B8", "RNN", nn.RNN(8, 5), rows, elman),
        Check("B8", "LSTM", nn.LSTM(8, 5), rows, memory),
        Check("B8", "LSTM, both ways", nn.LSTM(8, 5, bidirectional=True), rows, both_ways),
    ]  # fmt: skip


def losses(images: Any, labels: Any) -> list[Check]:
    """Return the losses on logits of ten classes, and scikit-learn's, SciPy's or the formula."""
    z = images[:, 0].reshape(len(images), -1) @ np.random.default_rng(3).normal(size=(64, 10)) / 4
    hot, n = np.eye(10)[labels], len(labels)
    signs, soft = np.where(hot > 0, 1, -1), softmax(z[::-1], axis=1)
    made = {
        "MSELoss": (nn.MSELoss(), (hot,), lambda x: mean_squared_error(hot, x)),
        "HalfSquaredError": (nn.HalfSquaredError(), (hot,),
                             lambda x: ((x - hot) ** 2).sum() / (2 * n)),
        "HingeLoss": (nn.HingeLoss(), (signs,),
                      lambda x: hinge_loss(signs.ravel(), x.ravel())),
        "NLLLoss": (lambda x, t: nn.NLLLoss()(nn.functional.log_softmax(x, 1), t), (labels,),
                    lambda x: -log_softmax(x, axis=1)[np.arange(n), labels].mean()),
        "CrossEntropyLoss": (nn.CrossEntropyLoss(), (labels,),
                             lambda x: log_loss(labels, softmax(x, axis=1), labels=range(10))),
        "BCEWithLogitsLoss": (nn.BCEWithLogitsLoss(), (hot,),
                              lambda x: log_loss(hot.ravel(), expit(x).ravel())),
        "KLDivLoss": (lambda x, t: nn.KLDivLoss(reduction="batchmean")(
            nn.functional.log_softmax(x, 1), t), (soft,),
            lambda x: rel_entr(soft, softmax(x, axis=1)).sum() / n),
        "EntropyLoss": (nn.EntropyLoss(), (), lambda x: entropy(softmax(x, axis=1), axis=1).mean()),
    }  # fmt: skip
    return [Check("B3", k, Beside(f, *t), z, other) for k, (f, t, other) in made.items()]


def together(labels: Any) -> float:
    """Return how far dL/dz is from the error of softmax and of sigmoid, scaled by the number."""
    rng, hot = np.random.default_rng(4), np.eye(10)[labels]
    worst = 0.0
    for loss, targets, other in (
        (nn.CrossEntropyLoss(reduction="sum"), labels, lambda z: softmax(z, axis=1) - hot),
        (nn.BCEWithLogitsLoss(reduction="sum"), hot, lambda z: expit(z) - hot),
    ):
        for scale in (1.0, 30.0):  # saturated too
            z = Tensor(scale * rng.normal(size=hot.shape), requires_grad=True)
            loss(z, targets).backward()
            worst = max(worst, float(np.abs(np.asarray(z.grad) - other(z.data)).max()))
    return worst


def embedded(images: Any) -> tuple[float, float]:
    """Return how far an embedding is from the product with rows of the identity, and its slope."""
    words = (images[:, 0].reshape(len(images), -1)[:, 20:24] * 16).astype(int)
    layer = nn.Embedding(17, 6).double()
    weights = np.random.default_rng(5).normal(size=(*words.shape, 6))
    np.sum(layer(words) * weights).backward()
    hot = np.eye(17)[words]
    return (
        float(np.abs(layer(words).data - hot @ layer.weight.data).max()),
        float(np.abs(np.asarray(layer.weight.grad)
                     - np.einsum("nwk,nwf->kf", hot, weights)).max()),
    )  # fmt: skip


def normalized(images: Any, epochs: int) -> dict[str, float]:
    """Train batch normalization with its gain and shift; hold it against the data's statistics."""
    x = images.reshape(len(images), -1)[:, 2:6]
    layer = nn.BatchNorm1d(4).double()
    layer.weight.data[...], layer.bias.data[...] = [1, 2, 3, 4], [4, 3, 2, 1]
    batch = x[:50]
    formula = (batch - batch.mean(0)) / np.sqrt(batch.var(0) + layer.eps)
    gap = np.abs(layer(Tensor(batch)).data - (formula * [1, 2, 3, 4] + [4, 3, 2, 1])).max()
    rng = np.random.default_rng(0)
    layer.momentum = None  # the mean of all batches, not one that forgets
    layer.reset_running_stats()
    for _ in range(epochs):
        order = rng.permutation(len(x))
        for begin in range(0, len(x) - 50, 50):
            layer(Tensor(x[order[begin : begin + 50]]))
    mean = np.abs(layer.running_mean - x.mean(0)).max() / x.std()
    variance = np.abs(layer.running_var / x.var(0, ddof=1) - 1).max()
    layer.eval()
    with no_grad():
        alone = np.abs(layer(Tensor(x[:1])).data - layer(Tensor(x)).data[:1]).max()
    return {"gap": float(gap), "mean": float(mean), "variance": float(variance),
            "alone": float(alone)}  # fmt: skip


def picture(path: Path, found: dict[str, tuple[float, float]]) -> Path:
    """Draw both distances of every module."""
    figure, axis = common.pyplot().subplots(figsize=(9, 7.5))
    places = np.arange(len(found))
    for k, colour, label in ((0, common.BLUE, "values"), (1, common.ORANGE, "derivatives")):
        axis.scatter([max(v[k], 1e-18) for v in found.values()], places, color=colour, label=label)
    axis.set(xscale="log", xlabel="largest distance from the other program (0 at 1e-18)")
    axis.set_yticks(places, list(found), fontsize=8)
    axis.invert_yaxis()
    axis.legend()
    return common.save(
        figure, path,
        "Values and derivatives of every layer, activation and loss beside SciPy, scikit-learn or "
        "the formula. Differences of four points are good to about 1e-10.",
    )  # fmt: skip


def main(arguments: list[str] | None = None) -> list[common.Result]:
    """Run the example."""
    options = common.parse(common.parser(__doc__), arguments)
    nn.manual_seed(0)
    images, _, labels, _ = common.digits()
    images = images.reshape(-1, 1, 8, 8).astype(np.float64)
    rng = np.random.default_rng(6)
    few = images[:12] + 0.05 * rng.normal(size=images[:12].shape)  # no ties between pixels
    found: dict[str, dict[str, tuple[float, float]]] = {}
    for check in layers(few) + losses(few, labels[:12]):
        check.module.double()
        distance = apart(check, 2 if options.quick else 20)
        found.setdefault(check.row, {})[check.name] = distance
    found["B7"]["Embedding"] = embedded(images[:12])
    both = together(labels[:12])
    norm = normalized(images, 4 if options.quick else 40)
    what = {
        "B1": "linear module: forward; backward to input, weights, bias",
        "B2": "activations, PReLU's learned slope, softmax with beta",
        "B3": "losses", "B4": "convolution with strides and padding, max, average, L2 pooling",
        "B7": "skip connection, embedding, attention", "B8": "recurrent layer, LSTM, both ways",
    }  # fmt: skip
    results = [
        common.Result(
            row, row, f"{what[row]}, {len(each)} on digits: values; derivatives",
            max(max(v) for v in each.values()),
            f"differ by at most {max(v[0] for v in each.values()):.0e}; "
            f"{max(v[1] for v in each.values()):.0e}",
            "SciPy, scikit-learn or the formula; its differences, good to about 1e-10",
        )
        for row, each in found.items()
    ]  # fmt: skip
    results += [
        common.Result(
            "B3", "together", "cross-entropy after softmax, and after sigmoid: dL/dz", both,
            f"differs by at most {both:.0e}", "the error itself: answer minus target",
        ),
        common.Result(
            "B5", "normalized", "batch normalization in training, gain and shift set", norm["gap"],
            f"differs by at most {norm['gap']:.0e}", "(x - mean) / sqrt(variance + eps)",
        ),
        common.Result(
            "B5", "running", "what it has gathered of digits: mean; variance",
            max(norm["mean"], norm["variance"]),
            f"within {norm['mean']:.1%} of the deviation; {norm['variance']:.1%}",
            "the data's; a row alone is answered as in a batch, to "
            f"{norm['alone']:.0e}",
        ),
    ]  # fmt: skip
    each = {f"{row} {k}": v for row, rows in found.items() for k, v in rows.items()}
    written = [picture(options.out / "layers.png", each)]
    return common.report(results, written, options)


if __name__ == "__main__":
    main()
