"""Log: what TensorBoard's own reader, MLflow's and W&B's interfaces, CSV and JSON lines get."""

import csv
import json

import numpy as np
import pytest

import nn
import optim
from autograd_core.base.errors import SettingError

rng = np.random.default_rng(5)
X, Y = rng.normal(size=(24, 3)), rng.integers(0, 2, 24)


def trainer(*callbacks, **settings):
    nn.manual_seed(0)
    model = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2))
    rule = optim.SGD(model.parameters(), lr=0.1)
    metrics = {"accuracy": nn.accuracy}
    return nn.Trainer(model, nn.CrossEntropyLoss(), rule, metrics=metrics, callbacks=callbacks,
                      **settings)  # fmt: skip


def test_tensorboard_reads_what_was_measured(tmp_path):
    summary = pytest.importorskip("tensorboard.summary")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    writer = summary.Writer(str(tmp_path))
    history = trainer(nn.Log(writer, batches=2)).fit((X, Y), (X, Y), epochs=3, batch_size=8)
    writer.close()
    events = EventAccumulator(str(tmp_path), size_guidance={"tensors": 0})
    events.Reload()

    def read(name):
        found = events.Tensors(name)
        return [e.step for e in found], [float(e.tensor_proto.float_val[0]) for e in found]

    for name in ("loss", "lr", "accuracy", "val_loss", "val_accuracy"):
        steps, values = read(name)
        assert steps == [1, 2, 3]
        np.testing.assert_allclose(values, history[name], rtol=1e-6)
    assert read("batch/loss")[0] == [2, 4, 6, 8]


class Metrics:
    """An object with MLflow's function, or with that of Weights & Biases."""

    def __init__(self, name):
        self.got = []
        setattr(self, name, lambda numbers, step: self.got.append((step, numbers)))


@pytest.mark.parametrize("name", ["log_metrics", "log"])
def test_other_trackers_get_all_numbers_of_an_epoch_at_once(name):
    tracker = Metrics(name)
    history = trainer(nn.Log(tracker)).fit((X, Y), epochs=2)
    assert [step for step, _ in tracker.got] == [1, 2]
    assert [numbers["loss"] for _, numbers in tracker.got] == history["loss"]
    assert set(tracker.got[0][1]) == {"lr", "loss", "accuracy"}


class Late(nn.Callback):
    """Notes something after the log has seen the row, that is not always there."""

    def on_epoch_end(self, trainer, row):
        row["phase"] = "cold" if trainer.epoch else "warm, up"
        if trainer.epoch:
            row["late"] = float("inf")


@pytest.mark.parametrize("ending", [".csv", ".jsonl"])
def test_files_hold_every_epoch(ending, tmp_path):
    path = tmp_path / f"log{ending}"
    history = trainer(nn.Log(path), Late()).fit((X, Y), epochs=3)
    text = path.read_text()
    if ending == ".csv":
        rows = list(csv.DictReader(text.splitlines()))
        assert [row["late"] for row in rows] == ["", "inf", "inf"]
    else:
        rows = [json.loads(line) for line in text.splitlines()]
        assert rows[0].keys() == {"epoch", "lr", "loss", "accuracy", "phase"}
        assert rows[2]["late"] is None  # JSON has no infinity
    assert [row["phase"] for row in rows] == ["warm, up", "cold", "cold"]
    assert [float(row["loss"]) for row in rows] == history["loss"]
    assert [int(row["epoch"]) for row in rows] == [1, 2, 3]


class Stop(Exception):
    pass


class StopIn(nn.Callback):
    """Raise in an epoch, once."""

    def __init__(self, epoch):
        super().__init__()
        self.epoch = epoch

    def on_epoch_start(self, trainer):
        if trainer.epoch == self.epoch:
            raise Stop


def test_a_resumed_run_writes_the_file_of_a_whole_one(tmp_path):
    whole = tmp_path / "whole.csv"
    trainer(nn.Log(whole), nn.Callback()).fit((X, Y), epochs=4)
    path, checkpoint = tmp_path / "cut.csv", tmp_path / "run.safetensors"
    cut = trainer(nn.Log(path), StopIn(2), checkpoint=checkpoint)
    with pytest.raises(Stop):
        cut.fit((X, Y), epochs=4)
    assert len(path.read_text().splitlines()) == 3
    again = trainer(nn.Log(path), StopIn(9), checkpoint=checkpoint)
    again.fit((X, Y), epochs=4)
    assert path.read_text() == whole.read_text()


def test_what_is_no_writer_is_refused(tmp_path):
    with pytest.raises(SettingError, match=r"a list has none of add_scalar"):
        nn.Log([])
    with pytest.raises(SettingError, match=r"must end in .csv or .jsonl"):
        nn.Log(tmp_path / "log.txt")
    with pytest.raises(SettingError, match="batches = 0"):
        nn.Log(Metrics("log"), batches=0)
    log = nn.Log(tmp_path / "nowhere" / "log.csv")
    with pytest.raises(Exception, match="nowhere"):
        trainer(log).fit((X, Y), epochs=1)


def test_several_sets_are_validated_by_name():
    sets = {"clean": (X, Y), "noisy": (X + rng.normal(size=X.shape), Y)}
    one = trainer()
    history = one.fit((X, Y), sets, epochs=2)
    assert history.columns == [
        "epoch", "lr", "loss", "accuracy", "val_clean_loss", "val_clean_accuracy",
        "val_noisy_loss", "val_noisy_accuracy",
    ]  # fmt: skip
    assert history["val_noisy_loss"][-1] == one.evaluate(sets["noisy"])["loss"]
    stopping = nn.EarlyStopping(monitor="val_noisy_loss", patience=1, min_delta=1e9)
    assert len(trainer(stopping).fit((X, Y), sets, epochs=9)) == 2
    with pytest.raises(SettingError, match="the name 3"):
        trainer().fit((X, Y), {3: (X, Y)}, epochs=1)


@pytest.mark.parametrize("parts", [2, 5, 100])
def test_accumulated_parts_are_the_whole_batch(parts):
    whole, cut = trainer(), trainer(accumulate=parts)
    a = whole.fit((X, Y), (X, Y), epochs=3, batch_size=10)
    b = cut.fit((X, Y), (X, Y), epochs=3, batch_size=10)
    for name in a.columns:
        np.testing.assert_allclose(b[name], a[name], rtol=1e-5)
    for p, q in zip(cut.model.parameters(), whole.model.parameters(), strict=True):
        np.testing.assert_allclose(p.data, q.data, rtol=1e-4, atol=1e-6)


def test_penalties_and_clipping_are_those_of_the_whole_batch():
    def callbacks():
        return nn.Regularization(lambda m: nn.l2_penalty(m, 0.1)), nn.GradientClipping(0.05)

    whole, cut = trainer(*callbacks()), trainer(*callbacks(), accumulate=4)
    a = whole.fit((X, Y), epochs=2, batch_size=12)
    b = cut.fit((X, Y), epochs=2, batch_size=12)
    np.testing.assert_allclose(b["grad_norm"], a["grad_norm"], rtol=1e-4)
    for p, q in zip(cut.model.parameters(), whole.model.parameters(), strict=True):
        np.testing.assert_allclose(p.data, q.data, rtol=1e-4, atol=1e-6)


def test_a_part_that_is_not_finite_changes_nothing():
    one, calls = trainer(accumulate=3), []
    whole = one.loss

    def breaking(output, target):
        calls.append(len(target))
        return whole(output, target) * (np.float32(np.inf) if len(calls) == 3 else 1)

    one.loss = breaking
    before = {k: np.array(v) for k, v in one.model.state_dict().items()}
    with pytest.raises(FloatingPointError, match="changed nothing"):
        one.fit((X, Y), epochs=1, batch_size=24)
    assert calls == [8, 8, 8]
    for name, value in one.model.state_dict().items():
        np.testing.assert_array_equal(value, before[name])


@pytest.mark.parametrize("accumulate", [0, -1, True, 1.5])
def test_parts_must_be_a_whole_number(accumulate):
    with pytest.raises(SettingError, match="accumulate"):
        trainer(accumulate=accumulate)


def test_a_summary_as_data_and_as_markdown():
    made = nn.summary(nn.Sequential(nn.Linear(4, 3), nn.ReLU()), np.ones((5, 4), np.float32))
    data = made.to_dict()
    assert json.loads(json.dumps(data)) == data
    assert data["parameters"] == 15
    assert data["layers"][1] == {
        "name": "0", "kind": "Linear", "output": [5, 3], "parameters": 15, "flops": 135.0
    }  # fmt: skip
    lines = made.to_markdown().splitlines()
    assert lines[0] == "| layer | kind | output | parameters | FLOPs |"
    assert "| 0 | Linear | 5×3 | 15 | 135 |" in lines
    assert lines[-1].startswith("| total | | | 15 |")
