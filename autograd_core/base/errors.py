"""Every exception that the engine raises.

Each message names the operation, the shapes, and the remedy, and ends with the
user's own line.  Each class also derives from the built-in exception that the
same mistake raises in NumPy, so that existing ``except`` clauses still match.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from autograd_core.base.later import later
from autograd_core.base.source import Location


class AutogradError(Exception):
    """Base class of all the engine's errors.

    Parameters
    ----------
    message : str
        What went wrong and what to do about it.
    where : Location, optional
        The user's line; shown under the message.

    Examples
    --------
    >>> str(AutogradError("matmul: shapes do not fit"))
    'matmul: shapes do not fit'
    """

    def __init__(self, message: str, where: Location | None = None) -> None:
        self.where = where
        super().__init__(message if where is None else f"{message}\n  {where}")


class ShapeError(AutogradError, ValueError):
    """Shapes, axes or values that an operation cannot take."""


class OperandError(AutogradError, TypeError):
    """An operand of a kind that an operation cannot take."""


class IndexingError(AutogradError, IndexError):
    """An index outside the array, or of the wrong kind."""


class LinearAlgebraError(AutogradError, np.linalg.LinAlgError):
    """A matrix that a decomposition or a solver cannot handle."""


class DTypeError(AutogradError, TypeError):
    """Data that cannot carry a derivative: integers, booleans, objects."""


class UnsupportedError(AutogradError, TypeError):
    """A NumPy function or keyword that has no derivative rule here."""


class MissingAttributeError(AutogradError, AttributeError):
    """An attribute of NumPy's arrays that a traced value does not have."""


class ConversionError(AutogradError, TypeError):
    """A tracked value that would silently lose its history."""


class NonScalarError(AutogradError, RuntimeError):
    """``backward()`` of a value with several elements and no seed."""


class SeedError(AutogradError, ValueError):
    """A seed (``gradient``, tangent) whose shape or dtype does not fit."""


class UntrackedError(AutogradError, RuntimeError):
    """A derivative of something that recorded operations did not compute."""


class FreedGraphError(AutogradError, RuntimeError):
    """A second sweep through a graph whose saved values are gone."""


class OverwrittenError(AutogradError, RuntimeError):
    """A value that the sweep needs was overwritten in place."""


class InPlaceError(AutogradError, RuntimeError):
    """An in-place change that cannot be recorded."""


class RuleError(AutogradError, RuntimeError):
    """A derivative rule that is missing, or returned something impossible."""


class NonFiniteError(AutogradError, FloatingPointError):
    """NaN or Inf was born here (under ``detect_anomaly``), or would be: weights that sum to 0."""


class SettingError(AutogradError, ValueError):
    """A setting outside its range: a learning rate, a batch size, an empty parameter list."""


class SparsityError(AutogradError, ValueError):
    """A sparsity pattern that is not the function's."""


class GradcheckError(AutogradError, AssertionError):
    """Derivatives that differ from the numerical ones."""


_TRANSLATION: dict[type[Exception], type[AutogradError]] = {
    np.linalg.LinAlgError: LinearAlgebraError,  # before ValueError, which it derives from
    IndexError: IndexingError,
    ValueError: ShapeError,
    TypeError: OperandError,
    ArithmeticError: NonFiniteError,
}
# What SciPy's wrappers of LAPACK and BLAS raise for a wrong shape; the classes have no import path.
_FORTRAN = {("_flapack", "error"), ("_fblas", "error")}


def translate(error: Exception, message: str, where: Location | None) -> Exception:
    """Return the engine's error that stands for one of NumPy's, or the error itself."""
    if isinstance(error, AutogradError):
        return error
    for builtin, ours in _TRANSLATION.items():
        if isinstance(error, builtin):
            return ours(message, where)
    if (type(error).__module__, type(error).__name__) in _FORTRAN:
        return ShapeError(message, where)
    return error


MOVED = {"DataError": "nn", "StateDictError": "optim"}  # to the packages that raise them


def moved(name: str, stacklevel: int) -> Any:
    """Return an exception that has moved, with a DeprecationWarning at the caller's line."""
    home = f"autograd_core.{MOVED[name]}"
    warnings.warn(f"{name} is {home}.{name} now", DeprecationWarning, stacklevel=stacklevel)
    return later(name)


def __getattr__(name: str) -> Any:
    if name not in MOVED:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return moved(name, 3)
