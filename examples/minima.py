"""Several starts and the minima that they lead to, for narrow and wide nets (E10).

    python -m examples.minima [--quick] [--out out]

The loss of a net with hidden units has many minima, and descent finds one near its
start.  L-BFGS goes all the way down from several starts.  In narrow nets some minima
are much higher than others; the wider the net, the less the start matters, as
Choromanska et al., "The loss surfaces of multilayer networks" (2015), found.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression
from tqdm import tqdm

import nn
import optim
from autograd_core import Tensor
from examples import common
from nn.models import MLP

DECAY = 3e-3  # without it the loss of separable data has no minimum
WIDTHS = (1, 2, 4, 8, 16, 32)


def descend(width: int, x: Any, labels: Any, seed: int, limit: int) -> tuple[MLP, Any]:
    """Go down from one start; return the net at the minimum, and what the minimizer says."""
    nn.manual_seed(seed)
    model = MLP([x.shape[1], width, 10], nn.Tanh, dtype=np.float64)

    def loss() -> Any:
        entropy = nn.functional.cross_entropy(model(Tensor(x)), labels)
        return entropy + nn.l2_penalty(model, DECAY)

    objective = optim.of_parameters(loss, model.parameters())
    return model, optim.lbfgs(objective, tolerance=1e-5, max_iterations=limit)


def picture(path: Path, losses: dict[int, Any], errors: dict[int, Any], linear: float) -> Path:
    """Draw the minima's loss and error, one mark for each start."""
    figure, axes = common.pyplot().subplots(1, 2, figsize=(10, 4.2))
    rng = np.random.default_rng(0)
    for axis, values, colour in zip(
        axes, (losses, errors), (common.BLUE, common.ORANGE), strict=True
    ):
        for width, each in values.items():
            aside = width * 2 ** rng.uniform(-0.2, 0.2, len(each))
            axis.semilogx(aside, each, "o", ms=4, alpha=0.6, color=colour, base=2)
        axis.set_xticks(list(values), [str(w) for w in values])
        axis.set(xlabel="hidden units", yscale="log")
    axes[0].set(ylabel="training loss at the minimum")
    axes[1].set(ylabel="share of held-out digits misread")
    axes[1].axhline(linear, color=common.GREY, ls="--", label="LogisticRegression")
    axes[1].legend()
    return common.save(
        figure,
        path,
        "Each dot is the minimum below one random start. In narrow nets some are much higher than "
        "others; in wide nets all are about equally low, and equally good on new digits.",
    )


def main(arguments: list[str] | None = None) -> list[common.Result]:
    """Run the example."""
    options = common.parse(common.parser(__doc__), arguments)
    starts, limit, widths = (4, 400, (2, 16)) if options.quick else (12, 2000, WIDTHS)
    images, held_out, labels, held_out_labels = common.digits()
    few = common.few_of_each(labels, 200, 0)
    x, y = images[few].astype(np.float64), labels[few]
    losses: dict[int, Any] = {}
    errors: dict[int, Any] = {}
    reached = []
    with tqdm(total=starts * len(widths), desc="descents", unit="start") as bar:
        for width in widths:
            found, wrong = [], []
            for seed in range(starts):
                model, result = descend(width, x, y, seed, limit)
                reached.append(result.gradient_norm)
                found.append(result.value)
                new = held_out.astype(np.float64)
                wrong.append(1 - common.accuracy(model, new, held_out_labels))
                bar.update()
            losses[width], errors[width] = np.array(found), np.array(wrong)
    linear = LogisticRegression(C=1 / (DECAY * len(y)), max_iter=3000).fit(x, y)
    error = 1 - linear.score(held_out, held_out_labels)
    results = [
        common.Result(
            "E10",
            f"spread {width}",
            f"{width} hidden unit{'s' * (width > 1)}, {starts} starts: highest over lowest minimum",
            float(losses[width].max() / losses[width].min()),
            f"{losses[width].max() / losses[width].min():.2f} times; held-out errors "
            f"{errors[width].min():.1%} to {errors[width].max():.1%}",
            "a convex loss: 1.00; scikit-learn's LogisticRegression has one minimum, "
            f"error {error:.1%}",
        )
        for width in widths
    ]
    results.append(
        common.Result(
            "E10",
            "gradient",
            "the same: largest element of the gradient where the descents ended",
            float(np.max(reached)),
            f"{np.max(reached):.0e}, median {np.median(reached):.0e}",
            "0 at a minimum",
        )
    )
    written = [picture(options.out / "minima.png", losses, errors, error)]
    return common.report(results, written, options)


if __name__ == "__main__":
    main()
