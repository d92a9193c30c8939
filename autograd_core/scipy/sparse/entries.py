"""Entries: a sparse matrix whose entries are traced, in places that are not."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as _sparse

from autograd_core.base import errors
from autograd_core.base.source import Location
from autograd_core.operations import other_libraries
from autograd_core.operations.declare import bilinear, linear
from autograd_core.operations.primitive import Primitive, describe


class Pattern:
    """Where a sparse matrix has entries.

    Parameters
    ----------
    rows, columns : array (nnz,) of int
        Entries in the same place are added.
    shape : (int, int)
        Rows and columns of the matrix.

    Raises
    ------
    ShapeError
        If a place is outside of the matrix.
    """

    def __init__(self, rows: Any, columns: Any, shape: Any) -> None:
        self.rows, self.columns = rows, columns
        self.shape = (int(shape[0]), int(shape[1]))
        inside = rows.shape == columns.shape and all(
            not p.size or (p.min() >= 0 and p.max() < n)
            for p, n in zip((rows, columns), self.shape, strict=True)
        )
        if not inside:
            raise errors.ShapeError(
                f"sparse: rows {rows.shape} and columns {columns.shape} must be of one length and "
                f"inside of a matrix of shape {self.shape}.",
                Location.of_caller(),
            )
        self.order = np.argsort(rows, kind="stable")
        self.indices = columns[self.order]
        self.starts = np.searchsorted(rows[self.order], np.arange(self.shape[0] + 1))
        self._transposed: Pattern | None = None

    @property
    def T(self) -> Pattern:  # noqa: N802 - NumPy's name
        """The pattern of the transposed matrix."""
        if self._transposed is None:
            self._transposed = Pattern(self.columns, self.rows, self.shape[::-1])
            self._transposed._transposed = self
        return self._transposed

    def matrix(self, data: Any) -> Any:
        """Return SciPy's array with such entries."""
        made = (data[self.order], self.indices, self.starts)
        return _sparse.csr_array(made, shape=self.shape)


def sampled(g: Any, x: Any, pattern: Pattern) -> Any:
    """Return the entries, in the places of a pattern, of the outer product of g and x."""
    made = g[pattern.rows] * x[pattern.columns]
    return made if made.ndim == 1 else np.sum(made, axis=1)


product: Primitive = bilinear(
    lambda data, x, *, pattern: pattern.matrix(data) @ x,
    lambda g, data, x, *, pattern: sampled(g, x, pattern),
    lambda g, data, x, *, pattern: product(data, g, pattern=pattern.T),
    name="sparse product",
    cost=lambda y, data, x, *, pattern: 2.0 * np.size(data) * (x.shape[1] if x.ndim == 2 else 1),
    label="S @",
)
dense: Primitive = linear(
    lambda data, *, pattern: pattern.matrix(data).toarray(),
    lambda g, data, *, pattern: g[pattern.rows, pattern.columns],
    name="sparse to dense",
)


class Entries:
    """A sparse matrix whose entries may be traced; made by `csr_array` and by operators.

    Parameters
    ----------
    data : array (nnz,)
        The entries.
    pattern : Pattern
        Where they are.

    Examples
    --------
    >>> from autograd_core import grad
    >>> from autograd_core.scipy import sparse
    >>> def f(data):
    ...     S = sparse.coo_array((data, ([0, 1], [1, 0])), shape=(2, 2))
    ...     return np.sum(S @ np.array([1.0, 10.0]))
    >>> grad(f)(np.array([1.0, 1.0]))
    array([10.,  1.])
    """

    __array_ufunc__ = None
    __array_priority__ = 2000.0
    ndim = 2

    def __init__(self, data: Any, pattern: Pattern) -> None:
        if np.shape(data) != pattern.rows.shape:
            raise errors.ShapeError(
                f"sparse: entries of shape {np.shape(data)} in {pattern.rows.shape} places.",
                Location.of_caller(),
            )
        self.data, self.pattern = data, pattern

    @classmethod
    def of(cls, matrix: Any) -> Entries:
        """Return SciPy's matrix as one of these."""
        if matrix.ndim != 2:
            raise errors.ShapeError(
                f"sparse: a sparse array of shape {matrix.shape} beside a traced value must have "
                "two axes; give S.reshape(1, -1).",
                Location.of_caller(),
            )
        found = matrix.tocoo()
        rows, columns = found.coords
        return cls(found.data, Pattern(rows, columns, found.shape))

    def __repr__(self) -> str:
        return f"Entries({self.shape}, {self.data!r})"

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.pattern.shape

    @property
    def dtype(self) -> Any:
        """Kind of number."""
        return self.data.dtype

    @property
    def nnz(self) -> int:
        """Number of entries."""
        return len(self.pattern.rows)

    @property
    def T(self) -> Entries:  # noqa: N802 - NumPy's name
        """The transposed matrix."""
        return Entries(self.data, self.pattern.T)

    def transpose(self) -> Entries:
        """Return the transposed matrix."""
        return self.T

    def toarray(self) -> Any:
        """Return the dense array (m, n)."""
        return dense(self.data, pattern=self.pattern)

    def sum(self, axis: int | None = None, dtype: None = None, out: None = None) -> Any:
        """Return the sum of all entries, of each column (axis 0) or of each row (axis 1)."""
        if dtype is not None or out is not None:
            raise self._refused("sum", self.data, "dtype= and out= are not supported.")
        if axis is None:
            return np.sum(self.data)
        along = self.pattern if axis in (1, -1) else self.pattern.T
        return product(self.data, np.ones(along.shape[1]), pattern=along)

    def diagonal(self) -> Any:
        """Return the diagonal (min(m, n),)."""
        there = np.flatnonzero(self.pattern.rows == self.pattern.columns)
        places = Pattern(self.pattern.rows[there], 0 * there, (min(self.shape), 1))
        return dense(self.data[there], pattern=places)[:, 0]

    # --- products -------------------------------------------------------------

    def _refused(self, operation: str, other: Any, remedy: str) -> errors.OperandError:
        message = f"scipy.sparse {operation}: a sparse matrix of shape {self.shape} and "
        return errors.OperandError(f"{message}{describe(other)}: {remedy}", Location.of_caller())

    def _is_sparse(self, other: Any) -> bool:
        return isinstance(other, Entries) or other_libraries.is_sparse(other)

    def __matmul__(self, other: Any) -> Any:
        if self._is_sparse(other):
            raise self._refused("@", other, "write A @ (B @ x), or A.toarray() @ B.")
        x = other if hasattr(other, "dtype") else np.asarray(other)
        if x.ndim not in (1, 2) or x.shape[0] != self.shape[1]:
            raise errors.ShapeError(
                f"sparse @: {self.shape} @ {x.shape}: the first axis of a vector or a matrix must "
                f"be {self.shape[1]}.",
                Location.of_caller(),
            )
        return product(self.data, x, pattern=self.pattern)

    def __rmatmul__(self, other: Any) -> Any:
        if self._is_sparse(other):
            raise self._refused("@", other, "write A @ (B @ x), or A @ B.toarray().")
        x = other if hasattr(other, "dtype") else np.asarray(other)
        if x.ndim not in (1, 2) or x.shape[-1] != self.shape[0]:
            raise errors.ShapeError(
                f"sparse @: {x.shape} @ {self.shape}: the last axis of a vector or a matrix must "
                f"be {self.shape[0]}.",
                Location.of_caller(),
            )
        return (self.T @ x.T).T

    def dot(self, other: Any) -> Any:
        """Return the matrix product; the scaled matrix if the other one is a number."""
        return self @ other if np.ndim(other) else self.multiply(other)

    def multiply(self, other: Any) -> Entries:
        """Return the elementwise product with a number or with what broadcasts to the shape."""
        if self._is_sparse(other):
            raise self._refused("*", other, "write S * T.toarray().")
        if np.ndim(other) == 0:
            return Entries(self.data * other, self.pattern)
        places = (self.pattern.rows, self.pattern.columns)
        return Entries(self.data * self._whole(other, "*")[places], self.pattern)

    __mul__ = __rmul__ = multiply

    def _whole(self, other: Any, operation: str) -> Any:
        try:
            return np.broadcast_to(other, self.shape)
        except ValueError as error:
            remedy = "the dense one must broadcast to the shape of the sparse one."
            raise self._refused(operation, other, remedy) from error

    def __truediv__(self, other: Any) -> Entries:
        if self._is_sparse(other):
            raise self._refused("/", other, "write S / T.toarray().")
        return self.multiply(1 / other)

    # --- sums -----------------------------------------------------------------

    def __neg__(self) -> Entries:
        return Entries(-self.data, self.pattern)

    def __add__(self, other: Any) -> Any:
        if other_libraries.is_sparse(other):
            other = Entries.of(other)
        if isinstance(other, Entries):
            if other.shape != self.shape:
                raise self._refused("+", other, f"its shape is {other.shape}.")
            first, second = self.pattern, other.pattern
            rows = np.concatenate([first.rows, second.rows])
            columns = np.concatenate([first.columns, second.columns])
            data = np.concatenate([self.data, other.data])
            return Entries(data, Pattern(rows, columns, self.shape))
        if np.ndim(other) == 0:
            raise self._refused("+", other, "write S.toarray() + c.")
        return self.toarray() + self._whole(other, "+")

    __radd__ = __add__

    def __sub__(self, other: Any) -> Any:
        return self + (-other)

    def __rsub__(self, other: Any) -> Any:
        return -self + other

    # --- refused --------------------------------------------------------------

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        if other_libraries.declines(self):
            return other_libraries.as_object(self)
        raise errors.ConversionError(
            "a sparse matrix with traced entries is no array; write S.toarray().",
            Location.of_caller(),
        )

    def _no(self, *other: Any) -> Any:
        raise errors.UnsupportedError(
            f"a sparse matrix of shape {self.shape} with traced entries knows @, *, /, +, -, .T, "
            ".sum, .diagonal and .toarray; write S.toarray() for anything else.",
            Location.of_caller(),
        )

    __pow__ = __rpow__ = __rtruediv__ = __floordiv__ = __rfloordiv__ = __mod__ = __rmod__ = _no
    __lt__ = __le__ = __gt__ = __ge__ = __getitem__ = __bool__ = __iter__ = __abs__ = _no
    __eq__ = __ne__ = _no
    __hash__ = object.__hash__


_OPERATORS = {
    "matmul": ("__matmul__", "__rmatmul__"),
    "multiply": ("__mul__", "__rmul__"),
    "divide": ("__truediv__", "__rtruediv__"),
    "add": ("__add__", "__radd__"),
    "subtract": ("__sub__", "__rsub__"),
}


def sparse_operator(operation: str, first: Any, second: Any) -> Any:
    """Return what an operator makes of SciPy's sparse matrix and a traced value."""
    here = other_libraries.is_sparse(first)
    matrix, other = (first, second) if here else (second, first)
    if operation == "multiply" and isinstance(matrix, _sparse.spmatrix) and np.ndim(other):
        operation = "matmul"  # what * means between matrices
    entries = Entries.of(matrix)
    if operation not in _OPERATORS:
        raise entries._refused(operation, other, "no derivative of it is known; give S.toarray().")
    return getattr(entries, _OPERATORS[operation][0 if here else 1])(other)
