"""Exceptions at any moment of a training: what goes on from there ends where it would have."""

from __future__ import annotations

import os
import random
import signal
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import nn
import optim
from autograd_core.base import errors

SOURCE = os.path.dirname(nn.__file__)


class Noise(nn.Module):
    """Draws from every kind of source, and keeps two of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.old = np.random.RandomState(1)
        self.parts = [{"python": random.Random(2)}]

    def forward(self, x: Any) -> Any:
        if not self.training:
            return x
        scale = self.parts[0]["python"].random() + 0.1 * np.random.rand() + 0.1 * random.random()
        return x + 0.1 * scale * self.old.standard_normal(x.shape).astype(np.float32)


class Drawing:
    """A data set that draws."""

    def __init__(self, n: int = 24) -> None:
        rng = np.random.default_rng(0)
        self.y = rng.integers(3, size=n)
        self.x = rng.standard_normal((n, 4)) + 3 * np.eye(4)[self.y]
        self.rng = random.Random(4)

    def __len__(self) -> int:
        return len(self.y)

    def __getitem__(self, k: int) -> Any:
        return self.x[k] + 0.1 * self.rng.random(), self.y[k]


class Average(nn.Callback):
    """A moving average of the weights, which changes with each batch."""

    def __init__(self) -> None:
        self.average: Any = None

    def on_backward(self, trainer: Any) -> None:
        state = {k: v for k, v in trainer.model.state_dict().items() if v.dtype.kind == "f"}
        if self.average is None:
            self.average = {name: np.array(value) for name, value in state.items()}
        for name, value in state.items():
            self.average[name] *= 0.9
            self.average[name] += 0.1 * value

    def state_dict(self) -> Any:
        return {"average": self.average}


class NoisyMetric:
    def __init__(self) -> None:
        self.rng = np.random.default_rng(3)

    def __call__(self, output: Any, target: Any) -> float:
        return nn.accuracy(output, target) + self.rng.random()


def make(
    rule: Any = optim.Adam,
    every: str = "batch",
    checkpoint: Any = None,
    callbacks: Any = (),
    **more: Any,
) -> Any:
    nn.manual_seed(0)
    np.random.seed(0)
    random.seed(0)
    model = nn.Sequential(
        nn.Linear(4, 6), nn.BatchNorm1d(6), Noise(), nn.Dropout(0.2), nn.Linear(6, 3)
    )
    optimizer = rule(model.parameters(), lr=0.01)
    watching = [
        nn.GradientClipping(max_norm=0.5),
        nn.LayerStatistics(every=2),
        Average(),
        nn.Annealing(patience=1),
        nn.Perturbation(patience=1),
        nn.EarlyStopping(patience=30, restore_best=True),
    ]
    trainer = nn.Trainer(
        model,
        nn.CrossEntropyLoss(),
        optimizer,
        optim.lr_scheduler.CosineAnnealingLR(optimizer, 40),
        scheduler_every=every,
        metrics={"noisy": NoisyMetric()},
        callbacks=[*watching, *callbacks],
        checkpoint=checkpoint,
        progress=False,
        **more,
    )
    trainer.train_data = Drawing()
    return trainer


def run(trainer: Any, epochs: int = 3) -> None:
    data = Drawing(12)
    trainer.fit(trainer.train_data, (data.x, data.y), epochs=epochs, batch_size=8)


def check_same(trainer: Any, whole: Any) -> None:
    np.testing.assert_equal(trainer.state_dict(), whole)


def traced(do: Callable[[], None], at: int, strike: Callable[[], None]) -> int:
    """Run with `strike` called at a line of the package's training half; return the lines run."""
    count = 0

    def trace(frame: Any, event: str, arg: Any) -> Any:
        nonlocal count
        if not frame.f_code.co_filename.startswith((SOURCE, os.path.dirname(optim.__file__))):
            return None
        if event == "line":
            count += 1
            if count == at:
                sys.settrace(None)
                strike()
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        do()
    finally:
        sys.settrace(before)
    return count


def raise_interrupt() -> None:
    raise KeyboardInterrupt


def ctrl_c() -> None:
    signal.raise_signal(signal.SIGINT)


KINDS = [{}, {"rule": optim.SGD, "every": "epoch"}]


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS, ids=["Adam", "SGD"])
def test_ctrl_c_at_any_line_changes_nothing(kind: Any) -> None:
    """All optimizers' updates are whole, since a signal waits for their end."""
    first = make(**kind)
    lines = traced(lambda: run(first), 0, ctrl_c)
    whole = first.state_dict()
    for at in np.linspace(1, 0.9 * lines, 9).astype(int):  # the first run has more lines
        trainer = make(**kind)
        with pytest.raises(KeyboardInterrupt):
            traced(lambda t=trainer: run(t), at, ctrl_c)  # type: ignore[misc]
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
        run(trainer)
        check_same(trainer, whole)


RULES = [
    optim.SGD, optim.Adam, optim.AdamW, optim.RMSprop, optim.Adagrad, optim.Adadelta, optim.Adamax,
    optim.NAdam, optim.RAdam, optim.Lion,
]  # fmt: skip
BRIEF = ((ctrl_c, optim.Adam), (raise_interrupt, optim.SGD))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("strike", "rule"),
    [
        pytest.param(strike, rule, marks=() if (strike, rule) in BRIEF else pytest.mark.exhaustive)
        for strike in (ctrl_c, raise_interrupt)
        for rule in RULES
    ],
)
def test_every_line_of_two_batches(rule: Any, strike: Any) -> None:
    """An exception that does not wait, as another thread's may be, is made good or is named."""
    first = make(rule)
    lines = traced(lambda: run(first), 0, strike)
    whole = first.state_dict()
    draw = random.Random(5)
    for _ in range(25):
        trainer = make(rule)
        with pytest.raises(KeyboardInterrupt):
            traced(lambda t=trainer: run(t), draw.randrange(1, 9 * lines // 10), strike)  # type: ignore[misc]
        if strike is raise_interrupt and trainer._cut:
            with pytest.raises(nn.StateDictError, match="in the middle of the update"):
                run(trainer)
        else:
            run(trainer)
            check_same(trainer, whole)


def moments() -> list[str]:
    return [
        "on_fit_start",
        "on_epoch_start",
        "on_loss",
        "on_backward",
        "on_epoch_end",
        "on_fit_end",
    ]


@pytest.mark.slow
@pytest.mark.parametrize("place", [0, 3, 6])
@pytest.mark.parametrize("moment", moments())
def test_an_error_of_a_callback(moment: str, place: int) -> None:
    whole = make(callbacks=[nn.Callback()])
    run(whole)

    class Failing(nn.Callback):
        calls = 0

    def fail(self: Any, trainer: Any, *rest: Any) -> Any:
        self.calls += 1
        if self.calls == (1 if moment.startswith("on_fit") else 3):
            raise RuntimeError("failed")
        return rest[0] if rest else None

    setattr(Failing, moment, fail)
    trainer = make()
    trainer.callbacks.insert(place, Failing())
    with pytest.raises(RuntimeError, match="failed"):
        run(trainer)
    run(trainer)
    state, expected = trainer.state_dict(), whole.state_dict()
    del state["callbacks"][place], expected["callbacks"][-1]
    np.testing.assert_equal(state, expected)
    assert not any(m._hooks.get("post") for m in trainer.model.modules())  # all were ended


def test_errors_of_the_users_own_parts() -> None:
    """Model, loss, metric, data, schedule, optimizer: each raises once, then goes on."""
    whole = make()
    run(whole)

    def once(owner: Any, name: str, call: int) -> None:
        real, count = getattr(owner, name), 0

        def failing(*args: Any, **keywords: Any) -> Any:
            nonlocal count
            count += 1
            if count == call:
                raise RuntimeError("failed")
            return real(*args, **keywords)

        setattr(owner, name, failing)

    def the_layer(t: Any) -> None:
        once(t.model[4], "forward", 4)

    def the_loss(t: Any) -> None:
        once(t, "loss", 5)

    def the_validation(t: Any) -> None:
        once(t, "evaluate", 2)

    def the_clipping(t: Any) -> None:
        once(t.callbacks[0], "on_backward", 5)

    def the_update(t: Any) -> None:
        once(t.optimizer, "step", 5)

    def the_schedule(t: Any) -> None:
        once(t.scheduler, "get_lr", 5)

    def the_data(t: Any) -> None:
        once(t.train_data.rng, "random", 50)

    for spoil in (the_layer, the_loss, the_validation, the_clipping, the_update, the_data):
        trainer = make()
        spoil(trainer)
        with pytest.raises(RuntimeError, match="failed"):
            run(trainer)
        run(trainer)
        check_same(trainer, whole.state_dict())
    trainer = make()
    the_schedule(trainer)
    with pytest.raises(RuntimeError, match="failed"):
        run(trainer)
    with pytest.raises(nn.StateDictError, match="the schedule, some were updated"):
        run(trainer)


def test_an_update_that_is_cut_is_not_gone_on_from(tmp_path: Any) -> None:
    """Where an exception does not wait, the next fit says so, or heals from the checkpoint."""
    whole = make()
    run(whole)
    for checkpoint in (None, tmp_path / "run.safetensors"):
        trainer = make(checkpoint=checkpoint, checkpoint_batches=2)
        real = trainer.optimizer.update

        def update(*args: Any, real: Any = real, held: list[int] = [0]) -> None:  # noqa: B006
            held[0] += 1
            if held[0] == 32:
                raise KeyboardInterrupt
            real(*args)

        trainer.optimizer.update = update
        with pytest.raises(KeyboardInterrupt):
            run(trainer)
        with pytest.raises(nn.StateDictError, match=r"epoch 2, batch \d was cut off in the mid"):
            trainer.state_dict()
        if checkpoint is None:
            with pytest.raises(nn.StateDictError, match="in the middle of the update"):
                run(trainer)
            with pytest.raises(nn.StateDictError, match="not saved"):
                trainer.save(tmp_path / "cut.safetensors")
            assert not (tmp_path / "cut.safetensors").exists()
        else:
            with pytest.warns(RuntimeWarning, match="Going on from"):
                run(trainer)
            check_same(trainer, whole.state_dict())


def test_a_setting_that_the_update_refuses_is_no_cut() -> None:
    whole, trainer = make(every="epoch"), make(every="epoch")
    run(whole)
    run(trainer, 1)
    rate = trainer.optimizer.param_groups[0]["lr"]
    trainer.optimizer.param_groups[0]["lr"] = np.nan
    with pytest.raises(errors.SettingError, match="lr = nan"):
        run(trainer)
    trainer.optimizer.param_groups[0]["lr"] = rate
    run(trainer)
    # ... but for the best weights that the end of the first call has put back
    assert trainer.history.columns == whole.history.columns
    assert trainer.epoch == 3


def test_gradients_that_are_added_up_are_put_back() -> None:
    """An optimizer that steps every second batch keeps gradients between them."""

    class Adding(optim.SGD):
        turn = 0

        def zero_grad(self, set_to_none: bool = True) -> None:
            if self.turn % 2 == 0:
                super().zero_grad(set_to_none)

        def step(self, closure: Any = None) -> Any:
            self.turn += 1
            return super().step() if self.turn % 2 == 0 else None

    whole = make(Adding)
    run(whole)
    trainer = make(Adding)
    calls = 0

    def fail(output: Any, target: Any) -> Any:
        nonlocal calls
        calls += 1
        loss = nn.CrossEntropyLoss()(output, target)
        if calls == 2:
            loss.backward()
            raise KeyboardInterrupt
        return loss

    trainer.loss = fail
    with pytest.raises(KeyboardInterrupt):
        run(trainer)
    run(trainer)
    check_same(trainer, whole.state_dict())


def test_a_callback_may_save_in_the_middle_of_an_epochs_end(tmp_path: Any) -> None:
    class Saving(nn.Callback):
        def on_epoch_end(self, trainer: Any, row: Any) -> None:
            trainer.save(tmp_path / "mine")
            trainer.load(tmp_path / "mine")

    whole = make(callbacks=[nn.Callback()])
    run(whole)
    expected = whole.state_dict()
    trainer = make(callbacks=[Saving()])
    run(trainer)
    check_same(trainer, expected)


# --- what cannot be put back is said -----------------------------------------


def test_a_source_first_drawn_from_in_mid_training_is_named() -> None:
    class Late(nn.Callback):
        calls = 0

        def on_backward(self, trainer: Any) -> None:
            self.calls += 1
            if self.calls > 5:
                np.random.rand()
            if self.calls == 7:
                raise KeyboardInterrupt

    x = np.ones((16, 1), np.float32)
    model = nn.Linear(1, 1)
    trainer = nn.Trainer(model, nn.MSELoss(), optim.SGD(model.parameters()), callbacks=[Late()])
    with pytest.raises(KeyboardInterrupt):
        trainer.fit((x, x), epochs=1, batch_size=1)
    with pytest.raises(nn.StateDictError, match="numpy changed for the first time"):
        trainer.fit((x, x), epochs=1, batch_size=1)


@pytest.mark.parametrize("moves", [False, True])
def test_large_buffers_are_copied_only_if_they_change(moves: bool) -> None:
    class Table(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.register_buffer("table", np.zeros(20_000))
            self.calls = 0

        def forward(self, x: Any) -> Any:
            self.calls += 1
            if moves or self.calls == 6:
                self.table[0] += 1
            return x

    def build() -> Any:
        nn.manual_seed(0)
        model = nn.Sequential(Table(), nn.Linear(1, 1))
        return nn.Trainer(model, nn.MSELoss(), optim.SGD(model.parameters()))

    x = np.ones((8, 1), np.float32)
    trainer = build()

    def fail(output: Any, target: Any) -> Any:
        if trainer.model[0].calls == 6:
            raise KeyboardInterrupt
        return nn.MSELoss()(output, target)

    trainer.loss = fail
    with pytest.raises(KeyboardInterrupt):
        trainer.fit((x, x), epochs=1, batch_size=1)
    trainer.model[0].calls = 100
    if not moves:
        with pytest.raises(nn.StateDictError, match="the buffer 0\\.table changed"):
            trainer.fit((x, x), epochs=1, batch_size=1)
        return
    trainer.fit((x, x), epochs=1, batch_size=1)
    assert trainer.model[0].table[0] == 8


def test_a_buffer_that_is_sometimes_none_is_put_back() -> None:
    class Toggles(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.register_buffer("last", np.zeros(1))
            self.linear, self.calls = nn.Linear(1, 1), 0

        def forward(self, x: Any) -> Any:
            self.calls += 1
            self.last = np.ones(1) if self.last is None else None
            if self.calls == 2:
                raise KeyboardInterrupt
            return self.linear(x)

    x, model = np.ones((4, 1), np.float32), Toggles()
    trainer = nn.Trainer(model, nn.MSELoss(), optim.SGD(model.parameters()))
    with pytest.raises(KeyboardInterrupt):
        trainer.fit((x, x), epochs=1, batch_size=1)
    assert model.last is None  # as it was before the second batch
    trainer.fit((x, x), epochs=1, batch_size=1)
    assert model.calls == 5
    np.testing.assert_array_equal(model.last, [1.0])


def test_a_callback_that_does_not_take_its_state_back_is_named() -> None:
    class Stubborn(nn.Callback):
        def on_backward(self, trainer: Any) -> None:
            raise KeyboardInterrupt

        def state_dict(self) -> Any:
            return {"a": 1}

        def load_state_dict(self, state_dict: Any) -> None:
            raise RuntimeError("no")

    trainer = make(callbacks=[Stubborn()])
    with pytest.raises(KeyboardInterrupt):
        run(trainer)
    with pytest.raises(nn.StateDictError, match=r"Stubborn.load_state_dict: no"):
        run(trainer)
