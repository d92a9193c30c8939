"""Recurrent cells: one step of a recurrent layer, for loops of one's own."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autograd_core import optim
from autograd_core.extend import beside

from . import checks, init
from .functional.recurrent import gru_step, lstm_step, relu_step, tanh_step
from .module import Module
from .parameter import Parameter, parameter_dtype
from .values import numbers, shape_error


class Drawn(Module):
    """A module whose parameters are drawn by the size of its state: cells and recurrent layers."""

    hidden_size: int

    def reset_parameters(self) -> None:
        """Draw new values from U(-1/sqrt(hidden_size), 1/sqrt(hidden_size))."""
        bound = 1 / math.sqrt(self.hidden_size)
        for parameter in self.parameters():
            init.uniform_(parameter, -bound, bound)


class _Cell(Drawn):
    """What the cells share."""

    gates = 1
    states = 1
    weight_ih: Parameter
    weight_hh: Parameter

    def __init__(
        self, input_size: int, hidden_size: int, bias: bool = True, *, dtype: Any = None
    ) -> None:
        super().__init__()
        name = type(self).__name__
        checks.count(name, "input_size", input_size)
        checks.count(name, "hidden_size", hidden_size)
        self.input_size, self.hidden_size, self.bias = input_size, hidden_size, bias
        dtype, rows = parameter_dtype(name, dtype), self.gates * hidden_size
        self.weight_ih = Parameter(np.empty((rows, input_size), dtype))
        self.weight_hh = Parameter(np.empty((rows, hidden_size), dtype))
        for place in ("bias_ih", "bias_hh"):
            self.register_parameter(place, Parameter(np.empty(rows, dtype)) if bias else None)
        self.reset_parameters()

    def _step(self, x: Any, state: tuple[Any, ...], weights: tuple[Any, ...]) -> tuple[Any, ...]:
        raise NotImplementedError

    def forward(self, input: Any, hx: Any = None) -> Any:
        """Do one step.

        Parameters
        ----------
        input : shape (batch, input_size) or (input_size,)
            What is read.
        hx : shape (batch, hidden_size) or (hidden_size,), optional
            The state before, for an LSTMCell a pair (h, c) of them; default 0.

        Returns
        -------
        shape (batch, hidden_size) or (hidden_size,)
            The state after, for an LSTMCell a pair (h, c).
        """
        name = type(self).__name__
        input = numbers(name, input)
        shape = np.shape(input)
        if len(shape) not in (1, 2) or shape[-1] != self.input_size:
            raise shape_error(
                f"{name}: the input has shape {shape}; (batch, {self.input_size}) is needed, or "
                f"({self.input_size},) without a batch."
            )
        dtype = np.result_type(input.dtype, self.weight_ih.dtype)
        if input.dtype != dtype:
            input = input.astype(dtype)
        wanted = (*shape[:-1], self.hidden_size)
        given = hx if isinstance(hx, (tuple, list)) else (hx,) * (hx is not None)
        if hx is None:
            given = (beside(self.weight_ih, np.zeros(wanted, dtype)),) * self.states
        if [np.shape(h) for h in given] != [wanted] * self.states:
            raise shape_error(
                f"{name}: the state before needs {self.states} array(s) of shape {wanted}, got "
                f"{[np.shape(h) for h in given]}."
            )
        none = beside(self.weight_ih, np.zeros(self.gates * self.hidden_size, dtype))
        biases = (self.bias_ih, self.bias_hh) if self.bias else (none, none)
        after = self._step(input, tuple(given), (self.weight_ih, self.weight_hh, *biases))
        return after if self.states > 1 else after[0]

    def extra_repr(self) -> str:
        """Return the settings that are not the default."""
        return f"{self.input_size}, {self.hidden_size}" + ("" if self.bias else ", bias=False")


@optim.keywords.accepts("device")
class RNNCell(_Cell):
    """One step of an `RNN`: h = tanh(W x + b + V h + c), or with ReLU.

    Parameters
    ----------
    input_size, hidden_size, bias, dtype
        As in `LSTMCell`.
    nonlinearity : {"tanh", "relu"}
        The activation function.

    Raises
    ------
    ShapeError
        If a setting is out of range.

    Examples
    --------
    >>> import numpy as np, nn
    >>> cell = nn.RNNCell(4, 3)
    >>> h = None
    >>> for x in np.ones((7, 2, 4), dtype=np.float32):
    ...     h = cell(x, h)
    >>> h.shape
    (2, 3)
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        nonlinearity: str = "tanh",
        *,
        dtype: Any = None,
    ) -> None:
        checks.choice("RNNCell", "nonlinearity", nonlinearity, ("tanh", "relu"))
        super().__init__(input_size, hidden_size, bias, dtype=dtype)
        self.nonlinearity = nonlinearity

    def _step(self, x: Any, state: tuple[Any, ...], weights: tuple[Any, ...]) -> tuple[Any, ...]:
        step = tanh_step if self.nonlinearity == "tanh" else relu_step
        found: tuple[Any, ...] = step(x, state, *weights)
        return found

    def extra_repr(self) -> str:
        """Return the settings that are not the default."""
        bend = "" if self.nonlinearity == "tanh" else f", nonlinearity={self.nonlinearity}"
        return super().extra_repr() + bend


@optim.keywords.accepts("device")
class LSTMCell(_Cell):
    """One step of an `LSTM`.

    Parameters
    ----------
    input_size, hidden_size : int
        Features of the input and of the state.
    bias : bool
        Whether to add biases.
    dtype : dtype, optional
        Of the parameters.

    Attributes
    ----------
    weight_ih : Parameter, shape (4 hidden_size, input_size)
    weight_hh : Parameter, shape (4 hidden_size, hidden_size)
        Gates i, f, g, o.
    bias_ih, bias_hh : Parameter, shape (4 hidden_size,), or None

    Raises
    ------
    ShapeError
        If a setting is out of range.

    Examples
    --------
    >>> import numpy as np, nn
    >>> h, c = nn.LSTMCell(4, 3)(np.ones((2, 4), dtype=np.float32))
    >>> h.shape, c.shape
    ((2, 3), (2, 3))
    """

    gates = 4
    states = 2

    def _step(self, x: Any, state: tuple[Any, ...], weights: tuple[Any, ...]) -> tuple[Any, ...]:
        found: tuple[Any, ...] = lstm_step(x, state, *weights)
        return found


@optim.keywords.accepts("device")
class GRUCell(_Cell):
    """One step of a `GRU`.

    Parameters
    ----------
    input_size, hidden_size, bias, dtype
        As in `LSTMCell`; gates r, z, n.

    Raises
    ------
    ShapeError
        If a setting is out of range.

    Examples
    --------
    >>> import numpy as np, nn
    >>> nn.GRUCell(4, 3)(np.ones((2, 4), dtype=np.float32)).shape
    (2, 3)
    """

    gates = 3

    def _step(self, x: Any, state: tuple[Any, ...], weights: tuple[Any, ...]) -> tuple[Any, ...]:
        found: tuple[Any, ...] = gru_step(x, state, *weights)
        return found
