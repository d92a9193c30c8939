"""Words get vectors from the company they keep, without any label (D16).

    python -m examples.embeddings [--quick] [--out out]

Skip-gram with negative sampling reads the documentation of Python's standard library.
It is never told that "argument" and "arguments" are one word, and looks at no letters: are
they neighbours all the same?  Beside it, vectors by counting (a truncated singular value
decomposition of the positive pointwise mutual information) and random ones.
"""

from __future__ import annotations

import builtins
import re
from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
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
    """Words as integers, the documents one after the other with WINDOW gaps of -1 between."""

    words: list[str]
    codes: Any
    counts: Any


def corpus(documents: list[str], window: int) -> Corpus:
    """Return the words of the documents in small letters; rare ones are left out."""
    found = [re.findall(r"[a-z_]+", d.lower()) for d in documents]
    counted = Counter(word for words in found for word in words)
    kept = [word for word, count in counted.most_common() if count >= LEAST]
    index = {word: k for k, word in enumerate(kept)}
    codes: list[int] = []
    for words in found:
        codes += [index[word] for word in words if word in index] + [-1] * window
    return Corpus(kept, np.array(codes), np.array([counted[word] for word in kept]))


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
    """Return vectors by counting (Levy, Goldberg and Dagan, 2015): SVD of max(0, log P(a,b)/P(a)P(b))."""
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
