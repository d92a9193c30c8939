"""The examples on text meet their bars in quick form; what they are held against is right."""

import math

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="needs the extra: demo")
pytest.importorskip("num2words", reason="needs the extra: demo")

from example_bars import each_example, meets_bars

from examples import embeddings, tagger, text, transformer, translate
from examples.ngram import KneserNey, WittenBell, bits

# example: {key of a result: (lowest, highest) value allowed}
BARS = {
    "char_rnn": {"gain": (0.2, 2), "over long": (-1, 2)},
    "tagger": {
        "gain": (0.1, 1),
        "over dictionary": (0.05, 1),
        "back": (1.5, math.inf),
        "future": (0, 0),
    },
    "transformer": {"addition": (0.99, 1)},
    "translate": {"whole": (0.95, 1)},
    "embeddings": {"plurals": (25, math.inf), "over counting": (-25, 100)},
}
# those that take more than twenty seconds
LONG = {"char_rnn", "transformer", "translate", "embeddings"}


@each_example(BARS, LONG)
def test_example(name, tmp_path):
    meets_bars(name, BARS[name], tmp_path)


def test_the_parts_of_the_text_share_no_paragraph():
    paragraphs = text.topics()
    assert len(paragraphs) == len(set(paragraphs)) > 1000
    parts = text.split(paragraphs)
    sizes = [len(p) for p in (parts.train, parts.validation, parts.held_out)]
    assert sum(sizes) == len("\n\n".join(paragraphs)) - 2 * 2
    assert 0.06 < sizes[2] / sum(sizes) < 0.14
    known = set(parts.train.split("\n\n")) | set(parts.validation.split("\n\n"))
    assert not known & set(parts.held_out.split("\n\n"))


def test_an_alphabet_goes_both_ways():
    letters = text.Alphabet("banana")
    assert len(letters) == 4
    assert letters.decode(letters.encode("nab")) == "nab"
    assert letters.decode(letters.encode("nib")) == "n?b"


@pytest.mark.parametrize("kind", [WittenBell, KneserNey])
@pytest.mark.parametrize("order", [1, 2, 3, 5])
def test_ngram_probabilities_sum_to_one(kind, order):
    given = "the tortoise taught us"
    model = kind(given, order, len(set(given)) + 1)
    for before in ("", "t", "th", "taught", "us th", "xyz"):
        whole = sum(model.probability(before, c) for c in [*sorted(set(given)), "?"])
        assert whole == pytest.approx(1, rel=1e-12)


def test_bits_of_a_unigram_by_hand():
    model = WittenBell("aab", 1, 3)  # P(a) = (2 + 2/3) / 5, P(b) = (1 + 2/3) / 5
    expected = -(math.log2(8 / 15) + math.log2(5 / 15)) / 2
    assert bits(model, "ab") == pytest.approx(expected, rel=1e-12)


def test_spaces_by_the_longest_match():
    letters, ends = tagger.task(["the", "there", "in", "a"])
    assert letters == "thethereina"
    assert tagger.spaced(letters, ends) == "the there in a "
    assert tagger.score(ends, ends) == 1
    cut = tagger.longest_match(letters, {"the", "there", "therein", "a"})
    assert tagger.spaced(letters, cut) == "the therein a "
    assert tagger.spaced("xthe", tagger.longest_match("xthe", {"the"})) == "x the "


def test_no_sum_is_both_known_and_asked():
    task = transformer.addition(2, 4000, 1000)
    ten = 10 ** np.arange(2)
    a, b, total = task.source[:, :2] @ ten, task.source[:, 3:] @ ten, task.target @ [1, 10, 100]
    np.testing.assert_array_equal(a + b, total)
    both = {(min(p), max(p)) for p in zip(a.tolist(), b.tolist(), strict=True)}
    assert len(both) == len(a)


def test_french_is_spelled_for_the_transformer():
    task = transformer.french(100, 90, 10)
    assert task.source.shape[0] == 100
    assert set((task.target @ [1, 10]).tolist()) == set(range(100))
    assert len({tuple(row) for row in task.source.tolist()}) == 100


def test_pairs_of_numbers_in_batches():
    pairs = translate.pairs_of(1000, 300)
    assert ("twenty-one", "einundzwanzig") in translate.pairs_of(1000, 1000)
    codes = translate.Codes(pairs)
    drawn = translate.batches(pairs, np.random.default_rng(0))
    seen = 0
    while seen < len(pairs):  # an epoch has each pair once
        batch = next(drawn)
        seen += len(batch)
        source, target, wanted = codes.batch(batch)
        assert source.shape[1] == target.shape[1] == len(batch)
        for k, (english, german) in enumerate(batch):
            assert codes.english.decode(source[:, k]) == english
            assert codes.read(np.where(wanted[:, k] < 0, codes.end, wanted[:, k])) == german
            assert codes.read(target[1:, k]) == german
            assert (wanted[:, k] >= 0).sum() == len(german) + 1
    assert seen == len(pairs)


def test_counting_finds_words_used_alike():
    documents = [f"the {a} sat on the {b}" for a in ("cat", "dog") for b in ("mat", "rug")] * 20
    data = embeddings.corpus(documents, 2)
    vectors = embeddings.counted(data, 3, 2)
    asked = np.array(
        [[data.index["cat"], data.index["dog"]], [data.index["mat"], data.index["rug"]]]
    )
    assert embeddings.ranks(vectors, asked).tolist() == [1, 1]
    found = embeddings.pairs(data, 2, 1.0, np.random.default_rng(0))
    assert found.min() >= 0  # never across a gap
    together = {tuple(p) for p in found.tolist()}
    assert (data.index["cat"], data.index["dog"]) not in together
    assert (data.index["cat"], data.index["sat"]) in together
