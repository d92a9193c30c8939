"""The operation table exported to ONNX with its gradients, row by row: equal, or refused."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from table import directions, outputs, weighted

import nn
from autograd_core import onnx
from autograd_core.base.errors import UnsupportedError


def outcome(case: Any, dtype: Any = np.float64) -> str:
    """Return "" if a row's value and gradients are exported and equal; the refusal otherwise.

    `export` itself compares: it raises if onnxruntime gives something else than the engine.
    """
    with nn.use_kernels(compiled=False), warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        args = tuple(a.astype(dtype) if a.dtype == float else a for a in case.arguments())
        made = outputs(case.f(*args))
        if any(x.dtype.kind != "f" for x in made):
            return "onnx: the result is complex."
        f = weighted(case.f, directions(made, 0))
        argnums = tuple(k for k, a in enumerate(args) if a.dtype.kind == "f")
        try:
            onnx.export(f, args, gradients=True, argnums=argnums)
        except UnsupportedError as error:
            return str(error)
    return ""
