"""The optimizers' rarer ways: other norms, groups, complex numbers, told steps, refusals."""

from __future__ import annotations

import itertools
import sys

import numpy as np
import pytest
from strict_array import StrictArray

import optim
from autograd_core import Tensor
from autograd_core.base import errors
from optim import clip_grad_norm_, lr_scheduler, newton, newton_cg, of_parameters
from optim.line_search import armijo, wolfe
from optim.objective import Objective


def parameter(value, gradient=None):
    made = Tensor(np.array(value), requires_grad=True)
    if gradient is not None:
        made.grad = Tensor(np.array(gradient))
    return made


# --- clipping --------------------------------------------------------------


@pytest.mark.parametrize("order", [1.0, 3.0, np.inf])
def test_the_joint_norm_of_any_order(order) -> None:
    ps = [parameter([0.0, 0.0], [3.0, -4.0]), parameter([0.0], [12.0]), parameter([0.0])]
    every = np.array([3.0, -4.0, 12.0])
    norm = np.abs(every).max() if order == np.inf else (np.abs(every) ** order).sum() ** (1 / order)
    assert clip_grad_norm_(ps, 1.0, order) == pytest.approx(norm, rel=1e-12)
    clipped = np.concatenate([p.grad.data for p in ps[:2]])
    np.testing.assert_allclose(clipped, every / norm, rtol=1e-5)
    assert ps[2].grad is None


def test_the_norm_of_an_empty_gradient_is_zero() -> None:
    assert clip_grad_norm_(parameter(np.zeros(0), np.zeros(0)), 1.0, 3.0) == 0.0


def test_a_read_only_gradient_is_clipped_in_a_copy() -> None:
    p = parameter([1.0, 1.0])
    held = np.array([30.0, 40.0])
    held.flags.writeable = False
    p.grad = Tensor(held)
    p.grad.data.flags.writeable = False
    clip_grad_norm_([p], 5.0)
    np.testing.assert_allclose(p.grad.data, [3.0, 4.0], rtol=1e-6)
    assert held.tolist() == [30.0, 40.0]


def test_clipping_wants_tensors() -> None:
    with pytest.raises(errors.OperandError, match="ndarray is not a Tensor"):
        clip_grad_norm_([np.ones(2)], 1.0)


# --- the rules -------------------------------------------------------------


@pytest.mark.parametrize("rule", [optim.NAdam, optim.RAdam])
def test_decoupled_decay_shrinks_the_parameter_before_the_step(rule) -> None:
    """With decoupled decay the step itself is the one without decay."""
    lr, decay = 0.1, 0.2
    free, decayed = parameter([2.0, -1.0], [0.5, 0.3]), parameter([2.0, -1.0], [0.5, 0.3])
    rule([free], lr=lr).step()
    rule([decayed], lr=lr, weight_decay=decay, decoupled_weight_decay=True).step()
    start = np.array([2.0, -1.0])
    np.testing.assert_allclose(decayed.data - (1 - lr * decay) * start, free.data - start)


def test_dampening_weighs_the_later_gradients() -> None:
    p = parameter([0.0])
    sgd = optim.SGD([p], lr=1.0, momentum=0.5, dampening=0.75)
    places = []
    for g in (1.0, 2.0, 4.0):
        p.grad = Tensor([g])
        sgd.step()
        places.append(p.item())
    first, second = 1.0, 0.5 * 1.0 + 0.25 * 2.0
    third = 0.5 * second + 0.25 * 4.0
    assert places == pytest.approx([-first, -first - second, -first - second - third])


def test_maximize_without_decay_goes_up() -> None:
    p = parameter([1.0], [2.0])
    optim.SGD([p], lr=0.1, maximize=True).step()
    assert p.item() == pytest.approx(1.2)


def test_an_empty_parameter_is_stepped() -> None:
    p, q = parameter(np.zeros((0, 3)), np.zeros((0, 3))), parameter([1.0], [1.0])
    optim.Adam([p, q], lr=0.1).step()
    assert p.shape == (0, 3)
    assert q.item() == pytest.approx(0.9)
    optim.Adafactor([p, q], lr=0.1).step()
    assert p.shape == (0, 3)
    assert q.item() < 0.9


def test_a_parameter_with_strides_is_stepped_in_its_own_memory() -> None:
    base = np.zeros((6, 4))
    p = Tensor([0.0], requires_grad=True)
    p.data = base[::2, ::2]
    p.grad = Tensor(np.arange(6.0).reshape(3, 2))
    optim.SGD([p], lr=1.0).step()
    np.testing.assert_array_equal(base[::2, ::2], -np.arange(6.0).reshape(3, 2))
    assert not base[1::2].any()
    assert not base[:, 1::2].any()


def test_complex_parameters_are_stepped_part_by_part() -> None:
    z = parameter([1 + 2j, -3j], [0.5 - 1j, 2 + 0j])
    parts = [parameter([1.0, 0.0], [0.5, 2.0]), parameter([2.0, -3.0], [-1.0, 0.0])]
    optim.Adam([z], lr=0.1).step()
    optim.Adam(parts, lr=0.1).step()
    np.testing.assert_allclose(z.data, parts[0].data + 1j * parts[1].data)
    w = Tensor([0j], requires_grad=True)
    w.data = np.zeros((2, 2), complex)[:, :1]
    w.grad = Tensor(np.ones((2, 1), complex))
    with pytest.raises(errors.UnsupportedError, match="contiguous"):
        optim.SGD([w], lr=0.1).step()


RULES = {
    "SGD": {"momentum": 0.9}, "Adagrad": {"initial_accumulator_value": 0.3}, "Adadelta": {},
    "RMSprop": {"momentum": 0.5}, "Adam": {"amsgrad": True}, "AdamW": {}, "Adamax": {}, "NAdam": {},
    "RAdam": {}, "Rprop": {}, "ASGD": {"t0": 2.0},
}  # fmt: skip


@pytest.mark.parametrize("name", RULES)
def test_every_rule_steps_the_parts_of_complex_parameters(name: str) -> None:
    """Also where the state begins with something else than 0."""
    rng = np.random.default_rng(3)
    start, gradients = rng.normal(size=(4, 2)), rng.normal(size=(6, 4, 2))
    z, pairs = parameter(start @ [1, 1j]), parameter(start)
    whole, parts = (getattr(optim, name)([p], **RULES[name]) for p in (z, pairs))
    for g in gradients:
        z.grad, pairs.grad = g @ [1, 1j], g
        whole.step()
        parts.step()
        np.testing.assert_allclose(z.data, pairs.data @ [1, 1j], rtol=1e-12)


def test_a_rate_in_an_array_is_read_and_never_written() -> None:
    for name in ("LBFGS", *RULES):
        rate, results = np.array(0.05), []
        for lr in (0.05, rate):
            p = parameter([1.0, -2.0])
            optimizer = getattr(optim, name)([p], lr=lr)

            def closure(p=p, optimizer=optimizer):
                optimizer.zero_grad()
                loss = np.sum(np.sqrt(1 + (p - 0.3) ** 2))
                loss.backward()
                return loss

            for _ in range(3):
                optimizer.step(closure)
            results.append(p.data)
        np.testing.assert_allclose(*results, rtol=1e-12, err_msg=name)
        assert rate == 0.05


def test_all_groups_have_names_or_none_has() -> None:
    named = [("a", parameter([1.0]))]
    for first, second in ((named, [parameter([2.0])]), ([parameter([2.0])], named)):
        optimizer = optim.SGD(first, lr=0.1)
        with pytest.raises(errors.SettingError, match="names in all groups, or in none"):
            optimizer.add_param_group({"params": second})
        assert len(optimizer.param_groups) == 1


def test_a_factor_of_each_step_counts_from_where_the_schedule_takes_over() -> None:
    sgd = optim.SGD([parameter([1.0])], lr=1.0)
    parts = [
        lr_scheduler.ConstantLR(sgd, 0.5, 2),
        lr_scheduler.MultiplicativeLR(sgd, lambda step: 1 / (step + 2)),
    ]
    schedule = lr_scheduler.SequentialLR(sgd, parts, [2])
    rates = []
    for _ in range(5):
        rates += schedule.get_last_lr()
        sgd.step()
        schedule.step()
    np.testing.assert_allclose(rates, [0.5, 0.5, 0.25, 0.25 / 3, 0.25 / 12])


def test_gradients_of_another_kind() -> None:
    p = parameter(np.float32([1.0]))
    p.grad = Tensor(np.float64([0.5]))
    optimizer = optim.SGD([p], lr=1.0)
    optimizer.step()
    assert p.dtype == np.float32
    assert p.item() == 0.5
    p.grad = Tensor(np.array([1j]))
    with pytest.raises(errors.DTypeError, match="parameter 0 has dtype float32, its gradient comp"):
        optimizer.step()
    q = parameter([1.0])
    q._held, q.grad = StrictArray(np.ones(1)), Tensor(StrictArray(np.ones(1)))
    with pytest.raises(errors.OperandError, match="holds a StrictArray"):
        optim.SGD([q], lr=1.0).step()
    assert p.item() == 0.5


def test_named_parameters_and_the_text_form() -> None:
    w, b = parameter(np.zeros((2, 3))), parameter(np.zeros(3))
    adam = optim.Adam([("weight", w), ("bias", b)], lr=0.125)
    assert adam.param_groups[0]["param_names"] == ["weight", "bias"]
    assert adam.state_dict()["param_groups"][0]["param_names"] == ["weight", "bias"]
    text = repr(adam)
    assert text.startswith("Adam (\nParameter Group 0: 2 arrays, 9 numbers\n")
    assert "    lr: 0.125\n" in text
    assert "param" not in text.split("numbers")[1]


# --- the whole function ----------------------------------------------------


def test_lbfgs_names_what_to_install(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "scipy.optimize", None)
    with pytest.raises(errors.UnsupportedError, match="scipy"):
        optim.lbfgs(lambda x: np.sum(x * x), np.ones(2))


def test_armijo_gives_up() -> None:
    assert armijo(lambda t: (1.0 + t, 1.0), 0.0, -1.0, max_steps=5) is None


def test_wolfe_gives_back_the_lowest_it_found() -> None:
    """A kink that is no bottom of a parabola: |slope| is 1 everywhere."""
    step = wolfe(lambda t: (abs(t - 1.0), 1.0 if t > 1 else -1.0), 1.0, -1.0, c2=0.1)
    assert step is not None
    assert abs(step - 1.0) < 1.0
    assert wolfe(lambda t: (1.0 + t, 1.0), 0.0, -1.0) is None


def test_a_wall_of_infinities_is_backed_away_from() -> None:
    found = optim.gradient_descent(
        lambda x: np.sum(5.0 * x * x - np.log(x)), np.array([0.9]), line_search="wolfe"
    )  # the first step tried is 1 long: the logarithm of -0.1
    assert found.converged
    np.testing.assert_allclose(found.x, [np.sqrt(0.1)], rtol=1e-5)


class Step(Objective):
    """Lowest where it starts, whatever its gradient says."""

    def value_and_grad(self, x):
        return float((x != self.start).any()), np.ones_like(x)

    def hessian_operator(self, x):
        return lambda v: 0.1 * v + np.array([-v[1], v[0]])  # no symmetric matrix

    def nest(self, x):
        return x


@pytest.mark.parametrize("method", [optim.gradient_descent, newton_cg])
def test_descent_says_when_no_step_lowers_the_value(method) -> None:
    """And conjugate gradients that never settle, their matrix being none, come to an end."""
    found = method(Step([np.array([1.0, 2.0])], "step"))
    assert not found.converged
    assert found.reason == "no step lowers the value any further"
    assert found.iterations == 0
    np.testing.assert_array_equal(found.x, [1.0, 2.0])


def test_newton_on_a_loss_that_is_linear_in_a_parameter() -> None:
    """The Hessian is zero: the direction is the gradient's."""
    w = parameter([1.0, 2.0])
    objective = of_parameters(lambda: np.sum(w * np.array([3.0, -1.0])), [w])
    np.testing.assert_array_equal(objective.hessian_operator(np.ones(2))(np.ones(2)), [0.0, 0.0])
    q = parameter([4.0])
    assert newton(of_parameters(lambda: np.sum((q - 1.0) ** 2), [q])).converged


# --- schedules -------------------------------------------------------------


def schedules():
    one = lr_scheduler
    return [
        (one.StepLR, {"step_size": 2, "gamma": 0.5}),
        (one.MultiStepLR, {"milestones": [1, 3, 3], "gamma": 0.5}),
        (one.ExponentialLR, {"gamma": 0.9}),
        (one.PolynomialLR, {"total_iters": 4, "power": 2.0}),
        (one.LinearLR, {"start_factor": 0.25, "total_iters": 4}),
        (one.ConstantLR, {"factor": 0.5, "total_iters": 3}),
        (one.CosineAnnealingLR, {"T_max": 10}),
        (one.LambdaLR, {"lr_lambda": lambda epoch: 0.5**epoch}),
    ]


@pytest.mark.parametrize(
    ("kind", "settings"), schedules(), ids=lambda v: getattr(v, "__name__", "")
)
def test_a_step_that_is_told_lands_where_single_steps_do(kind, settings) -> None:
    def made():
        return kind(optim.SGD([parameter([0.0])], lr=0.8), **settings)

    walked = made()
    for epoch in range(1, 6):
        walked.step()
        told = made()
        told.step(epoch)
        assert told.get_last_lr() == pytest.approx(walked.get_last_lr(), rel=1e-12)
        assert told.last_epoch == walked.last_epoch == epoch
    assert repr(walked) == f"{kind.__name__}(step 5, lr {walked.get_last_lr()})"


def test_a_schedule_without_a_formula_is_asked_for_its_rate() -> None:
    class Halving(lr_scheduler.LRScheduler):
        def get_lr(self):
            return [0.5 ** max(self.last_epoch, 0) for _ in self.base_lrs]

    schedule = Halving(optim.SGD([parameter([0.0])], lr=1.0))
    schedule.step(3)
    assert schedule.get_last_lr() == [0.125]


def test_a_schedule_goes_on_after_a_told_epoch() -> None:
    sgd = optim.SGD(
        [
            parameter([0.0]),
        ],
        lr=1.0,
    )
    sgd.param_groups[0]["initial_lr"] = 1.0
    schedule = lr_scheduler.StepLR(sgd, 2, 0.5, last_epoch=3)
    assert schedule.last_epoch == 4
    sgd = optim.SGD([parameter([0.0])], lr=1.0)
    sgd.param_groups[0]["initial_lr"] = 0.4
    cycle = lr_scheduler.OneCycleLR(sgd, 1.0, 10, cycle_momentum=False, last_epoch=4)
    assert cycle.base_lrs == [0.4]


def one_cycle(**settings):
    p = parameter([0.0])
    return lr_scheduler.OneCycleLR(optim.SGD([p], lr=1.0, **settings), 1.0, total_steps=10)


def test_one_cycle_rises_and_falls_and_its_momentum_does_the_opposite() -> None:
    schedule = one_cycle(momentum=0.9)
    group = schedule.optimizer.param_groups[0]
    rates, momenta = [group["lr"]], [group["momentum"]]
    for _ in range(9):
        schedule.step()
        rates.append(group["lr"])
        momenta.append(group["momentum"])
    top = int(np.argmax(rates))
    assert top == int(np.argmin(momenta)) == 2
    assert rates[top] == 1.0
    assert momenta[top] == 0.85
    assert all(a < b for a, b in itertools.pairwise(rates[: top + 1]))
    assert all(a > b for a, b in itertools.pairwise(rates[top:]))
    assert momenta[0] == momenta[-1] == 0.95


def test_one_cycle_wants_a_momentum_to_cycle() -> None:
    p = parameter([0.0])
    adagrad = optim.Adagrad([p], lr=1.0)
    with pytest.raises(errors.SettingError, match="cycle_momentum=False"):
        lr_scheduler.OneCycleLR(adagrad, 1.0, total_steps=10)
    schedule = lr_scheduler.OneCycleLR(adagrad, 1.0, total_steps=10, cycle_momentum=False)
    schedule.step()
    assert set(adagrad.param_groups[0]) >= {"lr"}
    assert "momentum" not in adagrad.param_groups[0]


def test_warm_restarts_begin_again_at_a_told_place() -> None:
    sgd = optim.SGD([parameter([0.0])], lr=1.0)
    schedule = lr_scheduler.CosineAnnealingWarmRestarts(sgd, T_0=3)
    schedule.step(1_000_000.5)  # periods of one length: found without walking them all
    expected = 0.5 * (1 + np.cos(np.pi * (1_000_000.5 % 3) / 3))
    assert schedule.get_last_lr() == pytest.approx([expected])
    with pytest.raises(errors.SettingError, match=">= 0"):
        schedule.step(-1)
    growing = lr_scheduler.CosineAnnealingWarmRestarts(sgd, T_0=1, T_mult=2)
    growing.step(4.0)  # periods 1, 2, 4: one quarter into the third
    assert growing.T_cur / growing.T_i == 0.25


def plateau(**settings):
    sgd = optim.SGD(
        [{"params": [parameter([0.0])]}, {"params": [parameter([0.0])], "lr": 1e-9}], lr=1.0
    )
    return sgd, lr_scheduler.ReduceLROnPlateau(sgd, **settings)


def test_after_a_reduction_bad_epochs_do_not_count_for_a_while() -> None:
    sgd, schedule = plateau(patience=0, factor=0.5, cooldown=2, threshold=0.1, threshold_mode="abs")
    rates = []
    for value in (1.0, 0.95, 0.95, 0.95, 0.95, 0.8, 0.8):
        schedule.step(value)
        rates.append(sgd.param_groups[0]["lr"])
    assert rates == [1.0, 0.5, 0.5, 0.5, 0.25, 0.25, 0.25]
    assert sgd.param_groups[1]["lr"] == 1e-9  # a reduction below eps is none


def test_a_plateau_schedule_is_saved_and_goes_on_the_same() -> None:
    values = [1.0, 1.0, 1.0, 0.5, 0.6, 0.7, 0.8]
    _, whole = plateau(patience=1, factor=0.1)
    for value in values:
        whole.step(value)
    sgd, first = plateau(patience=1, factor=0.1)
    for value in values[:4]:
        first.step(value)
    second = lr_scheduler.ReduceLROnPlateau(sgd, patience=1, factor=0.1)
    second.load_state_dict(first.state_dict())
    for value in values[4:]:
        second.step(value)
    assert second.get_last_lr() == whole.get_last_lr()
    assert second.state_dict() == whole.state_dict()
    with pytest.raises(optim.StateDictError, match="unknown key 'nonsense'"):
        second.load_state_dict({**second.state_dict(), "nonsense": 1})


def composed():
    sgd = optim.SGD([parameter([0.0])], lr=1.0)
    return sgd, lr_scheduler.StepLR(sgd, 1)


def test_a_group_that_came_after_the_state_keeps_its_rate() -> None:
    sgd = optim.SGD([parameter([0.0])], lr=0.1)
    schedule = lr_scheduler.StepLR(sgd, 1, 0.5)
    schedule.step()
    state = schedule.state_dict()
    sgd.add_param_group({"params": [parameter([0.0])], "lr": 7.0})
    schedule.load_state_dict(state)
    assert [group["lr"] for group in sgd.param_groups] == [0.05, 7.0]
    assert schedule.last_epoch == 1


def test_what_schedules_refuse() -> None:
    sgd, part = composed()
    other, foreign = composed()
    for call, error, text in [
        (lambda: lr_scheduler.StepLR([], 1), errors.OperandError, "must be an optimizer"),
        (lambda: lr_scheduler.ReduceLROnPlateau([]), errors.OperandError, "must be an optimizer"),
        (lambda: lr_scheduler.LambdaLR(sgd, 0.5), errors.OperandError, "callable"),
        (
            lambda: lr_scheduler.CyclicLR(sgd, 0.1, 1.0, scale_fn=0.5),
            errors.OperandError,
            "CyclicLR: scale_fn must be callable",
        ),
        (
            lambda: lr_scheduler.ChainedScheduler([part, lr_scheduler.ReduceLROnPlateau(sgd)]),
            errors.OperandError,
            "schedule 1 is a ReduceLROnPlateau",
        ),
        (
            lambda: lr_scheduler.ChainedScheduler([part, foreign]),
            errors.SettingError,
            "schedule 1 belongs to another optimizer",
        ),
        (
            lambda: lr_scheduler.StepLR(other, 1, last_epoch=2).load_state_dict({}),
            optim.StateDictError,
            "missing key",
        ),
    ]:
        with pytest.raises(error, match=text):
            call()
    chain = lr_scheduler.ChainedScheduler([part])
    state = chain.state_dict()
    state["_schedulers"] = []
    with pytest.raises(optim.StateDictError, match="0 schedules for 1"):
        chain.load_state_dict(state)
    groups = optim.SGD([{"params": [parameter([0.0])]}, {"params": [parameter([1.0])]}], lr=1.0)
    cycle = lr_scheduler.OneCycleLR(groups, [1.0, 2.0], 10, cycle_momentum=False)
    assert [values["max"] for values in cycle.lrs] == [1.0, 2.0]
    with pytest.raises(errors.SettingError, match="1 entries for 2"):
        lr_scheduler.OneCycleLR(groups, [1.0], 10, cycle_momentum=False)
