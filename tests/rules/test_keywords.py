"""Every keyword of every NumPy function: NumPy's own answer with the right slope, or a refusal.

The signatures are walked. A keyword is never ignored, and a value that carries a derivative
is never taken as a constant, whichever argument it stands in.
"""

from __future__ import annotations

import contextlib
import inspect
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from cases.keywords import BAD, CALLS, COMPANIONS, HIDDEN, PROBES

from autograd_core import Tensor, grad, jvp
from autograd_core.base import errors
from autograd_core.operations.primitive import REGISTRY, WRITERS, Boxed, Constant, bare
from autograd_core.rules.refused import REASONS

FUNCTIONS = [
    f
    for f in REGISTRY
    if not isinstance(f, (tuple, np.ufunc))
    and getattr(f, "__module__", "").startswith("numpy")
    and f not in REASONS
    and f not in WRITERS
]
functions = pytest.mark.parametrize("function", FUNCTIONS, ids=lambda f: f.__name__)
UNKNOWN_VALUES = {np.empty_like}  # what memory holds
SYMMETRIC = {  # the rules take a symmetric matrix for granted where NumPy reads a triangle
    np.linalg.cholesky,
    np.linalg.eigh,
    np.linalg.eigvalsh,
    np.linalg.svd,
    np.linalg.pinv,
}
VARIADIC = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


def parameters(function: Any) -> Iterator[tuple[str, int | None]]:
    """Yield the optional keywords and, where it has one, the place of each in a call."""
    for place, p in enumerate(inspect.signature(function).parameters.values()):
        if p.kind not in (*VARIADIC, p.POSITIONAL_ONLY) and p.default is not p.empty:
            keyword_only = p.kind is p.KEYWORD_ONLY
            yield p.name, None if keyword_only else place


def probes(function: Any, name: str) -> list[Any]:
    return PROBES.get((function, name)) or PROBES.get(name) or []


def calls(function: Any) -> Iterator[tuple[str, tuple[Any, ...], dict[str, Any]]]:
    """Yield (keyword, positional arguments, keywords): plain, by keyword and by place."""
    args = CALLS[function]
    yield "", args, {}
    names = [
        p.name
        for p in inspect.signature(function).parameters.values()
        if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)
    ]
    defaults = {n: p.default for n, p in inspect.signature(function).parameters.items()}
    for name, place in parameters(function):
        given = args[:place] if place is not None and place < len(args) else args
        more = COMPANIONS.get((function, name), {})
        values = probes(function, name)
        if name == "out":
            values = [np.zeros_like(np.asarray(run(function, args, more)))]
        for value in values:
            tail = dict(zip(names[len(given) :], args[len(given) :], strict=False))
            tail.pop(name, None)
            yield name, given, {**tail, name: value, **more}
            if place is not None and name in names and not more:
                between = [defaults[n] for n in names[len(given) : place]]
                yield name, (*given, *between, value), {}
    for name, values in HIDDEN.get(function, {}).items():
        for value in values:
            yield name, args, {name: value, **COMPANIONS.get((function, name), {})}


def followed(value: Any) -> bool:
    """Whether a leaf can carry a derivative."""
    if isinstance(value, (np.ndarray, np.generic)):
        return value.dtype.kind in "fc" and value.size > 0 and value.any()  # zeros are for out=
    return isinstance(value, float) and np.isfinite(value)


def split(call: Any) -> tuple[list[Any], Any]:
    """Return the leaves that can carry a derivative, and how to put others in their places."""
    found: list[Any] = []

    def collect(value: Any) -> Any:
        if isinstance(value, (list, tuple)):
            return type(value)([collect(v) for v in value])
        if isinstance(value, dict):
            return {k: collect(v) for k, v in value.items()}
        if followed(value):
            found.append(np.asarray(value))
        return value

    collect(call)

    def fill(leaves: Any) -> Any:
        rest = list(leaves)

        def place(value: Any) -> Any:
            if isinstance(value, (list, tuple)):
                return type(value)([place(v) for v in value])
            if isinstance(value, dict):
                return {k: place(v) for k, v in value.items()}
            return rest.pop(0) if followed(value) else value

        return place(call)

    return found, fill


def fresh(value: Any) -> Any:
    """Return a call's arguments in memory of their own: some keywords let NumPy write there."""
    if isinstance(value, (list, tuple)):
        return type(value)([fresh(v) for v in value])
    if isinstance(value, dict):
        return {k: fresh(v) for k, v in value.items()}
    return value.copy(order="K") if isinstance(value, np.ndarray) else value


def run(function: Any, args: Any, keywords: Any) -> Any:
    args, keywords = fresh(args), fresh(keywords)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        made = function(*args, **keywords)
    out = keywords.get("out")
    if out is not None:
        out = out[0] if isinstance(out, tuple) and len(out) == 1 else out
        assert made is out or isinstance(out, tuple), "out= was not written"
    return made


def parts(result: Any) -> list[Any]:
    """Return a result's arrays; NumPy's and the engine's tuples and lists alike."""
    if isinstance(result, (list, tuple)):
        return [part for one in result for part in parts(one)]
    return [bare(result)]


def same(found: Any, wanted: Any, exact: bool = False) -> None:
    found, wanted = parts(found), parts(wanted)
    assert len(found) == len(wanted)
    for a, b in zip(found, wanted, strict=True):
        if isinstance(b, np.integer) and isinstance(a, int):
            assert a == b  # a rank, a count
        elif isinstance(b, (np.ndarray, np.generic)):
            assert a.dtype == b.dtype, f"dtype {a.dtype}, NumPy's is {b.dtype}"
            assert np.shape(a) == b.shape, f"shape {np.shape(a)}, NumPy's is {b.shape}"
            if b.dtype.kind in "fc":
                tol = 1e-12 if b.dtype.itemsize > 7 else 1e-2 if b.dtype == np.float16 else 1e-5
                np.testing.assert_allclose(a, b, rtol=tol, atol=tol)
            else:
                np.testing.assert_array_equal(a, b)
        else:
            assert a == b or (a != a and b != b)


def refused(error: Exception, function: Any, name: str) -> None:
    """A refusal says which function and which keyword, and where the user wrote it."""
    text = str(error)
    assert name or function.__name__ in text, text
    others = (errors.ConversionError, errors.InPlaceError)  # a leaf is not written into
    assert not name or f"{name}=" in text or isinstance(error, others), text
    assert "test_keywords.py" in text, text


@functions
def test_every_keyword_has_a_probe(function: Any) -> None:
    assert function in CALLS, "give it a call in cases/keywords.py"
    missing = [name for name, _ in parameters(function) if not probes(function, name)]
    assert not missing, f"give {missing} values to try in cases/keywords.py"
    kinds = {p.kind for p in inspect.signature(function).parameters.values()}
    if inspect.Parameter.VAR_KEYWORD in kinds:
        assert function in HIDDEN


def check(function: Any, name: str, args: Any, keywords: Any, wanted: Any) -> None:
    leaves, fill = split((args, keywords))
    rng = np.random.default_rng(7)
    for leaf, x in enumerate(leaves):

        def call(v: Any, leaf: int = leaf) -> Any:
            return fill([v if k == leaf else old for k, old in enumerate(leaves)])

        if not handed_over(function, call(Spy())):
            continue
        attempt(function, name, call(Tensor(x)), wanted)
        made = attempt(function, name, call(Tensor(x, requires_grad=True)), wanted)
        if made is not REFUSED and function not in UNKNOWN_VALUES:
            v = rng.uniform(-1, 1, x.shape)
            v = v + v.T if function in SYMMETRIC else v
            slopes(lambda v, call=call: run(function, *call(v)), x, v, made)
    if len(leaves) > 1:  # the engine is asked, whatever stands in this place
        tracked = fill([Tensor(x, requires_grad=True) for x in leaves])
        if handed_over(function, fill([Spy() for _ in leaves])):
            attempt(function, name, tracked, wanted)


REFUSED = object()


class Spy:
    """Stands for a traced value: does NumPy hand a call over that has it in this place?"""

    shape, dtype, ndim, size = (), np.dtype(float), 0, 1
    asked: Any = None

    def __array_function__(self, function: Any, *call: Any) -> Any:
        Spy.asked = function
        raise ZeroDivisionError


def handed_over(function: Any, call: Any) -> bool:
    """Whether NumPy asks the engine for this call; else what happens is NumPy's own."""
    Spy.asked = None
    with contextlib.suppress(Exception):
        run(function, *call)
    return Spy.asked is function


def attempt(function: Any, name: str, call: Any, wanted: Any) -> Any:
    try:
        made = run(function, *call)
    except errors.AutogradError as error:
        refused(error, function, name)
        return REFUSED
    if function not in UNKNOWN_VALUES:
        same(made, wanted)
    return made


def slopes(f: Any, x: Any, v: Any, made: Any) -> None:
    h = 1e-5
    v = np.where(x == 0, 0, v + 0.5j if x.dtype.kind == "c" else v)  # exact zeros stay
    ahead, behind = parts(f(x + h * v)), parts(f(x - h * v))
    if not any(isinstance(p, (np.ndarray, np.generic)) and p.dtype.kind in "fc" for p in ahead):
        return  # integers, words, dtypes: constants, which jvp refuses
    value, tangent = jvp(f, (x,), (v,))
    pushed = parts(tangent)
    now = parts(value)
    for k, (a, b) in enumerate(zip(ahead, behind, strict=True)):
        narrow = getattr(a, "dtype", None) in (np.float16, np.float32, np.complex64)
        if not isinstance(a, (np.ndarray, np.generic)) or a.dtype.kind not in "fc" or narrow:
            continue
        numeric = (a - b) / (2 * h)
        np.testing.assert_allclose(pushed[k], numeric, rtol=1e-4, atol=1e-6, err_msg="forward")
        weights = np.random.default_rng(k).uniform(0.5, 1.5, np.shape(now[k]))

        def scalar(z: Any, k: int = k, weights: Any = weights) -> Any:
            return np.sum(np.real(every(f(z))[k]) * weights)

        if isinstance(every(made)[k], Boxed) and every(made)[k]._level:
            g = grad(scalar)(x)
            back = np.sum(np.real(g * v)) if x.dtype.kind == "c" else np.sum(g * v)
            np.testing.assert_allclose(
                back, np.sum(np.real(numeric) * weights), rtol=1e-4, atol=1e-6, err_msg="reverse"
            )
        else:
            np.testing.assert_allclose(numeric, 0, atol=1e-6, err_msg="silently constant")


def every(result: Any) -> list[Any]:
    if isinstance(result, (list, tuple)):
        return [part for one in result for part in every(one)]
    return [result]


@pytest.mark.slow
@functions
def test_keywords_are_honoured_or_refused(function: Any) -> None:
    accepted: dict[str, bool] = {}
    for name, args, keywords in calls(function):
        try:
            wanted = run(function, args, keywords)
        except Exception:
            accepted.setdefault(name, False)
            continue
        accepted[name] = True
        with_message(function, name, args, keywords, wanted)
    never = [n for n, taken in accepted.items() if not taken]
    assert not never, f"NumPy takes none of the values given for {never}"


@functions
def test_what_numpy_refuses_is_refused(function: Any) -> None:
    args = CALLS[function]
    for name, place in parameters(function):
        given = args[:place] if place is not None else args
        for value in BAD.get(name, []):
            keywords = {name: value}
            leaves, fill = split((given, keywords))
            tracked = fill([Tensor(x, requires_grad=True) for x in leaves])
            try:
                wanted = run(function, given, keywords)
            except Exception:
                if handed_over(function, fill([Spy() for _ in leaves])):
                    with pytest.raises(errors.AutogradError):
                        run(function, *tracked)
                continue
            if handed_over(function, fill([Spy() for _ in leaves])):
                with contextlib.suppress(errors.AutogradError):
                    same(run(function, *tracked), wanted)


def with_message(function: Any, name: str, args: Any, keywords: Any, wanted: Any) -> None:
    try:
        check(function, name, args, keywords, wanted)
    except Exception as error:
        shown = dict(keywords)
        raise AssertionError(
            f"{function.__name__}, {name}: {shown}, {len(args)} positional"
        ) from error


# --- methods ------------------------------------------------------------------

SQUARES = np.arange(9.0).reshape(3, 3) * 0.3 + np.array([0.2, 0.9, 0.5])
FIRST = {  # what a method needs before its keywords
    "astype": (np.float64,),
    "dot": (SQUARES,),
    "repeat": (2,),
    "reshape": (9,),
    "swapaxes": (0, 1),
    "to_device": ("cpu",),
    "take": ([0, 2],),
    "transpose": ((1, 0),),
}
MORE: dict[str, dict[str, list[Any]]] = {
    "reshape": {"order": ["F", "A"], "copy": [True]},
    "astype": {"dtype": [np.float32], "casting": ["no", "safe"], "copy": [False], "order": ["F"]},
    "clip": {"min": [1.0], "max": [7.0], "dtype": [np.float32]},
    "choose": {"choices": [SQUARES]},
    "compress": {"condition": [[True, False, True]]},
}
MORE |= {
    name: {"keepdims": [True], "where": [SQUARES > 1], "initial": [0.5]}
    for name in ("sum", "prod", "max", "min")
}
MORE |= {
    name: {"keepdims": [True], "where": [SQUARES > 1], "correction": [1]}
    for name in ("mean", "var", "std")
}
METHODS = sorted(
    name
    for name in dir(np.ndarray)
    if not name.startswith("_")
    and callable(getattr(np.ndarray, name))
    and hasattr(Tensor(SQUARES), name)  # what would look into memory is refused
    and name not in ("fill", "sort", "item", "tolist", "nonzero")
)


@pytest.mark.parametrize("name", METHODS)
def test_methods_take_numpys_arguments_in_numpys_order(name: str) -> None:
    for layout in (SQUARES, np.asfortranarray(SQUARES), SQUARES[::-1, ::-1]):
        for keyword, args, keywords in method_calls(name):
            try:
                wanted = getattr(layout, name)(*args, **keywords)
            except (TypeError, ValueError):
                continue
            for tracked in (False, True):
                x = Tensor(layout.copy("K"), requires_grad=tracked)
                try:
                    made = getattr(x, name)(*args, **keywords)
                except errors.AutogradError as error:
                    refused(error, getattr(np.ndarray, name), keyword)
                    continue
                same(made, wanted)
                if "order" in keywords and name in ("copy", "astype"):
                    assert bare(made).flags.f_contiguous == wanted.flags.f_contiguous


def method_calls(name: str) -> Iterator[tuple[str, tuple[Any, ...], dict[str, Any]]]:
    first = FIRST.get(name, ())
    yield "", first, {}
    ours = inspect.signature(getattr(np.ndarray, name)).parameters.values()
    defaults = [p.default for p in ours if p.kind is p.POSITIONAL_OR_KEYWORD]
    names = [p.name for p in ours if p.kind is p.POSITIONAL_OR_KEYWORD]
    if name == "astype":
        names, defaults = names[1:], defaults[1:]
    for keyword in [*names, *(p.name for p in ours if p.kind is p.KEYWORD_ONLY)]:
        values = MORE.get(name, {}).get(keyword) or PROBES[keyword]
        for value in values if keyword != "out" else [np.zeros((3, 3))]:
            yield keyword, first, {keyword: value}
            if keyword in names:
                place = names.index(keyword)
                yield keyword, (*first, *defaults[:place], value), {}
    for keyword, values in MORE.get(name, {}).items():
        for value in values:
            yield keyword, first, {keyword: value}


# --- ufuncs -------------------------------------------------------------------

UFUNCS = [f for f in REGISTRY if isinstance(f, np.ufunc) and f.__name__ in dir(np)]
OF_UFUNCS: dict[str, list[Any]] = {
    "where": [np.array([True, False]), np.False_],
    "casting": ["unsafe", "no", "same_kind"],
    "order": ["F", "K"],
    "dtype": [np.float32, np.float64, np.complex128],
    "subok": [False, True],
    "signature": [(None,), "dd->d", "d->d"],
    "out": [(np.zeros(2),)],
    "axes": [[(-1,), (-1,), ()], [(0, 1), (0, 1), (0, 1)], [(1, 0), (0, 1), (0, 1)]],
    "axis": [0],
    "keepdims": [True],
}


@pytest.mark.parametrize("function", UFUNCS, ids=lambda f: f.__name__)
def test_keywords_of_ufuncs_are_honoured_or_refused(function: Any) -> None:
    xs = [np.array([0.3, 0.7]), np.array([0.6, 0.2])][: function.nin]
    if function.signature is not None:
        xs = [np.array([[0.3, 0.7], [0.2, 0.9]]), np.array([[0.6, 0.2], [0.4, 0.1]])]
        if function.__name__ in ("matvec", "vecmat"):
            xs[function.__name__ == "matvec"] = np.array([0.3, 0.4])
    if function in (np.ldexp, np.bitwise_and, np.bitwise_or, np.bitwise_xor):
        return
    for name, values in OF_UFUNCS.items():
        for value in values:
            out = {"out": (np.full(2, np.nan),)} if name == "where" else {}
            try:
                wanted = run(function, xs, {name: value, **out})
            except (TypeError, ValueError):
                continue
            for tracked in (False, True):
                held = [Tensor(x, requires_grad=tracked) for x in xs]
                try:
                    made = run(function, held, {name: value})
                except errors.AutogradError as error:
                    refused(error, function, name)
                    continue
                assert name != "where" or isinstance(REGISTRY[function], Constant)
                if name != "where":
                    same(made, wanted)
