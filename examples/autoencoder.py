"""An autoencoder squeezes digits into eight numbers (D17).

    python -m examples.autoencoder [--quick] [--out out]

A deep belief net, pretrained layer by layer, is unrolled into an autoencoder
and trained on (Hinton and Salakhutdinov, 2006); beside it the same network from
a random start, and principal components, the best linear code of that length.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.decomposition import PCA
from tqdm import tqdm

import nn
import optim
from autograd_core import Tensor, no_grad
from examples import common
from examples.boltzmann import pretrain
from nn.models import DBN, Autoencoder

SIZES = (64, 128, 64, 8)


def train(model: Autoencoder, images: Any, epochs: int, about: str) -> None:
    """Train on the cross-entropy between pixels and their copies."""
    rng = np.random.default_rng(0)
    optimizer = optim.Adam(model.parameters(), lr=2e-3)
    schedule = optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=epochs)
    for _ in tqdm(range(epochs), desc=about, unit="epoch"):
        for batch in np.array_split(rng.permutation(len(images)), len(images) // 50):
            x = images[batch]
            optimizer.zero_grad()
            nn.functional.binary_cross_entropy_with_logits(model(Tensor(x)), x).backward()
            optimizer.step()
        schedule.step()


def copies(model: Autoencoder, images: Any) -> Any:
    """Return what comes out."""
    with no_grad():
        return model.reconstruct(Tensor(images)).data


def main(arguments: list[str] | None = None) -> list[common.Result]:
    """Run the example."""
    options = common.parse(common.parser(__doc__), arguments)
    images, held_out, _, _ = common.digits()
    nn.manual_seed(0)
    dbn = DBN(SIZES)
    pretrain(dbn, images, 40 if options.quick else 100, lr=0.05)
    pretrained, random = Autoencoder.unrolled(dbn), Autoencoder(SIZES)
    epochs = 150 if options.quick else 500
    train(pretrained, images, epochs, "pretrained")
    train(random, images, epochs, "random start")
    linear = PCA(SIZES[-1]).fit(images)
    found = {
        "input": held_out,
        "pretrained": copies(pretrained, held_out),
        "random start": copies(random, held_out),
        "8 principal components": linear.inverse_transform(linear.transform(held_out)),
    }
    error = {name: float(np.mean((x - held_out) ** 2)) for name, x in found.items()}

    figure, axes = common.pyplot().subplots(len(found), 1, figsize=(8, 4.5))
    for axis, (name, shown) in zip(axes, found.items(), strict=True):
        tiles = np.pad(shown[:12].reshape(12, 8, 8), ((0, 0), (1, 1), (1, 1)))
        axis.imshow(tiles.transpose(1, 0, 2).reshape(10, 120), cmap="gray_r", vmin=0, vmax=1)
        axis.set(title=f"{name}: squared error {error[name]:.4f}", xticks=[], yticks=[])
    written = [
        common.save(
            figure,
            options.out / "autoencoder.png",
            "Unseen digits through eight numbers and back: the copies of the autoencoders are "
            "sharper than those of the best linear code.",
        )
    ]
    pca = error["8 principal components"]
    results = [
        common.Result(
            "D17",
            f"{name} over PCA",
            f"autoencoder, code of 8, {name}: squared error a pixel",
            error[name] / pca,
            f"{error[name]:.4f}",
            f"8 principal components {pca:.4f}",
        )
        for name in ("pretrained", "random start")
    ]
    return common.report(results, written, options)


if __name__ == "__main__":
    main()
