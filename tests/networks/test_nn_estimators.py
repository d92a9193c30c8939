"""The scikit-learn estimators: scikit-learn's own checks whole, and its tools on real digits."""

import pickle
import subprocess
import sys

import numpy as np
import pytest

import nn
from autograd_core.base import errors

pytest.importorskip("sklearn", "1.6")
from sklearn.datasets import load_digits, make_friedman1
from sklearn.ensemble import BaggingClassifier, VotingClassifier
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import (
    GridSearchCV,
    RandomizedSearchCV,
    cross_validate,
    learning_curve,
    train_test_split,
)
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

Classifier, Regressor = nn.NeuralNetClassifier, nn.NeuralNetRegressor


@pytest.mark.slow
@parametrize_with_checks([Classifier(), Regressor()])
def test_scikit_learns_checks(estimator, check):
    check(estimator)


@pytest.mark.exhaustive
@parametrize_with_checks(
    [
        Classifier(hidden_layer_sizes=(20, 20), activation="tanh", lr=0.01, early_stopping=False),
        Regressor(optimizer="RMSprop", weight_decay=1e-4),
    ]
)
def test_scikit_learns_checks_of_other_settings(estimator, check):
    check(estimator)


@pytest.fixture(scope="module")
def digits():
    x, y = load_digits(return_X_y=True)
    return train_test_split(x / 16.0, y, test_size=0.3, random_state=0, stratify=y)


def net(**options):
    settings = {"hidden_layer_sizes": (64,), "lr": 3e-3, "max_epochs": 15, "random_state": 0}
    return Classifier(**(settings | options))


def test_accuracy_on_digits(digits):
    train_x, test_x, train_y, test_y = digits
    model = net(max_epochs=30).fit(train_x, train_y)
    assert model.score(test_x, test_y) > 0.96
    probabilities = model.predict_proba(test_x)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1.0)
    np.testing.assert_array_equal(probabilities.argmax(axis=1), model.predict(test_x))


def test_pipeline(digits):
    train_x, test_x, train_y, test_y = digits
    model = make_pipeline(StandardScaler(), net()).fit(train_x, train_y)
    assert model.score(test_x, test_y) > 0.95


@pytest.mark.slow
def test_grid_search(digits):
    train_x, test_x, train_y, test_y = digits
    search = GridSearchCV(
        net(max_epochs=6), {"lr": [1e-5, 5e-3], "hidden_layer_sizes": [(8,), (64,)]}, cv=3
    ).fit(train_x, train_y)
    assert search.best_params_ == {"hidden_layer_sizes": (64,), "lr": 5e-3}
    assert search.score(test_x, test_y) > 0.93


@pytest.mark.slow
def test_randomized_search(digits):
    train_x, test_x, train_y, test_y = digits
    search = RandomizedSearchCV(
        net(max_epochs=6),
        {"lr": [1e-6, 5e-3], "weight_decay": [0.0, 1e-4]},
        n_iter=4,
        cv=2,
        random_state=0,
    ).fit(train_x, train_y)
    assert search.best_params_["lr"] == 5e-3
    assert search.score(test_x, test_y) > 0.93


def test_cross_validate(digits):
    train_x, _, train_y, _ = digits
    scores = cross_validate(net(), train_x, train_y, cv=3)["test_score"]
    assert scores.min() > 0.92


@pytest.mark.slow
def test_bagging_and_voting(digits):
    train_x, test_x, train_y, test_y = digits
    bag = BaggingClassifier(net(max_epochs=8), n_estimators=4, random_state=0)
    assert bag.fit(train_x, train_y).score(test_x, test_y) > 0.94
    votes = VotingClassifier(
        [("net", net()), ("tanh", net(activation="tanh")), ("near", KNeighborsClassifier())],
        voting="soft",
    )
    assert votes.fit(train_x, train_y).score(test_x, test_y) > 0.95


@pytest.mark.slow
def test_learning_curve(digits):
    train_x, _, train_y, _ = digits
    sizes, _, scores = learning_curve(
        net(), train_x, train_y, train_sizes=[0.1, 0.4, 1.0], cv=3, shuffle=True, random_state=0
    )
    means = scores.mean(axis=1)
    assert len(sizes) == 3
    assert means[0] < means[1] < means[2]
    assert means[2] > 0.93


def test_regressor_learns_what_no_line_can():
    x, y = make_friedman1(600, noise=0.5, random_state=0)
    y = (y - y.mean()) / y.std()
    train_x, test_x, train_y, test_y = train_test_split(x, y, random_state=0)
    model = Regressor(hidden_layer_sizes=(64,), lr=0.01, max_epochs=60, random_state=0)
    score = model.fit(train_x, train_y).score(test_x, test_y)
    assert LinearRegression().fit(train_x, train_y).score(test_x, test_y) < 0.8 < 0.9 < score


def test_several_targets_keep_their_shape():
    rng = np.random.default_rng(0)
    x = rng.standard_normal((80, 3))
    y = x @ rng.standard_normal((3, 2))
    model = Regressor(hidden_layer_sizes=(), lr=0.05, max_epochs=60, random_state=0).fit(x, y)
    assert model.predict(x).shape == (80, 2)
    np.testing.assert_allclose(model.predict(x), y, atol=0.05)


def test_any_module_and_dtype(digits):
    train_x, test_x, train_y, test_y = digits

    def network(inputs, outputs):
        return nn.Sequential(
            nn.Linear(inputs, 64), nn.ReLU(), nn.Dropout(0.2), nn.Linear(64, outputs)
        )

    model = net(module=network, max_epochs=20).fit(train_x.astype(np.float32), train_y)
    assert model.module_[0].weight.dtype == np.float32
    assert model.predict_proba(test_x.astype(np.float32)).dtype == np.float32
    assert model.score(test_x.astype(np.float32), test_y) > 0.94
    again = net(module=network, max_epochs=20).fit(train_x.astype(np.float32), train_y)
    np.testing.assert_array_equal(
        model.predict_proba(test_x.astype(np.float32)),
        again.predict_proba(test_x.astype(np.float32)),
    )


def test_early_stopping_and_callbacks(digits):
    train_x, _, train_y, _ = digits
    statistics = nn.LayerStatistics()
    model = net(early_stopping=True, patience=2, lr=0.02, max_epochs=100, callbacks=[statistics])
    model.fit(train_x, train_y)
    assert model.n_iter_ < 100
    assert "val_loss" in model.history_
    assert len(model.callbacks_[0].records) == model.n_iter_
    assert statistics.records == []


def test_warm_start_goes_on(digits):
    train_x, _, train_y, _ = digits
    model = net(max_epochs=3, warm_start=True)
    losses = [model.fit(train_x, train_y).history_["loss"][-1] for _ in range(3)]
    assert losses[0] > losses[1] > losses[2]
    with pytest.raises(errors.SettingError, match="classes"):
        model.fit(train_x[train_y < 5], train_y[train_y < 5])


def test_fitting_leaves_the_shared_random_sequence(digits):
    train_x, _, train_y, _ = digits
    state = nn.get_rng_state()
    net(max_epochs=1).fit(train_x, train_y)
    assert nn.get_rng_state() == state


def test_pickles_predict_the_same(digits):
    train_x, test_x, train_y, _ = digits
    model = net(max_epochs=2).fit(train_x, train_y)
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(again.predict_proba(test_x), model.predict_proba(test_x))


X, Y = np.eye(4), np.arange(4)
BAD = [
    ({"lr": 0.0}, "lr = 0.0"),
    ({"optimizer": "Magic"}, "'Magic'; it must name one"),
    ({"optimizer": "Optimizer"}, "Optimizer"),
    ({"activation": "step"}, "activation = 'step'"),
    ({"batch_size": 0}, "batch_size = 0"),
    ({"max_epochs": -1}, "epochs = -1"),
    ({"module": lambda inputs, outputs: 3}, "it made a int"),
]


@pytest.mark.parametrize(("options", "words"), BAD)
def test_bad_settings_are_named(options, words):
    with pytest.raises(Exception, match=words) as caught:
        Classifier(**options).fit(X, Y)
    assert isinstance(caught.value, (errors.SettingError, TypeError, NotImplementedError))


def test_scikit_learn_is_loaded_only_when_asked_for():
    code = "import sys, nn; print('sklearn' in sys.modules, 'tqdm' in sys.modules)"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.split() == ["False", "False"]
