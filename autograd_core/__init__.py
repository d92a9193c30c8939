"""Reverse- and forward-mode automatic differentiation of NumPy code, with a visible graph."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from autograd_core import _moved, _short_names  # noqa: F401 - find modules by other names
from autograd_core.base import errors as _errors
from autograd_core.base.errors import (
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
    SettingError,
    ShapeError,
    SparsityError,
    UnsupportedError,
    UntrackedError,
)
from autograd_core.base.later import PLACES
from autograd_core.base.source import register_exclusion
from autograd_core.engine.dual import Dual
from autograd_core.engine.gradients import gradients
from autograd_core.engine.graph import Graph
from autograd_core.engine.overwrites import mark_overwritten
from autograd_core.engine.scopes import scope
from autograd_core.engine.tensor import Tensor
from autograd_core.engine.trace_borders import IndependentWarning
from autograd_core.operations.declare import bilinear, elementwise, linear, primitive
from autograd_core.operations.modes import detect_anomaly, enable_grad, no_grad
from autograd_core.operations.primitive import Primitive
from autograd_core.rules.graph import branch, plus, stop_gradient
from autograd_core.rules.special import logsumexp
from autograd_core.transforms.checkpointing import checkpoint
from autograd_core.transforms.derivatives import grad, hvp, jvp, linearize, value_and_grad, vjp

if TYPE_CHECKING:
    import nn as nn  # in a checkout: see _short_names.py
    import optim as optim
    from autograd_core.compiling import RecordedAgain, compile  # noqa: A004 - its public name
    from autograd_core.costs.ledger import cost
    from autograd_core.transforms.batched import LoopWarning
    from autograd_core.transforms.gradcheck import gradcheck
    from autograd_core.transforms.jacobians import hessian, jacobian
    from autograd_core.transforms.symmetric_functions import symmetric_function
    from autograd_core.transforms.vmap import vmap
    from autograd_core.viewer import animate, draw
    from autograd_core.viewer.explanation import explain

__version__ = "0.1.0"

# Imported when first asked for, so that a program that only differentiates starts fast.
_LATER = {
    "LoopWarning": "autograd_core.transforms.batched",
    "RecordedAgain": "autograd_core.compiling",
    "animate": "autograd_core.viewer",
    "compile": "autograd_core.compiling",
    "cost": "autograd_core.costs.ledger",
    "draw": "autograd_core.viewer",
    "explain": "autograd_core.viewer.explanation",
    "gradcheck": "autograd_core.transforms.gradcheck",
    "hessian": "autograd_core.transforms.jacobians",
    "jacobian": "autograd_core.transforms.jacobians",
    "symmetric_function": "autograd_core.transforms.symmetric_functions",
    "vmap": "autograd_core.transforms.vmap",
}
PLACES.update(
    DataError="autograd_core.nn",
    StateDictError="autograd_core.optim",
    array_api_namespace="autograd_core.array_api",
    untracked="autograd_core.engine.tensor",
    instead_of="autograd_core.scipy.values",
    backward_steps="autograd_core.viewer.stepping",
    tensor_html="autograd_core.viewer.heatmap",
    sparse_operator="autograd_core.scipy.sparse.entries",
    transpose="autograd_core.transforms.derivatives",
)


def __getattr__(name: str) -> Any:
    if name in _short_names.NAMES:
        return import_module(f"autograd_core.{name}")
    if name in _errors.MOVED:
        return _errors.moved(name, 3)
    if name not in _LATER:
        raise AttributeError(f"module 'autograd_core' has no attribute {name!r}")
    value = getattr(import_module(_LATER[name]), name)
    globals()[name] = value  # instead of a submodule of the same name
    return value


def __dir__() -> list[str]:
    return sorted([*__all__, *_short_names.NAMES, *_MODULES, "__version__"])


# Public modules beside the public names: `from autograd_core.sparse import sparse_jacobian`.
_MODULES = (
    "adjoints",
    "array_api",
    "compat",
    "elimination",
    "extend",
    "matrix_chain",
    "onnx",
    "randomness",
    "revolve",
    "rounding",
    "scipy",
    "sparse",
    "viewer",
)
__all__ = [
    "AutogradError",
    "ConversionError",
    "DTypeError",
    "Dual",
    "FreedGraphError",
    "GradcheckError",
    "Graph",
    "InPlaceError",
    "IndependentWarning",
    "IndexingError",
    "LinearAlgebraError",
    "LoopWarning",
    "NonFiniteError",
    "NonScalarError",
    "OperandError",
    "OverwrittenError",
    "Primitive",
    "RecordedAgain",
    "RuleError",
    "SeedError",
    "SettingError",
    "ShapeError",
    "SparsityError",
    "Tensor",
    "UnsupportedError",
    "UntrackedError",
    "animate",
    "bilinear",
    "branch",
    "checkpoint",
    "compile",
    "cost",
    "detect_anomaly",
    "draw",
    "elementwise",
    "enable_grad",
    "explain",
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
    "symmetric_function",
    "value_and_grad",
    "vjp",
    "vmap",
]
