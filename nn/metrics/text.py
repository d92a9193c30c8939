"""BLEU: how near translations come to those of people."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from autograd_core import Tensor
from autograd_core.extend import explains_wrong_calls

from .. import checks
from ..errors import DataError
from ..values import shape_error
from .metric import Metric, plain_array


@explains_wrong_calls
class BLEUScore(Metric):
    r"""BLEU of a whole set of translations (Papineni et al., 2002).

    .. math:: \min(1, e^{1 - r/c}) \prod_{n=1}^N p_n^{w_n}

    where c is the length of all translations, r that of the references nearest in length, and p_n
    the share of the translations' sequences of n tokens that the references have too; each counts
    at most as often as in the reference that has it most often.

    Translations are lists of tokens (words or integers), text that is split at white space, or
    rows of an integer array; or scores of shape (n, tokens, length), of which the largest count.
    References are the same, or a list of several for each translation.

    Parameters
    ----------
    n_gram : int
        N, the longest sequence.
    smooth : bool
        Add 1 to the counts of sequences longer than one token (Lin and Och, 2004).
    weights : sequence of float, optional
        w, of sum 1; default 1/N each.
    eos_token : int, optional
        In arrays, this token and all after it in its row do not count.

    Raises
    ------
    ShapeError
        If a setting is out of range.

    Examples
    --------
    >>> import nn
    >>> metric = nn.metrics.BLEUScore()
    >>> references = ["there is a cat on the mat", "a cat is on the mat"]
    >>> metric.update(["the cat is on the mat"], [references])
    >>> metric.update([["a", "dog"]], [["a", "dog"]])
    >>> round(metric.compute(), 3)
    0.777
    """

    def __init__(
        self,
        n_gram: int = 4,
        smooth: bool = False,
        weights: Sequence[float] | None = None,
        eos_token: int | None = None,
    ) -> None:
        checks.count("BLEUScore", "n_gram", n_gram)
        if weights is None:
            weights = [1 / n_gram] * n_gram
        for weight in weights:
            checks.non_negative("BLEUScore", "weights", weight)
        if len(weights) != n_gram or not math.isclose(sum(weights), 1, rel_tol=1e-6):
            raise shape_error(
                f"BLEUScore: weights = {weights!r}; there must be n_gram = {n_gram} of sum 1."
            )
        if eos_token is not None:
            checks.count("BLEUScore", "eos_token", eos_token, -(2**62))
        self.n_gram, self.smooth, self.weights = n_gram, smooth, tuple(weights)
        self.eos_token = eos_token

    def start(self) -> Any:
        """Return zeros for: sequences found, sequences at all, and both lengths."""
        return np.zeros(2 * self.n_gram + 2, np.int64)

    def statistics(self, input: Any, target: Any) -> Any:
        """Return a batch's counts."""
        if not isinstance(input, (list, tuple)) and np.ndim(input) == 3:
            input = plain_array("BLEUScore", "scores", input).argmax(axis=1)
        found = _sentences(input, self.eos_token)
        texts = [isinstance(one, str) for one in input]
        given = target if isinstance(target, (list, tuple)) else _sentences(target, self.eos_token)
        if len(given) != len(found):
            raise shape_error(f"BLEUScore: {len(found)} translations, {len(given)} references.")
        total = self.start()
        for sentence, text, references in zip(found, texts, given, strict=True):
            total += self._counts(sentence, _references(references, text, self.eos_token))
        return total

    def _counts(self, sentence: tuple[Any, ...], references: list[tuple[Any, ...]]) -> Any:
        found, possible = [], []
        for n in range(1, self.n_gram + 1):
            own = _grams(sentence, n)
            most: Counter[Any] = Counter()
            for reference in references:
                most |= _grams(reference, n)  # the larger count of each
            found.append((own & most).total())  # the smaller
            possible.append(own.total())
        size = len(sentence)
        nearest = min((abs(len(r) - size), len(r)) for r in references)[1]
        return np.array([*found, *possible, size, nearest], np.int64)

    def value(self, statistics: Any) -> Any:
        """Return BLEU, from 0 to 1; NaN if there was no sentence."""
        n = self.n_gram
        found, possible = np.array(statistics[: 2 * n], float).reshape(2, n)
        length, wanted = map(int, statistics[2 * n :])
        if not length:
            return 0.0 if wanted else float("nan")
        if self.smooth:
            found[1:] += 1
            possible[1:] += 1
        if not found.all():
            return 0.0
        logs = np.log(found / possible)
        return math.exp(min(0.0, 1 - wanted / length) + float(logs @ self.weights))


def _grams(tokens: tuple[Any, ...], n: int) -> Counter[Any]:
    """Return how often each sequence of n tokens occurs.

    Examples
    --------
    >>> sorted(_grams((1, 2, 1, 2), 2).items())
    [((1, 2), 2), ((2, 1), 1)]
    """
    return Counter(zip(*(tokens[k:] for k in range(n)), strict=False))


def _tokens(sentence: Any, eos: int | None) -> tuple[Any, ...]:
    """Return a sentence's tokens, up to the one that ends it."""
    if isinstance(sentence, str):
        return tuple(sentence.split())
    if isinstance(sentence, (list, tuple)) and all(isinstance(t, str) for t in sentence):
        return tuple(sentence)
    array = plain_array("BLEUScore", "a sentence", sentence)
    if array.ndim != 1 or (array.dtype.kind not in "iu" and array.size):
        raise DataError(
            f"BLEUScore: a sentence must be text, a list of words or of integers, not an array of "
            f"shape {array.shape} and dtype {array.dtype}; take argmax of scores first."
        )
    tokens = array.tolist()
    return tuple(tokens[: tokens.index(eos)] if eos in tokens else tokens)


def _sentences(given: Any, eos: int | None) -> list[tuple[Any, ...]]:
    """Return the tokens of several sentences."""
    if isinstance(given, str):
        raise DataError("BLEUScore: one text was given; give a list of translations.")
    if not isinstance(given, (list, tuple)):
        given = plain_array("BLEUScore", "sentences", given)
        if given.ndim != 2:
            raise DataError(
                f"BLEUScore: an array of shape {given.shape}; it must have a row for each sentence."
            )
    return [_tokens(sentence, eos) for sentence in given]


def _references(given: Any, text: bool, eos: int | None) -> list[tuple[Any, ...]]:
    """Return all references of one translation; a list of words is one, of texts are several."""
    several = isinstance(given, (list, tuple)) and (
        any(isinstance(r, (list, tuple, np.ndarray, Tensor)) for r in given)
        or (text and all(isinstance(r, str) for r in given))
    )
    found = _sentences(list(given), eos) if several else [_tokens(given, eos)]
    if not found:
        raise DataError("BLEUScore: a translation has no reference.")
    return found
