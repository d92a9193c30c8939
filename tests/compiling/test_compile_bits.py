"""compile gives the engine's bits for numbers, arrays with gaps, empty arrays and constants."""

import gc
import linecache
import tracemalloc
import warnings
from contextlib import contextmanager

import numpy as np
import pytest
from cases import EVERY
from table import directions, outputs, weighted

from autograd_core import RecordedAgain, compile, value_and_grad
from autograd_core.base.errors import AutogradError, UnsupportedError
from autograd_core.compiling.compiled import MOST

pytestmark = pytest.mark.untraced  # test_compile.py reaches the same lines


def with_gaps(x):
    if not x.ndim:
        return x
    wide = np.zeros((*x.shape[:-1], 2 * x.shape[-1]), x.dtype)
    wide[..., ::2] = x
    return wide[..., ::2]


def backwards(x):
    return x[..., ::-1].copy()[..., ::-1] if x.ndim else x


def unaligned(x):
    raw = np.zeros(x.nbytes + 1, np.uint8)
    moved = raw[1:].view(x.dtype).reshape(x.shape)
    moved[...] = x
    return moved


def number(x):
    return np.resize(x, ())[()] if x.dtype.kind in "fc" else x


def resized(*shape):
    return lambda x: np.resize(x, shape) if x.dtype.kind in "fc" else x


FORMS = {
    "gaps": with_gaps,
    "backwards": backwards,
    "unaligned": unaligned,
    "columns": np.asfortranarray,
    "number": number,
    "0-d": resized(),
    "one": resized(1),
    "seventeen": resized(17),
}
# What refuses arguments that an operation does not take; the last: SciPy's Fortran.
REFUSED = (AutogradError, ArithmeticError, LookupError, RuntimeError, TypeError, ValueError)
try:
    from scipy.linalg import _flapack
except ImportError:
    pass
else:
    REFUSED += (vars(_flapack)["__flapack_error"],)
# NumPy's inverse transforms of no numbers at all answer with memory that nobody wrote.
UNDEFINED = ("irfft", "hfft", "ode")


def arguments(case, form, dtype):
    xs = case.arguments()
    if dtype is complex:
        xs = [x + 0.3j * x if x.dtype.kind == "f" else x for x in xs]
    return [FORMS[form](np.asarray(x)) for x in xs]


# The last bit may differ: in column order, and where LSODA chooses its steps; see docs/compile.md.
ALMOST = ("complex-nanvar", "scipy-odeint")


def equal_bits(first, second, almost=False):
    for a, b in zip(first, second, strict=True):
        a, b = np.asarray(a), np.asarray(b)
        assert (a.shape, a.dtype) == (b.shape, b.dtype)
        if almost:
            np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-15)
            continue
        assert np.array_equal(a, b, equal_nan=a.dtype.kind in "fc")  # the sign of a zero aside


def of_parts(f):
    return lambda *xs: np.real(f(*xs)) + np.imag(f(*xs))


def check_case(case, dtype, almost=False):
    tried = 0
    for form in FORMS:
        try:
            xs = arguments(case, form, dtype)
            made = outputs(case.f(*[x.copy() for x in xs]))
            scalar = weighted(case.f, directions([x.real for x in made], 1))
            if dtype is complex:
                scalar = of_parts(scalar)
            every = tuple(range(len(xs)))
            value, gradients = value_and_grad(scalar, every)(*xs)
        except REFUSED:
            continue  # the engine has no such operation of such arguments
        compiled = compile(scalar, every)
        for _ in range(2):
            found, theirs = compiled(*xs)
            almost = almost or case.name.startswith(ALMOST)
            equal_bits([found, *theirs], [value, *gradients], almost)
        tried += 1
    return tried


@contextmanager
def suppress_refusal(reason):
    said = reason
    try:
        yield
    except UnsupportedError as error:
        said = str(error)
    assert reason in said


def some(pace, first):
    return [
        case
        if k % pace == first
        else pytest.param(case, marks=[pytest.mark.slow, pytest.mark.exhaustive])
        for k, case in enumerate(EVERY)
        if not case.name.startswith(UNDEFINED)
    ]


@pytest.mark.part(2)
@pytest.mark.slow
@pytest.mark.parametrize("dtype", [float, complex])
@pytest.mark.parametrize("case", some(40, 3), ids=str)
@pytest.mark.filterwarnings("ignore")
def test_every_operation_in_every_form_of_memory(case, dtype):
    with np.errstate(all="ignore"):
        if (case.name, dtype) == ("average-weights-full", complex):
            # NumPy multiplies complex numbers and arrays of them to other bits: some processors'
            # differ where it is recorded, which is refused, and others' where the text runs.
            with suppress_refusal("different results when it is recorded"):
                check_case(case, dtype, almost=True)
            return
        check_case(case, dtype)


@pytest.mark.slow
@pytest.mark.parametrize("dtype", [float, complex])
@pytest.mark.parametrize(
    "name",
    ["power-2x3-2x3", "power-0d-0d", "power.accumulate", "multiply-0d-0d", "absolute-matrix",
     "matvec", "multi_dot-vectors", "lstsq-tall", "polyfit", "det-of-rank-1"],
)  # fmt: skip
@pytest.mark.filterwarnings("ignore")
def test_operations_that_round_otherwise_in_another_form(name, dtype):
    (case,) = [c for c in EVERY if c.name == name]
    with np.errstate(all="ignore"):
        assert check_case(case, dtype) or dtype is complex


RNG = np.random.default_rng(0)
REALS = RNG.uniform(0.1, 3.0, 40)
POINTS = RNG.normal(size=40) + 1j * RNG.normal(size=40)
GRID = RNG.normal(size=(40, 40))
OF_NUMBERS = {
    "power": lambda a, b: np.power(a, b),
    "**": lambda a, b: a**b,
    "multiply": lambda a, b: np.multiply(a, b),
    "*": lambda a, b: a * b,
    "absolute": lambda a, b: np.absolute(a) + b,
    "abs": lambda a, b: abs(a) + b,
    "/": lambda a, b: a / b,
    "@": lambda a, b: np.full(3, a)[::2] @ np.full(5, b)[::4],
}


@pytest.mark.parametrize("values", [REALS, POINTS], ids=["real", "complex"])
@pytest.mark.parametrize("name", OF_NUMBERS)
def test_numbers_taken_out_of_captured_arrays(name, values):
    f = OF_NUMBERS[name]

    def total(x):
        parts = [f(values[k], values[k + 1]) for k in range(0, 38, 2)]
        return sum(np.real(p) * x for p in parts), parts

    value, gradient = compile(total, has_aux=True)(np.float64(1.0))
    wanted, theirs = value_and_grad(total, has_aux=True)(np.float64(1.0))
    equal_bits([value[0], *value[1], gradient], [wanted[0], *wanted[1], theirs])


OF_CONSTANTS = {
    "take": lambda a: np.take(a, [3, 1, 1, 50], axis=1, mode="clip"),
    "take wrapped": lambda a: np.take(a, np.array([[45, -3]]), axis=1, mode="wrap"),
    "pad edge": lambda a: np.pad(a, 2, mode="edge"),
    "pad ramp": lambda a: np.pad(a, ((1, 2), (3, 0)), mode="linear_ramp", end_values=0.3),
    "average": lambda a: np.average(a, axis=0, weights=np.abs(a[:, 0]) + 1.0),
    "dot": lambda a: a[::2, ::-1].dot(a[:, ::3]),
    "dot of rows": lambda a: np.dot(a[3, ::2], a[::2, 5]),
    "@": lambda a: a[::2, ::-1] @ a[:, ::3],
    "matmul": lambda a: np.matmul(a[:, 1], a[::-1, ::3]),
    "take of a moved axis": lambda a: np.take(np.moveaxis(a, 0, 1), [1, 2, 3], axis=0),
}


@pytest.mark.parametrize("name", OF_CONSTANTS)
def test_captured_arrays_get_what_numpy_gives_them(name):
    f = OF_CONSTANTS[name]

    def total(x):
        made = f(GRID)
        return np.sum(made * x), made

    value, gradient = compile(total, has_aux=True)(np.float64(0.7))
    wanted, theirs = value_and_grad(total, has_aux=True)(np.float64(0.7))
    equal_bits([*value, gradient], [*wanted, theirs])


@pytest.mark.parametrize("exponent", [0.5, 2.0, -1.0, 1.5])
def test_an_array_of_equal_exponents_is_no_number(exponent):
    x = RNG.uniform(0.01, 9.0, 3000)
    exponents = np.full(3000, exponent)
    for f in (lambda x: np.sum(x**exponents), lambda x: np.sum(x ** np.broadcast_to(x[:1], 3000))):
        equal_bits(compile(f)(x), value_and_grad(f)(x))


# --- in place, where nothing is to be done ------------------------------------

SHAPES = [(0,), (0, 3), (3, 0), (2, 0, 3), (3,), (2, 3), ()]
PLACES = {
    "no": lambda y: np.zeros(y.shape, bool),
    "all": lambda y: np.ones(y.shape, bool),
    "computed": lambda y: y > 0,
    "computed, none": lambda y: y > 99,
    "computed integers": lambda y: np.argsort(y, axis=0)[:2],
    "integers and a mask": lambda y: ((y > 0).any(axis=-1), 0),
    "an empty slice": lambda y: np.s_[:0],
    "no integers": lambda y: np.array([], int),
    "...": lambda y: ...,
    "False": lambda y: False,
    "None": lambda y: None,
}


def set_to(change):
    def run(y, place):
        y[place] = change(y[place])

    return run


def add(y, place):
    y[place] += y[place] * 2


def view(y, place):
    part = y[place]
    part *= 3.0


CHANGES = {
    "**": set_to(lambda z: z**2),
    "exp": set_to(np.exp),
    "sum": set_to(np.sum),
    "sort": set_to(lambda z: np.sort(z, axis=-1) if z.ndim else z),
    "where": set_to(lambda z: np.where(z > 0, z, -z)),
    "number": set_to(lambda z: 3.0),
    "+=": add,
    "view": view,
}


@pytest.mark.slow
@pytest.mark.parametrize("place", PLACES)
def test_in_place_programs_that_the_engine_runs(place):
    tried = 0
    for shape in SHAPES:
        x = RNG.normal(size=shape)
        for change in CHANGES.values():

            def f(x, change=change):
                y = x * 1.5
                change(y, PLACES[place](y))
                return np.sum(y * y)

            try:
                wanted = value_and_grad(f)(x)
            except (AutogradError, LookupError, TypeError, ValueError):
                continue
            compiled = compile(f)
            for _ in range(2):
                equal_bits(compiled(x), wanted)
            tried += 1
    assert tried


def test_another_order_of_computed_places_is_the_same_program():
    def f(x):
        y = x * 1.0
        y[np.argsort(x)[:2]] = x[:2] ** 2
        return np.sum(y * y)

    compiled = compile(f)
    with warnings.catch_warnings():
        warnings.simplefilter("error", RecordedAgain)
        for _ in range(4):
            x = RNG.normal(size=5)
            equal_bits(compiled(x), value_and_grad(f)(x))


# --- layouts --------------------------------------------------------------------


def test_an_argument_that_lies_otherwise_is_recorded_again():
    f = lambda x, w: np.sum(np.tanh(x @ w)) + np.sum(x)
    compiled = compile(f, (0, 1))
    x, w = RNG.normal(size=(30, 40)), RNG.normal(size=(40, 20))
    for first in (x, np.asfortranarray(x), with_gaps(x), unaligned(x), x[::-1]):
        for second in (w, np.asfortranarray(w), backwards(w)):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", RecordedAgain)
                value, gradients = compiled(first, second)
            wanted, theirs = value_and_grad(f, (0, 1))(first, second)
            equal_bits([value, *gradients], [wanted, *theirs])


# --- memory -----------------------------------------------------------------------


def rounds(x, n):
    for _ in range(n):
        x = np.sin(x) * 1.01
    return np.sum(x)


@pytest.mark.parametrize(
    ("kind", "many"),
    [("shapes", 10), ("functions", 10)]
    + [pytest.param(kind, 10, marks=pytest.mark.slow) for kind in ("structures", "alternating")]
    + [
        pytest.param(kind, 20, marks=pytest.mark.exhaustive)
        for kind in ("shapes", "structures", "alternating", "functions")
    ],
)
@pytest.mark.filterwarnings("default::autograd_core.RecordedAgain")
def test_recording_again_and_again_keeps_little(kind, many):
    compiled = compile(rounds)
    calls = {
        "shapes": lambda k: compiled(np.ones(k + 1), 1),
        "structures": lambda k: compiled(np.ones(3), 1 + k * 7 % 25),
        "alternating": lambda k: compiled(np.ones(1 + k % (MOST + 1)), 1),
        "functions": lambda k: compile(lambda x: np.sum(x) * k)(np.ones(3)),
    }
    call = calls[kind]
    first = 2 * (MOST + 2)  # the recordings that live then are all counted, so none is new
    with warnings.catch_warnings(record=True) as shown:  # and kept by nobody else
        tracemalloc.start()
        for k in range(first):
            call(k)
        lines = len(linecache.cache)
        sizes = []
        for k in range(first, first + 1 + 4 * many):
            call(k)
            shown.clear()
            if (k - first) % many == 0:
                gc.collect()
                sizes.append(tracemalloc.get_traced_memory()[0])
        tracemalloc.stop()
    assert len(linecache.cache) <= lines + MOST
    assert len(compiled.recordings) <= MOST
    # 7 to 17 KB where everything was kept, in each of the four; a table that grows, or a thread
    # of the test runner's, is in one or two of them. Python itself keeps each file's name: 60 B.
    grown = np.diff(sizes) / many
    assert min(grown) < 1000, grown
    assert "__warningregistry__" not in globals() or not any(
        "compile" in str(key) for key in globals()["__warningregistry__"]
    )


def test_lines_of_a_program_can_be_shown_as_long_as_it_runs():
    compiled = compile(lambda x: np.sum(np.exp(x)))
    compiled(np.ones(3))
    recording = compiled.recordings[0]
    file = recording.run.__code__.co_filename
    assert "def value_and_gradients" in "".join(linecache.getlines(file))
    del compiled, recording
    gc.collect()
    assert file not in linecache.cache


# --- what code asks of arrays beside their numbers ----------------------------


def matched(x, n):
    match n:
        case np.ndarray():
            return np.sum(x) * n[0]
        case _:
            return np.sum(x) * 2.0


ASKED = {
    "text": lambda x, n: np.sum(x) * len(str(n)),
    "format": lambda x, n: np.sum(x) * float(f"{n[0]:.1f}"),
    "repr": lambda x, n: np.sum(x) * len(repr(n)),
    "array2string": lambda x, n: np.sum(x) * len(np.array2string(n)),
    "a text that agrees by chance": lambda x, n: np.sum(x) * (2.0 if "9" in str(n) else 3.0),
    "class": lambda x, n: np.sum(x) * (n[0] if n.__class__ is np.ndarray else 2.0),
    "match": matched,
}


@pytest.mark.parametrize("captured", [True, False])
@pytest.mark.parametrize("name", ASKED)
@pytest.mark.filterwarnings("ignore::autograd_core.RecordedAgain")
def test_texts_and_classes_of_arrays(name, captured):
    f, n, x = ASKED[name], np.array([2.0, 1.0]), np.ones(3)
    compiled = compile((lambda x: f(x, n)) if captured else f)
    for number in (2.0, 9.0, 12345.5, 2.0):
        n[0] = number
        value, _ = compiled(x) if captured else compiled(x, n)
        assert value == f(x, n)


def test_a_fraction_is_compared_by_its_parts():
    from fractions import Fraction

    share = Fraction(1, 3)
    compiled = compile(lambda x: np.sum(x) * float(share))
    assert compiled(np.ones(3))[0] == 1.0
    share._numerator = 2
    with pytest.warns(RecordedAgain):
        assert compiled(np.ones(3))[0] == 2.0


def test_errors_name_the_transform_that_was_called():
    from autograd_core import grad, hessian, hvp

    x = np.ones(2)
    calls = {
        "grad": lambda f: grad(f)(x),
        "value_and_grad": lambda f: value_and_grad(f)(x),
        "hvp": lambda f: hvp(f, (x,), (x,)),
        "hessian": lambda f: hessian(f)(x),
        "compile": lambda f: compile(f)(x),
    }
    for f in (lambda x: x * 2.0, lambda x: "text", lambda x: None, lambda x: 3):
        for name, call in calls.items():
            with pytest.raises(AutogradError, match=rf"^{name}\(\): "):
                call(f)


def test_the_names_of_forgotten_recordings_are_forgotten():
    """The engine notes of every file whether it is a library's: also of what compile writes."""
    from autograd_core.base.source import is_library, user_frame

    gc.collect()
    before = {name for name in is_library if name.startswith("<compiled")}
    for _ in range(3):
        f = compile(lambda x: np.sum(np.sin(x)))
        f(np.ones(3))
        is_library[f.recordings[0].run.__code__.co_filename] = False  # as an error there does
    del f
    gc.collect()
    assert {name for name in is_library if name.startswith("<compiled")} <= before
    assert user_frame().f_code.co_filename == __file__
