"""Measures of whole sets beside scikit-learn's and sacrebleu's, however the rows are cut up."""

import math
import warnings

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="needs the extra: sklearn")

import sklearn.metrics as sklearn

import nn
import optim
from autograd_core import Tensor
from autograd_core.base import errors
from nn import measures, metrics
from nn.distributed.alone import Alone


def in_pieces(metric, cuts, *arrays):
    """The metric of rows that come in pieces, some of them empty."""
    metric.reset()
    for start, end in zip((0, *cuts), (*cuts, len(arrays[0])), strict=True):
        metric.update(*(a[start:end] for a in arrays))
    return metric.compute()


@pytest.fixture
def labels(rng):
    truth = rng.integers(4, size=60)
    found = np.where(rng.random(60) < 0.6, truth, rng.integers(4, size=60))
    found[found == 3] = 0  # class 3 is never predicted
    return found, truth


SCORES = {
    metrics.Precision: sklearn.precision_score,
    metrics.Recall: sklearn.recall_score,
    metrics.F1Score: sklearn.f1_score,
}


@pytest.mark.parametrize("cuts", [(), (7, 7, 30), tuple(range(1, 60))], ids=["one", "few", "rows"])
@pytest.mark.parametrize("average", ["macro", "micro", "weighted", None])
@pytest.mark.parametrize("kind", SCORES, ids=lambda k: k.__name__)
def test_scores_are_scikit_learns(kind, average, cuts, labels):
    found, truth = labels
    expected = SCORES[kind](truth, found, average=average, zero_division=0)
    result = in_pieces(kind(4, average=average), cuts, found, truth)
    np.testing.assert_allclose(result, expected, rtol=1e-13)


@pytest.mark.parametrize("beta", [0.5, 1.0, 2.0])
def test_f_beta_is_scikit_learns(beta, labels):
    found, truth = labels
    expected = sklearn.fbeta_score(truth, found, beta=beta, average="macro", zero_division=0)
    assert metrics.FBetaScore(beta, 4)(found, truth) == pytest.approx(expected, rel=1e-13)
    two = found % 2, truth % 2
    expected = sklearn.fbeta_score(two[1], two[0], beta=beta)
    assert metrics.FBetaScore(beta, average="binary")(*two) == pytest.approx(expected, rel=1e-13)


@pytest.mark.parametrize("zero", [0.0, 1.0])
def test_classes_without_rows(zero):
    found, truth = np.array([0, 0, 2, 2]), np.array([0, 1, 1, 0])  # 1 never found, 2 never true
    for kind, theirs in SCORES.items():
        ours = kind(5, zero_division=zero)(found, truth)  # 3 and 4 occur nowhere
        expected = theirs(truth, found, average="macro", zero_division=zero)
        assert ours == pytest.approx(expected), kind
    for average in ("macro", "weighted", "micro", "binary"):
        nothing = metrics.F1Score(2, average)(np.zeros(0, int), np.zeros(0, int))
        assert math.isnan(nothing), average


@pytest.mark.parametrize("normalize", ["true", "pred", "all", None])
def test_confusion_matrices_are_scikit_learns(normalize, labels):
    found, truth = labels
    expected = sklearn.confusion_matrix(truth, found, normalize=normalize)
    result = in_pieces(metrics.ConfusionMatrix(4, normalize), (9, 40), found, truth)
    np.testing.assert_allclose(result, expected, rtol=1e-14)


def test_forms_of_predictions_agree(rng):
    """Scores, classes; a batch of images of classes; logits of two classes; padding."""
    matrix = metrics.ConfusionMatrix(3)
    scores, truth = rng.standard_normal((20, 3)), rng.integers(3, size=20)
    counts = matrix(scores, truth)
    np.testing.assert_array_equal(counts, matrix(scores.argmax(1), truth))
    np.testing.assert_array_equal(counts, matrix(Tensor(scores), truth.astype(np.float32)))
    images = np.moveaxis(scores.reshape(4, 5, 3), -1, 1)
    np.testing.assert_array_equal(counts, matrix(images, truth.reshape(4, 5)))
    padded = np.where(np.arange(20) % 3, truth, -100)
    ignoring = metrics.ConfusionMatrix(3, ignore_index=-100)(scores, padded)
    np.testing.assert_array_equal(ignoring, matrix(scores[padded >= 0], truth[padded >= 0]))
    logits, yes = rng.standard_normal(20), rng.integers(2, size=20)
    two = metrics.ConfusionMatrix(2, threshold=0.0)
    expected = sklearn.confusion_matrix(yes, logits > 0)
    np.testing.assert_array_equal(two(logits, yes), expected)
    np.testing.assert_array_equal(two(logits[:, None], yes), expected)
    np.testing.assert_array_equal(two(logits[:, None], yes[:, None].astype(float)), expected)


NAN = float("nan")


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: metrics.F1Score(3)([0, 3], [0, 1]), nn.DataError, "prediction 1 is class 3"),
        (lambda: metrics.F1Score(3)([0, 1], [0, -1]), nn.DataError, "target 1 is class -1"),
        (lambda: metrics.F1Score(2)([0.3, 0.1], [0, 1]), errors.ShapeError, "threshold="),
        (lambda: metrics.F1Score(2)([[0.3], [0.1]], [0, 1]), errors.ShapeError, "of 1 class"),
        (lambda: metrics.F1Score(3)(np.ones((2, 2)), [0, 1]), errors.ShapeError, "of 2 classes"),
        (lambda: metrics.F1Score(2)([[NAN, 0.1]], [1]), nn.DataError, "NaN"),
        (lambda: metrics.F1Score(2)([0, 1], [0.5, 1]), nn.DataError, "fractions"),
        (lambda: metrics.F1Score(2)([0, 1, 1], [0, 1]), errors.ShapeError, r"\(3,\), target \(2,"),
        (lambda: metrics.F1Score(3, "binary"), errors.ShapeError, "two classes, not 3"),
        (lambda: metrics.F1Score(3, threshold=0.0), errors.ShapeError, "two classes, not 3"),
        (lambda: metrics.F1Score(1), errors.ShapeError, "num_classes must be at least 2"),
        (lambda: metrics.F1Score(3, "mean"), errors.ShapeError, "average must be"),
        (lambda: metrics.F1Score(3).compute(), nn.DataError, "no update"),
        (lambda: metrics.FBetaScore(0.0), errors.ShapeError, "beta must be positive"),
        (lambda: metrics.ConfusionMatrix(3, normalize="rows"), errors.ShapeError, "normalize"),
        (lambda: metrics.MeanSquaredError()([[1.0], [2.0]], [1, 2]), errors.ShapeError, "equal"),
        (lambda: metrics.mean_absolute_error([1.0], 1.0), errors.ShapeError, "equal"),
        (lambda: metrics.R2Score(2)(np.ones(3), np.ones(3)), errors.ShapeError, "num_outputs = 2"),
        (lambda: metrics.R2Score(multioutput="mean"), errors.ShapeError, "multioutput"),
        (lambda: metrics.BLEUScore(weights=[0.5, 0.2]), errors.ShapeError, "n_gram = 4 of sum 1"),
        (lambda: metrics.BLEUScore()("a cat", ["a cat"]), nn.DataError, "a list of translations"),
        (lambda: metrics.BLEUScore()(["a"], ["a", "b"]), errors.ShapeError, "1 translations, 2"),
        (lambda: metrics.BLEUScore()(["a"], [[]]), nn.DataError, "no reference"),
        (lambda: metrics.BLEUScore()(np.ones((2, 3)), [[1], [2]]), nn.DataError, "argmax"),
        (lambda: metrics.BLEUScore()(np.ones(3, int), [[1]]), nn.DataError, "a row for each"),
        (lambda: metrics.WholeSet(3), errors.ShapeError, "callable"),
        (lambda: metrics.WholeSet(max)(np.ones(3), np.ones(2)), errors.ShapeError, "as many rows"),
    ],
)  # fmt: skip
def test_what_cannot_be_measured_is_named(call, error, words):
    with pytest.raises(error, match=words):
        call()


@pytest.mark.parametrize("cuts", [(), (2, 2, 17), tuple(range(1, 40))], ids=["one", "few", "rows"])
def test_errors_of_numbers_are_scikit_learns(rng, cuts):
    truth = rng.standard_normal((40, 2)) * [1.0, 3.0] + 1e7  # squares would lose fourteen digits
    found = truth + 0.5 * rng.standard_normal((40, 2))
    pairs = [
        (metrics.MeanAbsoluteError(), sklearn.mean_absolute_error(truth, found)),
        (metrics.MeanSquaredError(), sklearn.mean_squared_error(truth, found)),
        (metrics.MeanSquaredError(squared=False), math.sqrt(np.mean((found - truth) ** 2))),
        *(
            (metrics.R2Score(2, how), sklearn.r2_score(truth, found, multioutput=how))
            for how in ("uniform_average", "variance_weighted", "raw_values")
        ),
    ]
    for metric, expected in pairs:
        np.testing.assert_allclose(in_pieces(metric, cuts, found, truth), expected, rtol=1e-7)
    assert metrics.mean_absolute_error(found, truth) == pytest.approx(pairs[0][1])
    assert metrics.mean_squared_error(found, truth) == pytest.approx(pairs[1][1])


def test_r2_of_targets_that_do_not_vary():
    same = np.full(3, 2.0)
    for found in (same, same + 1):
        assert metrics.R2Score()(found, same) == sklearn.r2_score(same, found)
    assert math.isnan(metrics.R2Score()([1.0], [1.0]))
    metric = metrics.R2Score()
    for _ in range(2):
        metric.update([], [])
    assert math.isnan(metric.compute())


WORDS = ["the", "a", "cat", "dog", "sat", "on", "mat", "under", "table", "and"]


def sentences(rng, count):
    return [" ".join(rng.choice(WORDS, rng.integers(1, 14))) for _ in range(count)]


@pytest.mark.parametrize("smooth", [False, True])
@pytest.mark.parametrize("n", [1, 2, 4])
def test_bleu_is_sacrebleus(rng, n, smooth):
    sacrebleu = pytest.importorskip("sacrebleu", reason="compares with sacrebleu")
    found, first, second = (sentences(rng, 30) for _ in range(3))
    found[:10] = [f"{a} {b}" for a, b in zip(first[:10], found[:10], strict=True)]
    theirs = sacrebleu.metrics.BLEU(
        tokenize="none", max_ngram_order=n, force=True,
        **({"smooth_method": "add-k", "smooth_value": 1} if smooth else {"smooth_method": "none"}),
    )  # fmt: skip
    for references in ([first], [first, second]):
        expected = theirs.corpus_score(found, references).score / 100
        ours = metrics.BLEUScore(n, smooth)
        given = [list(r) for r in zip(*references, strict=True)]
        result = in_pieces(ours, (1, 11, 11), found, given)
        assert 0.01 < result == pytest.approx(expected, rel=1e-12)
        words = [[r.split() for r in several] for several in given]
        assert ours([f.split() for f in found], words) == result


def test_bleu_by_hand():
    """Papineni's example 2: "the" seven times, of which the reference has two."""
    one = metrics.BLEUScore(1)(["the " * 7], ["the cat is on the mat"])
    assert one == pytest.approx(2 / 7)
    short = metrics.BLEUScore(2)(["a b"], [["a b c d", "a b c"]])  # the nearer in length
    assert short == pytest.approx(math.exp(1 - 3 / 2))
    ids, ends = np.array([[5, 6, 0, 9], [7, 0, 0, 0]]), np.array([[5, 6, 0, 0], [7, 0, 3, 3]])
    assert metrics.BLEUScore(1, eos_token=0)(ids, ends) == 1.0
    assert metrics.BLEUScore(1)(ids, ends) < 1.0
    scores = np.moveaxis(np.eye(10)[ids], -1, 1)  # as CrossEntropyLoss takes them
    assert metrics.BLEUScore(1)(scores, ends) == metrics.BLEUScore(1)(ids, ends)
    assert metrics.BLEUScore(1)(Tensor(scores), Tensor(ends)) == metrics.BLEUScore(1)(ids, ends)
    assert metrics.BLEUScore()(["a b"], ["a b"]) == 0.0  # no sequence of four
    assert metrics.BLEUScore()([""], ["a"]) == 0.0
    assert math.isnan(metrics.BLEUScore()([], []))


# --- in a Trainer -----------------------------------------------------------


def data(n=50, seed=0):
    rng = np.random.default_rng(seed)
    y = np.minimum(rng.integers(9, size=n), 2)  # class 2 is common
    return rng.standard_normal((n, 4)) + 1.5 * np.eye(4)[y], y


def area(scores, labels):
    return sklearn.roc_auc_score(labels == 0, scores[:, 0])


def trainer(**options):
    nn.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Dropout(0.2), nn.Linear(8, 3))
    measures = {"f1": metrics.F1Score(3), "area": metrics.WholeSet(area), "share": nn.accuracy}
    return nn.Trainer(
        model, nn.CrossEntropyLoss(), optim.SGD(model.parameters(), lr=0.1), metrics=measures,
        **options,
    )  # fmt: skip


def test_a_trainer_measures_the_whole_set():
    made = trainer()
    made.fit(data(), data(41, 1), epochs=2, batch_size=8)
    x, y = data(41, 1)
    scores = made.predict(x)
    for size in (3, 16, 41):
        found = made.evaluate((x, y), batch_size=size)
        assert list(found) == ["loss", "f1", "area", "share"]
        expected = sklearn.f1_score(y, scores.argmax(1), average="macro", zero_division=0)
        assert found["f1"] == pytest.approx(expected)
        assert found["area"] == pytest.approx(area(scores, y))
    assert made.history["val_f1"][-1] == pytest.approx(found["f1"])
    batches = [metrics.F1Score(3)(scores[k : k + 3], y[k : k + 3]) for k in range(0, 41, 3)]
    assert abs(np.mean(batches) - found["f1"]) > 0.05  # the mean of batches is something else
    assert [type(v) for v in made.history.rows[-1].values()] == [int] + [float] * 9


def test_training_rows_are_of_the_outputs_that_were_learned_from():
    seen = []

    class Watch(nn.metrics.Metric):
        def start(self):
            return np.zeros((3, 3), np.int64)

        def statistics(self, input, target):
            seen.append((np.array(input), np.array(target)))
            return metrics.ConfusionMatrix(3)(input, target)

        def value(self, statistics):
            return statistics.trace() / statistics.sum()

    made = trainer()
    made.metrics = {"watch": Watch(), "f1": metrics.F1Score(3), "share": nn.accuracy}
    made.fit(data(), epochs=1, batch_size=8)
    scores, labels = map(np.concatenate, zip(*seen, strict=True))
    row = made.history.rows[0]
    assert row["watch"] == pytest.approx(row["share"]) == pytest.approx(nn.accuracy(scores, labels))
    assert row["f1"] == pytest.approx(metrics.F1Score(3)(scores, labels))


def test_evaluate_takes_metrics_of_its_own():
    made = trainer()
    x, y = data()
    found = made.evaluate((x, y), 7, metrics={"matrix": metrics.ConfusionMatrix(3)})
    assert list(found) == ["loss", "matrix"]
    np.testing.assert_array_equal(
        found["matrix"], sklearn.confusion_matrix(y, made.predict(x).argmax(1))
    )


@pytest.mark.parametrize(
    ("measure", "words"),
    [
        (metrics.ConfusionMatrix(3), "evaluate"),
        (metrics.F1Score(3, average=None), "evaluate"),
        (metrics.F1Score, "give an instance"),
        ("accuracy", "not callable"),
    ],
)
def test_what_is_no_number_is_refused_at_once(measure, words):
    model = nn.Linear(4, 3)
    with pytest.raises(errors.SettingError, match=words):
        nn.Trainer(model, nn.MSELoss(), None, metrics={"m": measure})
    with pytest.raises(errors.SettingError, match="taken"):
        nn.Trainer(model, nn.MSELoss(), None, metrics={"loss": nn.accuracy})


def test_a_function_that_returns_an_array_is_named():
    made = trainer()
    made.metrics = {"each": lambda output, target: output}
    with pytest.raises(errors.SettingError, match=r"'each' must return one number.*\(8, 3\)"):
        made.fit(data(), epochs=1, batch_size=8)


@pytest.mark.parametrize("batches", [1, 3])
def test_a_run_cut_off_goes_on_with_what_was_gathered(batches, tmp_path):
    class Cut(nn.Callback):
        count = 0

        def on_backward(self, trainer):
            self.count += 1
            if self.count == 7 + batches + 1:
                raise KeyboardInterrupt

    whole = trainer()
    whole.fit(data(), data(20, 1), epochs=2, batch_size=8)
    path = tmp_path / "run.safetensors"
    cut = trainer(checkpoint=path, checkpoint_batches=1, callbacks=[Cut()])
    with pytest.raises(KeyboardInterrupt):
        cut.fit(data(), data(20, 1), epochs=2, batch_size=8)
    cut.callbacks[0].count, cut.checkpoint = -100, None
    cut.fit(data(), data(20, 1), epochs=2, batch_size=8)  # in the same process
    assert cut.history.rows == whole.history.rows
    resumed = trainer(checkpoint=path, callbacks=[nn.Callback()])
    resumed.fit(data(), data(20, 1), epochs=2, batch_size=8)
    assert resumed.history.rows == whole.history.rows


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("f1", np.zeros((2, 2), np.int64)),
        ("f1", np.zeros((3, 3))),
        ("f1", 0.5),
        ("area", [[np.zeros((2, 3)), np.zeros(3)]]),
        ("area", [np.zeros(3)]),
        ("area", np.zeros(3)),
    ],
)
def test_statistics_from_strangers_are_checked(name, value):
    made = trainer()
    made.fit(data(), epochs=1, batch_size=8)
    state = made.state_dict()
    state["batch"], state["sums"] = 1, {"loss": 0.5, "rows": 8, "share": 0.5, **{
        "f1": np.zeros((3, 3), np.int64), "area": [], name: value}}  # fmt: skip
    with pytest.raises(nn.StateDictError, match=f"{name!r} of 'sums'"):
        made.load_state_dict(state)


def test_no_warning_of_nothing():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert math.isnan(metrics.MeanAbsoluteError()(np.zeros(0), np.zeros(0)))
        assert math.isnan(metrics.R2Score()(np.zeros(0), np.zeros(0)))
        assert math.isnan(metrics.WholeSet(max).value([]))
        assert np.all(metrics.ConfusionMatrix(2, "true")(np.zeros(0, int), np.zeros(0, int)) == 0)


# --- on several ranks (tests/distributed has them as processes) --------------


class Two(Alone):
    """A group of two ranks, of which this is the first; the other's part is given."""

    size = 2

    def __init__(self, other):
        self.other = other

    def gather(self, value):
        return [value, {name: self.other[name] for name in value}]

    def sum(self, array):
        return np.array(array) + self.other["sums"]


def test_ranks_are_joined(labels):
    found, truth = labels
    whole = {"f1": metrics.F1Score(4), "share": lambda a, b: np.mean(a == b)}
    parts = [measures.of_batch(whole, 0.5, found[s], truth[s]) for s in (slice(20), slice(20, 60))]
    other = {**parts[1], "sums": np.array([parts[1]["share"] * 40, 40.0])}
    joined = measures.over_ranks(Two(other), whole, parts[0], 20, repeated=False)
    assert joined["loss"] == 0.5
    assert joined["share"] == pytest.approx(np.mean(found == truth))
    np.testing.assert_array_equal(joined["f1"], metrics.ConfusionMatrix(4)(found, truth))
    same = {**parts[0], "sums": np.array([parts[0]["share"] * 20, 20.0])}  # too few rows to share
    again = measures.over_ranks(Two(same), whole, parts[0], 20, repeated=True)
    np.testing.assert_array_equal(again["f1"], parts[0]["f1"])
    assert again["share"] == pytest.approx(parts[0]["share"])


def test_a_rank_without_rows_adds_nothing(labels):
    found, truth = labels
    whole = {"share": lambda a, b: np.mean(a == b), "f1": metrics.F1Score(4)}
    sums = {}
    measures.add(whole, sums, measures.of_batch(whole, 0.5, found, truth), 60)
    joined = measures.sums_of_ranks(Two({"f1": None, "sums": np.zeros(3)}), whole, sums)
    assert list(joined) == ["loss", "share", "f1", "rows"]
    values = measures.values_of(whole, joined)
    expected = sklearn.f1_score(truth, found, average="macro", zero_division=0)
    assert values == pytest.approx({"loss": 0.5, "share": np.mean(found == truth), "f1": expected})
    assert "f1" not in measures.values_of(whole, joined, whole=False)
