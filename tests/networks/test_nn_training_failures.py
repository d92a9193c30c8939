"""What rarely happens in a training: missing packages, failing disks, states that do not fit."""

from __future__ import annotations

import importlib
import os
import sys

import numpy as np
import pytest
from test_nn_training import blobs, make

import nn
import optim
from autograd_core import Tensor
from autograd_core.base import errors
from nn.history import History
from nn.progress import progress_bar
from nn.serialization import read


class Shortened(dict):
    """Stands for a data set that is no arrays: an item at a time."""

    def __init__(self, n):
        super().__init__({k: (np.full(2, float(k)), k % 2) for k in range(n)})


# --- packages that are not there -------------------------------------------


def test_the_picture_of_a_history(monkeypatch) -> None:
    history = History()
    with pytest.raises(errors.SettingError, match="no epoch"):
        history.plot()
    history.append({"epoch": 1, "loss": 0.5, "val_loss": 0.75})
    history.append({"epoch": 2, "loss": 0.25})
    assert [row["loss"] for row in history] == [0.5, 0.25]
    assert repr(history) == "History(2 epochs: epoch, loss, val_loss)"
    figures = pytest.importorskip("matplotlib.figure")
    axis = figures.Figure().add_subplot()
    assert history.plot([axis]) is axis.figure
    lines = {line.get_label(): line.get_xydata().tolist() for line in axis.get_lines()}
    assert lines == {"training": [[1, 0.5], [2, 0.25]], "validation": [[1, 0.75]]}
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(errors.UnsupportedError, match="Matplotlib"):
        history.plot()


def test_the_progress_bar_without_tqdm(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "tqdm.auto", None)
    with progress_bar(None, 0, 10) as bar:
        assert bar is None
    with pytest.raises(errors.UnsupportedError, match="tqdm"), progress_bar(True, 0, 10):
        pass


def test_estimators_without_scikit_learn(monkeypatch) -> None:
    for name in [n for n in sys.modules if n == "sklearn" or n.startswith("sklearn.")]:
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.setitem(sys.modules, "sklearn", None)
    monkeypatch.setitem(sys.modules, "sklearn.base", None)
    for name in ("nn.estimators", "nn.base_estimator", "nn.sklearn_parts"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    with pytest.raises(errors.UnsupportedError, match="scikit-learn"):
        importlib.import_module("nn.estimators")


def test_an_estimator_takes_a_function_that_makes_an_optimizer() -> None:
    pytest.importorskip("sklearn", "1.6")
    x, y = blobs(60)

    def rule(parameters, lr, weight_decay):
        return optim.SGD(parameters, lr=lr, momentum=0.9)

    first, second = (
        nn.NeuralNetClassifier(
            hidden_layer_sizes=(8,), optimizer=given, lr=0.1, max_epochs=2, random_state=0
        ).fit(x, y)
        for given in (rule, rule)
    )
    np.testing.assert_array_equal(first.predict_proba(x), second.predict_proba(x))
    with pytest.raises(errors.SettingError, match="it must name one"):
        nn.NeuralNetClassifier(hidden_layer_sizes=(8,), optimizer="Nonsense", max_epochs=1).fit(
            x, y
        )


# --- the disk --------------------------------------------------------------


def test_a_write_that_fails_leaves_the_old_file_alone(tmp_path, monkeypatch) -> None:
    path = tmp_path / "weights.safetensors"
    nn.save({"w": np.ones(3)}, path)

    def full(number):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="No space"):
            nn.save({"w": np.zeros(3)}, path)
    assert os.listdir(tmp_path) == ["weights.safetensors"]
    np.testing.assert_array_equal(nn.load(path)["w"], np.ones(3))


@pytest.mark.parametrize("call", ["open", "fsync"])
def test_a_folder_that_cannot_be_synchronized_is_no_failure(call, tmp_path, monkeypatch) -> None:
    """Some systems open no folders, some file systems do not flush them."""
    path, real = tmp_path / "weights.safetensors", getattr(os, call)
    calls = []

    def refusing(target, *rest):
        calls.append(target)
        if target == str(tmp_path) or (call == "fsync" and len(calls) == 2):
            raise OSError(22, "Invalid argument")
        return real(target, *rest)

    monkeypatch.setattr(os, call, refusing)
    nn.save({"w": np.ones(3)}, path)
    monkeypatch.undo()
    assert calls
    np.testing.assert_array_equal(nn.load(path)["w"], np.ones(3))


def test_a_file_that_becomes_shorter_while_it_is_read(tmp_path, monkeypatch) -> None:
    path = tmp_path / "weights.safetensors"
    nn.save({"w": np.ones(300)}, path)
    real = os.fstat(os.open(path, os.O_RDONLY))
    with open(path, "r+b") as file:
        file.truncate(real.st_size - 100)
    monkeypatch.setattr(os, "fstat", lambda number: real)
    with pytest.raises(nn.SerializationError, match="became shorter"):
        read(path)


# --- callbacks and schedules -----------------------------------------------


def test_a_callback_without_a_state_has_an_empty_one() -> None:
    assert nn.callbacks.Callback().state_dict() == {}


def test_clipping_by_value_holds_every_element() -> None:
    class Largest(nn.callbacks.Callback):
        seen = 0.0

        def on_backward(self, trainer):
            parts = [np.abs(p.grad.data).max() for p in trainer.model.parameters()]
            self.seen = max(self.seen, *parts)

    after = Largest()
    trainer = make(callbacks=[nn.callbacks.GradientClipping(clip_value=0.01), after])
    history = trainer.fit(blobs(60), epochs=1)
    assert 0 < after.seen <= np.float32(0.01)
    assert "grad_norm" not in history


def test_early_stopping_without_keeping_weights_keeps_the_last() -> None:
    stop = nn.callbacks.EarlyStopping("loss", patience=1)
    trainer = make(callbacks=[stop], lr=10.0)
    trainer.fit(blobs(60), epochs=30)
    assert stop.best_weights is None
    assert trainer.stopped
    assert trainer.epoch < 30


def test_a_plateau_schedule_is_given_what_it_monitors() -> None:
    trainer = make(lr=0.5, rule=optim.SGD, monitor="loss")
    trainer.scheduler = optim.lr_scheduler.ReduceLROnPlateau(
        trainer.optimizer, factor=0.5, patience=0, threshold=10.0, threshold_mode="abs"
    )
    trainer.fit(blobs(60), epochs=3)  # no epoch is better by 10, so each but the first lowers it
    assert trainer.optimizer.param_groups[0]["lr"] == 0.125
    trainer.monitor = "val_loss"
    with pytest.raises(errors.SettingError, match="monitors 'val_loss'"):
        trainer.fit(blobs(60), epochs=4)


def test_parameters_without_a_gradient_are_left_out_of_the_statistics() -> None:
    watch = nn.LayerStatistics(every=1)
    assert str(watch) == "LayerStatistics: no epoch yet"
    trainer = make(callbacks=[watch])
    trainer.model[0].weight.requires_grad = False
    trainer.fit(blobs(60), epochs=1)
    assert set(watch.records[-1]["parameters"]) == {"0.bias", "3.weight", "3.bias"}
    assert "0.bias" in str(watch)


# --- data ------------------------------------------------------------------


def test_items_that_may_hold_nan_if_that_is_said() -> None:
    items = Shortened(6)
    items[3] = (np.array([np.nan, 0.0]), 1)
    batches = list(nn.DataLoader(items, 2, check_finite=False).batches(0))
    assert [len(b[0]) for b in batches] == [2, 2, 2]
    assert np.isnan(batches[1][0]).any()
    with pytest.raises(errors.AutogradError, match="part 0 of a batch"):
        list(nn.DataLoader(items, 2).batches(0))


def test_a_model_without_parameters_gets_the_data_as_it_is() -> None:
    class Mean(nn.Module):
        def forward(self, x):
            assert x.dtype == np.float64
            return x.mean(axis=1)

    nothing = Tensor([0.0], requires_grad=True)
    trainer = nn.Trainer(Mean(), nn.MSELoss(), optim.SGD([nothing], lr=0.1))
    x = np.arange(12.0).reshape(4, 3)
    measured = trainer.evaluate((x, np.zeros(4)))
    assert measured["loss"] == pytest.approx(np.mean(x.mean(axis=1) ** 2))


# --- states that do not fit ------------------------------------------------


def test_a_state_of_something_else_changes_nothing() -> None:
    trainer = make()
    trainer.fit(blobs(60), epochs=1)
    state, before = trainer.state_dict(), [p.data.copy() for p in trainer.model.parameters()]
    short = dict(state)
    del short["model"]
    for wrong in ([], short):
        with pytest.raises(nn.StateDictError, match="not the state of a training"):
            trainer.load_state_dict(wrong)
    random = {**state["random"], "own": {"another": state["random"]["nn"]}}
    with pytest.raises(nn.StateDictError, match="checkpoint has the random source another"):
        make(seed=1).load_state_dict({**state, "random": random})
    for p, was in zip(trainer.model.parameters(), before, strict=True):
        np.testing.assert_array_equal(p.data, was)


def test_a_state_loaded_before_the_data_is_known_is_checked_when_it_is() -> None:
    first = make(dropout=0.0)
    first.fit(blobs(60), epochs=1, batch_size=20)
    second = make(seed=5, dropout=0.0)
    second.scheduler = optim.lr_scheduler.StepLR(second.optimizer, 1)
    with pytest.raises(nn.StateDictError, match="another schedule"):
        second.load_state_dict(first.state_dict())
    third = make(seed=5, dropout=0.0)
    third.load_state_dict(first.state_dict())
    with pytest.raises(nn.StateDictError, match="made with"):
        third.fit(blobs(60), epochs=2, batch_size=30)
    fourth = make(seed=5, dropout=0.0)
    fourth.load_state_dict(first.state_dict())
    fourth.fit(blobs(60), epochs=2, batch_size=20)
    first.fit(blobs(60), epochs=2, batch_size=20)
    for p, q in zip(fourth.model.parameters(), first.model.parameters(), strict=True):
        np.testing.assert_array_equal(p.data, q.data)
