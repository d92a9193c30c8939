"""Fully connected layers."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autograd_core import optim

from . import checks, init
from .functional.linear import bilinear_form, linear
from .module import Module
from .parameter import Parameter, parameter_dtype


@optim.keywords.accepts("device")
class Linear(Module):
    """y = x W^T + b.

    Parameters
    ----------
    in_features, out_features : int
        Length of the last axis before and after.
    bias : bool
        Whether to add b.
    dtype : dtype, optional
        Of the parameters; default `parameter_dtype`.

    Attributes
    ----------
    weight : Parameter, shape (out_features, in_features)
        Drawn from U(-1/sqrt(in_features), 1/sqrt(in_features)), as is bias.
    bias : Parameter, shape (out_features,), or None

    Raises
    ------
    ShapeError
        If a setting is out of range.

    Examples
    --------
    >>> import numpy as np, nn
    >>> nn.Linear(3, 2)(np.ones((4, 3), dtype=np.float32)).shape
    (4, 2)
    """

    weight: Parameter
    bias: Parameter | None

    def __init__(
        self, in_features: int, out_features: int, bias: bool = True, *, dtype: Any = None
    ) -> None:
        super().__init__()
        checks.count("Linear", "in_features", in_features)
        checks.count("Linear", "out_features", out_features)
        dtype = parameter_dtype(type(self).__name__, dtype)
        self.in_features, self.out_features = in_features, out_features
        self.weight = Parameter(np.empty((out_features, in_features), dtype))
        self.register_parameter("bias", Parameter(np.empty(out_features, dtype)) if bias else None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw new values."""
        bound = 1 / math.sqrt(self.in_features)
        init.uniform_(self.weight, -bound, bound)
        if self.bias is not None:
            init.uniform_(self.bias, -bound, bound)

    def forward(self, input: Any) -> Any:
        """Return x W^T + b."""
        return linear(input, self.weight, self.bias)

    def extra_repr(self) -> str:
        """Return the sizes."""
        return (
            f"in_features={self.in_features}, out_features={self.out_features}, "
            f"bias={self.bias is not None}"
        )


@optim.keywords.accepts("device")
class Bilinear(Module):
    """y_k = x1^T W_k x2 + b_k.

    Parameters
    ----------
    in1_features, in2_features, out_features : int
        Length of the last axis of both inputs and of the result.
    bias : bool
        Whether to add b.
    dtype : dtype, optional
        Of the parameters.

    Raises
    ------
    ShapeError
        If a setting is out of range.

    Examples
    --------
    >>> import numpy as np, nn
    >>> nn.Bilinear(3, 4, 2)(np.ones((5, 3)), np.ones((5, 4))).shape
    (5, 2)
    """

    weight: Parameter
    bias: Parameter | None

    def __init__(
        self,
        in1_features: int,
        in2_features: int,
        out_features: int,
        bias: bool = True,
        *,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        checks.count("Bilinear", "in1_features", in1_features)
        checks.count("Bilinear", "in2_features", in2_features)
        checks.count("Bilinear", "out_features", out_features)
        dtype = parameter_dtype(type(self).__name__, dtype)
        self.in1_features, self.in2_features = in1_features, in2_features
        self.out_features = out_features
        self.weight = Parameter(np.empty((out_features, in1_features, in2_features), dtype))
        self.register_parameter("bias", Parameter(np.empty(out_features, dtype)) if bias else None)
        bound = 1 / math.sqrt(in1_features)
        for parameter in self.parameters():
            init.uniform_(parameter, -bound, bound)

    def forward(self, input1: Any, input2: Any) -> Any:
        """Return the form of each pair of rows."""
        return bilinear_form(input1, input2, self.weight, self.bias)

    def extra_repr(self) -> str:
        """Return the sizes."""
        return (
            f"in1_features={self.in1_features}, in2_features={self.in2_features}, "
            f"out_features={self.out_features}, bias={self.bias is not None}"
        )
