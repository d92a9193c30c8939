"""Searches and bags under each of joblib's backends: the same numbers to the last bit."""

import pickle

import numpy as np
import pytest

import nn

pytest.importorskip("sklearn", "1.6")
from joblib import Parallel, delayed, parallel_config
from sklearn.base import clone
from sklearn.ensemble import BaggingClassifier, StackingRegressor
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV, cross_validate

RNG = np.random.default_rng(0)
X = RNG.standard_normal((60, 4))
Y = (X @ [1.0, -2.0, 0.5, 0.0] > 0).astype(int)
W = RNG.integers(1, 4, len(X))


def network(inputs, outputs):
    """Return what draws all the time, so that a shared sequence would show."""
    return nn.Sequential(nn.Linear(inputs, 8), nn.ReLU(), nn.Dropout(0.4), nn.Linear(8, outputs))


def judged():
    """Return every number that a search, a validation, a bag and a stack come to."""
    net = nn.NeuralNetClassifier(network, max_epochs=4, batch_size=16, random_state=0)
    settings = {"lr": [1e-3, 1e-2], "optimizer": ["Adam", "SGD"]}
    grid = GridSearchCV(net, settings, cv=2).fit(X, Y, sample_weight=W)
    drawn = RandomizedSearchCV(net, settings, n_iter=3, cv=2, random_state=0).fit(X, Y)
    scores = cross_validate(net, X, Y, cv=3, return_train_score=True)
    bag = BaggingClassifier(net, 3, random_state=0).fit(X, Y, sample_weight=W)
    regressor = nn.NeuralNetRegressor(network, max_epochs=4, random_state=0)
    stack = StackingRegressor([("net", regressor)], Ridge(), cv=2).fit(X, X[:, 0])
    return np.concatenate(
        [
            grid.cv_results_["mean_test_score"],
            drawn.cv_results_["mean_test_score"],
            scores["test_score"],
            scores["train_score"],
            grid.predict_proba(X).ravel(),
            bag.predict_proba(X).ravel(),
            stack.predict(X),
        ]
    )


@pytest.fixture(scope="module")
def alone():
    with parallel_config(backend="sequential"):
        return judged()


@pytest.mark.parametrize("jobs", [2, 3])
def test_threads_come_to_the_same(alone, jobs):
    before = nn.get_rng_state()
    with parallel_config(backend="threading", n_jobs=jobs):
        np.testing.assert_array_equal(judged(), alone)
    assert nn.get_rng_state() == before


@pytest.mark.slow
def test_processes_come_to_the_same(alone):
    with parallel_config(backend="loky", n_jobs=2):
        np.testing.assert_array_equal(judged(), alone)


@pytest.mark.parametrize("processes", [False, pytest.param(True, marks=pytest.mark.exhaustive)])
def test_a_cluster_comes_to_the_same(alone, processes):
    distributed = pytest.importorskip("dask.distributed")
    cluster = distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=processes, dashboard_address=":0"
    )
    with cluster, distributed.Client(cluster), parallel_config(backend="dask"):
        np.testing.assert_array_equal(judged(), alone)


def test_dask_s_own_scheduler_comes_to_the_same(alone):
    dask = pytest.importorskip("dask")

    def fitted(k):
        net = nn.NeuralNetClassifier(network, max_epochs=3, random_state=k)
        return net.fit(X, Y).predict_proba(X)

    jobs = [dask.delayed(fitted)(k) for k in range(4)]
    for scheduler in ("synchronous", "threads"):
        found = dask.compute(*jobs, scheduler=scheduler, num_workers=3)
        for k, one in enumerate(found):
            np.testing.assert_array_equal(one, fitted(k))


class Noted(nn.Callback):
    """Counts epochs."""

    def __init__(self):
        super().__init__()
        self.epochs = 0

    def on_epoch_end(self, trainer, row):
        self.epochs += 1


def doubled(module, inputs, output):
    return output * 2


def hooked(inputs, outputs):
    made = network(inputs, outputs)
    made[0].register_forward_hook(doubled)
    return made


def test_estimators_travel_with_callbacks_and_hooks():
    net = nn.NeuralNetClassifier(hooked, max_epochs=3, callbacks=[Noted()], random_state=0)
    sent = pickle.loads(pickle.dumps(net))
    made, again = clone(net).fit(X, Y), sent.fit(X, Y)
    back = pickle.loads(pickle.dumps(again))
    assert back.callbacks_[0].epochs == 3
    np.testing.assert_array_equal(back.predict_proba(X), made.predict_proba(X))
    first = back.module_[0]
    expected = 2 * (X @ first.weight.data.T + first.bias.data)
    np.testing.assert_allclose(first(X).data, expected, rtol=1e-12)
    assert len(pickle.dumps(net)) < 1000  # no weights, no data


def test_predictions_in_many_threads():
    net = nn.NeuralNetClassifier(network, max_epochs=2, random_state=0).fit(X, Y)
    with parallel_config(backend="threading", n_jobs=4):
        found = Parallel()(delayed(net.predict_proba)(X) for _ in range(20))
    for one in found:
        np.testing.assert_array_equal(one, net.predict_proba(X))


class Nested(nn.Callback):
    """Fits another network while one is being fitted."""

    def on_epoch_end(self, trainer, row):
        nn.NeuralNetClassifier(max_epochs=1, random_state=1).fit(X, Y)


def test_a_fit_within_a_fit_changes_nothing():
    options = {"max_epochs": 3, "random_state": 0}
    made = nn.NeuralNetClassifier(network, callbacks=[Nested()], **options).fit(X, Y)
    plain = nn.NeuralNetClassifier(network, **options).fit(X, Y)
    np.testing.assert_array_equal(made.predict_proba(X), plain.predict_proba(X))


@pytest.mark.parametrize("activation", ["relu", "gelu"])
def test_layers_that_hold_operations_are_pickled(activation):
    layer = nn.TransformerEncoderLayer(4, 2, 8, activation=activation).eval()
    again = pickle.loads(pickle.dumps(layer))
    x = np.ones((2, 3, 4), np.float32)
    np.testing.assert_array_equal(again(x).data, layer(x).data)
    assert again.activation is layer.activation
