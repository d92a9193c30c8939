"""Converting a module's arrays: to another dtype, or to another library's arrays."""

from __future__ import annotations

from collections.abc import Iterator
from types import ModuleType
from typing import Any, Self

import numpy as np

from autograd_core import OperandError, UnsupportedError
from autograd_core.extend import Location, foreign, host

from .values import is_traced, raw


class Convertible:
    """What a module can be converted to; the methods of `Module` that do so."""

    def _own_parameters(self, what: str) -> list[Any]:
        raise NotImplementedError

    def modules(self) -> Iterator[Any]:
        """Yield the module itself and all below it."""
        raise NotImplementedError

    def to(self, dtype: Any = None, *, device: Any = None, non_blocking: bool = False) -> Self:
        """Convert parameters and buffers, in place: to a dtype, or to another library's arrays.

        Gradients are cleared. An optimizer that has made steps keeps the old kind of arrays: make
        it after the conversion.

        Parameters
        ----------
        dtype : dtype or module
            A dtype, for parameters and floating-point buffers; or an array module with
            ``asarray``, such as ``cupy``, for all of them; ``numpy`` brings them back, and so
            does ``"cpu"``.
        device : {"cpu"}, optional
            As in PyTorch; other devices are chosen by an array module.
        non_blocking : bool
            Has no effect.

        Returns
        -------
        Module
            Itself.

        Raises
        ------
        OperandError
            If it is neither.

        Examples
        --------
        >>> import nn
        >>> nn.Linear(2, 1).to(np.float64).weight.dtype
        dtype('float64')
        >>> nn.Linear(2, 1).to(np).weight.shape
        (1, 2)
        """
        words = {str(name) for name in (device, dtype) if _is_device(name)}
        if words - {"cpu"}:
            raise _no_device(f"to({min(words - {'cpu'})!r})")
        if words:
            self.cpu()
        if dtype is None or _is_device(dtype):
            return self
        if isinstance(dtype, ModuleType):
            return self._to_kind(dtype)
        dtype = np.dtype(dtype)
        if dtype.kind != "f":
            raise OperandError(
                f"to({dtype}): parameters need a floating-point dtype.", Location.of_caller()
            )
        for parameter in self._own_parameters("to()"):
            parameter.data = parameter.data.astype(dtype, copy=False)
            parameter.grad = None
        for module in self.modules():
            for name, value in module._buffers.items():
                if value is not None and value.dtype.kind == "f":
                    module._buffers[name] = value.astype(dtype, copy=False)
        return self

    def _to_kind(self, module: ModuleType) -> Self:
        """Convert all arrays by the ``asarray`` of an array module."""
        if not hasattr(module, "asarray"):
            raise OperandError(
                f"to({module.__name__}): an array module needs a function asarray; cupy and numpy "
                "have one.",
                Location.of_caller(),
            )

        def moved(value: Any) -> Any:
            return host(value) if module is np else module.asarray(value)

        for parameter in self._own_parameters("to()"):
            parameter.data = moved(parameter.data)
            parameter.grad = None
        for part in self.modules():
            for name, value in part._buffers.items():
                if value is not None:
                    part._buffers[name] = moved(raw(value) if is_traced(value) else value)
        return self

    def float(self) -> Self:
        """Convert to float32."""
        return self.to(np.float32)

    def double(self) -> Self:
        """Convert to float64."""
        return self.to(np.float64)

    def half(self) -> Self:
        """Convert to float16."""
        return self.to(np.float16)

    def type(self, dst_type: Any) -> Self:
        """Convert to a dtype, as `to` does."""
        return self.to(dst_type)

    def cpu(self) -> Self:
        """Bring arrays of other libraries back to NumPy; others stay as they are.

        Examples
        --------
        >>> import nn
        >>> nn.Linear(2, 1).cpu().weight.shape
        (1, 2)
        """
        held = [p.data for p in self._own_parameters("cpu()")]
        held += [b for part in self.modules() for b in part._buffers.values() if b is not None]
        return self if all(foreign(a) is None for a in held) else self._to_kind(np)

    def cuda(self, device: Any = None) -> Self:
        """Raise: arrays go to a GPU by ``to(cupy)``."""
        raise _no_device("cuda()")

    def bfloat16(self) -> Self:
        """Raise: NumPy has no such dtype; `half` and `float` are there."""
        raise UnsupportedError(
            "bfloat16(): NumPy has no bfloat16; use half() or float().", Location.of_caller()
        )


def _is_device(value: Any) -> bool:
    """Tell whether a value names a device: text, or an object of PyTorch's."""
    if isinstance(value, str):
        name = value.partition(":")[0]
        return name in ("cpu", "cuda", "mps", "xpu", "meta", "gpu")
    return type(value).__name__ == "device"


def _no_device(what: str) -> UnsupportedError:
    return UnsupportedError(
        f"{what}: arrays live in the machine's memory; those of another library are chosen by "
        "its module: model.to(cupy).",
        Location.of_caller(),
    )
