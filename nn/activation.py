"""Activation functions as modules."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_core import optim

from . import checks
from .functional import activation as f
from .functional.hard import prelu, step
from .functional.softmax import log_softmax, softmax, softmin
from .module import Module
from .parameter import Parameter, parameter_dtype


@optim.keywords.accepts("inplace")
class ReLU(Module):
    """max(0, x); its derivative at 0 is 0.

    Examples
    --------
    >>> import numpy as np, nn
    >>> nn.ReLU()(np.array([-1.0, 2.0]))
    array([0., 2.])
    """

    def forward(self, input: Any) -> Any:
        """Apply it."""
        return f.relu(input)


@optim.keywords.accepts("inplace")
class ReLU6(Module):
    """min(max(0, x), 6).

    Examples
    --------
    >>> import numpy as np, nn
    >>> nn.ReLU6()(np.array([-1.0, 2.0, 9.0]))
    array([0., 2., 6.])
    """

    def forward(self, input: Any) -> Any:
        """Apply it."""
        return f.relu6(input)


@optim.keywords.accepts("inplace")
class LeakyReLU(Module):
    """x where positive, negative_slope x elsewhere.

    Parameters
    ----------
    negative_slope : float
        The slope where x <= 0.

    Raises
    ------
    ShapeError
        If a setting is out of range.

    Examples
    --------
    >>> import numpy as np, nn
    >>> nn.LeakyReLU(0.1)(np.array([-1.0, 2.0]))
    array([-0.1,  2. ])
    """

    def __init__(self, negative_slope: float = 0.01) -> None:
        super().__init__()
        checks.real("LeakyReLU", "negative_slope", negative_slope)
        self.negative_slope = negative_slope

    def forward(self, input: Any) -> Any:
        """Apply it."""
        return f.leaky_relu(input, negative_slope=self.negative_slope)

    def extra_repr(self) -> str:
        """Return the slope."""
        return f"negative_slope={self.negative_slope}"


@optim.keywords.accepts("device")
class PReLU(Module):
    """x where positive, a x elsewhere, with learned slopes a (He et al., 2015).

    Parameters
    ----------
    num_parameters : int
        1, or the number of channels on axis 1.
    init : float
        The first slope.
    dtype : dtype, optional
        Of the slopes.

    Raises
    ------
    ShapeError
        If a setting is out of range.

    Examples
    --------
    >>> import numpy as np, nn
    >>> nn.PReLU()(np.array([-1.0, 2.0]))
    Tensor([-0.25,  2.  ], op=where)
    """

    weight: Parameter

    def __init__(self, num_parameters: int = 1, init: float = 0.25, *, dtype: Any = None) -> None:
        super().__init__()
        checks.count("PReLU", "num_parameters", num_parameters)
        checks.real("PReLU", "init", init)
        self.num_parameters = num_parameters
        self.weight = Parameter(
            np.full(num_parameters, init, parameter_dtype(type(self).__name__, dtype))
        )

    def forward(self, input: Any) -> Any:
        """Apply it."""
        return prelu(input, self.weight)

    def extra_repr(self) -> str:
        """Return the number of slopes."""
        return f"num_parameters={self.num_parameters}"


@optim.keywords.accepts("inplace")
class ELU(Module):
    """x where positive, alpha (exp(x) - 1) elsewhere.

    Parameters
    ----------
    alpha : float
        How far it goes below 0.

    Raises
    ------
    ShapeError
        If a setting is out of range.

    Examples
    --------
    >>> import numpy as np, nn
    >>> nn.ELU()(np.array([-1.0, 2.0])).round(4)
    array([-0.6321,  2.    ])
    """

    def __init__(self, alpha: float = 1.0) -> None:
        super().__init__()
        checks.real("ELU", "alpha", alpha)
        self.alpha = alpha

    def forward(self, input: Any) -> Any:
        """Apply it."""
        return f.elu(input, alpha=self.alpha)

    def extra_repr(self) -> str:
        """Return alpha."""
        return f"alpha={self.alpha}"


@optim.keywords.accepts("inplace")
class SELU(Module):
    """Scaled ELU, with constants that keep mean 0 and variance 1 (Klambauer et al., 2017).

    Examples
    --------
    >>> import numpy as np, nn
    >>> nn.SELU()(np.array([-1.0, 2.0])).round(4)
    array([-1.1113,  2.1014])
    """

    def forward(self, input: Any) -> Any:
        """Apply it."""
        return f.selu(input)


class GELU(Module):
    """x P(Z <= x) for a normal Z (Hendrycks and Gimpel, 2016).

    Parameters
    ----------
    approximate : {"none", "tanh"}
        Exact, or by the tanh formula of the paper.

    Raises
    ------
    ShapeError
        If a setting is out of range.

    Examples
    --------
    >>> import numpy as np, nn
    >>> nn.GELU()(np.array([-1.0, 2.0])).round(4)
    array([-0.1587,  1.9545])
    """

    def __init__(self, approximate: str = "none") -> None:
        super().__init__()
        checks.choice("GELU", "approximate", approximate, ("none", "tanh"))
        self.approximate = approximate

    def forward(self, input: Any) -> Any:
        """Apply it."""
        return f.gelu(input, approximate=self.approximate)

    def extra_repr(self) -> str:
        """Return the formula's name."""
        return f"approximate={self.approximate!r}"


@optim.keywords.accepts("inplace")
class SiLU(Module):
    """x sigmoid(x).

    Examples
    --------
    >>> import numpy as np, nn
    >>> nn.SiLU()(np.array([-1.0, 2.0])).round(4)
    array([-0.2689,  1.7616])
    """

    def forward(self, input: Any) -> Any:
        """Apply it."""
        return f.silu(input)


class Softplus(Module):
    """log(1 + exp(beta x)) / beta; x itself where beta x > threshold.

    Parameters
    ----------
    beta : float
        How sharp the bend is.
    threshold : float
        Where it goes over into x.

    Raises
    ------
    ShapeError
        If a setting is out of range.

    Examples
    --------
    >>> import numpy as np, nn
    >>> nn.Softplus()(np.array([-1.0, 2.0])).round(4)
    array([0.3133, 2.1269])
    """

    def __init__(self, beta: float = 1.0, threshold: float = 20.0) -> None:
        super().__init__()
        checks.positive("Softplus", "beta", beta)
        checks.real("Softplus", "threshold", threshold)
        self.beta, self.threshold = beta, threshold

    def forward(self, input: Any) -> Any:
        """Apply it."""
        return f.softplus(input, beta=self.beta, threshold=self.threshold)

    def extra_repr(self) -> str:
        """Return the settings."""
        return f"beta={self.beta}, threshold={self.threshold}"


class Sigmoid(Module):
    """1 / (1 + exp(-x)).

    Examples
    --------
    >>> import numpy as np, nn
    >>> nn.Sigmoid()(np.array([-1.0, 0.0])).round(4)
    array([0.2689, 0.5   ])
    """

    def forward(self, input: Any) -> Any:
        """Apply it."""
        return f.sigmoid(input)


class LogSigmoid(Module):
    """log(sigmoid(x)), exact for any x.

    Examples
    --------
    >>> import numpy as np, nn
    >>> nn.LogSigmoid()(np.array([-1000.0, 0.0])).round(4)
    array([-1.000e+03, -6.931e-01])
    """

    def forward(self, input: Any) -> Any:
        """Apply it."""
        return f.log_sigmoid(input)


class Tanh(Module):
    """Hyperbolic tangent.

    Examples
    --------
    >>> import numpy as np, nn
    >>> nn.Tanh()(np.array([-1.0, 0.0])).round(4)
    array([-0.7616,  0.    ])
    """

    def forward(self, input: Any) -> Any:
        """Apply it."""
        return f.tanh(input)


class Step(Module):
    """1 where x >= 0, else 0; derivative 0, so nothing before it learns.

    ``straight_through=True`` passes the gradient on where abs(x) <= 1
    (Bengio et al., 2013), which is no derivative but trains.

    Parameters
    ----------
    straight_through : bool
        Whether gradients pass where abs(x) <= 1.

    Examples
    --------
    >>> import numpy as np, nn
    >>> nn.Step()(np.array([-0.5, 0.0, 2.0]))
    array([0., 1., 1.])
    """

    def __init__(self, straight_through: bool = False) -> None:
        super().__init__()
        self.straight_through = straight_through

    def forward(self, input: Any) -> Any:
        """Apply it."""
        return step(input, self.straight_through)

    def extra_repr(self) -> str:
        """Return the setting."""
        return f"straight_through={self.straight_through}"


def _check_dim(owner: str, dim: Any) -> None:
    if dim is not None:
        checks.axis(owner, "dim", dim)


class Softmax(Module):
    """exp(x / temperature) along an axis, scaled to sum 1.

    Parameters
    ----------
    dim : int, optional
        The axis; the last one by default for inputs of one or two axes. With more axes it
        must be given.
    temperature : float
        Above 1 it evens the result out.

    Raises
    ------
    ShapeError
        If a setting is out of range.

    Examples
    --------
    >>> import numpy as np, nn
    >>> nn.Softmax(temperature=0.1)(np.array([0.0, 1.0])).round(3)
    array([0., 1.])
    """

    def __init__(self, dim: int | None = None, temperature: float = 1.0) -> None:
        super().__init__()
        _check_dim("Softmax", dim)
        checks.positive("Softmax", "temperature", temperature)
        self.dim, self.temperature = dim, temperature

    def forward(self, input: Any) -> Any:
        """Apply it."""
        return softmax(input, self.dim, temperature=self.temperature)

    def extra_repr(self) -> str:
        """Return the settings."""
        return f"dim={self.dim}, temperature={self.temperature}"


class Softmin(Module):
    """exp(-beta x) along an axis, scaled to sum 1.

    Parameters
    ----------
    dim : int, optional
        The axis, as in `Softmax`.
    beta : float
        1 / temperature, of any sign.

    Raises
    ------
    ShapeError
        If a setting is out of range.

    Examples
    --------
    >>> import numpy as np, nn
    >>> nn.Softmin(beta=10.0)(np.array([0.0, 1.0])).round(3)
    array([1., 0.])
    """

    def __init__(self, dim: int | None = None, beta: float = 1.0) -> None:
        super().__init__()
        _check_dim("Softmin", dim)
        checks.real("Softmin", "beta", beta)
        self.dim, self.beta = dim, beta

    def forward(self, input: Any) -> Any:
        """Apply it."""
        return softmin(input, self.dim, beta=self.beta)

    def extra_repr(self) -> str:
        """Return the settings."""
        return f"dim={self.dim}, beta={self.beta}"


class LogSoftmax(Module):
    """log of softmax along an axis.

    Parameters
    ----------
    dim : int, optional
        The axis, as in `Softmax`.

    Raises
    ------
    ShapeError
        If a setting is out of range.

    Examples
    --------
    >>> import numpy as np, nn
    >>> nn.LogSoftmax()(np.zeros(2)).round(4)
    array([-0.6931, -0.6931])
    """

    def __init__(self, dim: int | None = None) -> None:
        super().__init__()
        _check_dim("LogSoftmax", dim)
        self.dim = dim

    def forward(self, input: Any) -> Any:
        """Apply it."""
        return log_softmax(input, self.dim)

    def extra_repr(self) -> str:
        """Return the axis."""
        return f"dim={self.dim}"
