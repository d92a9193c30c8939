"""What the character network is held against: counting.

Interpolated n-gram models of characters.  Witten and Bell (1991) weigh a context by
how many different characters were seen after it; Kneser and Ney (1995) count, below
the highest order, in how many contexts a character stands, not how often.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable


class WittenBell:
    """P(c | h) = (count(h c) + kinds(h) P(c | shorter h)) / (count(h) + kinds(h)).

    Examples
    --------
    >>> model = WittenBell("abababac", order=2, alphabet=3)
    >>> round(sum(model.probability("a", c) for c in "abc"), 12)
    1.0
    """

    def __init__(self, text: str, order: int, alphabet: int) -> None:
        self.order, self.alphabet = order, alphabet
        self.after = _counts(
            Counter(text[k : k + n] for k in range(len(text) - n + 1)) for n in range(1, order + 1)
        )

    def probability(self, before: str, character: str) -> float:
        """Return the probability of a character after a text."""
        p = 1 / self.alphabet
        for length in range(min(self.order, len(before) + 1)):
            found = self.after.get(before[len(before) - length :])
            if found is None:
                break
            kinds, total = len(found), found.total()
            p = (found[character] + kinds * p) / (total + kinds)
        return p


class KneserNey:
    """P(c | h) = (max(n(h c) - D, 0) + D kinds(h) P(c | shorter h)) / n(h).

    n counts occurrences at the highest order, and different characters in front below it.

    Examples
    --------
    >>> model = KneserNey("abababac", order=2, alphabet=3)
    >>> round(sum(model.probability("a", c) for c in "abc"), 12)
    1.0
    """

    def __init__(self, text: str, order: int, alphabet: int, discount: float = 0.75) -> None:
        self.order, self.alphabet, self.discount = order, alphabet, discount
        grams = [Counter(text[k : k + order] for k in range(len(text) - order + 1))]
        for _ in range(order - 1):
            grams.append(Counter(gram[1:] for gram in grams[-1]))
        self.after = _counts(grams)

    def probability(self, before: str, character: str) -> float:
        """Return the probability of a character after a text."""
        p, d = 1 / self.alphabet, self.discount
        for length in range(min(self.order, len(before) + 1)):
            found = self.after.get(before[len(before) - length :])
            if found is None:
                break
            p = (max(found[character] - d, 0) + d * len(found) * p) / found.total()
        return p


def _counts(grams: Iterable[Counter[str]]) -> dict[str, Counter[str]]:
    """Return the counts of what follows each context."""
    after: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for counted in grams:
        for gram, count in counted.items():
            after[gram[:-1]][gram[-1]] = count
    return dict(after)


def bits(model: WittenBell | KneserNey, text: str) -> float:
    """Return the mean of -log2 P of each character, given those before it."""
    total = 0.0
    for k, c in enumerate(text):
        total -= math.log2(model.probability(text[max(0, k - model.order + 1) : k], c))
    return total / len(text)
