"""Binomial checkpointing: the published count, the fewest steps of all, the same derivatives."""

from functools import cache

import numpy as np
import pytest

from autograd_core import grad, hessian, jacobian, jvp
from autograd_core.base import errors
from autograd_core.revolve import advances, revolve, schedule

RNG = np.random.default_rng(6)


@cache
def fewest(steps, snapshots):
    """The least number of advances, over every place of the next snapshot."""
    if steps == 1:
        return 0
    if snapshots == 1:
        return steps * (steps - 1) // 2
    return min(m + fewest(steps - m, snapshots - 1) + fewest(m, snapshots) for m in range(1, steps))


def carry_out(steps, snapshots):
    """Execute a schedule; return its advances and the most snapshots held, checking each move."""
    held, state, taken, most, next_back = {0}, 0, 0, 1, steps
    for kind, start, stop in schedule(steps, snapshots):
        if kind == "advance":
            assert start == state < stop
            taken += stop - start
            state = stop
        elif kind == "snapshot":
            assert start == state
            held.add(state)
            most = max(most, len(held))
        elif kind == "restore":
            assert start in held
            state = start
        elif kind == "free":
            held.remove(start)
        else:
            assert (state, stop) == (start, next_back)
            next_back = start
    assert next_back == 0
    return taken, most


@pytest.mark.parametrize("snapshots", [1, 2, 3, 5, 8])
def test_formula_is_the_optimum_and_the_schedule_meets_it(snapshots):
    for steps in range(1, 60):
        assert advances(steps, snapshots) == fewest(steps, snapshots)
        taken, most = carry_out(steps, snapshots)
        assert taken == advances(steps, snapshots)
        assert most <= snapshots


@pytest.mark.parametrize(("steps", "snapshots"), [(10_000, 100), (10_000, 10), (1000, 3)])
def test_long_schedules(steps, snapshots):
    taken, most = carry_out(steps, snapshots)
    assert taken == advances(steps, snapshots)
    assert most <= snapshots


def swing(state, k, p):
    return {
        "x": state["x"] + 0.01 * state["v"],
        "v": state["v"] - 0.01 * (p[0] * np.sin(state["x"]) + p[1] * state["v"]) + 1e-4 * k,
    }


def plain(steps):
    def run(state, p):
        for k in range(steps):
            state = swing(state, k, p)
        return state

    return run


START = {"x": np.array([1.0, 0.5]), "v": np.zeros(2)}
P = np.array([2.0, 0.3])


@pytest.mark.parametrize("snapshots", [1, 2, 5, 40])
def test_derivatives_are_those_of_the_loop(snapshots):
    loop = revolve(swing, 37, snapshots)
    loss = lambda run: lambda s, p: np.sum(run(s, p)["x"] ** 2) + np.sum(run(s, p)["v"])
    made, exact = (grad(loss(run), (0, 1))(START, P) for run in (loop, plain(37)))
    np.testing.assert_allclose(made[1], exact[1], rtol=1e-12)
    for key in START:
        np.testing.assert_allclose(made[0][key], exact[0][key], rtol=1e-12)


def test_other_modes_and_orders():
    loop = revolve(swing, 20, 3)
    f = lambda run: lambda p: np.sum(run(START, p)["x"] ** 2)
    v = np.array([1.0, -0.5])
    np.testing.assert_allclose(
        jvp(f(loop), (P,), (v,))[1], jvp(f(plain(20)), (P,), (v,))[1], rtol=1e-12
    )
    exact = hessian(f(plain(20)))(P)
    np.testing.assert_allclose(hessian(f(loop))(P), exact, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(
        jacobian(grad(f(loop)), mode="reverse")(P), exact, rtol=1e-9, atol=1e-12
    )
    J = jacobian(lambda p: loop(START, p)["x"], mode="reverse")(P)
    np.testing.assert_allclose(J, jacobian(lambda p: plain(20)(START, p)["x"])(P), rtol=1e-10)


@pytest.mark.parametrize(("steps", "snapshots"), [(50, 4), (200, 10), (7, 7)])
def test_counts(steps, snapshots):
    loop = revolve(swing, steps, snapshots)
    grad(lambda p: np.sum(loop(START, p)["x"]))(P)
    assert loop.counts.evaluated == advances(steps, snapshots) + 1
    assert loop.counts.reversed == steps
    assert loop.counts.kept <= snapshots


@pytest.mark.exhaustive
@pytest.mark.slow
def test_ten_thousand_steps_with_a_hundred_snapshots():
    import tracemalloc

    steps, n = 10_000, 500
    drift = np.linspace(0.5, 1.5, n)
    loop = revolve(lambda x, k, a: x + 1e-3 * np.sin(a * x) * drift, steps, 100)
    x0 = np.linspace(0.1, 2.0, n)
    gradient = grad(lambda a: np.sum(loop(x0, a)))
    tracemalloc.start()
    g = gradient(1.3)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert loop.counts.evaluated == advances(steps, 100) + 1 == 24_748
    assert loop.counts.kept <= 100
    # 100 snapshots, one state more where the reversal starts, and one recorded step
    assert peak < 110 * n * 8 + 200_000
    h = 1e-6
    slope = np.sum(loop(x0, 1.3 + h) - loop(x0, 1.3 - h)) / (2 * h)
    assert g == pytest.approx(slope, rel=1e-6)


@pytest.mark.parametrize(
    ("run", "error", "words"),
    [
        (lambda: revolve(swing, 0, 3), errors.ShapeError, "0 steps"),
        (lambda: revolve(swing, 3, 0), errors.ShapeError, "0 snapshots"),
        (lambda: revolve(lambda s, k: (s, s), 3, 1)(1.0), errors.ShapeError, "structure"),
        (lambda: revolve(lambda s, k: s, 3, 1)(np.arange(3)), errors.DTypeError, "int64"),
        (lambda: revolve(lambda s, k: s, 3, 1)(()), errors.ShapeError, "no array"),
    ],
)
def test_bad_input(run, error, words):
    with pytest.raises(error, match=words):
        run()
