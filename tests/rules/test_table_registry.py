"""Every function in the registry has a row in the table, and constants carry no derivative."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from cases import EVERY
from cases.constants import CONSTANTS

from autograd_core import Dual, Tensor, grad
from autograd_core.engine.traced import Traced
from autograd_core.operations.primitive import REGISTRY, Constant
from autograd_core.rules.refused import REASONS


def _name(function: Any) -> str:
    if isinstance(function, tuple):
        return f"{function[0].__name__}.{function[1]}"
    return f"{getattr(function, '__module__', None) or 'numpy'}.{function.__name__}"


def test_every_rule_has_a_case(monkeypatch: pytest.MonkeyPatch) -> None:
    """Run the whole table and note which NumPy functions it calls itself (not by way of others)."""
    called: set[Any] = set()
    depth = 0

    def noting(original: Any) -> Any:
        def protocol(self: Any, function: Any, second: Any, *rest: Any, **keywords: Any) -> Any:
            nonlocal depth
            if not depth:
                called.add(function)
                if isinstance(second, str) and second != "__call__":
                    called.add((function, second))
            depth += 1
            try:
                return original(self, function, second, *rest, **keywords)
            finally:
                depth -= 1

        return protocol

    for kind in (Traced, Tensor):
        for protocol in ("__array_ufunc__", "__array_function__"):
            if protocol in vars(kind):
                monkeypatch.setattr(kind, protocol, noting(vars(kind)[protocol]))
    for case in EVERY:
        case.f(*[Tensor(x, requires_grad=True) for x in case.arguments()])
    missing = {
        _name(f)
        for f, run in REGISTRY.items()
        if f not in called and f not in REASONS and not isinstance(run, Constant)
    }
    assert not missing


@pytest.mark.parametrize("function", CONSTANTS, ids=_name)
def test_constants_carry_no_derivative(function: Any) -> None:
    """The value is NumPy's, and what is made of it has gradient 0."""
    for call in CONSTANTS[function]:
        x = np.array([0.5, -1.25, 2.0])
        expected = call(x)
        for traced in (Tensor(x, requires_grad=True), Dual(x, np.ones(3)), Tensor(x)):
            found = call(traced)
            parts = found if isinstance(found, tuple) else (found,)
            wanted = expected if isinstance(expected, tuple) else (expected,)
            for part, want in zip(parts, wanted, strict=True):
                if hasattr(part, "detach"):
                    assert not getattr(part, "requires_grad", False)
                    part = part.detach()
                    part = part.data if isinstance(part, Tensor) else part
                if function not in (np.empty_like, np.array_repr, np.array_str, np.array2string):
                    np.testing.assert_array_equal(part, want)

        def through(x: Any, call: Any = call) -> Any:
            made = call(x)
            made = made[0] if isinstance(made, tuple) and made else made
            factor = (
                made
                if not isinstance(made, type)
                and hasattr(made, "__array_ufunc__")
                and made.dtype.kind in "biuf"
                else 1.0
            )
            return np.sum(x * 2.0) + np.sum(factor * 0.0)

        if function is not np.empty_like:
            np.testing.assert_array_equal(grad(through)(x), [2.0, 2.0, 2.0])


def test_every_constant_has_a_case() -> None:
    missing = {f for f, run in REGISTRY.items() if isinstance(run, Constant)} - set(CONSTANTS)
    assert not {_name(f) for f in missing}


def test_no_constant_returns_its_arguments_numbers() -> None:
    """What is a float and moves with the arguments has a derivative, which would be cut."""
    x = np.array([[0.7, 2.6], [1.0, 3.0]])
    cut = []
    for function, run in REGISTRY.items():
        if not isinstance(run, Constant) or isinstance(function, np.ufunc):
            continue
        for arguments in ((x,), (x[0],), (x, x), (x[0], x[0]), (x[0], 1.3), (x[0], x[0], x[0])):
            try:
                made = function(*arguments), function(*(a + 1e-3 for a in arguments))
            except (TypeError, ValueError, IndexError, AttributeError):
                continue
            parts = [np.hstack([np.ravel(p) for p in m]) if isinstance(m, tuple) and m else m
                     for m in made]  # fmt: skip
            floats = isinstance(parts[0], np.ndarray | np.generic) and parts[0].dtype.kind in "fc"
            if floats and function is not np.empty_like and not np.array_equal(*parts):
                cut.append(_name(function))
    assert not cut
