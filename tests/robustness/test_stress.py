"""Under stress: other hash seeds, exceptions at any place, threads that switch all the time."""

from __future__ import annotations

import contextlib
import hashlib
import os
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

import nn
import optim
from autograd_core import (
    Tensor,
    checkpoint,
    detect_anomaly,
    enable_grad,
    grad,
    gradients,
    hessian,
    jvp,
    no_grad,
    primitive,
    scope,
    vjp,
    vmap,
)
from autograd_core.base import errors
from autograd_core.base.source import _excluded
from autograd_core.engine.scopes import _inner
from autograd_core.operations.modes import current

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.filterwarnings("ignore::autograd_core.LoopWarning")
X = np.array([0.3, -1.2, 2.0, 0.7])
A = np.random.default_rng(5).normal(size=(4, 4))


class Fault(Exception):
    """What the tests throw into the works."""


class Interrupt(BaseException):
    """As Ctrl-C: no Exception."""


# --- one program that goes through everything -----------------------------------

_tick = [lambda: None]  # called wherever a user's code runs


def _user() -> None:
    _tick[0]()


def _cube_forward(x):
    _user()
    return x**3


def _cube_vjp(g, y, x):
    _user()
    return (3 * g * x * x,)


def _cube_jvp(t, y, x):
    _user()
    return 3 * x * x * t[0]


cube = primitive(_cube_forward, vjp=_cube_vjp, jvp=_cube_jvp, name="cube")


def f(x):
    _user()
    with scope("f"):
        h = np.tanh(A @ x)
        _user()
        return np.sum(cube(h) * x) + np.sum(np.sort(x)[1:] * h[:3])


def program() -> list[bytes]:
    """Return the bytes of results of every kind of sweep, hook, mode and transform."""
    made = [grad(f)(X), jvp(f, (X,), (A[0],))[1], jvp(grad(f), (X,), (A[1],))[1]]
    made.append(hessian(f)(X))
    made.append(vmap(grad(f))(A))
    made.append(grad(lambda x: np.sum(checkpoint(lambda v: np.sin(cube(v)))(x)))(X))
    value, pullback = vjp(lambda x: (f(x), x * 2.0), X)
    made += [value[0], pullback((1.0, X))[0]]
    w = Tensor(X, requires_grad=True)
    seen: list[np.ndarray] = []

    def hook(g: Tensor) -> None:
        _user()
        seen.append(g.detach().data.copy())

    with detect_anomaly():
        y = w * 2.0
        y.register_hook(hook)
        y[1:3] = y[:2] * 0.5
        f(y).backward()
    with no_grad():
        _user()
        w += 0.1 * w.grad
        with enable_grad():
            (g,) = gradients(f(w), [w], create_graph=True)
            np.sum(g * g).backward()
    made += [*seen, w.data, w.grad.data]
    layer = nn.Sequential(nn.Linear(4, 3, dtype=np.float64), nn.Tanh())
    for k, p in enumerate(layer.parameters()):
        p.data[...] = np.sin(np.arange(p.size) + k).reshape(p.shape)
    layer.register_full_backward_hook(lambda *_: _user())
    adam = optim.Adam(layer.parameters(), lr=0.1)
    for _ in range(2):
        adam.zero_grad()
        np.sum(layer(A) ** 2).backward()
        adam.step()
    made += [p.data for p in layer.parameters()]
    return [np.ascontiguousarray(np.asarray(getattr(m, "data", m))).tobytes() for m in made]


def test_the_program_gives_the_same_bits_twice() -> None:
    assert program() == program()


# --- other hash seeds -----------------------------------------------------------

CHILD = """
import hashlib, sys
sys.path.insert(0, sys.argv[1])
from test_stress import program
print(hashlib.sha256(b"".join(program())).hexdigest())
"""


@pytest.mark.slow
def test_other_processes_with_other_hash_seeds_give_the_same_bits() -> None:
    expected = hashlib.sha256(b"".join(program())).hexdigest()
    runs = [
        subprocess.Popen(
            [sys.executable, "-c", CHILD, str(ROOT / "tests" / "robustness")],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            text=True,
        )
        for seed in ("0", "1", "4242")
    ]
    assert [run.communicate()[0].strip() for run in runs] == [expected] * len(runs)


# --- exceptions at any place ----------------------------------------------------


def _state() -> tuple[object, ...]:
    return current(), _inner.get(), np.geterr()


def _counting() -> int:
    count = [0]

    def tick() -> None:
        count[0] += 1

    _tick[0] = tick
    try:
        program()
    finally:
        _tick[0] = lambda: None
    return count[0]


@pytest.mark.parametrize("kind", [Fault, Interrupt])
def test_an_exception_in_any_function_of_the_user_s_leaves_everything_as_it_was(kind) -> None:
    """In a forward function, a rule, a hook, the differentiated function: one place a run."""
    expected, before = program(), _state()
    total = _counting()
    assert total > 40
    for place in range(1, total + 1):
        left = [place]

        def tick(left=left) -> None:
            left[0] -= 1
            if not left[0]:
                raise kind("here")

        _tick[0] = tick
        try:
            with pytest.raises((kind, errors.RuleError)) as caught:
                program()
        finally:
            _tick[0] = lambda: None
        assert isinstance(caught.value, kind) or isinstance(caught.value.__cause__, kind)
        assert _state() == before
        assert program() == expected


class _Thrower:
    """Throws from inside of the engine, at the n-th call that its own code makes or receives."""

    def __init__(self, place: int) -> None:
        self.left = place
        self.folders = tuple(p for p in _excluded if str(ROOT) in p)

    def __call__(self, frame, event, arg) -> None:
        if event not in ("call", "c_call") or not frame.f_code.co_filename.startswith(self.folders):
            return
        name = frame.f_code.co_name
        if name in ("__exit__", "__enter__", "__init__", "__del__", "forget"):
            return  # between a change and its undoing no Python code is safe from Ctrl-C
        self.left -= 1
        if not self.left:
            raise Interrupt


@pytest.mark.slow
def test_an_interrupt_inside_of_the_engine_leaves_later_results_right() -> None:
    expected, before = program(), _state()
    counter = _Thrower(-1)
    sys.setprofile(counter)
    try:
        program()
    finally:
        sys.setprofile(None)
    total = -1 - counter.left
    assert total > 1000
    hit = 0
    for place in np.random.default_rng(0).integers(1, total, size=60):
        sys.setprofile(_Thrower(int(place)))
        try:
            with contextlib.suppress(Interrupt, errors.AutogradError):
                program()
                hit -= 1
            hit += 1
        finally:
            sys.setprofile(None)
        assert _state() == before
        assert program() == expected
    assert hit > 50  # an interrupt may fall into a place where exceptions are answers


def test_a_leaf_s_gradient_is_never_half_added() -> None:
    """Two leaves: after a failed sweep both hold what they held, not one of them more."""
    a, b = Tensor(X, requires_grad=True), Tensor(2 * X, requires_grad=True)
    np.sum(a * b).backward()
    held = a.grad.data.copy(), b.grad.data.copy()
    total = 0
    for place in range(1, 5):
        left = [place]

        def tick(left=left) -> None:
            left[0] -= 1
            if not left[0]:
                raise Fault

        loss = np.sum(cube(cube(a) * b) * a)
        _tick[0] = tick
        try:
            loss.backward(retain_graph=True)
        except (Fault, errors.RuleError):
            total += 1
            assert a.grad.data.tolist() == held[0].tolist()
            assert b.grad.data.tolist() == held[1].tolist()
        else:
            a.grad, b.grad = Tensor(held[0].copy()), Tensor(held[1].copy())
        finally:
            _tick[0] = lambda: None
    assert total == 2  # two rules of `cube` run in the sweep


# --- threads --------------------------------------------------------------------


def _at_once(works) -> list[object]:
    """Run functions in threads that are switched as often as Python can."""
    answers: list[object] = [None] * len(works)
    start = threading.Barrier(len(works))

    def run(k: int) -> None:
        start.wait()
        try:
            answers[k] = works[k]()
        except BaseException as error:
            answers[k] = error

    threads = [threading.Thread(target=run, args=(k,)) for k in range(len(works))]
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for t in threads:
            t.start()
        for t in threads:
            t.join(120)
    finally:
        sys.setswitchinterval(interval)
    assert not any(t.is_alive() for t in threads)
    return answers


def test_threads_with_transforms_hooks_and_modes() -> None:
    expected = program()
    answers = _at_once([lambda: [program() for _ in range(3)] == [expected] * 3] * 4)
    assert answers == [True] * 4


def test_a_mode_in_one_thread_is_no_other_thread_s() -> None:
    inside, outside = threading.Event(), threading.Event()

    def silent() -> bool:
        with no_grad(), detect_anomaly():
            inside.set()
            outside.wait(60)
            return (Tensor(X, requires_grad=True) * 2.0).requires_grad

    def recording() -> bool:
        inside.wait(60)
        x = Tensor(np.zeros(2), requires_grad=True)
        with np.errstate(divide="ignore"):
            y = np.log(x)  # no anomaly is looked for here
        outside.set()
        return y.requires_grad

    assert _at_once([silent, recording]) == [False, True]


def test_threads_that_fail_do_no_harm_to_those_that_don_t() -> None:
    expected = program()

    def failing() -> int:
        caught = 0
        for k in range(40):
            x = Tensor(X, requires_grad=True)
            y = np.exp(x) * float(k)

            def hook(g: Tensor) -> None:
                raise Fault

            y.register_hook(hook)
            try:
                with no_grad(), enable_grad(), scope("failing"):
                    np.sum(y * x).backward()
            except Fault:
                caught += x.grad is None and current().floor == 0
        return caught

    answers = _at_once([failing, lambda: program() == expected, failing, lambda: program()])
    assert answers == [40, True, 40, expected]


def test_one_graph_swept_by_several_threads_at_once() -> None:
    x = Tensor(X, requires_grad=True)
    y = f(np.sin(x) * x)
    (alone,) = gradients(y, [x])
    answers = _at_once(
        [lambda: [gradients(y, [x])[0].data.tobytes() for _ in range(20)] for _ in range(4)]
    )
    assert answers == [[alone.data.tobytes()] * 20] * 4
