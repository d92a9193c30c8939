"""Every function that HIPS autograd differentiates is differentiated here (skipped without it).

The table (test_table_registry) sees to it that what is registered is checked in both modes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from autograd_core.operations.declare import is_unknown
from autograd_core.operations.primitive import REGISTRY, Constant, Primitive
from autograd_core.rules.refused import REASONS

pytest.importorskip("autograd")
pytest.importorskip("scipy")

import autograd.numpy.fft
import autograd.numpy.linalg
import autograd.scipy.integrate
import autograd.scipy.linalg
import autograd.scipy.signal
import autograd.scipy.special
import autograd.scipy.stats
import scipy.special
from autograd.core import primitive_jvps, primitive_vjps

import autograd_core.rules.scipy_special  # noqa: F401 - registers its ufuncs
from autograd_core.scipy import integrate, linalg, signal, special, stats

# Parts of HIPS autograd itself, or of how it wraps NumPy; no functions of a user's.
INTERNAL = {
    "container_take", "container_untake", "make_sequence", "sequence_extend_left", "_make_dict",
    "sequence_extend_right", "add", "covector", "inner_prod", "mut_add", "scalar_mul", "sparse_add",
    "truncate_pad", "__getitem__", "dot_adjoint_0", "dot_adjoint_1", "tensordot_adjoint_0",
    "tensordot_adjoint_1", "untake", "_array_from_scalar_or_array", "array_from_args",
    "concatenate_args", "make_diagonal",
}  # fmt: skip
# NumPy asks nobody when it makes an array of a traced number: np.full_like, np.broadcast_to do.
NOT_OVERRIDABLE = {"full"}


def _function(entry: Any) -> Callable[..., Any]:
    return getattr(entry, "fun", entry)


def _is_internal(f: Any) -> bool:
    if f.__name__ == "<lambda>":  # declared by another test
        return True
    inside = str(getattr(f, "__module__", None) or "").startswith("autograd.")
    return inside and f.__name__ in INTERNAL


def _here(f: Any) -> Any:
    """What stands for one of their functions here; None if nothing does."""
    module, name = getattr(f, "__module__", None) or "", f.__name__
    if module.startswith("scipy.stats"):
        kind = type(f.__self__).__name__.removesuffix("_gen").removesuffix("_frozen")
        return getattr(vars(stats).get(kind), name, None)
    for ours, prefix in (
        (integrate, "scipy.integrate"),
        (linalg, "scipy.linalg"),
        (signal, "autograd.scipy.signal"),
    ):
        if module.startswith(prefix):
            return vars(ours).get(name)
    if module.startswith("scipy.special"):
        return vars(special).get(name)
    found = REGISTRY.get(f)
    return None if isinstance(found, Constant) or f in REASONS else found


@pytest.mark.parametrize("table", [primitive_vjps, primitive_jvps], ids=["reverse", "forward"])
def test_what_they_differentiate_is_differentiated_here(table: Any) -> None:
    theirs = [f for f in map(_function, table) if not _is_internal(f)]
    missing = {f.__name__ for f in theirs if _here(f) is None}
    assert len(theirs) > 100
    assert missing - NOT_OVERRIDABLE == set()


def _argnums(entry: Any) -> list[int]:
    """The arguments that they have a reverse rule for."""
    for cell in getattr(primitive_vjps[entry], "__closure__", None) or ():
        if isinstance(cell.cell_contents, dict):
            return [k for k, rule in cell.cell_contents.items() if rule is not None]
    return []


def test_in_every_argument_that_they_know() -> None:
    behind = []
    seen = 0
    for entry in primitive_vjps:
        ours = REGISTRY.get(_function(entry))
        if not isinstance(ours, Primitive) or ours.vjps is None:
            continue
        for k in _argnums(entry):
            seen += 1
            if k < len(ours.vjps) and is_unknown(ours.vjps[k]):
                behind.append((ours.name, k))
    assert seen > 100
    assert behind == [("yn", 0)]  # of an integer order, where theirs answers zero


@pytest.mark.parametrize(
    ("f", "x"),
    [
        (lambda x: scipy.special.gammainc(1.3, x), 0.7),
        (lambda x: scipy.special.ive(1.0, x), 0.7),
        (lambda x: np.linalg.slogdet(np.outer(np.ones(2), np.ones(2)) + np.eye(2) * x)[1], 0.7),
    ],
)
def test_some_gradients_are_theirs(f: Any, x: float) -> None:
    import autograd as hips

    from autograd_core import grad

    names = {np: autograd.numpy, scipy.special: autograd.scipy.special}
    theirs = type(f)(f.__code__, {**f.__globals__, "np": names[np], "scipy": autograd.scipy})
    np.testing.assert_allclose(grad(f)(x), hips.grad(theirs)(x), rtol=1e-12)
