"""The text that compile writes means what was recorded: every index, constant and name."""

import enum
import warnings

import numpy as np
import pytest

from autograd_core import RecordedAgain, compile, value_and_grad
from autograd_core.base.errors import AutogradError
from autograd_core.compiling.literals import array_literal, comment, literal, one_line
from autograd_core.compiling.naming import identifier
from autograd_core.workers.faults import KernelWarning

X = np.random.default_rng(0).normal(size=(3, 4, 5, 2))
Y = np.array([0.5, -1.5, 2.25])
TWO = np.array([0, 2])


class Whole(enum.IntEnum):
    ONE = 1


class Real(float):
    pass


class _Index:
    def __getitem__(self, index):
        return index


I = _Index()  # noqa: E741 - as short as what follows
INDICES = [
    I[(0, 1),], I[:, (0, 1)], I[(0, 1), (1, 0)], I[[0, 1],], I[[0, 1]], I[[[0, 1]],],
    I[((0, 1), (1, 2)),], I[..., (0, 1)], I[None, (0, 1)], I[(0, 1), None], I[1, (0, 1)], I[(1,),],
    I[(0,), (1,)], I[[0, 1], (1, 2)], I[np.array([[0], [1]]), (0, 1)], I[(True, False, True),],
    I[0], I[-1], I[np.int64(1)], I[np.uint8(1)], I[np.array(1)], I[TWO], I[TWO, TWO],
    I[TWO, :, TWO], I[TWO[:, None], TWO], I[TWO.astype(np.uint8)], I[TWO.astype(">i4")],
    I[np.array([[0, 1]])],
    I[np.array([True, False, True])], I[np.array([True, False, True]), 1], I[[True, False, True]],
    I[()], I[...], I[None], I[None, ..., None], I[True], I[False], I[np.True_], I[None, True],
    I[1, True], I[np.array(True)], I[np.array(False), ...],
    I[Whole.ONE], I[:, Whole.ONE], I[Whole.ONE : 3], I[1:], I[::2], I[::-1],
    I[np.int64(0) : np.int32(2)], I[np.array(0) : np.array(2)], I[0:2, ..., 0], I[:], I[::-1, None],
    I[:, :, :, 0], I[0, 0, 0, 0], I[[],], I[[]], I[np.array([], int)], I[np.zeros((0, 2), int)],
    I[:0], I[X > 0], I[X[..., 0] > 0], I[(X > 0).nonzero()], I[np.ix_([0, 1], [1, 2])],
    I[[0, 1], [2]], I[range(2)], I[:, range(2)], I[[np.int64(0), 1]],
]  # fmt: skip


def put(x, index, change):
    y = x * 1.0
    change(y, index)
    return np.sum(y * y)


def assigned(y, index):
    y[index] = 2.0


def assigned_itself(y, index):
    y[index] = y[index] * 3.0


def added(y, index):
    y[index] += 3.0


USES = {
    "read": lambda x, i: np.sum(x[i] * 1.5),
    "assigned": lambda x, i: put(x, i, assigned),
    "assigned itself": lambda x, i: put(x, i, assigned_itself),
    "added": lambda x, i: put(x, i, added),
}


def same_bits(f, *args):
    """Compile, call twice, and compare with the engine bit for bit."""
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("error", RecordedAgain)
        warnings.simplefilter("error", KernelWarning)
        compiled = compile(f)
        wanted, theirs = value_and_grad(f)(*args)
        for _ in range(2):
            value, gradient = compiled(*args)
            for a, b in ((value, wanted), (gradient, theirs)):
                assert np.shape(a) == np.shape(b)
                assert np.asarray(a).dtype == np.asarray(b).dtype
                assert np.array_equal(a, b, equal_nan=True)
    return compiled


@pytest.mark.slow
@pytest.mark.parametrize("use", USES)
def test_indices_of_every_form(use):
    f = USES[use]
    for index in INDICES:
        same_bits(lambda x, index=index: f(x, index), X)


def test_an_index_that_is_an_argument():
    for index in INDICES:
        if isinstance(index, (tuple, list)):  # a nest, not an index
            continue
        f = lambda x, index: np.sum(x[index] * 1.5)
        compiled = compile(f)
        for _ in range(2):
            assert np.array_equal(compiled(X, index)[1], value_and_grad(f)(X, index)[1])


NUMBERS = [
    2, -3, 2.5, 0.0, -0.0, np.inf, -np.inf, np.nan, True, False, 10**15, 10**300, 2**63, 2**64 - 1,
    -(2**63), Whole.ONE, Real(2.5), 1 + 2j, complex(-0.0, np.inf), complex(0.0, -0.0), -1j,
    *(np.dtype(t).type(v) for t in "?bhilqBHILQefdgFDG" for v in (0, 1, 2)),
    *(np.dtype(t).type(v) for t in "efdgFDG" for v in (-0.0, np.inf, -np.inf, np.nan, 0.1, -0.1)),
    np.complex128(complex(-0.0, 1)), np.complex64(complex(np.nan, -0.0)),
]  # fmt: skip
ARRAYS = [
    array
    for t in "?bhilqBHILQefdgFDG"
    for array in (
        np.array([0, 1, 3]).astype(t), np.zeros(3, t), np.ones(3, t), np.array(2).astype(t),
        np.full(3, 0.1).astype(t), np.arange(6).astype(t)[::2],
        np.arange(9).astype(t).reshape(3, 3, order="F"), np.zeros((0, 3), t), np.ones((1, 3), t),
    )
] + [
    np.array([-0.0, 0, -0.0]), np.array([np.nan, np.inf, -np.inf]), np.array([1, 2, 3], ">f8"),
    np.array([1, 2, 3], ">i2"), np.broadcast_to(2.0, (3,)), [1, 2, 3], [1.0, 2.0, 3.0], (1, 2, 3),
    [[1.0, 2.0, 3.0]], [np.float32(1), 2, 3], range(3), np.array([1.0, 2, 3])[::-1],
]  # fmt: skip


def total(y):
    return np.sum(np.abs(y) if np.iscomplexobj(y) else y)


FUNCTIONS = {
    "added": lambda x, c: total(x + c),
    "multiplied": lambda x, c: total(x * c),
    "subtracted from": lambda x, c: total(c - x),
    "divided": lambda x, c: total(c / x),
    "exponent": lambda x, c: total(np.abs(x) ** c),
    "chosen": lambda x, c: total(np.where(x > 0, x, c)),
    "joined": lambda x, c: total(np.concatenate([x, np.ravel(c)])),
    "filled": lambda x, c: total(x * np.full(3, c)),
}
REAL = {
    "larger": lambda x, c: total(np.maximum(x, c)),
    "sign": lambda x, c: total(x * np.copysign(1.0, c)),
    "angle": lambda x, c: total(np.arctan2(x, c)),
    "compared": lambda x, c: total(x * (x > c)),
    "between": lambda x, c: total(np.clip(x, c, 5)),
}


@pytest.mark.part(2)
@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    [
        n
        if n in ("multiplied", "exponent", "chosen", "joined", "filled", "compared")
        else pytest.param(n, marks=pytest.mark.exhaustive)
        for n in (*FUNCTIONS, *REAL)
    ],
)
def test_constants_of_every_kind(name):
    f = {**FUNCTIONS, **REAL}[name]
    for constant in NUMBERS + ARRAYS:
        g = lambda x, constant=constant: f(x, constant)
        try:
            with np.errstate(all="ignore"):
                value_and_grad(g)(Y)
        except (AutogradError, TypeError, ValueError, OverflowError):  # not for this function
            continue
        same_bits(g, Y)


def test_python_numbers_as_arguments():
    for number in (1 + 2j, complex(-0.0, np.inf), True, 2, 10**300, Real(2.5), Whole.ONE, -0.0):
        same_bits(lambda x, c: total(x * c), Y, number)


def test_a_zero_and_minus_zero_are_two_settings():
    f = lambda x, c: x * np.copysign(1.0, c)
    compiled = compile(f)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RecordedAgain)
        for c in (0.0, -0.0, 0.0, np.nan, np.nan):
            assert compiled(2.0, c) == value_and_grad(f)(2.0, c)
    assert len(compiled.recordings) == 3


@pytest.mark.parametrize("read", [lambda t: t.item(), lambda t: t.tolist()])
def test_guards_tell_zeros_apart(read):
    f = lambda x, t: x * np.copysign(1.0, read(t))
    compiled = compile(f)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RecordedAgain)
        for t in (0.0, -0.0, 0.0, np.nan, np.nan, 1.0):
            t = np.array(t)
            assert compiled(2.0, t) == value_and_grad(f)(2.0, t)
    assert len(compiled.recordings) == 4


def test_a_constant_that_the_function_writes_into_later():
    def f(x):
        t = np.zeros(3)
        y = x * (t + 1) + np.sum(x * t)
        t[0] = 5.0
        return np.sum(y * t) + np.sum(x * t)

    same_bits(f, Y)


def test_keywords_of_every_kind():
    class Axis(enum.IntEnum):
        LAST = -1

    for keywords in (
        {"axis": (0, 1)}, {"axis": Axis.LAST}, {"axis": np.int8(1)}, {"keepdims": True},
        {"dtype": np.float32}, {"dtype": "float32"}, {"dtype": np.dtype(">f8").newbyteorder("=")},
    ):  # fmt: skip
        same_bits(lambda x, keywords=keywords: np.sum(np.sum(x * x, **keywords) * 2), X)
    same_bits(lambda x: np.sum(np.pad(x, [(1, 0), (0, 2)], "constant")[1:, :-1] * 2), X[0, 0])
    same_bits(lambda x: np.sum(np.einsum(x, [0, 1], x, [0, 1], [0]) * 2), X[0, 0])


# --- names ------------------------------------------------------------------


def test_names_that_are_one_to_python_stay_apart():
    params = {"µ": np.array(2.0), "μ": np.array(3.0), "σ²": np.array(5.0), "x₁": np.array(7.0),
              "ℎ": np.array(11.0), "h": np.array(13.0), "ſ": np.array(1.5), "s": np.array(2.5),
              "class": np.array(1.0), "": np.array(4.0), "1": np.array(6.0), "a b\n": np.array(8.0),
              "٣": np.array(9.0), "__import__": np.array(3.5), "np": np.array(4.5)}  # fmt: skip

    def f(params):
        value = 0.0
        for k, part in enumerate(params.values()):
            value = value + (k + 1) * part * part
        return value

    compiled = compile(f)
    for _ in range(2):
        value, gradients = compiled(params)
        wanted, theirs = value_and_grad(f)(params)
        assert value == wanted
        assert gradients == theirs


def test_variables_that_are_one_to_python_stay_apart():
    def f(x):
        ℎ = np.sin(x)
        µ = ℎ * x  # as typed with AltGr; Python reads the letter of the Greek keyboard
        x2 = np.cos(ℎ * µ)
        return np.sum(x2 * ℎ)

    same_bits(f, Y)


@pytest.mark.parametrize(
    "name",
    [
        '"""\nraise SystemExit\n"""',
        "a\\",
        "\\N{BULLET}",
        "x\x00y",
        "<b>",
        "\u2028import os",
        "é",
        "f\r1/0",
    ],
)
def test_a_functions_name_and_file_are_only_text(name):
    space = {"np": np}
    exec(compile_text("def f(x):\n    y = np.tanh(x)\n    return np.sum(y * y)\n", name), space)
    f = space["f"]
    f.__name__ = name
    compiled = same_bits(f, Y)
    first = compiled.source.splitlines()[0]
    assert first.startswith('"""')
    assert first.endswith('"""')
    assert first.count('"""') == 2


def compile_text(text, name):
    import builtins

    return builtins.compile(text, name.replace("\x00", ""), "exec")


def test_a_class_with_a_name_like_code():
    kind = type("x\n1/0 #", (), {"__array__": None})
    thing = kind()
    same_bits(lambda x: np.sum(x * (1.0 if thing else 2.0)), Y)


def test_texts_of_constants():
    for value in (
        2,
        -0.0,
        1e300,
        np.inf,
        -np.inf,
        complex(-0.0, np.inf),
        True,
        None,
        "a'\n",
        b"\0",
    ):
        found = eval(literal(value), {"np": np})
        assert repr(found) == repr(value)
    assert literal(10**4400) is None
    assert literal(Whole.ONE) is None
    assert array_literal(np.complex128(complex(-0.0, 1))) is None
    assert array_literal(np.float32("nan")) is None
    assert comment("a\nb\x85c") == "# a b c"
    assert one_line('"""\\x') == "'''/x"
    assert identifier("µ") == identifier("μ")
    assert identifier("\u2118").isidentifier()
    assert identifier("a\u0345").isidentifier()
