"""Parameter: a Tensor that a Module trains."""

from __future__ import annotations

from typing import Any, Self

import numpy as np

from autograd_core import SettingError, Tensor
from autograd_core.extend import Location, explains_wrong_calls

_default_dtype: list[Any] = ["float32"]


@explains_wrong_calls
def get_default_dtype() -> Any:
    """Return the dtype of new parameters.

    Returns
    -------
    numpy.dtype
        float32, unless it was set.

    Examples
    --------
    >>> get_default_dtype()
    'float32'
    """
    return _default_dtype[0]


@explains_wrong_calls
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
    parameter_dtype("set_default_dtype", dtype)
    _default_dtype[0] = dtype


def parameter_dtype(owner: str, dtype: Any) -> Any:
    """Return the dtype of a layer's new parameters, None being the default.

    Raises
    ------
    SettingError
        If it is no dtype of floating-point numbers.

    Examples
    --------
    >>> parameter_dtype("Linear", float)
    dtype('float64')
    """
    try:
        number = isinstance(dtype, (bool, int, float))  # the value of another setting
        found = None if number else np.dtype(get_default_dtype() if dtype is None else dtype)
    except TypeError:
        found = None
    if found is None or found.kind not in "fc":
        raise SettingError(
            f"{owner}: dtype must be a dtype of floating-point numbers, such as np.float32, not "
            f"{dtype!r}. Give it as dtype=...; PyTorch's further settings are keywords here.",
            Location.of_caller(),
        )
    return found


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

    @explains_wrong_calls
    def __new__(cls, data: Any, requires_grad: bool = True, dtype: Any = None) -> Self:
        """Return what `Tensor` makes of the arguments."""
        return super().__new__(cls, data, requires_grad, dtype)

    def __init__(self, data: Any, requires_grad: bool = True, dtype: Any = None) -> None:
        super().__init__(data, requires_grad, dtype)


class Buffer(Tensor):
    """A value that a Module registers as a buffer when it is assigned: saved, not trained.

    Parameters
    ----------
    data : array_like
        The value; copied.
    persistent : bool
        Whether the module's state dict contains it.

    Examples
    --------
    >>> import nn
    >>> layer = nn.Identity()
    >>> layer.scale = nn.Buffer([1.0, 2.0])
    >>> layer.scale, list(layer.state_dict())
    (array([1., 2.]), ['scale'])
    """

    __slots__ = ("persistent",)

    @explains_wrong_calls
    def __new__(cls, data: Any, *, persistent: bool = True) -> Self:
        """Return what `Tensor` makes of the value."""
        return super().__new__(cls, data)

    def __init__(self, data: Any, *, persistent: bool = True) -> None:
        super().__init__(data)
        self.persistent = persistent


class UninitializedParameter(Parameter):
    """A Parameter that has no shape yet; the first call of its layer gives it one.

    Parameters
    ----------
    requires_grad : bool
        False freezes it.
    dtype : dtype, optional
        Of the values to come.

    Examples
    --------
    >>> import nn
    >>> layer = nn.LazyLinear(3)
    >>> layer.weight
    UninitializedParameter(float32)
    """

    __slots__ = ()

    @explains_wrong_calls
    def __new__(cls, requires_grad: bool = True, *, dtype: Any = None) -> Self:
        """Return a Parameter without values."""
        return super().__new__(cls, np.empty(0, parameter_dtype(cls.__name__, dtype)))

    def __init__(self, requires_grad: bool = True, *, dtype: Any = None) -> None:
        kind = parameter_dtype(type(self).__name__, dtype)
        super().__init__(np.empty(0, kind), requires_grad)

    def materialize(self, shape: tuple[int, ...]) -> None:
        """Give it a shape; the values are for the layer to fill in."""
        self.data = np.empty(shape, self.dtype)
        self.__class__ = Parameter  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"UninitializedParameter({self.dtype})"
