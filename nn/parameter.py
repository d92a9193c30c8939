"""Parameter: a Tensor that a Module trains."""

from __future__ import annotations

from typing import Any

from autograd_core import Tensor

_default_dtype: list[Any] = ["float32"]


def get_default_dtype() -> Any:
    """Return the dtype of new parameters.

    Examples
    --------
    >>> get_default_dtype()
    'float32'
    """
    return _default_dtype[0]


def set_default_dtype(dtype: Any) -> None:
    """Set the dtype of parameters made from now on.

    Parameters
    ----------
    dtype : dtype
        For instance ``"float32"`` (the default) or ``numpy.float64``.

    Examples
    --------
    >>> set_default_dtype("float32")
    """
    _default_dtype[0] = dtype


class Parameter(Tensor):
    """A Tensor that a Module registers when it is assigned, and that an optimizer updates.

    Parameters
    ----------
    data : array_like
        The initial values; copied.
    requires_grad : bool
        False freezes it.
    dtype : dtype, optional
        As for ``numpy.array``.

    Examples
    --------
    >>> Parameter([1.0, 2.0])
    Tensor([1., 2.], requires_grad=True)
    """

    __slots__ = ()

    def __init__(self, data: Any, requires_grad: bool = True, dtype: Any = None) -> None:
        super().__init__(data, requires_grad, dtype)
