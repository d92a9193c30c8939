"""Padding layers: axes after the channels made longer, by a constant or by the array's values."""

from __future__ import annotations

from typing import Any

import numpy as np

from . import checks
from .functional.padding import pad
from .module import Module
from .values import numbers, shape_error


class _Padding(Module):
    """What all padding layers share: how much before and behind each axis, the last axis first."""

    axes = 1
    mode = "constant"
    padding: tuple[int, ...]

    def __init__(self, padding: Any) -> None:
        super().__init__()
        name, count = type(self).__name__, 2 * self.axes
        several = (padding,) * count if hasattr(padding, "__index__") else padding
        if not isinstance(several, (tuple, list)) or len(several) != count:
            raise shape_error(
                f"{name}: padding must be an integer or {count} of them, not {padding!r}."
            )
        for n in several:
            checks.count(name, "padding", n, -(2**31))
        self.padding = tuple(map(int, several))

    def forward(self, input: Any) -> Any:
        """Pad."""
        input = numbers(type(self).__name__, input)
        shape, n = np.shape(input), self.axes
        if len(shape) < n or (self.mode != "constant" and len(shape) not in (n + 1, n + 2)):
            raise shape_error(
                f"{type(self).__name__}: the input has shape {shape}; it needs channels and "
                f"{n} axes after them, with or without a batch."
            )
        return pad(input, self.padding, self.mode, self._value())

    def _value(self) -> Any:
        return None

    def extra_repr(self) -> str:
        """Return how much."""
        return str(self.padding)


class _ConstantPad(_Padding):
    """Padding by a number."""

    def __init__(self, padding: Any, value: float) -> None:
        super().__init__(padding)
        checks.real(type(self).__name__, "value", value)
        self.value = value

    def _value(self) -> Any:
        return self.value

    def extra_repr(self) -> str:
        """Return how much, and the number."""
        return f"padding={self.padding}, value={self.value}"


class ConstantPad1d(_ConstantPad):
    """Pad (n, channels, length) with a number.

    Parameters
    ----------
    padding : int or tuple of int
        How much: (left, right), or one number for all; negative amounts cut.
    value : float
        The number.

    Examples
    --------
    >>> import numpy as np, nn
    >>> nn.ConstantPad1d((1, 2), 7.0)(np.array([[1.0, 2.0, 3.0]]))
    array([[7., 1., 2., 3., 7., 7.]])
    """

    axes = 1


class ConstantPad2d(_ConstantPad):
    """Pad (n, channels, height, width) with a number.

    Parameters
    ----------
    padding : int or tuple of int
        How much: (left, right, top, bottom), or one number for all; negative amounts cut.
    value : float
        The number.

    Examples
    --------
    >>> import numpy as np, nn
    >>> nn.ConstantPad2d((1, 0, 0, 1), 7.0)(np.array([[[1.0, 2.0], [3.0, 4.0]]]))
    array([[[7., 1., 2.],
            [7., 3., 4.],
            [7., 7., 7.]]])
    """

    axes = 2


class ConstantPad3d(_ConstantPad):
    """Pad (n, channels, depth, height, width) with a number.

    Parameters
    ----------
    padding : int or tuple of int
        How much: (left, right, top, bottom, front, back), or one number for all; negative
        amounts cut.
    value : float
        The number.

    Examples
    --------
    >>> import numpy as np, nn
    >>> nn.ConstantPad3d((1, 0, 0, 1, 0, 0), 7.0)(np.array([[[[1.0, 2.0], [3.0, 4.0]]]]))
    array([[[[7., 1., 2.],
             [7., 3., 4.],
             [7., 7., 7.]]]])
    """

    axes = 3


class ZeroPad1d(_ConstantPad):
    """Pad (n, channels, length) with zeros.

    Parameters
    ----------
    padding : int or tuple of int
        How much: (left, right), or one number for all; negative amounts cut.

    Examples
    --------
    >>> import numpy as np, nn
    >>> nn.ZeroPad1d((1, 2))(np.array([[1.0, 2.0, 3.0]]))
    array([[0., 1., 2., 3., 0., 0.]])
    """

    axes = 1

    def __init__(self, padding: Any) -> None:
        super().__init__(padding, 0.0)

    def extra_repr(self) -> str:
        """Return how much."""
        return str(self.padding)


class ZeroPad2d(_ConstantPad):
    """Pad (n, channels, height, width) with zeros.

    Parameters
    ----------
    padding : int or tuple of int
        How much: (left, right, top, bottom), or one number for all; negative amounts cut.

    Examples
    --------
    >>> import numpy as np, nn
    >>> nn.ZeroPad2d((1, 0, 0, 1))(np.array([[[1.0, 2.0], [3.0, 4.0]]]))
    array([[[0., 1., 2.],
            [0., 3., 4.],
            [0., 0., 0.]]])
    """

    axes = 2

    def __init__(self, padding: Any) -> None:
        super().__init__(padding, 0.0)

    def extra_repr(self) -> str:
        """Return how much."""
        return str(self.padding)


class ZeroPad3d(_ConstantPad):
    """Pad (n, channels, depth, height, width) with zeros.

    Parameters
    ----------
    padding : int or tuple of int
        How much: (left, right, top, bottom, front, back), or one number for all; negative
        amounts cut.

    Examples
    --------
    >>> import numpy as np, nn
    >>> nn.ZeroPad3d((1, 0, 0, 1, 0, 0))(np.array([[[[1.0, 2.0], [3.0, 4.0]]]]))
    array([[[[0., 1., 2.],
             [0., 3., 4.],
             [0., 0., 0.]]]])
    """

    axes = 3

    def __init__(self, padding: Any) -> None:
        super().__init__(padding, 0.0)

    def extra_repr(self) -> str:
        """Return how much."""
        return str(self.padding)


class ReflectionPad1d(_Padding):
    """Pad (n, channels, length) with the values mirrored at the outermost ones.

    Parameters
    ----------
    padding : int or tuple of int
        How much: (left, right), or one number for all; negative amounts cut.

    Examples
    --------
    >>> import numpy as np, nn
    >>> nn.ReflectionPad1d((1, 2))(np.array([[1.0, 2.0, 3.0]]))
    array([[2., 1., 2., 3., 2., 1.]])
    """

    axes = 1
    mode = "reflect"


class ReflectionPad2d(_Padding):
    """Pad (n, channels, height, width) with the values mirrored at the outermost ones.

    Parameters
    ----------
    padding : int or tuple of int
        How much: (left, right, top, bottom), or one number for all; negative amounts cut.

    Examples
    --------
    >>> import numpy as np, nn
    >>> nn.ReflectionPad2d((1, 0, 0, 1))(np.array([[[1.0, 2.0], [3.0, 4.0]]]))
    array([[[2., 1., 2.],
            [4., 3., 4.],
            [2., 1., 2.]]])
    """

    axes = 2
    mode = "reflect"


class ReflectionPad3d(_Padding):
    """Pad (n, channels, depth, height, width) with the values mirrored at the outermost ones.

    Parameters
    ----------
    padding : int or tuple of int
        How much: (left, right, top, bottom, front, back), or one number for all; negative
        amounts cut.

    Examples
    --------
    >>> import numpy as np, nn
    >>> nn.ReflectionPad3d((1, 0, 0, 1, 0, 0))(np.array([[[[1.0, 2.0], [3.0, 4.0]]]]))
    array([[[[2., 1., 2.],
             [4., 3., 4.],
             [2., 1., 2.]]]])
    """

    axes = 3
    mode = "reflect"


class ReplicationPad1d(_Padding):
    """Pad (n, channels, length) with the outermost values.

    Parameters
    ----------
    padding : int or tuple of int
        How much: (left, right), or one number for all; negative amounts cut.

    Examples
    --------
    >>> import numpy as np, nn
    >>> nn.ReplicationPad1d((1, 2))(np.array([[1.0, 2.0, 3.0]]))
    array([[1., 1., 2., 3., 3., 3.]])
    """

    axes = 1
    mode = "replicate"


class ReplicationPad2d(_Padding):
    """Pad (n, channels, height, width) with the outermost values.

    Parameters
    ----------
    padding : int or tuple of int
        How much: (left, right, top, bottom), or one number for all; negative amounts cut.

    Examples
    --------
    >>> import numpy as np, nn
    >>> nn.ReplicationPad2d((1, 0, 0, 1))(np.array([[[1.0, 2.0], [3.0, 4.0]]]))
    array([[[1., 1., 2.],
            [3., 3., 4.],
            [3., 3., 4.]]])
    """

    axes = 2
    mode = "replicate"


class ReplicationPad3d(_Padding):
    """Pad (n, channels, depth, height, width) with the outermost values.

    Parameters
    ----------
    padding : int or tuple of int
        How much: (left, right, top, bottom, front, back), or one number for all; negative
        amounts cut.

    Examples
    --------
    >>> import numpy as np, nn
    >>> nn.ReplicationPad3d((1, 0, 0, 1, 0, 0))(np.array([[[[1.0, 2.0], [3.0, 4.0]]]]))
    array([[[[1., 1., 2.],
             [3., 3., 4.],
             [3., 3., 4.]]]])
    """

    axes = 3
    mode = "replicate"


class CircularPad1d(_Padding):
    """Pad (n, channels, length) with the values from the other end.

    Parameters
    ----------
    padding : int or tuple of int
        How much: (left, right), or one number for all; negative amounts cut.

    Examples
    --------
    >>> import numpy as np, nn
    >>> nn.CircularPad1d((1, 2))(np.array([[1.0, 2.0, 3.0]]))
    array([[3., 1., 2., 3., 1., 2.]])
    """

    axes = 1
    mode = "circular"


class CircularPad2d(_Padding):
    """Pad (n, channels, height, width) with the values from the other end.

    Parameters
    ----------
    padding : int or tuple of int
        How much: (left, right, top, bottom), or one number for all; negative amounts cut.

    Examples
    --------
    >>> import numpy as np, nn
    >>> nn.CircularPad2d((1, 0, 0, 1))(np.array([[[1.0, 2.0], [3.0, 4.0]]]))
    array([[[2., 1., 2.],
            [4., 3., 4.],
            [2., 1., 2.]]])
    """

    axes = 2
    mode = "circular"


class CircularPad3d(_Padding):
    """Pad (n, channels, depth, height, width) with the values from the other end.

    Parameters
    ----------
    padding : int or tuple of int
        How much: (left, right, top, bottom, front, back), or one number for all; negative
        amounts cut.

    Examples
    --------
    >>> import numpy as np, nn
    >>> nn.CircularPad3d((1, 0, 0, 1, 0, 0))(np.array([[[[1.0, 2.0], [3.0, 4.0]]]]))
    array([[[[2., 1., 2.],
             [4., 3., 4.],
             [2., 1., 2.]]]])
    """

    axes = 3
    mode = "circular"
