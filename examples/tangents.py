"""The manifold tangent classifier: learned directions that do not change the digit (E5).

    python -m examples.tangents [--quick] [--out out]

A contractive autoencoder sees images without labels; its encoder's Jacobian at an image
is large only along the directions in which digits vary, and the singular vectors of
these are tangents of the manifold of digits.  A classifier with a few labels is then
told to ignore them: its derivative along a tangent, computed in forward mode, becomes a
penalty, and that is differentiated in reverse mode.  Beside it: no penalty, random
directions, and tangents that a person knows, those of shifting the image.  (Rifai et
al., "The manifold tangent classifier", 2011; Simard et al., "Tangent prop", 1992.)
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression
from tqdm import tqdm

import nn
import optim
from autograd_core import Tensor, jacobian, jvp, vmap
from examples import common
from nn.models import MLP

FEW, CODE, TANGENTS = 100, 60, 8
CONTRACTION = 0.05
# of the penalty, chosen on training images outside the 100
STRENGTHS = {
    "no penalty": 0.0, "random directions": 0.03, "shifts": 0.03, "learned tangents": 0.003,
}  # fmt: skip
WAYS = tuple(STRENGTHS)


class Contractive(nn.Module):
    """One layer of sigmoids and back with the same weights."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(64, CODE)
        self.back = nn.Parameter(np.zeros(64, np.float32))

    def encode(self, x: Any) -> Any:
        """Return the code, shape (..., CODE)."""
        return nn.functional.sigmoid(self.layer(x))

    def forward(self, x: Any) -> Any:
        """Return the logits of the pixels."""
        return self.encode(x) @ self.layer.weight + self.back


def autoencoder(images: Any, epochs: int) -> Contractive:
    """Train to draw images again while the code moves as little as possible with the image.

    The squared Jacobian is estimated without bias from its action on random directions.
    """
    nn.manual_seed(0)
    rng = np.random.default_rng(0)
    model = Contractive()
    optimizer = optim.Adam(model.parameters(), lr=3e-3)
    loader = nn.DataLoader((images,), 50, shuffle=True, seed=0)
    for _ in tqdm(range(epochs), desc="contractive autoencoder", unit="epoch"):
        for (x,) in loader:
            u = rng.standard_normal(x.shape).astype(x.dtype)
            optimizer.zero_grad()
            drawn = nn.functional.binary_cross_entropy_with_logits(
                model(Tensor(x)), x, reduction="sum"
            )
            _, along = jvp(model.encode, (x,), (u,))
            ((drawn + CONTRACTION * np.sum(along**2)) / len(x)).backward()
            optimizer.step()
    return model


def learned(model: Contractive, images: Any) -> tuple[Any, Any]:
    """Return tangents at each image, shape (n, TANGENTS, 64), and all mean singular values."""
    w, b = model.layer.weight.data, model.layer.bias.data
    found = vmap(jacobian(lambda x: nn.functional.sigmoid(w @ x + b)))(images)
    _, sizes, directions = np.linalg.svd(found, full_matrices=False)
    return directions[:, :TANGENTS], sizes.mean(axis=0)


def shifts(images: Any) -> Any:
    """Return the derivatives of each image when it moves down and right, scaled to length 1."""
    square = np.pad(images.reshape(-1, 8, 8), ((0, 0), (1, 1), (1, 1)))
    down = (square[:, :-2, 1:-1] - square[:, 2:, 1:-1]) / 2
    right = (square[:, 1:-1, :-2] - square[:, 1:-1, 2:]) / 2
    both = np.stack([down, right], axis=1).reshape(len(images), 2, 64)
    return unit(both)


def unit(d: Any) -> Any:
    """Return directions scaled to length 1."""
    return d / (np.linalg.norm(d, axis=-1, keepdims=True) + 1e-12)


def train(x: Any, labels: Any, directions: Any, strength: float, steps: int, seed: int) -> MLP:
    """Train a classifier whose answer should not move along the given directions."""
    nn.manual_seed(seed)
    rng = np.random.default_rng(seed)
    model = MLP([64, 100, 10], nn.Tanh)
    optimizer = optim.Adam(model.parameters(), lr=3e-3)
    schedule = optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=steps)
    for _ in range(steps):
        batch = rng.choice(len(x), 50, replace=False)
        optimizer.zero_grad()
        if directions is None:
            loss = nn.functional.cross_entropy(model(Tensor(x[batch])), labels[batch])
        else:
            one = rng.integers(directions.shape[1], size=len(batch))  # of each image's directions
            along = directions[batch, one].astype(x.dtype)
            z, change = jvp(model, (x[batch],), (along,))
            loss = nn.functional.cross_entropy(z, labels[batch])
            loss = loss + strength * np.sum(change**2) / len(batch)
        loss.backward()
        optimizer.step()
        schedule.step()
    return model.eval()


def compare(split: Any, tangents: Any, steps: int, draws: int) -> dict[str, list[float]]:
    """Return the share of held-out digits that each way reads, one for each draw of the labels."""
    images, held_out, labels, held_out_labels = split
    rng = np.random.default_rng(0)
    directions = {
        "no penalty": None,
        "random directions": unit(rng.standard_normal((len(images), TANGENTS, 64))),
        "shifts": shifts(images),
        "learned tangents": tangents,
    }
    scores: dict[str, list[float]] = {way: [] for way in (*WAYS, "LogisticRegression")}
    for draw in tqdm(range(draws), desc="draws of the labels", unit="draw"):
        few = common.few_of_each(labels, FEW, draw)
        for way in WAYS:
            own = directions[way]
            own = own if own is None else own[few]
            model = train(images[few], labels[few], own, STRENGTHS[way], steps, draw)
            scores[way].append(common.accuracy(model, held_out, held_out_labels))
        linear = LogisticRegression(max_iter=1000).fit(images[few], labels[few])
        scores["LogisticRegression"].append(linear.score(held_out, held_out_labels))
    return scores


def picture(path: Path, images: Any, tangents: Any, sizes: Any, scores: Any) -> Path:
    """Draw images with their first tangents, the spectrum, and the accuracies."""
    figure, (left, axis, right) = common.pyplot().subplots(1, 3, figsize=(14, 4.4))
    rows = np.concatenate([images[:4, None], tangents[:4, :4]], axis=1)
    rows = rows / np.abs(rows).max(axis=2, keepdims=True)
    tiles = np.pad(rows.reshape(4, 5, 8, 8), ((0, 0), (0, 0), (1, 1), (1, 1)))
    left.imshow(tiles.transpose(0, 2, 1, 3).reshape(40, 50), cmap="RdBu", vmin=-1, vmax=1)
    left.set(title="images, and four tangents at each", xticks=[], yticks=[])
    axis.semilogy(np.arange(1, len(sizes) + 1), sizes, "o-", color=common.BLUE, ms=3)
    axis.axvline(TANGENTS + 0.5, color=common.GREY, ls=":")
    axis.set(xlabel="singular value of the encoder's Jacobian", ylabel="mean over images")
    for k, values in enumerate(scores.values()):
        right.plot(100 * np.array(values), [k] * len(values), "o", color=common.BLUE, alpha=0.5)
        right.plot(100 * np.mean(values), k, "|", color="black", ms=18)
    right.set_yticks(range(len(scores)), [name.replace(" ", "\n") for name in scores])
    right.set(xlabel="held-out digits read right, %")
    return common.save(
        figure,
        path,
        "Left: images and the first four tangents that the autoencoder learned at them. Middle: "
        "the code moves along few directions. Right: 100 labels, each way to use them.",
    )


def main(arguments: list[str] | None = None) -> list[common.Result]:
    """Run the example."""
    options = common.parse(common.parser(__doc__), arguments)
    epochs, steps, draws = (10, 100, 2) if options.quick else (40, 300, 10)
    split = common.digits()
    model = autoencoder(split[0], epochs)
    tangents, sizes = learned(model, split[0])
    scores = compare(split, tangents, steps, draws)
    text = {name: common.mean_and_error(values) for name, values in scores.items()}
    share = float((sizes[:TANGENTS] ** 2).sum() / (sizes**2).sum())
    results = [
        common.Result(
            "E5",
            "spectrum",
            f"contractive autoencoder: share of the code's motion in {TANGENTS} of 64 directions",
            share,
            f"{share:.0%}",
            f"if it moved alike along all: {TANGENTS / min(64, CODE):.0%}",
        )
    ]
    for way in WAYS[1:]:
        results.append(
            common.Result(
                "E5",
                way,
                f"{FEW} labels, classifier told to ignore {way}: held-out digits read right, "
                f"{draws} draws",
                float(np.mean(scores[way]) - np.mean(scores["no penalty"])),
                f"{text[way]}, buys {common.points(scores[way], scores['no penalty'])}",
                f"no penalty {text['no penalty']}; scikit-learn's LogisticRegression "
                f"{text['LogisticRegression']}",
            )
        )
    written = [picture(options.out / "tangents.png", split[0], tangents, sizes, scores)]
    return common.report(results, written, options)


if __name__ == "__main__":
    main()
