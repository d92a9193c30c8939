"""Watching a training: validation within an epoch, elapsed time, and the search for a rate."""

import sys
import time

import numpy as np
import pytest

import nn
import optim
from autograd_core.base import errors


def data(n=80, seed=0):
    rng = np.random.default_rng(seed)
    y = rng.integers(3, size=n)
    return rng.standard_normal((n, 4)) + 2.0 * np.eye(4)[y], y


def make(**options):
    nn.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Dropout(0.2), nn.Linear(16, 3))
    optimizer = optim.Adam(model.parameters(), lr=0.02)
    return nn.Trainer(
        model, nn.CrossEntropyLoss(), optimizer, metrics={"accuracy": nn.accuracy}, **options
    )


@pytest.mark.parametrize(
    ("interval", "parts"),
    [
        (4, [4, 8]),
        (5, [5]),
        (0.25, [2, 4, 6, 8]),
        (np.int64(4), [4, 8]),
        (0.01, range(1, 10)),
        (10, []),
        (1.0, []),
    ],
)
def test_rows_within_epochs(interval, parts):
    made = make(val_check_interval=interval)
    history = made.fit(data(), data(30, 1), epochs=2, batch_size=8)  # ten batches
    expected = [e + k / 10 for e in range(2) for k in [*parts, 10]]
    assert history["epoch"] == pytest.approx(expected)
    assert len(history["val_accuracy"]) == len(history["loss"]) == len(expected)
    assert repr(history).startswith("History(2 epochs")
    plain = make()
    plain.fit(data(), data(30, 1), epochs=2, batch_size=8)
    whole = [row for row in history if row["epoch"] % 1 == 0]
    assert whole == plain.history.rows  # looking changes nothing
    for p, q in zip(made.model.parameters(), plain.model.parameters(), strict=True):
        np.testing.assert_array_equal(p.data, q.data)


def test_a_row_within_an_epoch_is_of_the_weights_at_that_moment():
    weights = {}

    class Keep(nn.Callback):
        def on_val_check(self, trainer, row):
            weights[row["epoch"]] = trainer.model.state_dict()["0.weight"].copy()
            row["noted"] = 1.0

    made = make(val_check_interval=3, callbacks=[Keep()])
    made.fit(data(), data(30, 1), epochs=1, batch_size=8)
    again = make()
    again.fit(data(), epochs=0)
    again.model.train()
    for k, (x, y) in enumerate(nn.DataLoader(data(), 8, shuffle=True).batches(0)):
        if k in (3, 6, 9):
            np.testing.assert_array_equal(again.model[0].weight.data, weights[k / 10])
        again.optimizer.zero_grad()
        again.loss(again.model(x.astype(np.float32)), y).backward()
        again.optimizer.step()
    assert len(weights) == 3
    assert made.history["noted"] == [1.0] * 3


def test_no_validation_data_no_checks():
    history = make(val_check_interval=2).fit(data(), epochs=2, batch_size=8)
    assert history["epoch"] == [1, 2]


def test_frozen_layers_stay_frozen_when_validation_cuts_in():
    seen = []

    class Freeze(nn.Callback):
        def on_epoch_start(self, trainer):
            trainer.model[2].eval()

        def on_backward(self, trainer):
            seen.append((trainer.model.training, trainer.model[2].training))

    make(val_check_interval=2, callbacks=[Freeze()]).fit(data(), data(30, 1), 1, 8)
    assert seen == [(True, False)] * 10


@pytest.mark.parametrize("value", [0, -1, 0.0, 1.5, True, "2", float("nan")])
def test_an_interval_that_is_none(value):
    with pytest.raises(errors.SettingError, match="val_check_interval"):
        make(val_check_interval=value)


class Scripted(nn.Callback):
    """Writes given values into the rows of checks and epochs, in turn."""

    def __init__(self, values):
        self.values = list(values)

    def on_epoch_end(self, trainer, row):
        row["val_loss"] = row["loss"] = self.values.pop(0)

    on_val_check = on_epoch_end


def test_monitors_look_at_validation_within_epochs():
    stopping = nn.EarlyStopping(patience=3)
    made = make(val_check_interval=5, callbacks=[Scripted([3, 2, 4, 4, 4, 4]), stopping])
    made.fit(data(), data(30, 1), epochs=9, batch_size=8)
    assert made.stopped == "no improvement of val_loss in 3 epochs"
    assert made.epoch == 3  # the third look without improvement came in its middle
    stopping = nn.EarlyStopping("loss", patience=2)  # means of half an epoch are no measure
    made = make(val_check_interval=5, callbacks=[Scripted([9, 5, 0, 4, 9, 4, 9, 4]), stopping])
    made.fit(data(), data(30, 1), epochs=4, batch_size=8)
    assert made.epoch == 4


def test_the_best_within_an_epoch_is_saved(tmp_path):
    path = tmp_path / "best.safetensors"
    callbacks = [Scripted([5, 4, 1, 3]), nn.SaveBest(path)]
    make(val_check_interval=5, callbacks=callbacks).fit(data(), data(30, 1), 2, 8)
    assert callbacks[1].best == 1


class Cut(nn.Callback):
    """Raises at one moment: in a batch, or in a validation within an epoch."""

    def __init__(self, where, at):
        self.where, self.at = where, at

    def on_backward(self, trainer):
        self.cut("batch", trainer)

    def on_val_check(self, trainer, row):
        self.cut("check", trainer)

    def cut(self, where, trainer):
        if (where, (trainer.epoch, trainer.batch)) == (self.where, self.at):
            self.at = None
            raise KeyboardInterrupt


@pytest.mark.parametrize("process", ["same", "new"])
@pytest.mark.parametrize(
    ("where", "at"), [("batch", (1, 4)), ("batch", (1, 5)), ("check", (1, 4)), ("check", (0, 8))]
)
def test_a_run_cut_off_has_every_row_once(where, at, process, tmp_path):
    options = {"val_check_interval": 4, "checkpoint": tmp_path / "run", "checkpoint_batches": 2}
    run = {"train": data(), "validation": data(30, 1), "epochs": 2, "batch_size": 8}
    whole = make(val_check_interval=4)
    whole.fit(**run)
    made = make(**options, callbacks=[Cut(where, at), nn.EarlyStopping(patience=9)])
    with pytest.raises(KeyboardInterrupt):
        made.fit(**run)
    if process == "new":
        made = make(**options, callbacks=[Cut("", None), nn.EarlyStopping(patience=9)])
    made.fit(**run)
    assert made.history.rows == whole.history.rows
    assert made.callbacks[1].best == min(whole.history["val_loss"])


def test_histories_of_other_lengths_are_refused():
    made = make(val_check_interval=4)
    made.fit(data(), data(30, 1), epochs=2, batch_size=8)
    state = made.state_dict()
    make(val_check_interval=4).load_state_dict(state)
    for rows in (state["history"][:-1], [*state["history"], state["history"][-1]]):
        with pytest.raises(nn.StateDictError, match="rows after"):
            make().load_state_dict({**state, "history": rows})


# --- elapsed time -----------------------------------------------------------


class Clock:
    """A clock that is set by hand."""

    now = 100.0

    def __call__(self):
        return self.now


class Tick(nn.Callback):
    def __init__(self, clock):
        self.clock = clock

    def on_backward(self, trainer):
        self.clock.now += 1.0


def test_seconds_of_training(tmp_path):
    clock = Clock()
    made = make(val_check_interval=5, callbacks=[Tick(clock), nn.Timer(clock=clock)])
    made.fit(data(), data(30, 1), epochs=1, batch_size=8)
    assert made.history["seconds"] == [5.0, 10.0]
    clock.now += 1000.0  # between two calls of fit
    made.checkpoint = tmp_path / "run.safetensors"
    made.fit(data(), data(30, 1), epochs=2, batch_size=8)
    assert made.history["seconds"] == [5.0, 10.0, 15.0, 20.0]
    later = Clock()
    later.now = 7.0  # another process
    resumed = make(
        val_check_interval=5,
        checkpoint=made.checkpoint,
        callbacks=[Tick(later), nn.Timer(clock=later)],
    )
    resumed.fit(data(), data(30, 1), epochs=3, batch_size=8)
    assert resumed.history["seconds"] == [5.0, 10.0, 15.0, 20.0, 25.0, 30.0]
    figure = resumed.history.plot(x="seconds")
    lines = [line for axis in figure.axes for line in axis.lines]
    assert list(lines[0].get_xdata()) == [5.0, 10.0, 15.0, 20.0, 25.0, 30.0]
    assert {axis.get_xlabel() for axis in figure.axes} == {"seconds"}
    assert "epoch" not in {axis.get_title() for axis in figure.axes}
    with pytest.raises(errors.SettingError, match="no column 'minutes'"):
        resumed.history.plot(x="minutes")


def test_the_time_is_up():
    clock = Clock()
    made = make(callbacks=[Tick(clock), nn.Timer(25.0, clock)])
    made.fit(data(), epochs=9, batch_size=8)
    assert (made.epoch, made.stopped) == (3, "the time of 25.0 seconds is up")
    with pytest.raises(errors.SettingError, match="duration"):
        nn.Timer(0.0)


def test_timers_from_strangers():
    timer = nn.Timer()
    with pytest.raises(nn.StateDictError):
        timer.load_state_dict({"elapsed": -1.0})
    with pytest.raises(nn.StateDictError):
        timer.load_state_dict({"elapsed": 1.0, "clock": time.time})
    assert timer.elapsed == 0.0


def test_a_timer_goes_back_with_the_batch():
    clock = Clock()
    timer = nn.Timer(clock=clock)
    timer.on_fit_start(None)
    clock.now += 3.0
    state = timer.state_dict()
    clock.now += 5.0  # a batch that is taken back
    timer.load_state_dict(state)
    clock.now += 1.0
    assert timer.elapsed == 4.0


# --- the search for a rate --------------------------------------------------


def everything(trainer):
    state = trainer.state_dict()
    return {k: v for k, v in state.items() if k != "data"}


@pytest.mark.parametrize("search", [nn.lr_find, nn.lr_threshold], ids=lambda f: f.__name__)
def test_a_search_changes_nothing(search):
    made = make(callbacks=[nn.GradientClipping(max_norm=0.1)])
    made.fit(data(), epochs=1, batch_size=8)
    before = {k: (v.copy() if hasattr(v, "copy") else v) for k, v in everything(made).items()}
    weights = [p.data.copy() for p in made.model.parameters()]
    moments = [a.copy() for s in made.optimizer.state.values() for a in s.values() if np.ndim(a)]
    search(made, data(), num_training=12, batch_size=8)
    for p, w in zip(made.model.parameters(), weights, strict=True):
        np.testing.assert_array_equal(p.data, w)
    kept = [a for s in made.optimizer.state.values() for a in s.values() if np.ndim(a)]
    for a, b in zip(kept, moments, strict=True):
        np.testing.assert_array_equal(a, b)
    np.testing.assert_equal(everything(made), before)
    assert made.callbacks[0].largest == 0.0
    assert not made.model.training


def bowl(*curvatures):
    """A sum of c w**2 / 2, and its data: each step multiplies each weight by 1 - lr * c."""
    model = nn.Linear(len(curvatures), 1, bias=False)
    model.weight.data[...] = 1.0
    optimizer = optim.SGD(model.parameters(), lr=1e-3)
    made = nn.Trainer(model, nn.HalfSquaredError(), optimizer, progress=False)
    rows = np.diag(np.sqrt(len(curvatures) * np.array(curvatures)))
    return made, (rows, np.zeros((len(curvatures), 1)))


@pytest.mark.parametrize("start", [1e-4, 0.07, 100.0])
def test_the_threshold_of_a_bowl_is_two_over_its_curvature(start):
    found = nn.lr_threshold(*bowl(1.0, 10.0), start, 200, 1.02)
    assert isinstance(found, nn.LRThreshold)
    assert 0.2 / 1.02 <= found.lr <= 0.2
    assert [t[0] for t in found.tried] == sorted(t[0] for t in found.tried)
    for rate, before, after in found.tried:
        assert before == pytest.approx(5.5)
        assert (after < before) == (rate < 0.2)
    assert "0.2" in found.plot().axes[0].get_legend().get_texts()[2].get_text()


def test_the_losses_of_growing_rates_are_those_of_the_steps():
    found = nn.lr_find(*bowl(1.0), 1e-3, 1e3, 60)
    w, expected = 1.0, []
    for lr in 1e-3 * 1e6 ** (np.arange(60) / 59):
        expected.append(w * w / 2)
        w *= 1 - lr
    assert isinstance(found, nn.LRFinder)
    count = len(found.losses)
    assert 30 < count < 60  # it stopped when the loss exploded
    np.testing.assert_allclose(found.losses, expected[:count], rtol=1e-4)
    assert 1e-3 < found.suggestion() < 2.0
    figure = found.plot()
    assert figure.axes[0].get_xscale() == "log"
    whole = nn.lr_find(*bowl(1.0), 1e-3, 1e3, 60, None)
    assert len(whole.losses) > count  # to where the loss is not finite


def test_groups_keep_their_proportions():
    model = nn.Sequential(nn.Linear(1, 1, bias=False), nn.Linear(1, 1, bias=False))
    model[0].weight.data[...] = model[1].weight.data[...] = 1.0
    groups = [{"params": [model[0].weight]}, {"params": [model[1].weight], "lr": 0.01}]
    made = nn.Trainer(model, nn.HalfSquaredError(), optim.SGD(groups, lr=0.1), progress=False)
    rates = []

    class Watch(nn.Callback):
        def on_backward(self, trainer):
            rates.append([g["lr"] for g in trainer.optimizer.param_groups])

        def __deepcopy__(self, memo):
            return self

    made.callbacks = [Watch()]
    nn.lr_find(made, ([[1.0]], [[0.0]]), 1e-3, 1.0, 4)
    np.testing.assert_allclose(rates, [[r, r / 10] for r in (1e-3, 1e-2, 1e-1, 1.0)])
    assert [g["lr"] for g in made.optimizer.param_groups] == [0.1, 0.01]


def test_searches_on_data_in_a_loader_and_in_parallel():
    found = []
    for wrap in (lambda m: m, nn.DataParallel):
        made = make()
        made.model[2] = nn.Identity()
        again = nn.Trainer(wrap(made.model), made.loss, made.optimizer, progress=False)
        found.append(nn.lr_find(again, nn.DataLoader(data(), 8, shuffle=True), num_training=20))
    np.testing.assert_array_equal(found[0].losses, found[1].losses)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: nn.lr_find(*bowl(1.0), 1.0, 0.1), errors.SettingError, "below max_lr"),
        (lambda: nn.lr_find(*bowl(1.0), 0.0), errors.ShapeError, "min_lr must be positive"),
        (lambda: nn.lr_find(nn.Linear(1, 1), data()), errors.SettingError, "not Linear"),
        (lambda: nn.lr_find(*bowl(1.0), num_training=1), errors.ShapeError, "at least 2"),
        (
            lambda: nn.lr_find(*bowl(1.0), early_stop_threshold=1.0),
            errors.SettingError,
            "above",
        ),
        (lambda: nn.lr_threshold(*bowl(1.0), factor=1.0), errors.SettingError, "factor"),
        (lambda: nn.lr_threshold(*bowl(1e60)), nn.DataError, "not finite before"),
        (lambda: nn.lr_find(*bowl(1e60)), nn.DataError, "not finite before"),
        (
            lambda: nn.lr_find(nn.Trainer(nn.Linear(1, 1), nn.MSELoss(), None), data()),
            errors.SettingError,
            "no optimizer",
        ),
    ],
)
def test_what_cannot_be_searched_is_named(call, error, words):
    with pytest.raises(error, match=words), np.errstate(invalid="ignore"):
        call()


def test_a_loss_that_no_rate_lowers():
    class Rising(nn.Module):
        count = 0

        def forward(self, output, target):
            type(self).count += 1
            return np.sum(output) * 0.0 + float(self.count)

    model = nn.Linear(4, 1)
    made = nn.Trainer(model, Rising(), optim.SGD(model.parameters(), lr=0.1), progress=False)
    with pytest.raises(nn.DataError, match="no rate lowered the loss"):
        nn.lr_threshold(made, data(), num_training=4)
    found = nn.lr_find(made, data(), num_training=20)
    with pytest.raises(nn.DataError, match="never fell"):
        found.suggestion()
    found.plot(suggest=False)


def test_searches_show_their_progress(capsys):
    made = make()
    made.progress = True
    nn.lr_find(made, data(), num_training=5)
    nn.lr_threshold(made, data(), num_training=4, factor=4.0)
    shown = capsys.readouterr().err
    assert "5/5" in shown
    assert "rate 0.01" in shown


def test_a_picture_without_matplotlib(monkeypatch):
    found = nn.LRFinder([0.1, 0.2], [1.0, 0.5])
    limit = nn.LRThreshold([(0.1, 1.0, 0.5)])
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    for picture in (found, limit):
        with pytest.raises(errors.UnsupportedError, match=r"autograd-core\[demo\]"):
            picture.plot()


def test_pictures_are_drawn_where_they_are_asked_for():
    from matplotlib.figure import Figure

    figure = Figure()
    left, right = figure.subplots(1, 2)
    rates = np.geomspace(1e-3, 1.0, 40)
    found = nn.LRFinder(rates, 2 - 1 / (1 + (0.1 / rates) ** 4))
    assert found.plot(left) is figure
    assert nn.LRThreshold([(0.1, 1.0, 0.5), (0.2, 1.0, np.inf)]).plot(right) is figure
    assert len(left.lines) == 3
    assert len(right.lines) == 3
