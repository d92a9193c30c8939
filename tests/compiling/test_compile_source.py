"""The text that compile writes: names, buffers, expressions, and the page that shows it."""

import ast
import sys
from pathlib import Path

import numpy as np
import pytest

from autograd_core import compile, value_and_grad
from autograd_core.compiling import memory
from autograd_core.compiling.naming import Names

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "docs"))

from make_compile_page import PAGE, rendered  # noqa: E402


def body(compiled):
    """Return the code of the function without its comments."""
    (function,) = [n for n in ast.parse(compiled.source).body if isinstance(n, ast.FunctionDef)]
    return [ast.unparse(statement) for statement in function.body]


def same(first, second):
    for a, b in zip(first, second, strict=True):
        assert np.array_equal(a, b)


def test_the_page_is_not_stale():
    text = PAGE.read_text(encoding="utf-8")
    assert rendered(text) == text


def test_the_page_has_a_place_for_everything():
    with pytest.raises(ValueError, match="has no place for"):
        rendered("nothing")


def test_the_source_is_a_program_of_its_own():
    f = lambda w, x: np.sum(np.tanh(x @ w) ** 2)
    w, x = np.eye(3), np.arange(6.0).reshape(2, 3)
    compiled = compile(f)
    value, g = compiled(w, x)
    namespace = {}
    exec(compiled.source, namespace)
    same(namespace["value_and_gradients"](w, x), [value, g])


def test_names_and_lines_are_the_users():
    def loss(w, data):
        hidden = np.tanh(data @ w)
        total = np.sum(hidden)
        return total * total

    compiled = compile(loss)
    compiled(np.ones((3, 2)), np.ones((4, 3)))
    lines = compiled.source.splitlines()
    (line,) = [s for s in lines if s.lstrip().startswith("hidden =")]
    assert line.split("#")[1].endswith("hidden = np.tanh(data @ w)")
    assert "test_compile_source.py:" in line
    assert body(compiled) == [
        "hidden = np.tanh(data.dot(w))",
        "total = hidden.sum()",
        "value = total * total",
        "d_total = total + total",
        "t1 = d_total * (1.0 - hidden * hidden)",
        "d_w = data.T.dot(t1)",
        "return (value, d_w)",
    ]


def test_dead_work_and_repeated_work_are_left_out():
    def f(x, y):
        unused = np.exp(y) @ np.ones(3)
        a = np.sin(x) * np.sin(x)
        minus = -x
        return np.sum(a * 1.0 - (-minus)) + 0 * unused.shape[0]

    compiled = compile(f)
    value, g = compiled(np.ones(2), np.ones((2, 3)))
    text = "\n".join(body(compiled))
    assert "np.exp" not in text
    assert text.count("np.sin") == 1
    assert "- x" in text
    same([value, g], value_and_grad(f)(np.ones(2), np.ones((2, 3))))


def test_brackets_where_they_are_needed():
    def f(x, y):
        return np.sum((x - (y - x)) / (x * (y / 2)) - (-x) ** 2 * (2.0**y) ** x + -(x**2) % 3)

    compiled = compile(f, (0, 1))
    args = np.array([0.5, 1.5]), np.array([2.0, 1.0])
    value, g = compiled(*args)
    wanted, theirs = value_and_grad(f, (0, 1))(*args)
    same([value, *g], [wanted, *theirs])


def test_a_run_of_elementwise_operations_works_in_one_buffer():
    def f(x):
        return np.sum(np.sqrt(np.exp(x) + 1) * 0.5)

    x = np.linspace(0, 1, memory.LARGE // 8)
    compiled = compile(f)
    for _ in range(2):
        same(compiled(x), value_and_grad(f)(x))
    assert compiled.source.count("np.empty(") == 2
    assert compiled.source.count("out=") >= 5


def test_a_buffer_serves_again_when_it_is_free():
    def f(ws, x):
        for w in ws:
            x = np.tanh(w @ x)
        return np.sum(x)

    n = 64
    rng = np.random.default_rng(0)
    ws = [rng.normal(size=(n, n)) / 8 for _ in range(4)]
    compiled = compile(f)
    for _ in range(3):
        x = rng.normal(size=(n, n))
        value, g = compiled(ws, x)
        wanted, theirs = value_and_grad(f)(ws, x)
        same([value, *g], [wanted, *theirs])
    assert "# free again by then" in compiled.source


def test_memory_order_is_kept():
    def f(x, y):
        return np.sum(np.exp(x.T * y.T) @ np.ones(64)) + np.sum(np.swapaxes(x[None], 0, 2) * 1.5)

    x = np.arange(4096.0).reshape(64, 64) / 4096
    compiled = compile(f, (0, 1))
    for _ in range(2):
        value, g = compiled(x, x)
        wanted, theirs = value_and_grad(f, (0, 1))(x, x)
        same([value, *g], [wanted, *theirs])
    assert 'order="F"' in compiled.source


def test_large_pieces_go_into_one_buffer():
    def f(x):
        a, b = x[:64] * 2.0, x[64:] * 3.0
        h = np.concatenate([a, b]) * x
        top = h[:100]
        return np.sum(np.tanh(top)) + np.sum(h[:50] * h[50:100])

    x = np.linspace(-1, 1, 128 * 64).reshape(128, 64)
    compiled = compile(f)
    for _ in range(2):
        same(compiled(x), value_and_grad(f)(x))
    assert ".fill(0)" in compiled.source


def test_constants_are_written_shortly():
    table = np.arange(5)

    def f(x):
        y = x * np.float32(0.1) + (np.ones((2, 5), np.float32) @ x)[0]
        return np.sum(y[np.arange(5)] * np.array([1, 2, 3, 4, 6], np.float32) + y[table])

    compiled = compile(f)
    x = np.ones(5, np.float32)
    same(compiled(x), value_and_grad(f)(x))
    text = compiled.source
    assert "x * 0.1" in text
    assert "np.arange(5)" in text
    assert "np.ones((2, 5), np.float32)" in text
    assert "(5,) float32, given" in text
    assert "table: (5,) int64, captured, read live" in text


def test_numbers_that_have_no_plain_text():
    def f(x):
        return np.sum(np.where(x > np.inf, -np.inf, x) * 2) + np.sum(np.clip(x, -np.inf, 0.5))

    compiled = compile(f)
    for _ in range(2):
        same(compiled(np.ones(2)), value_and_grad(f)(np.ones(2)))
    g = lambda x: np.sum(np.minimum(x, np.float64("inf")) * np.float32(2.5))
    same(compile(g)(np.ones(2, np.float32)), value_and_grad(g)(np.ones(2, np.float32)))


def test_indices_of_every_kind():
    def f(x):
        return np.sum(x[..., 0] * x[1:, ::2, None].sum() + x[(0,)][0] * x[-1, 1:2].sum())

    x = np.arange(6.0).reshape(2, 3)
    compiled = compile(f)
    for _ in range(2):
        same(compiled(x), value_and_grad(f)(x))
    assert "x[1:, ::2, None]" in compiled.source


def test_names_are_handed_out_once():
    names = Names(["x"])
    assert [names.new(w) for w in ("x", "x", "", "", "lambda", "t1", "y")] == [
        "x_2", "x_3", "t1", "t2", "lambda_2", "t1_2", "y",
    ]  # fmt: skip
