"""Each short way gives what its twin, the definition, gives: bit for bit, over the whole table."""

from contextlib import contextmanager

import numpy as np
import pytest
from cases import EVERY
from table import outputs

from autograd_core import AutogradError, OverwrittenError, Tensor, grad, gradients
from autograd_core.base import tree
from autograd_core.engine import sweeping
from autograd_core.engine.fast import operators
from autograd_core.engine.fast.loop import run as run_fast
from autograd_core.engine.sweep_steps import Sweep
from autograd_core.engine.sweeping import collect, followed
from autograd_core.operations.primitive import REGISTRY, bare

RNG = np.random.default_rng(17)


def ways(monkeypatch):
    """The two ways to run a sweep, and how often each ran."""
    runs = []

    def fast(sweep):
        runs.append("fast")
        run_fast(sweep)

    def general(sweep):
        runs.append("general")
        sweep.run()

    for way in (fast, general):
        monkeypatch.setattr(sweeping, "run_fast", way)
        yield way.__name__
    assert set(runs) == {"fast", "general"}


def bits(values):
    arrays = [None if v is None else np.asarray(v) for v in values]
    return [a if a is None else (a.dtype, a.shape, a.tobytes()) for a in arrays]


def recorded(f, arrays):
    """A function's scalar, its leaves, and what every hook will be called with, in order."""
    leaves = [Tensor(a, requires_grad=True) for a in arrays]
    used = [x * 1.0 for x in leaves]  # twice each: their gradients are sums
    seen = []
    for k, x in enumerate([*leaves, *used]):
        x.register_hook(lambda g, k=k: seen.append((k, g.copy())))
    total = 0.0
    for part in (*tree.leaves(f(*leaves)), *tree.leaves(f(*used))):
        if isinstance(part, Tensor) and part.requires_grad:
            weights = np.random.default_rng(5).uniform(-1, 1, part.shape)
            total = total + np.sum(part * weights.astype(part.dtype)).real
    return total, leaves, seen


def left_over(nodes):
    """What a sweep leaves of each node."""
    return [(n.inputs is None, n.output is None, bool(n.params)) for n in nodes]


@pytest.mark.part
@pytest.mark.slow
@pytest.mark.parametrize("case", EVERY, ids=str)
def test_the_loop_is_the_sweep(case, monkeypatch) -> None:
    arrays = case.arguments(3)
    found = []
    for _ in ways(monkeypatch):
        total, leaves, seen = recorded(case.f, arrays)
        if not isinstance(total, Tensor):  # a constant, of which nothing is swept
            pytest.skip("no derivative")
        nodes = collect([total._node])
        try:
            total.backward(retain_graph=True)
        except OverwrittenError as error:  # the function changes what its own sweep reads
            found.append((str(error), left_over(nodes)))
            continue
        kept = left_over(nodes)
        again = gradients(total, leaves[::-1], retain_graph=True)
        total.backward()
        sums = [None if x.grad is None else x.grad.data for x in leaves]
        found.append((
            bits(sums), bits([None if g is None else g.data for g in again]),
            [(k, *bits([g])) for k, g in seen], kept, left_over(nodes),
        ))  # fmt: skip
    assert found[0] == found[1]


def chain(w, u, b):
    h = np.full(3, 0.5)
    for k in range(7):
        h = np.tanh(w @ h + u @ np.array([0.1 * k, 1.0]) + b) * h
    return np.sum(h * h / (1 + h)) + np.sum((w[0] - h) ** 2)


def shared(w, u, b):
    h = np.stack([b, b * b, w @ b])
    return np.sum(h @ h.T - h / h) + np.sum(np.where(h > 0, h, u[0, 0])) + h.sum(axis=0) @ b


@pytest.mark.parametrize("f", [chain, shared])
@pytest.mark.parametrize("wanted", ["leaves", "inner", "one"])
def test_programs(f, wanted, monkeypatch) -> None:
    w, u, b = RNG.normal(size=(3, 3)), RNG.normal(size=(3, 2)), RNG.normal(size=3)
    found = []
    for _ in ways(monkeypatch):
        leaves = [Tensor(a, requires_grad=True) for a in (w, u, b)]
        used = [x + x for x in leaves]
        value = f(*used)
        asked = {"leaves": leaves, "inner": [*used, leaves[0]], "one": [leaves[2]]}[wanted]
        found.append(
            bits([g.data for g in gradients(value, asked, retain_graph=True)])
            + bits(grad(f, (0, 1, 2))(w, u, b))
        )
    assert found[0] == found[1]


def test_an_error_half_way_leaves_the_same_behind(monkeypatch) -> None:
    def fails(g):
        raise KeyError("mine")

    found = []
    for _ in ways(monkeypatch):
        x = Tensor([1.0, 2.0], requires_grad=True)
        y = np.exp(x)
        z = y * 2.0
        y.register_hook(fails)
        total = np.sum(z * z)
        nodes = collect([total._node])
        with pytest.raises(KeyError, match="mine"):
            total.backward()
        assert x.grad is None
        found.append(left_over(nodes))
    assert found[0] == found[1]


def test_the_sweep_that_runs_is_the_fast_one_only_where_nobody_looks(monkeypatch) -> None:
    ran = []
    monkeypatch.setattr(sweeping, "run_fast", lambda sweep: ran.append(sweep) or run_fast(sweep))
    x = Tensor(2.0, requires_grad=True)
    (g,) = gradients(x * x, [x], create_graph=True)
    assert ran == []
    g.backward()
    assert len(ran) == 1
    assert isinstance(ran[0], Sweep)
    assert x.grad.item() == 2.0


OPERANDS = [
    np.float64(1.5), np.float32(0.5), RNG.uniform(1, 2, 3), RNG.uniform(1, 2, (3, 3)),
    RNG.uniform(1, 2, (3, 3)).astype(np.float32), RNG.uniform(1, 2, 3) + 1j, np.ones((0, 3)),
]  # fmt: skip


def attempt(operation, *args):
    """What an operation returns, or the first line of what it says against the arguments."""
    try:
        return operation(*args), ""
    except (AutogradError, TypeError, ValueError) as error:
        return None, f"{type(error).__name__}: {error}".splitlines()[0]


def same_record(fast, general):
    """Whether two results are the same value, recorded in the same way."""
    one, two = fast._node, general._node
    assert one.primitive is two.primitive
    assert one.params == two.params
    assert one.level == two.level
    assert one.watch is two.watch is None
    assert one.code is two.code
    assert len(one.inputs) == len(two.inputs)
    assert all(a is b for a, b in zip(one.inputs, two.inputs, strict=True))
    assert bits([fast.data]) == bits([general.data])
    assert two.tick == one.tick + 1
    assert one.location.line == two.location.line


@pytest.mark.parametrize("name", operators.OPERATORS)
@pytest.mark.parametrize("reflected", [False, True])
def test_the_operators_are_their_operations(name, reflected) -> None:
    primitive = operators.OPERATORS[name]
    method = getattr(Tensor, f"__{'r' * reflected}{name}__")
    compared = 0
    for a in OPERANDS:
        for b in OPERANDS:
            x = Tensor(a, requires_grad=True)
            for other in (b, Tensor(b, requires_grad=True), Tensor(b)):
                order = (other, x) if reflected else (x, other)
                wanted, why = attempt(primitive, *order)
                if why:
                    assert attempt(method, x, other)[1] == why
                    continue
                made, again = method(x, other), primitive(*order)
                if not isinstance(other, Tensor) or other.requires_grad:
                    same_record(made, again)
                assert bits([made.data]) == bits([wanted.data])
                compared += 1
    assert compared > 40


OF_TWO = [np.add, np.subtract, np.multiply, np.divide, np.power, np.matmul]


@pytest.mark.parametrize("ufunc", OF_TWO, ids=lambda f: f.__name__)
def test_ufuncs_of_a_plain_operand_are_their_operations(ufunc) -> None:
    primitive = REGISTRY[ufunc]
    compared = 0
    for a in OPERANDS:
        x = Tensor(a, requires_grad=True)
        for other in (*OPERANDS, 2.0, 3):
            for order in ((other, x), (x, other)):
                (made, refused), (again, why) = attempt(ufunc, *order), attempt(primitive, *order)
                assert bool(refused) == bool(why)
                if not why:
                    same_record(made, again)
                    compared += 1
    assert compared >= 40


def test_a_matrix_times_a_tensor_takes_the_short_way(monkeypatch) -> None:
    w, x = np.array([[1.0, 2.0], [3.0, 4.0]]), Tensor([1.0, -1.0], requires_grad=True)
    monkeypatch.setattr(Tensor, "_process", None)  # the long way
    y = w @ x
    monkeypatch.undo()
    assert y._node.location.text == "y = w @ x"
    np.sum(y * y).backward()
    np.testing.assert_array_equal(x.grad.data, 2 * w.T @ (w @ x.data))


@pytest.mark.parametrize("function", operators.OF_ONE, ids=lambda f: f.__name__)
def test_functions_of_one_value_are_their_operations(function) -> None:
    primitive = operators.OF_ONE[function]
    compared = 0
    for a in OPERANDS:
        x = Tensor(a, requires_grad=True)
        with np.errstate(all="ignore"):
            (made, refused), (again, why) = attempt(function, x), attempt(primitive, x)
        assert refused == why
        if why:
            continue
        if isinstance(again, Tensor) and again._node is not None:
            same_record(made, again)
        assert bits(outputs(bare(made))) == bits(outputs(bare(again)))
        compared += 1
    assert compared > 1


def apply_directly(x):
    return x._process(operators.OF_ONE[np.exp], (x,), {}, x._level)  # no frame of ours between


def test_the_users_line_is_found_however_few_frames_lie_between() -> None:
    made = apply_directly(Tensor([1.0], requires_grad=True))
    assert made._node.location.text.startswith("return x._process(")


@pytest.mark.parametrize("steps", [2, 9, 70])  # outer products: few, one product, flushed half-way
def test_a_sweep_reports_whose_turn_it_is(steps) -> None:
    visited, opened = [], []

    @contextmanager
    def follower():
        opened.append("opened")
        yield lambda node, g: visited.append((node, np.asarray(bare(g)).copy()))
        opened.append("closed")

    w, h = Tensor(RNG.normal(size=(3, 3)) * 0.3, requires_grad=True), Tensor(np.ones(3))
    for _ in range(steps):
        h = np.tanh(w @ h)
    first = h
    h.register_hook(lambda g: 2.0 * g)
    total = np.sum(h * h)
    order = collect([total._node])
    (wanted,) = gradients(total, [w], retain_graph=True)
    with followed(follower):
        (g,) = gradients(total, [w], retain_graph=True)
    assert bits([g.data]) == bits([wanted.data])
    assert opened == ["opened", "closed"]
    assert {node for node, _ in visited} == set(order)
    at_hook = [g for node, g in visited if node is first._node]
    np.testing.assert_array_equal(at_hook[-1], 2.0 * at_hook[0])
    before = len(visited)
    gradients(total, [w])  # not followed any more
    assert len(visited) == before
