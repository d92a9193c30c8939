"""Weights of rows and classes, and fits in parts, beside repeated and missing rows."""

import copy
import pickle
import warnings

import numpy as np
import pytest

import nn
import optim
from autograd_core.base import errors

pytest.importorskip("sklearn", "1.6")
from sklearn.dummy import DummyClassifier
from sklearn.exceptions import NotFittedError
from sklearn.metrics import accuracy_score, r2_score
from sklearn.utils import compute_sample_weight

Classifier, Regressor = nn.NeuralNetClassifier, nn.NeuralNetRegressor
RNG = np.random.default_rng(0)
X = RNG.standard_normal((40, 3))
Y = (X @ [1.0, -2.0, 0.5] > 0).astype(int) + (X[:, 0] > 0.7)
T = np.stack([np.sin(X[:, 0]), X[:, 1] * X[:, 2]], axis=1)
W = RNG.integers(0, 4, len(X))


def settings(**options):
    return {
        "hidden_layer_sizes": (6,),
        "lr": 0.05,
        "batch_size": 1000,
        "max_epochs": 8,
        "random_state": 0,
    } | options


def drops(inputs, outputs):
    return nn.Sequential(nn.Linear(inputs, 8), nn.ReLU(), nn.Dropout(0.3), nn.Linear(8, outputs))


CLASSIFIERS = [
    {"optimizer": "SGD"},
    {"optimizer": "AdamW", "weight_decay": 0.1},
    {"class_weight": "balanced"},
    {"class_weight": {0: 2.0, 1: 0.5, 2: 1.0}},
    {"loss": nn.CrossEntropyLoss(label_smoothing=0.2)},
    {"module": lambda i, o: nn.Sequential(nn.Linear(i, 4), nn.LayerNorm(4), nn.Linear(4, o))},
]
REGRESSORS = [
    {},
    {"loss": nn.L1Loss()},
    {"loss": nn.HuberLoss()},
    {"loss": nn.SmoothL1Loss()},
    {"loss": nn.HalfSquaredError()},
]


def _repeated(kind, options, targets):
    made = kind(**settings(**options)).fit(X, targets, sample_weight=W)
    again = kind(**settings(**options)).fit(np.repeat(X, W, 0), np.repeat(targets, W, 0))
    np.testing.assert_allclose(made.history_["loss"], again.history_["loss"], rtol=1e-12)
    for a, b in zip(made.module_.parameters(), again.module_.parameters(), strict=True):
        np.testing.assert_allclose(a.data, b.data, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("options", CLASSIFIERS, ids=lambda given: "+".join(given) or "plain")
def test_a_weight_counts_as_that_many_rows(options):
    _repeated(Classifier, options, Y)


@pytest.mark.parametrize("options", REGRESSORS, ids=lambda given: "+".join(given) or "plain")
def test_a_weight_counts_as_that_many_rows_in_regression(options):
    _repeated(Regressor, options, T)


@pytest.mark.parametrize("targets", [Y, T], ids=["classifier", "regressor"])
def test_no_weight_is_no_row_in_any_batches(targets):
    kind = Classifier if targets is Y else Regressor
    options = settings(batch_size=7, early_stopping=True, module=drops)
    made = kind(**options).fit(X, targets, sample_weight=(W > 0) * 3.0)
    again = kind(**options).fit(X[W > 0], targets[W > 0])
    for name in ("loss", "val_loss"):
        np.testing.assert_allclose(made.history_[name], again.history_[name], rtol=1e-12)


def test_a_class_of_no_weight_stays_a_class():
    for class_weight in (None, "balanced"):
        made = Classifier(**settings(class_weight=class_weight, max_epochs=60))
        made.fit(X, Y, sample_weight=(Y != 1) * 1.0)
        assert made.classes_.tolist() == [0, 1, 2]
        assert made.predict_proba(X)[:, 1].max() < 0.1


def test_class_weights_are_weights_of_rows():
    names = np.array(["a", "b", "c"])[Y]
    for class_weight in ("balanced", {"a": 1.0, "b": 3.0, "c": 0.25}):
        made = Classifier(**settings(class_weight=class_weight, batch_size=9)).fit(X, names)
        rows = compute_sample_weight(class_weight, names)
        again = Classifier(**settings(batch_size=9)).fit(X, names, sample_weight=rows)
        np.testing.assert_array_equal(made.predict_proba(X), again.predict_proba(X))


def test_weights_count_in_batches_of_one_row():
    options = settings(batch_size=1, lr=0.02, max_epochs=10, hidden_layer_sizes=())
    shares = [
        Classifier(**options, class_weight={0: 1.0, 1: k, 2: 1.0}).fit(X, Y).predict_proba(X)[:, 1]
        for k in (0.2, 1.0, 5.0)
    ]
    assert shares[0].mean() < shares[1].mean() < shares[2].mean()


def test_losses_of_the_history_are_weighted_means(tmp_path):
    weight = W + 0.5
    path = tmp_path / "best.safetensors"
    made = Regressor(
        **settings(batch_size=7, early_stopping=True, max_epochs=4),
        callbacks=[nn.SaveBest(path, monitor="val_loss")],
    )
    from sklearn.model_selection import train_test_split

    made.fit(X, T, sample_weight=weight)
    seed = made._seed
    _, held, _, target, _, rows = train_test_split(X, T, weight, test_size=0.1, random_state=seed)
    best = nn.load(path)
    model = made.module_
    model.load_state_dict(best)
    expected = np.average(np.mean((made.predict(held) - target) ** 2, axis=1), weights=rows)
    assert min(made.history_["val_loss"]) == pytest.approx(expected, rel=1e-12)


class Watch(nn.Callback):
    """Asks for numbers of rows that come without weights."""

    def on_epoch_end(self, trainer, row):
        row["plain"] = trainer.evaluate((X, T))["loss"]
        row["by hand"] = float(np.mean((trainer.predict(X) - T) ** 2))


def test_a_callback_may_evaluate_rows_without_weights():
    made = Regressor(**settings(callbacks=[Watch()])).fit(X, T, sample_weight=W)
    np.testing.assert_allclose(made.history_["plain"], made.history_["by hand"], rtol=1e-12)
    assert made.history_["plain"] != made.history_["loss"]


def test_scores_take_weights():
    made = Classifier(**settings()).fit(X, Y)
    assert made.score(X, Y, W) == accuracy_score(Y, made.predict(X), sample_weight=W)
    found = Regressor(**settings()).fit(X, T)
    assert found.score(X, T, W) == pytest.approx(r2_score(T, found.predict(X), sample_weight=W))


# --- in parts -----------------------------------------------------------------


def test_parts_are_epochs():
    for weight in (None, W):
        options = settings(batch_size=7, module=drops)
        whole = Classifier(**options).fit(X, Y, sample_weight=weight)
        parts = Classifier(**options)
        for _ in range(8):
            parts.partial_fit(X, Y, classes=[2, 1, 0], sample_weight=weight)
        assert parts.history_["loss"] == whole.history_["loss"]
        np.testing.assert_array_equal(parts.predict_proba(X), whole.predict_proba(X))
        copies = [whole, pickle.loads(pickle.dumps(parts)), copy.deepcopy(parts)]
        for made in (parts, *copies):  # the moments and the random sequence go on too
            made.partial_fit(X, Y)
        assert {made.n_iter_ for made in (parts, *copies)} == {9}
        for made in copies:
            np.testing.assert_array_equal(parts.predict_proba(X), made.predict_proba(X))


def test_parts_of_a_stream():
    made = Regressor(**settings(batch_size=32, lr=0.02, hidden_layer_sizes=()))
    rng = np.random.default_rng(1)
    for _ in range(150):
        x = rng.standard_normal((64, 3))
        made.partial_fit(x, x @ [1.0, -2.0, 0.5])
    np.testing.assert_allclose(made.predict(X), X @ [1.0, -2.0, 0.5], atol=1e-2)
    with pytest.raises(errors.SettingError, match=r"shape \(40, 2\)"):
        made.partial_fit(X, T)


def test_a_new_rate_goes_on_and_another_rule_begins_anew():
    made = Classifier(**settings()).partial_fit(X, Y, classes=[0, 1, 2])
    before = made._optimizer
    made.set_params(lr=0.001).partial_fit(X, Y)
    assert made._optimizer is before
    assert before.param_groups[0]["lr"] == 0.001
    made.set_params(optimizer="SGD", lr=0.5).partial_fit(X, Y)
    assert isinstance(made._optimizer, optim.SGD)


def test_a_part_that_fails_first_leaves_nothing():
    made = Classifier(**settings())
    with pytest.raises(ValueError, match="NaN"):
        made.partial_fit(X * np.nan, Y, classes=[0, 1, 2])
    with pytest.raises(NotFittedError):
        made.predict(X)
    made.partial_fit(X, np.where(Y == 0, 7, Y), classes=[1, 2, 7])
    assert made.classes_.tolist() == [1, 2, 7]


WRONG = [
    ({}, {}, "classes must be passed"),
    ({}, {"classes": [0, 1]}, "previously unseen labels"),
    ({"early_stopping": True}, {"classes": [0, 1, 2]}, "does not hold rows out"),
    ({"class_weight": "balanced"}, {"classes": [0, 1, 2]}, "all rows at once"),
    ({"class_weight": {0: -1.0}}, {"classes": [0, 1, 2]}, "not negative"),
    ({"class_weight": {0: 0.0, 1: 0.0, 2: 0.0}}, {"classes": [0, 1, 2]}, "all rows are zero"),
    ({}, {"classes": [0, 1, 2], "sample_weight": -W}, "[Nn]egative"),
    ({}, {"classes": [0, 1, 2], "sample_weight": W[1:]}, r"\(39,\)|39"),
    ({}, {"classes": [0, 1, 2], "sample_weight": W * np.nan}, "NaN"),
    ({"loss": nn.MSELoss(reduction="sum")}, {"classes": [0, 1, 2], "sample_weight": W}, "'mean'"),
    ({"loss": lambda a, b: 0}, {"classes": [0, 1, 2], "sample_weight": W}, "'mean'"),
    (
        {"loss": nn.CrossEntropyLoss(np.ones(3))},
        {"classes": [0, 1, 2], "sample_weight": W},
        "class_weight=",
    ),
]


@pytest.mark.parametrize(("options", "given", "words"), WRONG, ids=[w for _, _, w in WRONG])
def test_what_cannot_be_weighed_is_refused(options, given, words):
    with pytest.raises(ValueError, match=words):
        Classifier(**settings(**options)).partial_fit(X, Y, **given)


def test_classes_stay_what_they_were():
    made = Classifier(**settings()).fit(X, Y)
    with pytest.raises(errors.SettingError, match="not the same"):
        made.partial_fit(X, Y, classes=[0, 1, 2, 3])


# --- weight decay -------------------------------------------------------------


@pytest.mark.parametrize("optimizer", ["SGD", "Adam", "AdamW"])
def test_decay_leaves_the_biases(optimizer):
    constant, labels = np.ones((100, 2)), np.repeat([0, 1], [90, 10])
    made = Classifier(
        **settings(weight_decay=0.5, optimizer=optimizer, lr=0.2, max_epochs=300)
    ).fit(constant, labels)
    shares = DummyClassifier().fit(constant, labels).class_prior_
    np.testing.assert_allclose(made.predict_proba(constant)[0], shares, atol=0.01)


def test_decay_touches_what_has_two_axes():
    def network(inputs, outputs):
        return nn.Sequential(nn.Linear(inputs, 4), nn.LayerNorm(4), nn.Linear(4, outputs))

    made = Classifier(**settings(module=network, weight_decay=0.1)).fit(X, Y)
    wide, thin = made._optimizer.param_groups
    assert {p.ndim for p in wide["params"]} == {2}
    assert {p.ndim for p in thin["params"]} == {1}
    assert (wide["weight_decay"], thin["weight_decay"]) == (0.1, 0.0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        one = lambda i, o: nn.Linear(i, o, bias=False)
        Classifier(**settings(module=one, weight_decay=0.1)).fit(X, Y)
