"""Values of other libraries: which of them can be combined with a traced value, and rules for them.

One question, asked only of classes that are not NumPy's own: is the value an array of
numbers and nothing more (then its numbers are taken), or does it have a meaning of its own
(a mask, units, labels, ``*`` for the matrix product) that would be lost?  Then it is refused.
"""

from __future__ import annotations

import sys
from importlib import import_module
from numbers import Number
from typing import Any

import numpy as np

from autograd_core.base import errors
from autograd_core.base.later import later
from autograd_core.base.packages import module_of, package_of
from autograd_core.base.source import Location
from autograd_core.operations.boxed import Boxed, innermost_array, level_of
from autograd_core.operations.draws import check_draw

_TAUGHT = {"scipy.special": "autograd_core.rules.scipy_special"}


def teach() -> bool:
    """Load the rules for every library that was imported; say whether there were new ones."""
    met = [library for library in _TAUGHT if library in sys.modules]
    for library in met:
        import_module(_TAUGHT.get(library, __name__))  # another thread waits here until it is done
        _TAUGHT.pop(library, None)
    return bool(met)


def implementation(registry: dict[Any, Any], function: Any) -> Any:
    """Look a function up again after teaching; None if no rule is known."""
    return registry.get(function) if teach() else None


# Classes of operands that need no question.
FAMILIAR: set[type] = {
    np.ndarray, float, int, bool, type(None), slice, type(Ellipsis),
    *(kind for kind in np.sctypeDict.values() if issubclass(kind, (np.number, np.bool_))),
}  # fmt: skip

_MASKED = (
    "a masked array's mask would be lost; give its numbers, m.filled(value), and leave elements "
    "out with np.where(mask, 0.0, ...) around the result."
)
_MATRIX = "np.matrix has its own rules for * and for shapes; give np.asarray(A)."
_SPARSE = (
    "sparse matrices beside a traced value take part in @, *, /, + and -, and in "
    "autograd_core.scipy.sparse (multiply, linalg.spsolve); otherwise give S.toarray()."
)
_LABELLED = "its labels would be lost; give its numbers, {name}.to_numpy()."
_OWN = (
    "it does its own arithmetic, which knows nothing of derivatives; give its numbers, "
    "np.asarray(v)."
)
_ARITHMETIC = ("add", "sub", "mul", "truediv", "pow", "matmul", "floordiv", "mod", "neg", "abs",
               "lt", "le", "gt", "ge", "eq", "ne", "getitem")  # fmt: skip


class OwnArithmeticError(errors.OperandError):
    """Beside an object that does operators itself: ``__array_ufunc__ = None``, or sparse."""


def _name(kind: type) -> str:
    module = package_of(kind)
    module = {"numpy": "np", "builtins": "", "__main__": ""}.get(module, module)
    if issubclass(kind, np.ma.MaskedArray):
        module = "np.ma"
    return f"{module}.{kind.__name__}" if module else kind.__name__


def is_sparse(value: Any) -> bool:
    """Whether a value is a matrix or an array of scipy.sparse, without importing it."""
    sparse = sys.modules.get("scipy.sparse")
    return sparse is not None and bool(sparse.issparse(value))


def _why_not(value: Any) -> str | None:
    """Return why a value's numbers cannot stand for it; None if they can."""
    kind = type(value)
    if isinstance(value, np.ma.MaskedArray):
        return _MASKED
    if isinstance(value, np.matrix):
        return _MATRIX
    if is_sparse(value):
        return _SPARSE
    if isinstance(value, np.ndarray):
        own = getattr(kind, "__array_ufunc__", None) is not np.ndarray.__array_ufunc__ or (
            kind.__array_function__ is not np.ndarray.__array_function__
        )
        names = [f"__{name}__" for name in _ARITHMETIC] + [f"__r{n}__" for n in _ARITHMETIC[:8]]
        if not own and kind not in (np.recarray, np.memmap):
            own = any(getattr(kind, n) is not getattr(np.ndarray, n) for n in names)
        return _OWN if own else None
    if hasattr(value, "to_numpy"):
        return _LABELLED.format(name=kind.__name__.lower())
    if isinstance(value, Number):
        return f"give a float: float({value})."
    marks = ("__array_ufunc__", "__array_function__", "__array_priority__", "__torch_function__")
    if any(hasattr(kind, mark) for mark in marks):
        return _OWN
    return None


def _is_array_like(value: Any) -> bool:
    if isinstance(value, (np.ndarray, np.generic, bytearray, memoryview, bytes, str)):
        return True
    kind = type(value)
    if kind is type:
        return False
    names = ("__array__", "__array_interface__", "__array_struct__", "__buffer__")
    if any(hasattr(kind, name) or hasattr(value, name) for name in names):
        return True
    try:
        memoryview(value)
    except TypeError:
        return False
    return True


def plain(value: Any, operation: str, beside: Any = ()) -> Any:
    """Return what stands for a value of an unfamiliar class in an operation on traced values.

    Parameters
    ----------
    value
        An operand, a setting, an argument of a transform.
    operation : str
        Its name, for messages.
    beside : sequence
        The other operands: an array of another library may stand beside its own kind.

    Returns
    -------
    Its numbers as an array; the value itself if it is not an array.

    Raises
    ------
    OperandError
        If the value means more than its numbers, or has none.
    """
    kind = type(value)
    if kind in FAMILIAR or isinstance(value, Boxed):
        return value
    if any(isinstance(b, Boxed) and type(innermost_array(b)) is kind for b in beside):
        return value
    if isinstance(value, Number) and isinstance(value, (int, float, complex)):
        return value  # subclasses of Python's numbers, such as np.float64 and enumerations
    where = Location.of_caller()
    if getattr(kind, "__array_ufunc__", True) is None:
        raise OwnArithmeticError(
            f"{operation}: {_name(kind)} has __array_ufunc__ = None, so it takes no part in "
            "NumPy's operations; use its own operators, or give its numbers as an array.",
            where,
        )
    reason = _why_not(value)
    if reason is not None:
        own = reason is _SPARSE or is_holder(value)
        refusal = OwnArithmeticError if own else errors.OperandError
        raise refusal(f"{operation}: {_name(kind)}: {reason}", where)
    if not _is_array_like(value):
        return value  # no array: a function, a setting; the operation itself knows
    array = np.asarray(value)
    if array.dtype.kind not in "biufc":
        raise errors.OperandError(
            f"{operation}: {_name(kind)} of {array.dtype}: only numbers can stand beside a traced "
            "value; give an array of numbers.",
            where,
        )
    return array


def numbers(value: Any) -> Any:
    """Return an argument of a function as NumPy's array, if its class offers one and no more."""
    if type(value) in KNOWN or isinstance(value, (Boxed, np.ndarray, str, bytes)):
        return value
    if hasattr(type(value), "__array_function__") or not _is_array_like(value):
        return value
    return value if _why_not(value) else np.asarray(value)


def masked(value: Any, operation: str) -> None:
    """Refuse what becomes an array without a word, and another one: a masked or a sparse array."""
    if isinstance(value, np.ma.MaskedArray) or is_sparse(value):
        raise errors.OperandError(
            f"{operation}: {_name(type(value))}: {_why_not(value)}", Location.of_caller()
        )


_LIBRARIES = {
    "numpy.ma": "np.ma: " + _MASKED,
    "numpy.matrixlib": "np.matrix: " + _MATRIX,
    "numpy.lib._stride_tricks_impl": (
        "np.lib.stride_tricks.as_strided, which reads memory by address. Write "
        "np.lib.stride_tricks.sliding_window_view(x, shape), x[indices] or np.broadcast_to."
    ),
    "numpy.polynomial": (
        "np.polynomial, which makes plain arrays of it. Write `import autograd_core.numpy as np`, "
        "whose np.polynomial has the same classes and functions for traced values."
    ),
    "scipy.sparse": "scipy.sparse: " + _SPARSE,
    "pandas": "pandas: " + _LABELLED.format(name="series"),
    "xarray": "xarray: " + _LABELLED.format(name="array"),
    "sympy": "sympy, which takes its number as a constant; give floats, float(s), or write the "
    "expression with sympy.lambdify.",
}
# Libraries whose objects hold any array and compute with its own functions, a traced value's too.
_HOLDERS = {"xarray", "pint"}


def is_holder(value: Any) -> bool:
    """Whether a value is an object of a library that can hold a traced value, and do operators."""
    kind = type(value)
    if kind in KNOWN or not hasattr(kind, "__array_ufunc__") or isinstance(value, np.ndarray):
        return False
    return any(package_of(base) in _HOLDERS for base in kind.__mro__)


def check_reader(library: str) -> None:
    """Refuse if a library's function, which reads numbers alone, calls a method of a value."""
    frame = sys._getframe(2)
    while (module := str(frame.f_globals.get("__name__"))).startswith("autograd_core."):
        if frame.f_back is None:
            return
        frame = frame.f_back
    if module.partition(".")[0] == library:
        raise errors.OperandError(
            f"a traced value was handed to {_LIBRARIES[library]}", Location.of_caller()
        )


def own_operator(operation: str, first: Any, second: Any) -> Any:
    """Return what an operator gives beside an object that does operators itself.

    NotImplemented leaves it to the object.
    """
    if is_sparse(first) or is_sparse(second):
        return later("sparse_operator")(operation, first, second)
    for value, beside in ((first, second), (second, first)):
        if module_of(type(value)).startswith("numpy.polynomial.") and level_of(beside):
            raise errors.OperandError(
                f"{operation}: a traced value was handed to {_LIBRARIES['numpy.polynomial']}",
                Location.of_caller(),
            )
    if operation == "matmul" and (is_holder(first) or is_holder(second)):
        raise errors.OperandError(  # xarray knows no array there, pint swaps the factors
            "matmul: beside a labelled array or a quantity, give its numbers; or hold the traced "
            "value in one, too.",
            Location.of_caller(),
        )
    return NotImplemented


# SciPy asks each operand for its array, and leaves the operation to one that gives an object.
_ASKING = {"__matmul__", "__rmatmul__", "__mul__", "__rmul__", "__truediv__", "dot"}


def declines(value: Any) -> bool:
    """Whether the caller's caller, which asks a value for its array, goes on with an object too.

    These are an operator of a sparse matrix, and NumPy's polynomials at a place: they then do
    ``offset + scale * value``.
    """
    frame = sys._getframe(2)
    asking = frame.f_code.co_name
    if asking == "mapdomain" and frame.f_globals.get("__name__") == "numpy.polynomial.polyutils":
        return frame.f_locals.get("x") is value  # and no list that holds it
    asking = ""
    while frame is not None and str(frame.f_globals.get("__name__", "")).startswith("scipy.sparse"):
        asking = frame.f_code.co_name
        frame = frame.f_back  # type: ignore[assignment]
    return asking in _ASKING


def as_object(value: Any) -> Any:
    """Return an array of no axes that holds a value: "not to be read as numbers"."""
    made = np.empty((), dtype=object)
    made[()] = value
    return made


def check_caller() -> None:
    """Refuse to become an array if one of the libraries that take arrays apart asks for it."""
    frame = sys._getframe(1)
    while frame is not None:
        module = str(frame.f_globals.get("__name__", ""))
        for library, remedy in _LIBRARIES.items():
            if module == library or module.startswith(library + "."):
                raise errors.OperandError(
                    f"a traced value was handed to {remedy}", Location.of_caller()
                )
        frame = frame.f_back  # type: ignore[assignment]
    _refuse_for_scipy()
    check_draw()


def scipy_function() -> tuple[str, str] | None:
    """Return the module and the name of the function of SciPy that the user called, if it asks.

    A function of the user's that SciPy calls, and that asks itself, is nobody's but the user's.
    """
    found: tuple[str, str] | None = None
    frame = sys._getframe(1)
    while frame is not None:
        module = str(frame.f_globals.get("__name__", ""))
        qualified = frame.f_code.co_qualname
        if module.startswith("scipy."):
            if not qualified.startswith("_") and "<locals>" not in qualified:
                distribution = getattr(frame.f_locals.get("self"), "name", None)
                name = qualified.partition(".")[0] if distribution is None else str(distribution)
                found = ".".join(module.split(".")[:2]), name
        elif not module.startswith(("numpy.", "autograd_core.")):
            break  # the user's code: what called SciPy, or what SciPy called
        frame = frame.f_back  # type: ignore[assignment]
    return found


def _refuse_for_scipy() -> None:
    """Refuse if SciPy asks for the array: its function is named, and what to write instead.

    Where SciPy dispatches to the array's namespace, a derivative goes through its code
    (`autograd_core.array_api`); what it computes in compiled code needs the plain numbers.
    """
    found = scipy_function()
    if found is None:
        return
    ours = later("instead_of")(*found)
    remedy = (
        f"Write {ours}, which has a rule."
        if ours
        else "Compute it with NumPy's functions, or declare its derivative with "
        "autograd_core.primitive; for the numbers alone, give x.detach()."
    )
    raise errors.ConversionError(
        f"{'.'.join(found)}: it computes with plain arrays, in which a traced value would lose its "
        f"derivative. {remedy}",
        Location.of_caller(),
    )


# Classes met among settings and in lists, of which there is nothing to ask; it grows.
KNOWN: set[type] = {*FAMILIAR, str, tuple, list, dict, type, complex}


def setting(value: Any, operation: str) -> None:
    """Refuse a setting, such as an index or a mask, whose class means more than its numbers."""
    kind = type(value)
    if kind in KNOWN or isinstance(value, Boxed):
        return
    if isinstance(value, np.ndarray) or hasattr(value, "to_numpy") or is_sparse(value):
        reason = _why_not(value)
        if reason is not None:
            raise errors.OperandError(f"{operation}: {_name(kind)}: {reason}", Location.of_caller())
    elif not hasattr(kind, "__array_function__"):
        KNOWN.add(kind)


def all_known(kinds: Any) -> bool:
    """Whether there is nothing to ask of values of these classes."""
    if KNOWN.issuperset(kinds):
        return True
    KNOWN.update(kind for kind in kinds if issubclass(kind, Boxed))
    return KNOWN.issuperset(kinds)


def _nothing_to_ask(values: Any) -> bool:
    for value in values:
        kind = value.__class__
        if kind is list or kind is tuple:
            if not _nothing_to_ask(value):
                return False
        elif kind not in KNOWN and not all_known((kind,)):
            return False
    return True


def operands(values: Any, operation: str) -> None:
    """Refuse what cannot stand among the arguments of a function, in lists and tuples too."""
    if _nothing_to_ask(values):
        return
    found: list[Any] = []
    stack = list(values)
    while stack:
        value = stack.pop()
        if value.__class__ is list or value.__class__ is tuple:
            stack += value
        else:
            found.append(value)
    for value in found:
        text = isinstance(value, (str, bytes))
        if hasattr(type(value), "__array_function__") or (not text and _is_array_like(value)):
            plain(value, operation, found)
        else:
            setting(value, operation)


def argument(value: Any, operation: str) -> Any:
    """Return an argument of a transform, or the data of a Tensor, as NumPy's array of it."""
    if type(value) in FAMILIAR or isinstance(value, Boxed):
        return value
    if hasattr(type(value), "__array_function__") and not isinstance(value, np.ndarray):
        return value  # an array of another library, such as a GPU's, is followed as it is
    return plain(value, operation)
