"""Activation functions made of straight pieces, as modules."""

from __future__ import annotations

from typing import Any

from autograd_core import optim

from . import checks
from .functional import hard as f
from .functional.noisy import rrelu
from .module import Module
from .random import generator
from .values import shape_error


@optim.keywords.accepts("inplace")
class Hardtanh(Module):
    """x, held between two numbers; its derivative at both is 0.

    Parameters
    ----------
    min_val : float
        The lowest value.
    max_val : float
        The highest value.

    Raises
    ------
    ShapeError
        If a setting is out of range.

    Examples
    --------
    >>> import numpy as np, nn
    >>> nn.Hardtanh()(np.array([-2.0, 0.5, 3.0]))
    array([-1. ,  0.5,  1. ])
    """

    def __init__(self, min_val: float = -1.0, max_val: float = 1.0) -> None:
        super().__init__()
        checks.real("Hardtanh", "min_val", min_val)
        checks.real("Hardtanh", "max_val", max_val)
        if max_val < min_val:
            raise shape_error(f"Hardtanh: max_val {max_val} is below min_val {min_val}.")
        self.min_val = min_val
        self.max_val = max_val

    def forward(self, input: Any) -> Any:
        """Apply it."""
        return f.hardtanh(input, min_val=self.min_val, max_val=self.max_val)

    def extra_repr(self) -> str:
        """Return the settings."""
        return f"min_val={self.min_val}, max_val={self.max_val}"


@optim.keywords.accepts("inplace")
class Hardsigmoid(Module):
    """min(max(0, x + 3), 6) / 6.

    Examples
    --------
    >>> import numpy as np, nn
    >>> nn.Hardsigmoid()(np.array([-4.0, 0.0, 3.0]))
    array([0. , 0.5, 1. ])
    """

    def forward(self, input: Any) -> Any:
        """Apply it."""
        return f.hardsigmoid(input)


@optim.keywords.accepts("inplace")
class Hardswish(Module):
    """x hardsigmoid(x) (Howard et al., 2019).

    Examples
    --------
    >>> import numpy as np, nn
    >>> nn.Hardswish()(np.array([-4.0, 0.0, 3.0]))
    array([-0.,  0.,  3.])
    """

    def forward(self, input: Any) -> Any:
        """Apply it."""
        return f.hardswish(input)


class Hardshrink(Module):
    """x where abs(x) > lambd, else 0.

    Parameters
    ----------
    lambd : float
        Half the width of what becomes 0.

    Raises
    ------
    ShapeError
        If a setting is out of range.

    Examples
    --------
    >>> import numpy as np, nn
    >>> nn.Hardshrink()(np.array([-1.0, 0.25, 4.0]))
    array([-1.,  0.,  4.])
    """

    def __init__(self, lambd: float = 0.5) -> None:
        super().__init__()
        checks.real("Hardshrink", "lambd", lambd)
        self.lambd = lambd

    def forward(self, input: Any) -> Any:
        """Apply it."""
        return f.hardshrink(input, lambd=self.lambd)

    def extra_repr(self) -> str:
        """Return the settings."""
        return f"lambd={self.lambd}"


class Softshrink(Module):
    """x moved towards 0 by lambd, and 0 where abs(x) <= lambd.

    Parameters
    ----------
    lambd : float
        How far; not negative.

    Raises
    ------
    ShapeError
        If a setting is out of range.

    Examples
    --------
    >>> import numpy as np, nn
    >>> nn.Softshrink()(np.array([-1.0, 0.25, 4.0]))
    array([-0.5,  0. ,  3.5])
    """

    def __init__(self, lambd: float = 0.5) -> None:
        super().__init__()
        checks.non_negative("Softshrink", "lambd", lambd)
        self.lambd = lambd

    def forward(self, input: Any) -> Any:
        """Apply it."""
        return f.softshrink(input, lambd=self.lambd)

    def extra_repr(self) -> str:
        """Return the settings."""
        return f"lambd={self.lambd}"


@optim.keywords.accepts("inplace")
class Threshold(Module):
    """x where it is above a threshold, and a value elsewhere.

    Parameters
    ----------
    threshold : float
        Above it x stays; at it the derivative is 0.
    value : float
        What stands elsewhere.

    Raises
    ------
    ShapeError
        If a setting is out of range.

    Examples
    --------
    >>> import numpy as np, nn
    >>> nn.Threshold(1.0, 0.0)(np.array([-1.0, 0.5, 2.0]))
    array([0., 0., 2.])
    """

    def __init__(self, threshold: float, value: float) -> None:
        super().__init__()
        checks.real("Threshold", "threshold", threshold)
        checks.real("Threshold", "value", value)
        self.threshold = threshold
        self.value = value

    def forward(self, input: Any) -> Any:
        """Apply it."""
        return f.threshold(input, self.threshold, self.value)

    def extra_repr(self) -> str:
        """Return the settings."""
        return f"threshold={self.threshold}, value={self.value}"


@optim.keywords.accepts("inplace")
class RReLU(Module):
    """x where positive, a x elsewhere, with a random slope a in train mode (Xu et al., 2015).

    Parameters
    ----------
    lower : float
        The slope is drawn from here on; in eval mode it is the mean of both.
    upper : float
        And up to here.

    Raises
    ------
    ShapeError
        If a setting is out of range.

    Examples
    --------
    >>> import numpy as np, nn
    >>> nn.RReLU().eval()(np.array([-1.0, 2.0])).round(4)
    array([-0.2292,  2.    ])
    """

    def __init__(self, lower: float = 1 / 8, upper: float = 1 / 3) -> None:
        super().__init__()
        checks.real("RReLU", "lower", lower)
        checks.real("RReLU", "upper", upper)
        if upper < lower:
            raise shape_error(f"RReLU: upper {upper} is below lower {lower}.")
        self.rng = generator()
        self.lower = lower
        self.upper = upper

    def forward(self, input: Any) -> Any:
        """Apply it."""
        return rrelu(input, self.lower, self.upper, self.training, generator=self.rng)

    def extra_repr(self) -> str:
        """Return the settings."""
        return f"lower={self.lower}, upper={self.upper}"
