"""Rprop, ASGD, Adafactor, Muon, SparseAdam, LBFGS, rates and hooks, by formulas written out."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import nn
import optim
from autograd_core import AutogradError, Tensor
from autograd_core.base.errors import OperandError, SettingError, UnsupportedError
from optim import lr_scheduler as schedules
from optim.bracketing import Trial, cubic_minimum, strong_wolfe

RNG = np.random.default_rng(2)


def run(rule: Any, start: Any, gradients: list[Any], **settings: Any) -> tuple[Any, Any]:
    p = Tensor(start, requires_grad=True)
    optimizer = rule([p], **settings)
    for k, g in enumerate(gradients):
        p.grad = g
        optimizer.step()
        if k == len(gradients) // 2:  # a state goes on elsewhere
            state = optimizer.state_dict()
            optimizer = rule([p], **settings)
            optimizer.load_state_dict(state)
    return p.data, optimizer.state[p]


GRADIENTS = [RNG.normal(size=(3, 4)) for _ in range(6)]
START = RNG.normal(size=(3, 4))


def test_rprop() -> None:
    x, steps, last = START.copy(), np.full((3, 4), 0.1), np.zeros((3, 4))
    for g in GRADIENTS:
        for k in np.ndindex(x.shape):
            same = g[k] * last[k]
            steps[k] = np.clip(steps[k] * (1.2 if same > 0 else 0.5 if same < 0 else 1), 0.01, 0.15)
            last[k] = 0.0 if same < 0 else g[k]
            x[k] -= np.sign(last[k]) * steps[k]
    found, state = run(optim.Rprop, START, GRADIENTS, lr=0.1, step_sizes=(0.01, 0.15))
    np.testing.assert_allclose(found, x)
    assert state["step"] == 6


def test_asgd() -> None:
    x, mean, eta = START.copy(), START.copy(), 0.2
    for t, g in enumerate(GRADIENTS, 1):
        x = x * (1 - 0.05 * eta) - eta * g
        mean = mean + (x - mean) / max(1, t - 1 - 2)
        eta = 0.2 / (1 + 0.05 * 0.2 * t) ** 0.75
    found, state = run(optim.ASGD, START, GRADIENTS, lr=0.2, lambd=0.05, t0=2.0)
    np.testing.assert_allclose(found, x)
    np.testing.assert_allclose(state["ax"], mean)


def test_adafactor_keeps_a_row_and_a_column() -> None:
    x, rows, columns = START.copy(), np.zeros((3, 1)), np.zeros((1, 4))
    for t, g in enumerate(GRADIENTS, 1):
        share = t**-0.8
        rows = (1 - share) * rows + share * (g * g).mean(axis=1, keepdims=True)
        columns = (1 - share) * columns + share * (g * g).mean(axis=0, keepdims=True)
        update = g / np.sqrt(rows * columns / rows.mean())
        update /= max(1, np.sqrt((update**2).mean()))
        x = x - max(1e-3, np.sqrt((x * x).mean())) * min(0.3, t**-0.5) * update
    found, state = run(optim.Adafactor, START, GRADIENTS, lr=0.3)
    np.testing.assert_allclose(found, x)
    assert state["row_var"].shape == (3, 1)
    p = Tensor(START, requires_grad=True)
    optimizer = optim.Adafactor([p])
    state = {"row_var": np.ones((3, 1)), "col_var": np.ones((2, 2)), "step": 1}
    groups = optimizer.state_dict()["param_groups"]
    with pytest.raises(optim.StateDictError, match=r"it must have \(1, 4\)"):
        optimizer.load_state_dict({"state": {0: state}, "param_groups": groups})


def test_muon_moves_all_directions_alike() -> None:
    u, _, v = np.linalg.svd(RNG.normal(size=(4, 4)))
    g = u @ np.diag([100.0, 1.0, 1.0, 0.5]) @ v
    found, state = run(optim.Muon, np.zeros((4, 4)), [g], lr=1.0, nesterov=False)
    sizes = np.linalg.svd(found)[1]
    assert sizes.max() / sizes.min() < 2
    np.testing.assert_allclose(state["momentum_buffer"], 0.05 * g)
    small, _ = run(optim.Muon, np.zeros((4, 4)), [1e-3 * g], lr=1.0)
    np.testing.assert_allclose(small, found, rtol=1e-3)
    tall, _ = run(optim.Muon, np.zeros((6, 2)), [RNG.normal(size=(6, 2))], lr=1.0, weight_decay=0.0)
    assert 1.1 < np.linalg.svd(tall)[1].max() / math.sqrt(3) * 1.0 + 0.5 < 2
    with pytest.raises(SettingError, match="only matrices"):
        optim.Muon([Tensor(np.ones(3), requires_grad=True)])


@pytest.mark.parametrize("shape", [(6,), (6, 3), (6, 2, 3)])
@pytest.mark.parametrize("maximize", [False, True])
def test_sparse_adam_is_adam_on_the_rows_that_were_read(shape: Any, maximize: bool) -> None:
    """Each row as if it were alone, its steps counted by the table; the others keep their bits."""
    start, steps = RNG.normal(size=shape), RNG.normal(size=(8, *shape))
    steps[RNG.random((8, 6)) < 0.5] = 0
    steps[:, 5] = 0  # never read
    table = Tensor(start, requires_grad=True)
    optimizer = optim.SparseAdam([table], lr=0.1, betas=(0.8, 0.9), eps=1e-3, maximize=maximize)
    x, m, v = start.copy(), np.zeros(shape), np.zeros(shape)
    for t, g in enumerate(steps, 1):
        before = table.data.copy()
        table.grad = g
        optimizer.step()
        for r in range(6):
            if not g[r].any():
                np.testing.assert_array_equal(table.data[r], before[r])
                continue
            m[r], v[r] = 0.8 * m[r] + 0.2 * g[r], 0.9 * v[r] + 0.1 * g[r] ** 2
            way = math.sqrt(1 - 0.9**t) / (1 - 0.8**t) * m[r] / (np.sqrt(v[r]) + 1e-3)
            x[r] += 0.1 * way if maximize else -0.1 * way
        np.testing.assert_allclose(table.data, x, rtol=1e-12)
    np.testing.assert_array_equal(table.data[5], start[5])


def test_sparse_adam_steps_numbers_and_empty_tables_and_refuses_complex_ones() -> None:
    number, table = Tensor(2.0, requires_grad=True), Tensor(np.zeros((0, 3)), requires_grad=True)
    number.grad, table.grad = 4.0, np.zeros((0, 3))
    optim.SparseAdam([number, table], lr=0.5).step()
    assert number.item() == pytest.approx(1.5)
    z = Tensor([1j], requires_grad=True)
    z.grad = np.array([1j])
    with pytest.raises(UnsupportedError, match="SparseAdam: complex"):
        optim.SparseAdam([z]).step()


WRONG: dict[str, list[dict[str, Any]]] = {
    "SparseAdam": [{"betas": (1.0, 0.5)}, {"eps": -1.0}, {"lr": "a"}],
    "Rprop": [{"etas": (1.5, 2.0)}, {"etas": (0.5, 0.9)}, {"etas": 3}, {"step_sizes": (1.0, 0.1)}],
    "ASGD": [{"lambd": -1.0}, {"alpha": "a"}, {"t0": -1.0}],
    "Adafactor": [{"beta2_decay": 0.5}, {"eps": 1.0}, {"eps": (None, -1.0)}, {"d": 0.5}],
    "Muon": [{"momentum": -0.1}, {"ns_steps": 0}, {"ns_steps": 100}, {"ns_coefficients": (1, 2)},
             {"adjust_lr_fn": "mine"}],
    "LBFGS": [{"max_iter": 0}, {"history_size": 0}, {"line_search_fn": "armijo"},
              {"tolerance_grad": -1.0}],
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_settings_out_of_range_are_refused(name: str) -> None:
    for settings in WRONG[name]:
        with pytest.raises(SettingError, match=next(iter(settings))):
            getattr(optim, name)([Tensor(np.ones((2, 2)), requires_grad=True)], **settings)


def rosenbrock(x: Any) -> Any:
    return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


def test_lbfgs_arrives_and_its_state_goes_on() -> None:
    found = []
    for breaks in (False, True):
        x = Tensor(np.full(5, -0.5), requires_grad=True)

        def closure(x: Any = x) -> Any:
            x.grad = None
            loss = rosenbrock(x)
            loss.backward()
            return loss

        optimizer = optim.LBFGS([x], max_iter=10, line_search_fn="strong_wolfe")
        for k in range(12):
            optimizer.step(closure)
            if breaks and k == 3:
                state = optimizer.state_dict()
                optimizer = optim.LBFGS([x], max_iter=10, line_search_fn="strong_wolfe")
                optimizer.load_state_dict(state)
        found.append(x.data.copy())
    np.testing.assert_array_equal(*found)
    np.testing.assert_allclose(found[0], 1, atol=1e-4)
    for change, words in (
        ({"ro": []}, "of one length"), ({"d": np.ones(3)}, "5 finite numbers"),
        ({"t": np.nan}, "finite"), ({"odd": 1}, "the state knows"), ({"n_iter": -1}, "negative"),
    ):  # fmt: skip
        bad = {**state, "state": {0: {**state["state"][0], **change}}}
        with pytest.raises(optim.StateDictError, match=words):
            optimizer.load_state_dict(bad)

    without = {key: state["state"][0][key] for key in ("func_evals", "n_iter", "t")}
    for change, words in (
        (without, "'H_diag' is missing"),
        ({"func_evals": [1, 2]}, "this is not its state"),
        ({"func_evals": None, "t": "soon"}, "this is not its state"),
    ):
        with pytest.raises(optim.StateDictError, match=words):
            optimizer.load_state_dict({**state, "state": {0: change}})


def test_lbfgs_stays_where_the_gradient_is_zero() -> None:
    p, q = Tensor([1.0, 2.0], requires_grad=True), Tensor([[3.0]], requires_grad=True)
    optimizer = optim.LBFGS([p, q], max_iter=4, max_eval=2)
    assert optimizer.param_groups[0]["max_eval"] == 2
    assert optimizer.arrays(optimizer.param_groups[0]) == ()  # nothing is kept for one alone
    assert optimizer.state_dict()["state"] == {}
    calls = []

    def closure(aim: float = 1.0) -> Any:
        calls.append(aim)
        optimizer.zero_grad()
        loss = np.sum((p - [1.0, 2.0]) ** 2) + np.sum((q - 2.0 - aim) ** 2)
        loss.backward()
        return loss

    assert float(optimizer.step(closure)) == 0.0
    assert (p.data.tolist(), q.item(), len(calls)) == ([1.0, 2.0], 3.0, 1)
    state = optimizer.state_dict()
    # PyTorch names what there is not yet
    state["state"][0] |= {"n_iter": 0, "d": None, "t": None, "prev_flat_grad": None}
    again = optim.LBFGS([p, q], max_iter=4, max_eval=2)
    again.load_state_dict(state)
    assert again.state_dict()["state"] == {0: {"func_evals": 1, "n_iter": 0}}
    again.step(lambda: closure(2.0))
    assert len(calls) == 3  # max_eval
    assert abs(q.item() - 4.0) < 1.0
    assert again.state_dict()["state"][0]["d"].shape == (3,)  # of all parameters together


@pytest.mark.parametrize("seed", range(60))
def test_a_line_search_ends_where_the_strong_wolfe_conditions_hold(seed: int) -> None:
    rng = np.random.default_rng(seed)
    size, speed, phase = rng.normal(size=4), rng.uniform(0.5, 6, 4), rng.uniform(0, 6.3, 4)
    bowl, first = 10 ** rng.uniform(-3, 0), 10 ** rng.uniform(-2, 1.5)

    def slope(x: float) -> float:
        return float(np.sum(size * speed * np.cos(speed * x + phase)) + 2 * bowl * x)

    side = 1.0 if slope(0.0) < 0 else -1.0

    def evaluate(length: float) -> Trial:
        x = side * length
        value = float(np.sum(size * np.sin(speed * x + phase)) + bowl * x * x)
        return Trial(length, value, None, side * slope(x))

    start = evaluate(0.0)
    found, evaluations = strong_wolfe(evaluate, start, first, 1.0, 1e-9, 25)
    assert found.loss <= start.loss + 1e-4 * found.length * start.slope
    assert abs(found.slope) <= 0.9 * abs(start.slope)
    assert evaluations <= 25


def test_a_line_search_that_finds_no_such_place_gives_the_lowest_that_it_tried() -> None:
    """Behind a narrow dip all is lower than the start, but by too little."""
    tried = []

    def evaluate(length: float) -> Trial:
        below = 1 + (length / 0.01) ** 4
        tried.append(
            Trial(length, -length / below, None, (3 * (length / 0.01) ** 4 - 1) / below**2)
        )
        return tried[-1]

    start = evaluate(0.0)
    found, evaluations = strong_wolfe(evaluate, start, 1.0, 1.0, 1e-9, 25)
    assert found.loss == min(trial.loss for trial in tried) < start.loss
    assert found.length == pytest.approx(1 / 3, rel=1e-6)  # PyTorch 2.13: the same, in as many
    assert evaluations == len(tried) - 1 == 26


def test_a_cubic_without_a_minimum_gives_the_middle() -> None:
    assert cubic_minimum(Trial(0.0, 1.0, None, 1.0), Trial(2.0, 1.0, None, -1.0), 0.0, 2.0) == 1.0


def test_lbfgs_needs_a_closure_real_numbers_and_one_group() -> None:
    p = Tensor(np.ones(2), requires_grad=True)
    optimizer = optim.LBFGS([p])
    with pytest.raises(OperandError, match="it needs a closure"):
        optimizer.step()
    with pytest.raises(OperandError, match="must return the loss"):
        optimizer.step(lambda: None)
    with pytest.raises(SettingError, match="one group"):
        optimizer.add_param_group({"params": [Tensor(np.ones(2), requires_grad=True)]})
    with pytest.raises(UnsupportedError, match="real numbers"):
        optim.LBFGS([Tensor(np.ones(2) * 1j, requires_grad=True)])
    q = Tensor(np.ones((2, 2)) * 1j, requires_grad=True)
    q.grad = q.data
    with pytest.raises(UnsupportedError, match="complex"):
        optim.Adafactor([q]).step()


def test_a_network_trains_with_each_rule() -> None:
    x = RNG.normal(size=(64, 2))
    t = 0.5 * x.sum(axis=1, keepdims=True)
    for rule, settings in (
        (optim.Rprop, {}), (optim.ASGD, {"lr": 0.5}), (optim.Adafactor, {"lr": 0.05}),
        (optim.LBFGS, {"line_search_fn": "strong_wolfe"}),
    ):  # fmt: skip
        nn.manual_seed(1)
        with nn.use_kernels(compiled=False):
            model = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 1)).double()
            optimizer = rule(model.parameters(), **settings)

            def closure(model: Any = model, optimizer: Any = optimizer) -> Any:
                optimizer.zero_grad()
                loss = nn.functional.mse_loss(model(x), t)
                loss.backward()
                return loss

            first = float(closure())
            for _ in range(10 if rule is optim.LBFGS else 200):
                optimizer.step(closure)
            assert float(closure()) < 0.2 * first, rule


def test_hooks_of_optimizers() -> None:
    p = Tensor([1.0], requires_grad=True)
    optimizer, calls = optim.SGD([p], lr=0.5), []
    optimizer.register_step_pre_hook(lambda *call: calls.append("pre"))
    handle = optimizer.register_step_post_hook(lambda *call: calls.append("post"))
    optimizer.step()
    handle.remove()
    handle.remove()
    optimizer.step()
    assert calls == ["pre", "post", "pre"]
    optimizer.register_state_dict_pre_hook(lambda o: calls.append("saving"))
    optimizer.register_state_dict_post_hook(lambda o, state: {**state, "more": 1})
    optimizer.register_load_state_dict_pre_hook(lambda o, s: calls.append("second"))
    optimizer.register_load_state_dict_pre_hook(
        lambda o, s: {k: v for k, v in s.items() if k != "more"}, prepend=True
    )
    optimizer.register_load_state_dict_post_hook(lambda o: calls.append("loaded"))
    state = optimizer.state_dict()
    assert state["more"] == 1
    optimizer.load_state_dict(state)
    assert calls[3:] == ["saving", "second", "loaded"]


MAKERS: dict[str, Any] = {
    "step": lambda o, k: schedules.StepLR(o, 3, 0.5, last_epoch=k),
    "steps": lambda o, k: schedules.MultiStepLR(o, [2, 5], 0.5, last_epoch=k),
    "exponential": lambda o, k: schedules.ExponentialLR(o, 0.9, last_epoch=k),
    "polynomial": lambda o, k: schedules.PolynomialLR(o, 9, last_epoch=k),
    "constant": lambda o, k: schedules.ConstantLR(o, 0.5, 4, last_epoch=k),
    "linear": lambda o, k: schedules.LinearLR(o, 0.1, total_iters=6, last_epoch=k),
    "lambda": lambda o, k: schedules.LambdaLR(o, lambda t: 1 / (1 + t), last_epoch=k),
    "cosine": lambda o, k: schedules.CosineAnnealingLR(o, 8, last_epoch=k),
    "cyclic": lambda o, k: schedules.CyclicLR(o, 0.1, 1.0, 2, 3, last_epoch=k),
    "one cycle": lambda o, k: schedules.OneCycleLR(o, 1.0, 12, last_epoch=k),
}


def groups_of(optimizer: Any) -> Any:
    group = optimizer.param_groups[0]
    return [group["lr"], group["momentum"]]


@pytest.mark.parametrize("order", ["build, optimizer, schedule", "build, schedule, optimizer",
                                   "optimizer, build, schedule", "build, schedule",
                                   "optimizer, last_epoch", "later, last_epoch"])  # fmt: skip
@pytest.mark.parametrize("kind", MAKERS)
def test_every_order_of_load_and_build_gives_the_undisturbed_rates(kind: str, order: str) -> None:
    def new() -> Any:
        return optim.SGD([Tensor([0.0], requires_grad=True)], lr=1.0, momentum=0.9)

    optimizer = new()
    schedule, found, kept = MAKERS[kind](optimizer, -1), [], []
    for _ in range(10):
        found.append(groups_of(optimizer))
        kept.append((optimizer.state_dict(), schedule.state_dict()))
        schedule.step()
    for k in range(1, 9):
        state, its = kept[k]
        again = new()
        if order.startswith("optimizer"):
            again.load_state_dict(state)
        if order == "later, last_epoch":  # saved before the schedule's step
            again.load_state_dict(kept[k - 1][0])
        made = MAKERS[kind](again, k - 1 if "last_epoch" in order else -1)
        for what in order.split(", ")[1:]:
            if what == "optimizer":
                again.load_state_dict(state)
            elif what == "schedule":
                made.load_state_dict(its)
        for wanted in found[k:]:
            np.testing.assert_allclose(groups_of(again), wanted, rtol=1e-12, atol=1e-12)
            made.step()


def rates(make: Any, steps: int = 12) -> list[float]:
    optimizer = optim.SGD([Tensor([0.0], requires_grad=True)], lr=1.0, momentum=0.9)
    schedule, found = make(optimizer), []
    for k in range(steps):
        found.append(optimizer.param_groups[0]["lr"])
        schedule.step()
        if k == 4:  # its state goes on in another one
            state = schedule.state_dict()
            schedule = make(optimizer)
            schedule.load_state_dict(state)
    return found


def test_cyclic_rates() -> None:
    up, down = 2, 4
    wanted = [1 + 2 * (t % 6 / up if t % 6 <= up else 1 - (t % 6 - up) / down) for t in range(12)]
    np.testing.assert_allclose(rates(lambda o: schedules.CyclicLR(o, 1.0, 3.0, up, down)), wanted)
    linear = rates(lambda o: schedules.SWALR(o, 0.2, 4, "linear"))
    np.testing.assert_allclose(linear, [max(0.2, 1 - 0.2 * t) for t in range(12)])
    for wrong in (
        lambda o: schedules.CyclicLR(o, -1.0, 3.0), lambda o: schedules.CyclicLR(o, 1.0, 3.0, 0),
        lambda o: schedules.CyclicLR(o, 1.0, 3.0, mode="round"),
        lambda o: schedules.CyclicLR(o, [1.0, 2.0], 3.0),
        lambda o: schedules.CyclicLR(o, 1.0, 3.0, base_momentum=1.5),
        lambda o: schedules.SWALR(o, 0.1, -1), lambda o: schedules.SWALR(o, 0.1, 3, "square"),
    ):  # fmt: skip
        with pytest.raises(AutogradError):
            rates(wrong)
    without = optim.Adagrad([Tensor([0.0], requires_grad=True)])
    with pytest.raises(SettingError, match="cycle_momentum=False"):
        schedules.CyclicLR(without, 0.1, 0.2)
