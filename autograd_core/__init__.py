"""Reverse- and forward-mode automatic differentiation of NumPy code, with a visible graph."""

from typing import TYPE_CHECKING, Any

from autograd_core.backward import gradients
from autograd_core.check import gradcheck
from autograd_core.checkpointing import checkpoint
from autograd_core.dual import Dual
from autograd_core.errors import (
    AutogradError,
    ConversionError,
    DTypeError,
    FreedGraphError,
    GradcheckError,
    IndexingError,
    InPlaceError,
    LinearAlgebraError,
    NonFiniteError,
    NonScalarError,
    OperandError,
    OverwrittenError,
    RuleError,
    SeedError,
    ShapeError,
    SparsityError,
    UnsupportedError,
    UntrackedError,
)
from autograd_core.graph import Graph
from autograd_core.inplace import mark_overwritten
from autograd_core.modes import detect_anomaly, enable_grad, no_grad
from autograd_core.primitive import Primitive, bilinear, elementwise, linear, primitive
from autograd_core.rules.graph import branch, plus, stop_gradient
from autograd_core.rules.special import logsumexp
from autograd_core.scopes import scope
from autograd_core.source import register_exclusion
from autograd_core.tensor import Tensor
from autograd_core.transforms import (
    grad,
    hvp,
    jvp,
    linearize,
    value_and_grad,
    vjp,
)
from autograd_core.viewer import draw

if TYPE_CHECKING:
    from autograd_core.batching import LoopWarning, vmap
    from autograd_core.jacobians import hessian, jacobian
    from autograd_core.ledger import cost

__version__ = "0.1.0"

__all__ = [
    "AutogradError",
    "ConversionError",
    "DTypeError",
    "Dual",
    "FreedGraphError",
    "GradcheckError",
    "Graph",
    "InPlaceError",
    "IndexingError",
    "LinearAlgebraError",
    "LoopWarning",
    "NonFiniteError",
    "NonScalarError",
    "OperandError",
    "OverwrittenError",
    "Primitive",
    "RuleError",
    "SeedError",
    "ShapeError",
    "SparsityError",
    "Tensor",
    "UnsupportedError",
    "UntrackedError",
    "bilinear",
    "branch",
    "checkpoint",
    "cost",
    "detect_anomaly",
    "draw",
    "elementwise",
    "enable_grad",
    "grad",
    "gradcheck",
    "gradients",
    "hessian",
    "hvp",
    "jacobian",
    "jvp",
    "linear",
    "linearize",
    "logsumexp",
    "mark_overwritten",
    "no_grad",
    "plus",
    "primitive",
    "register_exclusion",
    "scope",
    "stop_gradient",
    "value_and_grad",
    "vjp",
    "vmap",
]

# Loaded when first asked for, which keeps the import of the package short.
_LATER = {
    "LoopWarning": "batching",
    "cost": "ledger",
    "hessian": "jacobians",
    "jacobian": "jacobians",
    "vmap": "batching",
}


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    found = getattr(import_module(f"{__name__}.{_LATER[name]}"), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *_LATER})
