"""Words get vectors from the company they keep, without any label (D16).

    python -m examples.embeddings [--quick] [--out out]

Skip-gram with negative sampling reads the documentation of Python's standard library.
It is never told that "argument" and "arguments" are one word, and looks at no letters: are
they neighbours all the same?  Beside it, vectors by counting (a truncated singular value
decomposition of the positive pointwise mutual information) and random ones.
"""

from __future__ import annotations

import builtins
import keyword
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from num2words import num2words
from scipy.sparse import coo_matrix
from sklearn.decomposition import PCA, TruncatedSVD
from tqdm import tqdm

import nn
import optim
from examples import common, text
from nn.models import SkipGram

LEAST = 10  # times that a word must stand in the text to get a vector
NEGATIVES, BATCH = 5, 1024
NEAR = 10  # neighbours that are looked at


@dataclass(frozen=True)
class Corpus:
    """Words as integers, the documents one after the other with gaps of -1 between."""

    words: list[str]
    index: dict[str, int]
    codes: Any
    counts: Any

    def known(self, words: Iterable[str]) -> Any:
        """Return the numbers of those words that have one."""
        return np.array([self.index[w] for w in words if w in self.index], int)

    def plurals(self) -> Any:
        """Return the pairs of words (w, w + "s"), shape (n, 2)."""
        both = [w for w in self.words if len(w) > 2 and w + "s" in self.index]
        return np.stack([self.known(both), self.known(w + "s" for w in both)], axis=1)


def corpus(documents: list[str], window: int) -> Corpus:
    """Return the words of the documents in small letters; rare ones are left out."""
    found = [re.findall(r"[a-z_]+", d.lower()) for d in documents]
    counted = Counter(word for words in found for word in words)
    kept = [word for word, count in counted.most_common() if count >= LEAST]
    index = {word: k for k, word in enumerate(kept)}
    codes: list[int] = []
    for words in found:
        codes += [index[word] for word in words if word in index] + [-1] * window
    return Corpus(kept, index, np.array(codes), np.array([counted[word] for word in kept]))


def pairs(data: Corpus, window: int, frequent: float, rng: np.random.Generator) -> Any:
    """Return (centre, neighbour) for one epoch, shuffled.

    As in the paper, frequent words are left out at random, and how far the
    window reaches is drawn for each centre, so that the near count more.
    """
    share = np.append(data.counts / data.counts.sum(), frequent)  # the last for -1
    codes = data.codes[rng.random(len(data.codes)) < np.sqrt(frequent / share)[data.codes]]
    reach = rng.integers(1, window + 1, len(codes))
    made = []
    for far in range(1, window + 1):
        left, right = codes[:-far], codes[far:]
        real = (left >= 0) & (right >= 0)
        for centre, near, wide in ((left, right, reach[:-far]), (right, left, reach[far:])):
            use = real & (wide >= far)
            made.append(np.stack([centre[use], near[use]], axis=1))
    return rng.permutation(np.concatenate(made))


def train(
    data: Corpus, features: int, window: int, epochs: int, rate: float, frequent: float
) -> SkipGram:
    """Train and return the network."""
    rng = np.random.default_rng(0)
    net = SkipGram(len(data.words), features)
    often = data.counts**0.75  # what negatives are drawn by, as in the paper
    edges = np.cumsum(often / often.sum())
    optimizer = optim.Adam(net.parameters(), lr=rate)
    with tqdm(range(epochs), desc="skip-gram", unit="epoch") as bar:
        for epoch in bar:
            found = pairs(data, window, frequent, rng)
            total, batches = 0.0, len(found) // BATCH
            for k in range(batches):
                optimizer.lr = rate * (1 - (epoch + k / batches) / epochs)
                centre, true = found[k * BATCH : (k + 1) * BATCH].T
                drawn = np.searchsorted(edges, rng.random((BATCH, NEGATIVES)))
                loss = net.loss(centre, true, np.minimum(drawn, len(edges) - 1))
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                total += loss.item()
            bar.set_postfix(loss=f"{total / batches:.3f}")
    return net


def counted(data: Corpus, features: int, window: int) -> Any:
    """Return vectors by counting: SVD of max(0, log P(a, b) / P(a) P(b)).

    With the near counted more and P(b) smoothed, as Levy, Goldberg and Dagan (2015) advise.
    """
    size = len(data.words)
    total = coo_matrix((size, size))
    for far in range(1, window + 1):
        left, right = data.codes[:-far], data.codes[far:]
        real = (left >= 0) & (right >= 0)
        weight = np.full(real.sum(), (window + 1 - far) / window)
        total = total + coo_matrix((weight, (left[real], right[real])), shape=(size, size))
    table = (total + total.T).tocoo()
    margin = np.asarray(table.sum(axis=1)).ravel()
    smooth = margin**0.75
    expected = margin[table.row] * smooth[table.col] / smooth.sum()
    table.data = np.maximum(0, np.log(table.data / expected))
    svd = TruncatedSVD(features, random_state=0).fit(table.tocsr())
    return svd.components_.T * np.sqrt(svd.singular_values_)


def ranks(vectors: Any, asked: Any) -> Any:
    """Return where the second word of each pair stands among the first one's neighbours, from 1."""
    unit = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    near = unit[asked[:, 0]] @ unit.T
    near[np.arange(len(asked)), asked[:, 0]] = -np.inf
    return (near >= near[np.arange(len(asked)), asked[:, 1]][:, None]).sum(axis=1)


def groups(data: Corpus) -> dict[str, Any]:
    """Return kinds of words that Python itself knows of."""
    kinds = {n: v for n, v in vars(builtins).items() if isinstance(v, type)}
    return {
        "exceptions": data.known(
            n.lower() for n, v in kinds.items() if issubclass(v, BaseException)
        ),
        "types": data.known(n for n in kinds if n.islower()),
        "number words": data.known(num2words(n) for n in range(20)),
        "keywords": data.known(w for w in keyword.kwlist if w.islower()),
    }


def picture(path: Any, vectors: Any, data: Corpus, found: dict[str, float]) -> Any:
    """Draw words in the plane, and the scores."""
    figure, (left, right) = common.pyplot().subplots(
        1, 2, figsize=(12, 6), gridspec_kw={"width_ratios": [3, 1]}
    )
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    shown = groups(data)
    plane = PCA(2).fit(unit[np.concatenate(list(shown.values()))])
    colours = (common.BLUE, common.ORANGE, common.GREEN, common.GREY)
    for (name, words), colour, mark in zip(shown.items(), colours, "o^sD", strict=True):
        x, y = plane.transform(unit[words]).T
        left.plot(x, y, mark, ms=4, color=colour, label=name)
        for k, at in zip(words, zip(x, y, strict=True), strict=True):
            left.annotate(data.words[k], at, fontsize=7, color=colour)
    left.set(xticks=[], yticks=[], title="two principal components")
    left.legend()
    right.bar(range(len(found)), list(found.values()), color=colours[: len(found)])
    right.set_xticks(range(len(found)), [name.replace(" ", "\n") for name in found])
    right.set(ylabel=f"plural among the {NEAR} nearest")
    return common.save(
        figure,
        path,
        "Left: words of a kind lie together, though nobody said what kinds there are. Right: how "
        "often the plural of a word is among its nearest neighbours.",
    )


def main(arguments: list[str] | None = None) -> list[common.Result]:
    """Run the example."""
    options = common.parse(common.parser(__doc__), arguments)
    window, features = 5, 64
    documents = text.docstrings(150 if options.quick else None) + text.topics()
    data = corpus(documents, window)
    nn.manual_seed(0)
    net = train(data, features, window, 4 if options.quick else 8, 5e-3, 3e-4)
    vectors = net.centre.weight.data + net.neighbour.weight.data
    asked = data.plurals()[1::2]  # settings were chosen on the others

    ours, theirs = (ranks(v, asked) for v in (vectors, counted(data, features, window)))
    gap = 1.0 * (ours <= NEAR) - (theirs <= NEAR)
    error = float(gap.std() / np.sqrt(len(gap)))
    found = {
        "skip-gram": float(np.mean(ours <= NEAR)),
        "counting, SVD": float(np.mean(theirs <= NEAR)),
        "random vectors": NEAR / (len(data.words) - 1),
    }
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    print(f"\n\n{np.sum(data.codes >= 0):,} words, {len(data.words):,} different. Nearest to")
    for word in ("list", "returns", "valueerror", "two", "directory"):
        if word in data.index:
            near = np.argsort(-(unit @ unit[data.index[word]]))[1:6]
            print(f"  {word}: {', '.join(data.words[k] for k in near)}")
    results = [
        common.Result(
            "D16",
            "plurals",
            f"skip-gram: the plural is among a word's {NEAR} nearest of {len(data.words):,}, "
            f"{len(asked)} words",
            found["skip-gram"] / found["random vectors"],
            f"{found['skip-gram']:.1%}",
            f"counting and SVD {found['counting, SVD']:.1%}, "
            f"random vectors {found['random vectors']:.1%}",
        ),
        common.Result(
            "D16",
            "over counting",
            "the same, in points more than counting",
            100 * float(gap.mean()),
            f"{100 * gap.mean():+.1f} ± {100 * error:.1f}",
            f"mean of 1 / rank: skip-gram {np.mean(1 / ours):.3f}, "
            f"counting {np.mean(1 / theirs):.3f}",
        ),
    ]
    return common.report(
        results, [picture(options.out / "embeddings.png", vectors, data, found)], options
    )


if __name__ == "__main__":
    main()
