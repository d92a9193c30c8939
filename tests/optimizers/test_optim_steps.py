"""Optimizers by themselves: formulas written out, memory, groups, state, bad input."""

import copy
import math
import tracemalloc

import numpy as np
import pytest

import autograd_core as ac
import optim
from autograd_core import Tensor
from autograd_core.base import errors
from optim import lr_scheduler as schedules

ALL = [
    optim.SGD,
    optim.Adagrad,
    optim.Adadelta,
    optim.RMSprop,
    optim.Adam,
    optim.AdamW,
    optim.Adamax,
    optim.NAdam,
    optim.RAdam,
    optim.Lion,
]
RICH = {
    optim.SGD: {"momentum": 0.9, "nesterov": True, "weight_decay": 0.1},
    optim.RMSprop: {"momentum": 0.9, "centered": True, "weight_decay": 0.1},
    optim.Adam: {"amsgrad": True, "weight_decay": 0.1, "maximize": True},
}


@pytest.fixture
def rng():
    return np.random.default_rng(11)


def parameters(rng, dtype=np.float64):
    shapes = [(30, 20), (20,), ()]
    return [Tensor(rng.standard_normal(s).astype(dtype), requires_grad=True) for s in shapes]


def give_gradients(rng, params):
    for p in params:
        p.grad = rng.standard_normal(p.shape).astype(p.dtype)


def test_lion_follows_its_paper(rng):
    """Algorithm 2 of the paper, in plain NumPy; PyTorch has no Lion to compare with."""
    p, m = rng.standard_normal(9), np.zeros(9)
    mine = Tensor(p, requires_grad=True)
    lion = optim.Lion([mine], lr=0.01, betas=(0.9, 0.99), weight_decay=0.3)
    for _ in range(20):
        g = rng.standard_normal(9)
        mine.grad = g
        lion.step()
        c = 0.9 * m + 0.1 * g
        p = p - 0.01 * (np.sign(c) + 0.3 * p)
        m = 0.99 * m + 0.01 * g
        np.testing.assert_allclose(mine.data, p, rtol=1e-12)


@pytest.mark.parametrize("rule", ALL)
def test_dtype_and_memory_stay(rng, rule):
    """float32 stays float32, and every array stays where it is."""
    params = parameters(rng, np.float32)
    optimizer = rule(params, **RICH.get(rule, {}))
    places = [p.data.ctypes.data for p in params]
    for _ in range(3):
        give_gradients(rng, params)
        optimizer.step()
    assert [p.data.ctypes.data for p in params] == places
    assert all(p.dtype == np.float32 for p in params)
    arrays = [v for s in optimizer.state.values() for v in s.values() if hasattr(v, "shape")]
    assert all(a.dtype == np.float32 for a in arrays)


@pytest.mark.parametrize("rule", ALL)
def test_no_allocation_after_the_first_step(rng, rule):
    """The arrays have a megabyte; a step may only make small Python objects."""
    params = [Tensor(rng.standard_normal((512, 256)), requires_grad=True) for _ in range(3)]
    optimizer = rule(params, **RICH.get(rule, {}))
    give_gradients(rng, params)
    optimizer.step()
    tracemalloc.start()
    try:
        optimizer.step()
        before = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
        for _ in range(3):
            optimizer.step()
        after, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert after - before < 4096
    assert peak - before < 16384


@pytest.mark.parametrize("rule", ALL)
@pytest.mark.parametrize("layout", ["transposed", "strided", "mixed"])
def test_any_memory_order_gives_the_same(rng, rule, layout):
    start, g = rng.standard_normal((300, 500)), rng.standard_normal((300, 500))
    plain = Tensor(start, requires_grad=True)
    odd = Tensor(start, requires_grad=True)
    if layout == "transposed":
        odd.data = np.asfortranarray(start)
    elif layout == "strided":
        wide = np.zeros((300, 1000))
        wide[:, ::2] = start
        odd.data = wide[:, ::2]
    optimizers = [rule([p], **RICH.get(rule, {})) for p in (plain, odd)]
    for _ in range(2):
        plain.grad = g
        odd.grad = g
        if layout != "strided":
            odd.grad.data = np.asfortranarray(g)
        for optimizer in optimizers:
            optimizer.step()
    np.testing.assert_array_equal(odd.data, plain.data)
    assert np.any(plain.data != start)


@pytest.mark.parametrize("rule", ALL)
def test_pieces_change_nothing(rng, rule, monkeypatch):
    start, g = rng.standard_normal(1000), rng.standard_normal(1000)
    results = []
    for budget in (10**9, 997):
        monkeypatch.setattr("optim.pieces.BUDGET", budget)
        p = Tensor(start, requires_grad=True)
        p.grad = g
        optimizer = rule([p], **RICH.get(rule, {}))
        optimizer.step()
        optimizer.step()
        results.append(p.data)
    np.testing.assert_array_equal(*results)


@pytest.mark.parametrize("rule", ALL)
def test_gradients_are_only_read(rng, rule):
    params = parameters(rng)
    give_gradients(rng, params)
    kept = [p.grad.data.copy() for p in params]
    rule(params, **RICH.get(rule, {})).step()
    for p, g in zip(params, kept, strict=True):
        np.testing.assert_array_equal(p.grad.data, g)


@pytest.mark.parametrize("rule", ALL)
def test_saved_state_continues_bit_for_bit(rng, rule):
    params = parameters(rng)
    optimizer = rule(params, **RICH.get(rule, {}))
    for _ in range(3):
        give_gradients(rng, params)
        optimizer.step()
    saved = copy.deepcopy(optimizer.state_dict())
    twins = [Tensor(p.data, requires_grad=True) for p in params]
    other = rule(twins, lr=0.5)
    if rule in RICH:
        other = rule(twins, **RICH[rule])
    other.load_state_dict(saved)
    for _ in range(3):
        give_gradients(rng, params)
        for p, q in zip(params, twins, strict=True):
            q.grad = p.grad
        optimizer.step()
        other.step()
    for p, q in zip(params, twins, strict=True):
        np.testing.assert_array_equal(p.data, q.data)


def test_state_dict_is_a_copy(rng):
    params = parameters(rng)
    optimizer = optim.Adam(params)
    give_gradients(rng, params)
    optimizer.step()
    saved = optimizer.state_dict()
    kept = copy.deepcopy(saved)
    optimizer.step()
    np.testing.assert_equal(saved, kept)


def test_a_pending_backward_notices_the_step(rng):
    w = Tensor(rng.standard_normal(3), requires_grad=True)
    loss, other = np.sum(w * w), np.sum(w * w)
    loss.backward()
    optim.SGD([w], lr=0.1).step()
    with pytest.raises(errors.OverwrittenError, match=r"SGD\(\[w\], lr=0.1\).step\(\)"):
        other.backward()


def test_parameters_without_gradient_stay(rng):
    used, unused = parameters(rng)[:2]
    used.grad = np.ones(used.shape)
    before = unused.data.copy()
    optimizer = optim.Adam([used, unused])
    optimizer.step()
    np.testing.assert_array_equal(unused.data, before)
    assert unused not in optimizer.state


def test_closure_runs_with_recording_on(rng):
    w = Tensor([1.0], requires_grad=True)
    optimizer = optim.SGD([w], lr=0.1)

    def closure():
        optimizer.zero_grad()
        loss = np.sum(w * w)
        loss.backward()
        return loss

    with ac.no_grad():
        loss = optimizer.step(closure)
    assert float(loss.data) == 1.0
    assert w.data[0] == pytest.approx(0.8)


def test_groups_have_their_own_settings():
    a, b = (Tensor([1.0], requires_grad=True) for _ in range(2))
    optimizer = optim.SGD([{"params": [a]}, {"params": b, "lr": 0.5}], lr=0.1)
    c = Tensor([1.0], requires_grad=True)
    optimizer.add_param_group({"params": [c], "lr": 0.25})
    for p in (a, b, c):
        p.grad = [1.0]
    optimizer.step()
    assert [float(p.data[0]) for p in (a, b, c)] == [0.9, 0.5, 0.75]


def test_groups_that_keep_more_arrays_share_the_temporaries():
    plain, heavy = (Tensor(np.ones(5), requires_grad=True) for _ in range(2))
    optimizer = optim.SGD(
        [{"params": [plain]}, {"params": [heavy], "momentum": 0.5}], lr=0.25, weight_decay=0.5
    )
    x, y, velocity = 1.0, 1.0, 0.0
    for _ in range(3):
        plain.grad = heavy.grad = np.full(5, 2.0)
        optimizer.step()
        x -= 0.25 * (2.0 + 0.5 * x)
        velocity = 0.5 * velocity + 2.0 + 0.5 * y
        y -= 0.25 * velocity
    np.testing.assert_allclose(plain.data, np.full(5, x), rtol=1e-15)
    np.testing.assert_allclose(heavy.data, np.full(5, y), rtol=1e-15)


def test_zero_grad_forgets_or_fills():
    p = Tensor([1.0, 2.0], requires_grad=True)
    optimizer = optim.SGD([p], lr=0.1)
    p.grad = [1.0, 1.0]
    optimizer.zero_grad(set_to_none=False)
    np.testing.assert_array_equal(p.grad.data, [0.0, 0.0])
    optimizer.zero_grad()
    assert p.grad is None


W = [1.0, 2.0]
BAD_SETTINGS = [
    (optim.SGD, {"lr": 0.0}, "lr = 0.0; it must be a positive finite number"),
    (optim.SGD, {"lr": -1.0}, "lr = -1.0"),
    (optim.SGD, {"lr": math.nan}, "lr = nan"),
    (optim.SGD, {"lr": math.inf}, "lr = inf"),
    (optim.SGD, {"lr": "fast"}, "lr = 'fast'"),
    (optim.SGD, {"momentum": -0.1}, "momentum"),
    (optim.SGD, {"nesterov": True}, "nesterov"),
    (optim.SGD, {"weight_decay": -1.0}, "weight_decay"),
    (optim.Adam, {"betas": (0.9, 1.0)}, r"betas\[1\] = 1.0; it must be at least 0 and below 1"),
    (optim.Adam, {"betas": 0.9}, "two numbers"),
    (optim.Adam, {"eps": -1.0}, "eps"),
    (optim.RMSprop, {"alpha": 2.0}, "alpha"),
    (optim.Adagrad, {"lr_decay": -1.0}, "lr_decay"),
    (optim.Adadelta, {"rho": 1.5}, "rho"),
    (optim.NAdam, {"momentum_decay": -1.0}, "momentum_decay"),
    (optim.Lion, {"betas": (1.0, 0.9)}, "betas"),
]


@pytest.mark.parametrize(("rule", "options", "words"), BAD_SETTINGS, ids=str)
def test_bad_settings_are_named(rule, options, words):
    with pytest.raises(errors.SettingError, match=words):
        rule([Tensor(W, requires_grad=True)], **options)


def shared():
    p = Tensor(W, requires_grad=True)
    return [p, p]


BAD_PARAMETERS = [
    (lambda: [], errors.SettingError, "empty"),
    (lambda: [{"params": []}], errors.SettingError, "empty"),
    (lambda: [{"lr": 0.1}], errors.SettingError, "'params'"),
    (
        lambda: [{"params": shared()[:1], "beta": 0.1}],
        errors.SettingError,
        "unknown setting 'beta'",
    ),
    (shared, errors.SettingError, "given twice"),
    (lambda: Tensor(W, requires_grad=True), errors.OperandError, r"write \[p\]"),
    (lambda: [Tensor(W)], errors.OperandError, "does not require grad"),
    (lambda: [Tensor(W, requires_grad=True) * 2], errors.OperandError, "not a leaf"),
    (lambda: [np.ones(2)], errors.OperandError, "ndarray"),
    (lambda: 3, errors.OperandError, "iterable"),
]


@pytest.mark.parametrize(("make", "error", "words"), BAD_PARAMETERS)
def test_bad_parameters_are_named(make, error, words):
    with pytest.raises(error, match=words):
        optim.SGD(make(), lr=0.1)


def test_an_impossible_step_changes_nothing(rng):
    """The second parameter's gradient does not fit: the first one must not have moved."""
    a, b = (Tensor(W, requires_grad=True) for _ in range(2))
    optimizer = optim.Adam([a, b])
    a.grad = W
    b.grad = W
    b.data = np.ones(3)
    with pytest.raises(errors.ShapeError, match=r"\(3,\), its gradient \(2,\)"):
        optimizer.step()
    np.testing.assert_array_equal(a.data, W)
    assert optimizer.state == {}
    b.grad = np.ones(3)
    b.data = np.broadcast_to(np.ones(1), 3)
    with pytest.raises(errors.InPlaceError, match="read-only"):
        optimizer.step()
    np.testing.assert_array_equal(a.data, W)
    b.data = np.ones(3)
    optimizer.param_groups[0]["lr"] = -1.0
    with pytest.raises(errors.SettingError, match=r"lr = -1\.0"):
        optimizer.step()
    np.testing.assert_array_equal(a.data, W)


def damaged(change):
    def make(good):
        change(good)
        return good

    return make


BAD_STATES = [
    (lambda s: {"state": s["state"]}, "'state' and 'param_groups'"),
    (lambda s: 3, "'state' and 'param_groups'"),
    (damaged(lambda s: s["param_groups"].append({})), "2 parameter groups"),
    (damaged(lambda s: s["param_groups"][0].update(params=[0])), "has 1 parameters"),
    (damaged(lambda s: s["param_groups"][0].update(beta=1)), "unknown setting 'beta'"),
    (damaged(lambda s: s["param_groups"][0].pop("eps")), "missing setting 'eps'"),
    (damaged(lambda s: s["param_groups"][0].update(lr=-1.0)), "lr = -1.0"),
    (damaged(lambda s: s["state"].update({7: {}})), "parameter 7"),
    (damaged(lambda s: s["state"][0].update(velocity=1)), "unknown state 'velocity'"),
    (damaged(lambda s: s["state"][0].pop("exp_avg")), "'exp_avg' of parameter 0 is missing"),
    (damaged(lambda s: s["state"][0].update(exp_avg=np.ones(3))), r"shape \(3,\)"),
    (damaged(lambda s: s["state"][0].update(exp_avg=np.ones(2, complex))), "complex128"),
]


@pytest.mark.parametrize(("make", "words"), BAD_STATES)
def test_bad_state_dicts_change_nothing(make, words):
    a, b = (Tensor(W, requires_grad=True) for _ in range(2))
    optimizer = optim.Adam([a, b])
    a.grad = b.grad = W
    optimizer.step()
    before = optimizer.state_dict()
    with pytest.raises((optim.StateDictError, errors.SettingError), match=words):
        optimizer.load_state_dict(make(copy.deepcopy(before)))
    np.testing.assert_equal(optimizer.state_dict(), before)


# --- clipping ---------------------------------------------------------------


def test_clipping_refuses_what_is_not_finite():
    p = Tensor(W, requires_grad=True)
    p.grad = [1.0, math.nan]
    with pytest.raises(errors.NonFiniteError, match="nothing was scaled"):
        optim.clip_grad_norm_([p], 1.0, error_if_nonfinite=True)
    assert p.grad.data[0] == 1.0
    with pytest.raises(errors.SettingError, match="max_norm"):
        optim.clip_grad_norm_([p], 0.0)


def test_the_norm_neither_under_nor_overflows():
    p = Tensor(np.array([3e30, 4e30], np.float32), requires_grad=True)
    p.grad = p.data
    with np.errstate(over="ignore"):
        assert optim.clip_grad_norm_([p], 1.0) == pytest.approx(5e30)
    p.grad = np.array([3e-30, 4e-30], np.float32)
    assert optim.clip_grad_norm_([p], 1.0) == pytest.approx(5e-30)


# --- schedules --------------------------------------------------------------


def make_schedules():
    sgd = optim.SGD([Tensor(W, requires_grad=True)], lr=1.0, momentum=0.9)
    s = schedules
    return {
        "step": lambda: s.StepLR(sgd, 2),
        "multistep": lambda: s.MultiStepLR(sgd, [2, 4]),
        "exponential": lambda: s.ExponentialLR(sgd, 0.9),
        "polynomial": lambda: s.PolynomialLR(sgd, 4),
        "linear": lambda: s.LinearLR(sgd),
        "constant": lambda: s.ConstantLR(sgd),
        "cosine": lambda: s.CosineAnnealingLR(sgd, 5),
        "restarts": lambda: s.CosineAnnealingWarmRestarts(sgd, 2, 2),
        "one cycle": lambda: s.OneCycleLR(sgd, 1.0, total_steps=20),
        "lambda": lambda: s.LambdaLR(sgd, lambda t: 0.9**t),
        "sequential": lambda: s.SequentialLR(
            sgd, [s.LinearLR(sgd), s.CosineAnnealingLR(sgd, 5)], [5]
        ),
        "chained": lambda: s.ChainedScheduler([s.LinearLR(sgd), s.ExponentialLR(sgd, 0.9)]),
    }


@pytest.mark.parametrize("name", make_schedules())
def test_a_saved_schedule_continues_exactly(name):
    """Saved at step 7 with its optimizer, taken up by a new pair, the same rates to step 15."""
    schedule = make_schedules()[name]()
    rates, saved = [], None
    for t in range(15):
        if t == 7:
            saved = copy.deepcopy((schedule.state_dict(), schedule.optimizer.state_dict()))
        schedule.step()
        rates.append(schedule.get_last_lr())
    other = make_schedules()[name]()
    other.optimizer.load_state_dict(saved[1])
    other.load_state_dict(saved[0])
    again = []
    for _ in range(7, 15):
        other.step()
        again.append(other.get_last_lr())
    assert again == rates[7:]
    with pytest.raises(optim.StateDictError, match="unknown key 'pace'"):
        other.load_state_dict({**saved[0], "pace": 1})


def test_linear_scaling_with_warm_up():
    lr = schedules.linear_scaling(0.1, batch_size=512, reference=64)
    sgd = optim.SGD([Tensor(W, requires_grad=True)], lr=lr)
    schedule = schedules.LinearLR(sgd, start_factor=1 / 8, total_iters=7)
    rates = []
    for _ in range(9):
        rates.append(schedule.get_last_lr()[0])
        schedule.step()
    np.testing.assert_allclose(rates, [0.1 * k for k in range(1, 9)] + [0.8])


BAD_SCHEDULES = [
    (lambda o: schedules.StepLR(o, 0), "step_size = 0"),
    (lambda o: schedules.StepLR(o, 2, gamma=-1.0), "gamma"),
    (lambda o: schedules.MultiStepLR(o, [1.5]), "milestones"),
    (lambda o: schedules.LinearLR(o, start_factor=0.0), "start_factor"),
    (lambda o: schedules.CosineAnnealingLR(o, 0), "T_max"),
    (lambda o: schedules.OneCycleLR(o, 1.0), "total_steps"),
    (lambda o: schedules.OneCycleLR(o, [1.0, 2.0], 10), "max_lr has 2 entries for 1"),
    (lambda o: schedules.OneCycleLR(o, 1.0, 10, anneal_strategy="fast"), "anneal_strategy"),
    (lambda o: schedules.ReduceLROnPlateau(o, mode="up"), "mode = 'up'"),
    (lambda o: schedules.ReduceLROnPlateau(o, factor=1.0), "factor"),
    (lambda o: schedules.SequentialLR(o, [], []), "empty"),
    (lambda o: schedules.SequentialLR(o, [schedules.StepLR(o, 1)], [3]), "milestones"),
    (lambda o: schedules.StepLR(o, 2, last_epoch=4), "initial_lr"),
    (lambda o: schedules.linear_scaling(-0.1, 4), "lr = -0.1"),
]


@pytest.mark.parametrize(("make", "words"), BAD_SCHEDULES)
def test_bad_schedules_are_named(make, words):
    sgd = optim.SGD([Tensor(W, requires_grad=True)], lr=1.0, momentum=0.9)
    with pytest.raises(errors.SettingError, match=words):
        make(sgd)


def test_the_end_of_a_cycle_is_an_error():
    sgd = optim.SGD([Tensor(W, requires_grad=True)], lr=1.0, momentum=0.9)
    schedule = schedules.OneCycleLR(sgd, 1.0, total_steps=3)
    for _ in range(3):
        schedule.step()
    with pytest.raises(errors.SettingError, match="a cycle of 3"):
        schedule.step()
