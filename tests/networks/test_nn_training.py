"""The training loop: what it computes, callbacks, checkpoints, and runs that are killed."""

import os
import random
import signal
import subprocess
import sys
import textwrap
import time

import numpy as np
import pytest

import nn
import optim
from autograd_core import Tensor
from autograd_core.base import errors


def blobs(n=200, classes=3, seed=0):
    rng = np.random.default_rng(seed)
    y = rng.integers(classes, size=n)
    x = rng.standard_normal((n, 4)) + 3.0 * np.eye(4)[y]
    return x, y


def make(seed=0, dropout=0.2, lr=0.05, rule=optim.Adam, **options):
    nn.manual_seed(seed)
    model = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Dropout(dropout), nn.Linear(16, 3))
    optimizer = rule(model.parameters(), lr=lr)
    return nn.Trainer(
        model, nn.CrossEntropyLoss(), optimizer, metrics={"accuracy": nn.accuracy}, **options
    )


def test_it_does_what_the_loop_written_by_hand_does():
    x, y = blobs()
    trainer = make(dropout=0.0, rule=optim.SGD)
    history = trainer.fit((x, y), epochs=3, batch_size=64)
    by_hand = make(dropout=0.0, rule=optim.SGD).model
    parameters = list(by_hand.parameters())
    losses = []
    for epoch in range(3):
        total = 0.0
        for bx, by in nn.DataLoader((x, y), 64, shuffle=True).batches(epoch):
            loss = nn.CrossEntropyLoss()(by_hand(bx.astype(np.float32)), by)
            for p in parameters:
                p.grad = None
            loss.backward()
            for p in parameters:
                p.data -= np.float32(0.05) * p.grad.data
            total += float(loss.detach()) * len(bx)
        losses.append(total / len(x))
    np.testing.assert_allclose(history["loss"], losses, rtol=1e-6)
    for p, q in zip(trainer.model.parameters(), parameters, strict=True):
        np.testing.assert_allclose(p.data, q.data, rtol=1e-5, atol=1e-7)


def test_it_learns_and_validates():
    trainer = make()
    history = trainer.fit(blobs(), blobs(seed=1), epochs=15)
    assert history["val_accuracy"][-1] > 0.93  # the best possible is 0.969
    assert history.columns == [
        "epoch", "lr", "loss", "accuracy", "val_loss", "val_accuracy",
    ]  # fmt: skip
    again = trainer.evaluate(blobs(seed=1))
    assert again["accuracy"] == history["val_accuracy"][-1]
    x, y = blobs(seed=1)
    answers = trainer.predict(x)
    assert answers.shape == (200, 3)
    assert nn.accuracy(answers, y) == again["accuracy"]
    assert not trainer.model.training


def test_evaluation_changes_nothing():
    trainer = make()
    trainer.fit(blobs(), epochs=1)
    before = trainer.state_dict()
    trainer.evaluate(blobs())
    trainer.predict(blobs()[0])
    np.testing.assert_equal(trainer.state_dict(), before)


def test_an_autoencoder_needs_no_targets():
    x = blobs()[0]
    nn.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 2), nn.Linear(2, 4))
    trainer = nn.Trainer(model, nn.MSELoss(), optim.Adam(model.parameters(), lr=0.02))
    history = trainer.fit(x, epochs=20)
    assert history["loss"][-1] < 0.5 * history["loss"][0]


def test_schedules_by_epoch_and_by_batch():
    trainer = make(lr=1e-3)
    trainer.scheduler = optim.lr_scheduler.StepLR(trainer.optimizer, 1, gamma=0.5)
    trainer.fit(blobs(), epochs=3)
    assert trainer.history["lr"] == pytest.approx([1e-3, 5e-4, 2.5e-4])
    trainer = make(scheduler_every="batch")
    trainer.scheduler = optim.lr_scheduler.OneCycleLR(
        trainer.optimizer, 0.1, epochs=3, steps_per_epoch=4
    )
    trainer.fit(blobs(), epochs=3, batch_size=50)
    assert trainer.scheduler.last_epoch == 12
    trainer = make()
    trainer.scheduler = optim.lr_scheduler.ReduceLROnPlateau(trainer.optimizer, patience=0)
    with pytest.raises(errors.SettingError, match="val_loss"):
        trainer.fit(blobs(), epochs=1)


# --- callbacks --------------------------------------------------------------


class Scripted(nn.Callback):
    """Writes given values into the history, to see what other callbacks make of them."""

    def __init__(self, values):
        self.values = values

    def on_epoch_end(self, trainer, row):
        row["val_loss"] = self.values[trainer.epoch]


def test_early_stopping_waits_and_restores():
    kept = {}

    class Keep(nn.Callback):
        def on_epoch_end(self, trainer, row):
            kept[trainer.epoch] = trainer.model.state_dict()["0.weight"].copy()

    script = Scripted([3.0, 2.0, 2.5, 1.0, 1.5, 1.0, 1.2, 0.0])
    stopping = nn.EarlyStopping(patience=3, restore_best=True)
    trainer = make(callbacks=[script, Keep(), stopping])
    history = trainer.fit(blobs(), epochs=8)
    assert len(history) == 7
    assert trainer.stopped == "no improvement of val_loss in 3 epochs"
    np.testing.assert_array_equal(trainer.model.state_dict()["0.weight"], kept[3])


def test_annealing_divides_then_stops():
    script = Scripted([1.0, 0.9, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0])
    annealing = nn.Annealing(patience=2, divide_by=10.0, times=2)
    trainer = make(lr=1.0, rule=optim.SGD, callbacks=[script, annealing])
    history = trainer.fit(blobs(), epochs=9)
    assert history["lr"] == pytest.approx([1.0, 1.0, 1.0, 1.0, 0.1, 0.1, 0.01, 0.01])
    assert trainer.stopped == "the rate was divided 2 times"


def test_gradient_clipping_limits_the_update():
    trainer = make(rule=optim.SGD, lr=1.0, callbacks=[nn.GradientClipping(max_norm=1e-3)])
    before = [p.data.copy() for p in trainer.model.parameters()]
    history = trainer.fit(blobs(), epochs=1, batch_size=200)
    moved = [p.data - q for p, q in zip(trainer.model.parameters(), before, strict=True)]
    total = np.sqrt(sum(float(np.sum(m * m)) for m in moved))
    assert total == pytest.approx(1e-3, rel=1e-3)
    assert history["grad_norm"][0] > 0.01


def test_regularization_begins_when_told():
    def penalty(model):
        return 10.0 * np.sum(model[0].weight ** 2)

    with_it = make(dropout=0.0, callbacks=[nn.Regularization(penalty, after_epochs=2)])
    without = make(dropout=0.0)
    for trainer, epochs in ((with_it, 2), (without, 2)):
        trainer.fit(blobs(), epochs=epochs)
    first = [t.model.state_dict()["0.weight"].copy() for t in (with_it, without)]
    np.testing.assert_array_equal(*first)
    for trainer in (with_it, without):
        trainer.fit(blobs(), epochs=6)
    norms = [np.linalg.norm(t.model.state_dict()["0.weight"]) for t in (with_it, without)]
    assert norms[0] < 0.3 * norms[1]


def test_perturbation_moves_the_weights_by_its_scale():
    script = Scripted([1.0, 1.0, 1.0])
    trainer = make(callbacks=[script, nn.Perturbation(patience=2, scale=0.1)], lr=1e-12)
    before = trainer.model.state_dict()["0.weight"].copy()
    trainer.fit(blobs(), epochs=3)
    moved = trainer.model.state_dict()["0.weight"] - before
    assert np.std(moved) == pytest.approx(0.1 * np.sqrt(np.mean(before**2)), rel=0.4)


def test_save_best_keeps_the_best_weights(tmp_path):
    path = tmp_path / "best.safetensors"
    script = Scripted([2.0, 1.0, 3.0])
    trainer = make(callbacks=[script, nn.SaveBest(path)])
    trainer.fit(blobs(), epochs=2)
    best = {k: v.copy() for k, v in trainer.model.state_dict().items()}
    trainer.fit(blobs(), epochs=3)
    np.testing.assert_equal(nn.load(path), best)


def test_statistics_see_dead_units_and_vanishing_gradients():
    nn.manual_seed(0)
    layers = [nn.Linear(4, 16), nn.ReLU()]
    for _ in range(6):
        layers += [nn.Linear(16, 16), nn.Sigmoid()]
    model = nn.Sequential(*layers, nn.Linear(16, 3))
    model[0].bias.data[:5] = -100.0  # these five can never fire
    statistics = nn.LayerStatistics(every=1)
    trainer = nn.Trainer(
        model,
        nn.CrossEntropyLoss(),
        optim.SGD(model.parameters(), lr=0.01),
        callbacks=[statistics],
    )
    trainer.fit(blobs(), epochs=2)
    last = statistics.records[-1]
    assert last["layers"]["1"]["dead"] == pytest.approx(5 / 16)
    assert last["layers"]["1"]["sparsity"] > 0.3
    assert last["layers"]["3"]["dead"] == 0.0
    assert last["layers"]["3"]["sparsity"] == 0.0
    assert 0.0 < last["layers"]["3"]["correlation"] <= 1.0
    gradients = [last["parameters"][f"{k}.weight"]["gradient"] for k in (0, 6, 12)]
    assert gradients[0] < 0.1 * gradients[1] < 0.1 * gradients[2]
    assert "31.2%" in str(statistics)
    assert model[0]._hooks == {}


def test_activity_equals_numpys_own_correlation():
    rng = np.random.default_rng(0)
    x = rng.standard_normal((50, 6)) @ rng.standard_normal((6, 6))
    found = nn.statistics.activity(x)
    c = np.abs(np.corrcoef(x.T))
    assert found["correlation"] == pytest.approx((c.sum() - 6) / 30)
    image = np.maximum(rng.standard_normal((5, 3, 4, 4)), 0)
    image[:, 1] = 0
    assert nn.statistics.activity(image)["silent"].tolist() == [False, True, False]


def test_history_plots_itself():
    pytest.importorskip("matplotlib")
    trainer = make()
    trainer.fit(blobs(), blobs(seed=1), epochs=2)
    figure = trainer.history.plot()
    assert [a.get_title() for a in figure.axes] == ["lr", "loss", "accuracy"]
    lines = figure.axes[1].get_lines()
    np.testing.assert_array_equal(lines[0].get_ydata(), trainer.history["loss"])
    np.testing.assert_array_equal(lines[1].get_ydata(), trainer.history["val_loss"])
    with pytest.raises(errors.SettingError, match="there is no column 'speed'; there are epoch"):
        trainer.history["speed"]


def test_progress_is_shown(capsys):
    pytest.importorskip("tqdm")
    make(progress=True).fit(blobs(), epochs=2)
    assert "epoch 2: 100%" in capsys.readouterr().err
    make(progress=False).fit(blobs(), epochs=2)
    assert capsys.readouterr().err == ""


# --- bad input --------------------------------------------------------------


def test_a_loss_that_is_not_finite_is_not_learned():
    trainer = make(rule=optim.SGD)
    trainer.loss = lambda output, target: nn.CrossEntropyLoss()(output, target) * np.nan
    before = {k: v.copy() for k, v in trainer.model.state_dict().items()}
    with pytest.raises(
        errors.NonFiniteError, match="nan in epoch 1, batch 1; the batch changed nothing"
    ):
        trainer.fit(blobs(), epochs=1)
    np.testing.assert_equal(trainer.model.state_dict(), before)


X, Y = blobs(40)
BAD = [
    (lambda t: t.fit((X, Y + 1)), errors.AutogradError, "class 3, but the input has 3 classes"),
    (lambda t: t.fit((X[:, :3], Y)), errors.AutogradError, "3"),
    (lambda t: t.fit((X, Y[:-1])), nn.DataError, "40 and 39 rows"),
    (lambda t: t.fit((X[:0], Y[:0])), nn.DataError, "empty"),
    (lambda t: t.fit((np.where(X > 3, np.nan, X), Y)), nn.DataError, "NaN"),
    (lambda t: t.fit((X, Y), epochs=-1), errors.SettingError, "epochs = -1"),
    (lambda t: t.fit((X, Y), batch_size=0), errors.SettingError, "batch_size = 0"),
    (
        lambda t: nn.Trainer(t.model, nn.MSELoss(reduction="none"), t.optimizer).fit(
            (X, X[:, :3]), epochs=1
        ),
        errors.SettingError,
        "must be one number",
    ),
    (lambda t: make(scheduler_every="week"), errors.SettingError, "scheduler_every = 'week'"),
    (lambda t: make(checkpoint_batches=0), errors.SettingError, "checkpoint_batches = 0"),
    (lambda t: nn.EarlyStopping(patience=0), errors.SettingError, "patience = 0"),
    (lambda t: nn.EarlyStopping(mode="up"), errors.SettingError, "mode = 'up'"),
    (lambda t: nn.GradientClipping(), errors.SettingError, "max_norm or clip_value"),
    (lambda t: nn.GradientClipping(max_norm=-1.0), errors.SettingError, "max_norm = -1.0"),
    (lambda t: nn.Annealing(divide_by=1.0), errors.SettingError, "divide_by = 1.0"),
    (lambda t: nn.LayerStatistics(every=0), errors.SettingError, "every = 0"),
]


@pytest.mark.parametrize(("call", "error", "words"), BAD)
def test_bad_input_is_named_and_changes_nothing(call, error, words):
    trainer = make()
    before = {k: v.copy() for k, v in trainer.model.state_dict().items()}
    with pytest.raises(error, match=words):
        call(trainer)
    np.testing.assert_equal(trainer.model.state_dict(), before)


def test_a_monitor_without_validation_is_named():
    with pytest.raises(errors.SettingError, match="Pass validation data"):
        make(callbacks=[nn.EarlyStopping()]).fit(blobs(), epochs=1)


# --- checkpoints ------------------------------------------------------------


def full_run(path, epochs=6, batches=3):
    """A run with everything in it that has a state."""
    trainer = make(
        callbacks=[
            nn.GradientClipping(max_norm=0.5),
            nn.LayerStatistics(every=2),
            nn.Annealing(patience=1),
            nn.EarlyStopping(patience=20, restore_best=True),
        ],
        checkpoint=path,
        checkpoint_batches=batches,
        scheduler_every="batch",
    )
    trainer.scheduler = optim.lr_scheduler.CosineAnnealingLR(trainer.optimizer, 40)
    trainer.model[2].rng = np.random.default_rng(5)  # a source of its own beside the shared one
    loader = nn.DataLoader(
        blobs(),
        32,
        shuffle=True,
        transform=lambda x, rng: x + 0.1 * rng.standard_normal(x.shape),
    )
    return trainer, loader, epochs


class Interrupted(Exception):
    pass


@pytest.mark.slow
@pytest.mark.parametrize("moment", [1, 5, 9, 14, 20, 33])
def test_an_interrupted_run_ends_bit_for_bit(tmp_path, moment):
    whole, loader, epochs = full_run(tmp_path / "whole.safetensors")
    whole.fit(loader, blobs(seed=1), epochs=epochs)
    path = tmp_path / "broken.safetensors"
    broken, loader, epochs = full_run(path)
    count = 0
    step = broken.optimizer.step

    def dying_step():
        nonlocal count
        count += 1
        if count > moment:
            raise Interrupted
        step()

    broken.optimizer.step = dying_step
    with pytest.raises(Interrupted):
        broken.fit(loader, blobs(seed=1), epochs=epochs)
    np.random.random(7)  # whatever happens between
    resumed, loader, epochs = full_run(path)
    resumed.fit(loader, blobs(seed=1), epochs=epochs)
    np.testing.assert_equal(resumed.state_dict(), whole.state_dict())
    assert len(resumed.history) == epochs


@pytest.mark.slow
@pytest.mark.parametrize("stop", [5, 6, 7, 8])
def test_a_rate_that_a_callback_lowered_outlives_the_epoch_s_end(tmp_path, stop):
    """The schedule's state does not know of it; the optimizer's does."""
    whole, loader, _ = full_run(tmp_path / "whole.safetensors")
    whole.fit(loader, blobs(seed=1), epochs=12)
    assert any(row["lr"] < 0.02 for row in whole.history.rows)
    part, loader, _ = full_run(tmp_path / "part.safetensors")
    part.fit(loader, blobs(seed=1), epochs=stop)
    resumed, loader, _ = full_run(tmp_path / "part.safetensors")
    resumed.fit(loader, blobs(seed=1), epochs=12)
    np.testing.assert_equal(resumed.state_dict(), whole.state_dict())


SCRIPT = """
    import os, random, signal, sys
    import numpy as np
    sys.path.insert(0, {here!r})
    sys.path.insert(0, {root!r})
    from test_nn_training import blobs, full_run
    np.random.seed(0)
    random.seed(0)
    trainer, loader, epochs = full_run(sys.argv[1], epochs=25, batches=2)
    fatal = int(sys.argv[2])
    seen = 0
    def hook(event, args):
        global seen
        # before and after a file is written
        if event == "os.rename" or event == "open" and str(args[0]).endswith(".tmp"):
            seen += 1
            if seen == fatal:
                os.kill(os.getpid(), signal.SIGKILL)
    sys.addaudithook(hook)
    print("started", flush=True)
    trainer.fit(loader, blobs(seed=1), epochs=epochs)
"""


@pytest.mark.slow
def test_a_run_killed_at_any_moment_ends_bit_for_bit(tmp_path):
    """SIGKILL by the clock and inside of saving, again and again, until the run gets through."""
    here = os.path.dirname(os.path.abspath(__file__))
    script = tmp_path / "run.py"
    script.write_text(
        textwrap.dedent(SCRIPT).format(here=here, root=os.path.dirname(os.path.dirname(here))),
        encoding="utf-8",
    )

    def start(path, fatal):
        process = subprocess.Popen(
            [sys.executable, str(script), str(path), str(fatal)], stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        assert process.stdout.readline() == "started\n"
        return process

    whole = tmp_path / "whole.safetensors"
    began = time.perf_counter()
    assert start(whole, 0).wait(60) == 0
    length = time.perf_counter() - began
    path = tmp_path / "killed.safetensors"
    draw = random.Random(time.time_ns())  # other moments in each run of the tests
    kills = 0
    for fatal in (1, 2, 3, 10, 17, 0, 0, 0, 0):
        process = start(path, fatal)
        if fatal == 0:
            time.sleep(draw.uniform(0.0, length / 5))
            process.kill()
        kills += process.wait(60) == -signal.SIGKILL
        process.stdout.close()
    assert kills >= 6
    assert start(path, 0).wait(60) == 0
    np.testing.assert_equal(nn.load_checkpoint(path), nn.load_checkpoint(whole))
    assert sorted(os.listdir(tmp_path)) == ["killed.safetensors", "run.py", "whole.safetensors"]


def test_a_finished_run_is_not_repeated(tmp_path):
    path = tmp_path / "run.safetensors"
    trainer, loader, epochs = full_run(path)
    trainer.fit(loader, blobs(seed=1), epochs=epochs)
    state = nn.load_checkpoint(path)
    again, loader, epochs = full_run(path)
    again.fit(loader, blobs(seed=1), epochs=epochs)
    np.testing.assert_equal(nn.load_checkpoint(path), state)
    np.testing.assert_equal(again.model.state_dict(), trainer.model.state_dict())


def other_model(path):
    trainer, loader, epochs = full_run(path)
    trainer.model = nn.Sequential(nn.Linear(4, 3))
    return trainer, loader, epochs


def other_optimizer(path):
    trainer, loader, epochs = full_run(path)
    trainer.optimizer = optim.SGD(trainer.model.parameters(), lr=0.1)
    trainer.scheduler.optimizer = trainer.optimizer
    return trainer, loader, epochs


def other_data(path):
    trainer, _, epochs = full_run(path)
    return trainer, nn.DataLoader(blobs(), 64, shuffle=True), epochs


def other_callbacks(path):
    trainer, loader, epochs = full_run(path)
    trainer.callbacks.pop()
    return trainer, loader, epochs


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (other_model, "does not fit"),
        (other_optimizer, "unknown setting"),
        (other_data, "batch_size = 32, this run has 64"),
        (other_callbacks, "other callbacks"),
    ],
)
def test_a_checkpoint_of_another_training_is_refused(tmp_path, change, words):
    path = tmp_path / "run.safetensors"
    trainer, loader, _ = full_run(path)
    trainer.fit(loader, blobs(seed=1), epochs=1)
    trainer, loader, _ = change(path)
    trainer._loader = loader
    before = trainer.state_dict()
    before["model"] = {k: v.copy() for k, v in before["model"].items()}
    with pytest.raises(errors.AutogradError, match=words):
        trainer.fit(loader, blobs(seed=1), epochs=2)
    np.testing.assert_equal(trainer.state_dict(), before)


def test_inputs_follow_the_models_dtype():
    nn.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 3)).double()
    seen = []

    def loss(output, target):
        seen.append((output.dtype, target.dtype))
        return nn.CrossEntropyLoss()(output, target)

    x, y = blobs(32)
    nn.Trainer(model, loss, optim.SGD(model.parameters())).fit((x.astype(np.float32), y), epochs=1)
    assert seen == [(np.float64, y.dtype)]
    assert isinstance(model[0].weight, Tensor)
