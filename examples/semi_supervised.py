"""A few labelled digits and many without labels: semi-supervised learning (E5).

    python -m examples.semi_supervised [--quick] [--out out]

Thirty digits have labels, the other images of the training part have none.  A net
learns from the thirty alone; with its own confident answers as labels (Lee, 2013); and
with virtual adversarial training (Miyato et al., 2018): its answer must not change in
the direction in which it would change most, found by two backward sweeps.  Beside them
stand scikit-learn's label spreading and the same net with every label.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.semi_supervised import LabelSpreading
from tqdm import tqdm

import nn
import optim
from autograd_core import Tensor
from examples import common
from nn.models import MLP

FEW, MANY = 30, 150  # labelled images in all, images without labels in a step
SURE, RADIUS, PROBE = 0.95, 1.2, 0.1
WAYS = ("30 labels", "pseudo-labels", "virtual adversarial")


def divergence(p: Any, z: Any) -> Any:
    """Return the mean KL divergence of logits z from fixed probabilities p."""
    log_q = nn.functional.log_softmax(z)
    return np.mean(np.sum(p * (np.log(p + 1e-8) - log_q), axis=1))


def unit(d: Any) -> Any:
    """Return each row scaled to length 1."""
    return d / (np.linalg.norm(d, axis=1, keepdims=True) + 1e-12)


def virtual(model: Any, x: Any, rng: Any) -> Any:
    """Return how much the answer changes at a distance, in the direction where it changes most.

    One step of the power method: the gradient of the divergence at a short random distance.
    """
    p = nn.functional.softmax(model(Tensor(x))).data
    probe = Tensor((PROBE * unit(rng.standard_normal(x.shape))).astype(x.dtype), requires_grad=True)
    divergence(p, model(x + probe)).backward()
    worst = (RADIUS * unit(probe.grad.data)).astype(x.dtype)
    return divergence(p, model(Tensor(x + worst)))


def pseudo(model: Any, x: Any) -> Any:
    """Return the loss with the model's own answers as labels, where it is sure of them."""
    p = nn.functional.softmax(model(Tensor(x))).data
    sure = np.flatnonzero(p.max(axis=1) > SURE)
    if not len(sure):
        return 0.0
    return nn.functional.cross_entropy(model(Tensor(x[sure])), p[sure].argmax(axis=1))


def train(way: str, images: Any, labels: Any, chosen: Any, steps: int, seed: int) -> MLP:
    """Train one net; only the labels of the chosen images are looked at."""
    nn.manual_seed(seed)
    rng = np.random.default_rng(seed)
    model = MLP([64, 100, 10])
    optimizer = optim.Adam(model.parameters(), lr=3e-3)
    schedule = optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=steps)
    for step in range(steps):
        few = rng.permutation(chosen)[:100]
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(Tensor(images[few])), labels[few])
        x = images[rng.choice(len(images), MANY, replace=False)]
        if way == "virtual adversarial":
            unlabelled = virtual(model, x, rng)
            optimizer.zero_grad()  # the search for the direction left gradients
            loss = loss + unlabelled
        elif way == "pseudo-labels":
            loss = loss + min(1.0, 2 * step / steps) * pseudo(model, x)
        loss.backward()
        optimizer.step()
        schedule.step()
    return model.eval()


def others(images: Any, labels: Any, chosen: Any, held_out: Any) -> dict[str, Any]:
    """Return what scikit-learn's learners read from the same few labels."""
    hidden = np.full(len(labels), -1)
    hidden[chosen] = labels[chosen]
    linear = LogisticRegression(max_iter=1000)
    spreading = LabelSpreading(kernel="knn", n_neighbors=7, max_iter=100)
    with np.errstate(invalid="ignore"):  # 0 / 0 for images that no label reaches
        spread = spreading.fit(images, hidden).predict(held_out)
    return {
        "LogisticRegression": linear.fit(images[chosen], labels[chosen]).predict(held_out),
        "label spreading": spread,
    }


def picture(path: Path, scores: dict[str, list[float]]) -> Path:
    """Draw the share read right by each way, one dot for each draw of the labels."""
    figure, axis = common.pyplot().subplots(figsize=(8, 4.4))
    for k, (name, values) in enumerate(scores.items()):
        ours = name in (*WAYS, "all labels")
        colour = common.BLUE if ours else common.GREY
        axis.plot(100 * np.array(values), [k] * len(values), "o", color=colour, alpha=0.5)
        axis.plot(100 * np.mean(values), k, "|", color="black", ms=18)
    axis.set_yticks(range(len(scores)), list(scores))
    axis.set(xlabel="held-out digits read right, %")
    return common.save(
        figure,
        path,
        "Images without labels help a net that knows thirty labels (dots: draws of the labels, "
        "bars: means). Blue: this project's nets, grey: scikit-learn.",
    )


def main(arguments: list[str] | None = None) -> list[common.Result]:
    """Run the example."""
    options = common.parse(common.parser(__doc__), arguments)
    steps, draws = (200, 2) if options.quick else (800, 8)
    images, held_out, labels, held_out_labels = common.digits()
    scores: dict[str, list[float]] = {}
    for draw in tqdm(range(draws), desc="draws of the labels", unit="draw"):
        chosen = common.few_of_each(labels, FEW, draw)
        for way in WAYS:
            model = train(way, images, labels, chosen, steps, draw)
            score = common.accuracy(model, held_out, held_out_labels)
            scores.setdefault(way, []).append(score)
        for name, read in others(images, labels, chosen, held_out).items():
            scores.setdefault(name, []).append(float(np.mean(read == held_out_labels)))
        every = np.arange(len(labels))
        model = train(WAYS[0], images, labels, every, steps, draw)
        scores.setdefault("all labels", []).append(
            common.accuracy(model, held_out, held_out_labels)
        )
    text = {name: common.mean_and_error(values) for name, values in scores.items()}
    results = [
        common.Result(
            "E5",
            way,
            f"{FEW} labels, {len(labels) - FEW:,} images without, {way}: held-out digits read "
            f"right, {draws} draws",
            float(np.mean(scores[way]) - np.mean(scores[WAYS[0]])),
            f"{text[way]}, buys {common.points(scores[way], scores[WAYS[0]])}",
            f"the {FEW} labels alone {text[WAYS[0]]}; scikit-learn's label spreading "
            f"{text['label spreading']}, LogisticRegression {text['LogisticRegression']}; "
            f"all labels {text['all labels']}",
        )
        for way in WAYS[1:]
    ]
    written = [picture(options.out / "semi_supervised.png", scores)]
    return common.report(results, written, options)


if __name__ == "__main__":
    main()
