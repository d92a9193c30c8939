"""Recurrent layers: several levels, both directions, sequences of different lengths."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_core import optim
from autograd_core.extend import beside, foreign, host

from . import checks
from .cells import Drawn
from .functional.dropout import dropout
from .functional.gru import gru_layer
from .functional.lstm import lstm_layer
from .functional.recurrent import alive_at, projected_lstm_step, unrolled
from .functional.rnn import rnn_layer
from .parameter import Parameter, parameter_dtype
from .random import generator
from .values import as_array, at, everything, raw, shape_error


@optim.keywords.accepts("device")
class _Recurrent(Drawn):
    """What RNN, LSTM and GRU share."""

    gates = 1
    states = 1
    projects = False

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        *,
        proj_size: int = 0,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        name = type(self).__name__
        checks.count(name, "input_size", input_size)
        checks.count(name, "hidden_size", hidden_size)
        checks.count(name, "num_layers", num_layers)
        checks.unit(name, "dropout", dropout)
        checks.count(name, "proj_size", proj_size, 0)
        if proj_size and not self.projects:
            raise shape_error(f"{name}: proj_size is for LSTM only; it must be 0, not {proj_size}.")
        if proj_size >= hidden_size:
            raise shape_error(
                f"{name}: proj_size {proj_size} must be smaller than hidden_size {hidden_size}."
            )
        self.proj_size = proj_size
        self.input_size, self.hidden_size, self.num_layers = input_size, hidden_size, num_layers
        self.bias, self.batch_first, self.dropout = bias, batch_first, dropout
        self.bidirectional = bidirectional
        self.rng = generator()
        dtype = parameter_dtype(type(self).__name__, dtype)
        rows, directions = self.gates * hidden_size, 2 if bidirectional else 1
        out = proj_size or hidden_size
        for suffix, features in self._places(input_size, out * directions):
            shapes: dict[str, tuple[int, ...]] = {
                "weight_ih": (rows, features), "weight_hh": (rows, out)
            }  # fmt: skip
            if bias:
                shapes |= {"bias_ih": (rows,), "bias_hh": (rows,)}
            if proj_size:
                shapes["weight_hr"] = (proj_size, hidden_size)
            for name, shape in shapes.items():
                self.register_parameter(name + suffix, Parameter(np.empty(shape, dtype)))
        self.reset_parameters()

    def _places(self, first: int, later: int) -> list[tuple[str, int]]:
        """Return the suffix of the parameters' names, and the input's features, by layer."""
        ends = ("", "_reverse") if self.bidirectional else ("",)
        return [
            (f"_l{k}{end}", first if k == 0 else later)
            for k in range(self.num_layers)
            for end in ends
        ]

    def _layer(self, x: Any, state: Any, weights: Any, lengths: Any) -> tuple[Any, ...]:
        """Run one layer in one direction."""
        raise NotImplementedError

    def _weights(self, suffix: str, dtype: Any) -> tuple[Any, ...]:
        matrices = getattr(self, "weight_ih" + suffix), getattr(self, "weight_hh" + suffix)
        last = (getattr(self, "weight_hr" + suffix),) if self.proj_size else ()
        if self.bias:
            biases = getattr(self, "bias_ih" + suffix), getattr(self, "bias_hh" + suffix)
            return *matrices, *biases, *last
        none = beside(matrices[0], np.zeros(self.gates * self.hidden_size, dtype))
        return *matrices, none, none, *last

    def _first_states(self, hx: Any, batch: int, single: bool, dtype: Any) -> list[Any]:
        widths = (self.proj_size or self.hidden_size, self.hidden_size)[: self.states]
        shapes = [(len(self._places(0, 0)), batch, width) for width in widths]
        if hx is None:
            first = next(self.parameters())
            return [beside(first, np.zeros(shape, dtype)) for shape in shapes]
        given = hx if isinstance(hx, (tuple, list)) else (hx,)
        wanted = [(a, c) if single else (a, b, c) for a, b, c in shapes]
        if [np.shape(h) for h in given] != wanted:
            words = str(wanted[0]) if len(set(wanted)) == 1 else " and ".join(map(str, wanted))
            raise shape_error(
                f"{type(self).__name__}: the first state needs {self.states} array(s) of shape "
                f"{words}, got {[np.shape(h) for h in given]}."
            )
        return [h.reshape(shape) for h, shape in zip(given, shapes, strict=True)]

    def _lengths(self, lengths: Any, steps: int, batch: int) -> tuple[Any, Any]:
        """Return the checked lengths, and the order that turns each sequence around."""
        if lengths is None:
            return None, None
        lengths = raw(lengths)
        lengths = lengths if foreign(lengths) is None else host(lengths)
        fits = lengths.dtype.kind in "iu" and lengths.shape == (batch,)
        values = everything(lengths)
        if not fits or values.min(initial=1) < 1 or values.max(initial=1) > steps:
            raise shape_error(
                f"{type(self).__name__}: lengths must be {batch} integers from 1 to {steps}."
            )
        lengths = lengths.astype(np.int64)
        time = np.arange(steps)[:, None]
        return lengths, np.where(alive_at(steps, lengths), lengths - 1 - time, time)

    def forward(self, input: Any, hx: Any = None, lengths: Any = None) -> Any:
        """Run the sequences through.

        Parameters
        ----------
        input : shape (time, batch, input_size)
            The sequences; (batch, time, input_size) if batch_first, or (time, input_size).
        hx : array, or (h, c) for an LSTM, optional
            The first state, (layers * directions, batch, hidden_size); default 0.
        lengths : integers of shape (batch,), optional
            How long each sequence is; the output beyond is 0, the last state is
            that at the end of each.

        Returns
        -------
        output
            The last layer's h at every time, both directions side by side.
        state
            The last h, or (h, c), of every layer and direction.
        """
        input = as_array(input)
        shape = input.shape
        if len(shape) not in (2, 3) or shape[-1] != self.input_size:
            raise shape_error(
                f"{type(self).__name__}: the input has shape {shape}; it needs 3 axes (or 2 "
                f"without a batch), the last of length input_size = {self.input_size}."
            )
        single = len(shape) == 2
        if single:
            input = input.reshape((shape[0], 1, shape[1]))
        elif self.batch_first:
            input = input.transpose((1, 0, 2))
        steps, batch, _ = np.shape(input)
        if not steps or not batch:
            raise shape_error(f"{type(self).__name__}: the input of shape {shape} is empty.")
        dtype = np.result_type(input.dtype, next(self.parameters()).dtype)
        if input.dtype != dtype:  # promoted once, so that kernels see one dtype
            input = input.astype(dtype)
        first = self._first_states(hx, batch, single, input.dtype)
        lengths, turned = self._lengths(lengths, steps, batch)
        output, last = self._levels(input, first, lengths, turned)
        if single:
            output = output.reshape((steps, -1))
            last = [h.reshape((-1, h.shape[-1])) for h in last]
        elif self.batch_first:
            output = output.transpose((1, 0, 2))
        return output, last[0] if self.states == 1 else tuple(last)

    def _levels(self, x: Any, first: list[Any], lengths: Any, turned: Any) -> tuple[Any, list[Any]]:
        ends: list[Any] = []
        directions = 2 if self.bidirectional else 1
        for level, place in enumerate(range(0, len(self._places(0, 0)), directions)):
            if level and self.dropout and self.training:
                x = dropout(x, self.dropout, generator=self.rng)
            outputs = []
            for backwards in range(directions):
                suffix = f"_l{level}{'_reverse' if backwards else ''}"
                state = tuple(s[place + backwards] for s in first)
                given = _turn(x, turned) if backwards else x
                out, *last = self._layer(given, state, self._weights(suffix, x.dtype), lengths)
                outputs.append(_turn(out, turned) if backwards else out)
                ends.append(last)
            x = outputs[0] if directions == 1 else np.concatenate(outputs, axis=-1)
        if len(ends) == 1:
            return x, [h.reshape((1, *h.shape)) for h in ends[0]]
        return x, [np.stack([end[k] for end in ends]) for k in range(self.states)]

    def extra_repr(self) -> str:
        """Return the settings that are not the default."""
        text = f"{self.input_size}, {self.hidden_size}"
        for name, usual in (
            ("num_layers", 1), ("bias", True), ("batch_first", False), ("dropout", 0.0),
            ("bidirectional", False), ("proj_size", 0),
        ):  # fmt: skip
            if getattr(self, name) != usual:
                text += f", {name}={getattr(self, name)}"
        return text


def _turn(x: Any, turned: Any) -> Any:
    """Turn time around: of the whole, or of each sequence within its own length."""
    if turned is None:
        return np.flip(x, 0)
    return at(x, turned, np.arange(turned.shape[1])[None, :])


@optim.keywords.accepts("device")
class RNN(_Recurrent):
    """h = tanh(W x + b + V h + c), or with ReLU (Elman, 1990).

    Parameters
    ----------
    input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional, dtype
        As in `LSTM`.
    nonlinearity : {"tanh", "relu"}
        The activation function.

    Raises
    ------
    ShapeError
        If a setting is out of range.

    Examples
    --------
    >>> import numpy as np, nn
    >>> output, h = nn.RNN(4, 3)(np.ones((7, 2, 4), dtype=np.float32))
    >>> output.shape, h.shape
    ((7, 2, 3), (1, 2, 3))
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        nonlinearity: str = "tanh",
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        *,
        proj_size: int = 0,
        dtype: Any = None,
    ) -> None:
        if nonlinearity not in ("tanh", "relu"):
            raise shape_error(f"RNN: nonlinearity must be 'tanh' or 'relu', not {nonlinearity!r}.")
        super().__init__(
            input_size,
            hidden_size,
            num_layers,
            bias,
            batch_first,
            dropout,
            bidirectional,
            proj_size=proj_size,
            dtype=dtype,
        )
        self.nonlinearity = nonlinearity

    def _layer(self, x: Any, state: Any, weights: Any, lengths: Any) -> tuple[Any, ...]:
        found: tuple[Any, ...] = rnn_layer(
            x, *state, *weights, bend=self.nonlinearity, lengths=lengths
        )
        return found


@optim.keywords.accepts("device")
class LSTM(_Recurrent):
    """Long short-term memory (Hochreiter and Schmidhuber, 1997; with forget gates).

    Parameters
    ----------
    input_size, hidden_size : int
        Features of the input and of the state.
    num_layers : int
        Levels, each reading the one below.
    bias : bool
        Whether to add biases.
    batch_first : bool
        Whether input and output are (batch, time, features) instead of (time, batch, features).
    dropout : float
        Probability of dropping between levels.
    bidirectional : bool
        Whether a second set of weights reads each level backwards.
    proj_size : int
        If not 0, h is a learned projection to this many features (Sak et al., 2014).
    dtype : dtype, optional
        Of the parameters.

    Attributes
    ----------
    weight_ih_l0 : Parameter, shape (4 hidden_size, input_size)
    weight_hh_l0 : Parameter, shape (4 hidden_size, hidden_size)
        Gates i, f, g, o; further levels _l1, ..., backwards _l0_reverse, ...
    bias_ih_l0, bias_hh_l0 : Parameter, shape (4 hidden_size,)
    weight_hr_l0 : Parameter, shape (proj_size, hidden_size)
        If proj_size is not 0; weight_hh_l0 has proj_size columns then.

    Raises
    ------
    ShapeError
        If a setting is out of range.

    Examples
    --------
    >>> import numpy as np, nn
    >>> lstm = nn.LSTM(4, 3, num_layers=2, bidirectional=True)
    >>> output, (h, c) = lstm(np.ones((7, 2, 4), dtype=np.float32), lengths=np.array([7, 5]))
    >>> output.shape, h.shape, c.shape
    ((7, 2, 6), (4, 2, 3), (4, 2, 3))
    """

    gates = 4
    states = 2
    projects = True

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        proj_size: int = 0,
        *,
        dtype: Any = None,
    ) -> None:
        super().__init__(
            input_size,
            hidden_size,
            num_layers,
            bias,
            batch_first,
            dropout,
            bidirectional,
            proj_size=proj_size,
            dtype=dtype,
        )

    def _layer(self, x: Any, state: Any, weights: Any, lengths: Any) -> tuple[Any, ...]:
        if self.proj_size:
            return unrolled(projected_lstm_step, x, state, weights, lengths)
        found: tuple[Any, ...] = lstm_layer(x, *state, *weights, lengths=lengths)
        return found


class GRU(_Recurrent):
    """Gated recurrent unit (Cho et al., 2014); PyTorch's form, reset after the product.

    Parameters
    ----------
    input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional, dtype
        As in `LSTM`; gates r, z, n.

    Raises
    ------
    ShapeError
        If a setting is out of range.

    Examples
    --------
    >>> import numpy as np, nn
    >>> output, h = nn.GRU(4, 3, batch_first=True)(np.ones((2, 7, 4), dtype=np.float32))
    >>> output.shape, h.shape
    ((2, 7, 3), (1, 2, 3))
    """

    gates = 3

    def _layer(self, x: Any, state: Any, weights: Any, lengths: Any) -> tuple[Any, ...]:
        found: tuple[Any, ...] = gru_layer(x, *state, *weights, lengths=lengths)
        return found
