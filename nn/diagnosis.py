"""Where the first non-finite number came from, when a loss is NaN or infinite.

Asked only after it has happened: the inputs, the targets and the parameters are looked through, and
if they are clean, the model runs once more with a hook on every module that holds no others.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from autograd_core import no_grad

from .module import Module
from .random import get_rng_state, set_rng_state
from .values import raw


def broken(value: Any) -> str | None:
    """Return "3 NaN and 1 infinite of 12 numbers" and the first place, or None if all are finite.

    Examples
    --------
    >>> broken(np.array([1.0, np.nan, np.inf, 2.0]))
    '1 NaN, 1 infinite of 4 numbers, the first at (1,)'
    >>> broken(np.arange(3)) is None
    True
    """
    array = raw(value)
    if array.dtype.kind not in "fc" or np.isfinite(array).all():
        return None
    first = tuple(int(k) for k in np.argwhere(~np.isfinite(array))[0])
    nan, infinite = int(np.isnan(array).sum()), int(np.isinf(array).sum())
    kinds = [f"{n} {what}" for n, what in ((nan, "NaN"), (infinite, "infinite")) if n]
    return f"{', '.join(kinds)} of {array.size} numbers, the first at {first}"


def first_broken(model: Module, inputs: Sequence[Any], target: Any) -> str:
    """Return a sentence that names what was not finite first.

    Parameters
    ----------
    model : Module
        What was run.
    inputs, target
        The batch.

    Returns
    -------
    str
        The inputs, the target, a parameter or buffer, the first layer whose output is not
        finite, or the loss itself.

    Examples
    --------
    >>> import nn
    >>> first_broken(nn.Linear(2, 1), (np.array([[0.0, np.nan]]),), np.zeros((1, 1)))
    'input 0 of the model has 1 NaN of 2 numbers, the first at (0, 1)'
    """
    for k, value in enumerate(inputs):
        if found := broken(value):
            return f"input {k} of the model has {found}"
    if found := broken(target):
        return f"the target has {found}"
    for name, parameter in model.named_parameters():
        if found := broken(parameter):
            return f"the parameter {name} has {found}: an earlier update broke it"
    for name, buffer in model.named_buffers():
        if found := broken(buffer):
            return f"the buffer {name} has {found}"
    return _first_layer(model, inputs) or ("the model's output is finite; the loss itself is not")


def _first_layer(model: Module, inputs: Sequence[Any]) -> str | None:
    """Run the model once more and return the first layer whose output is not finite."""
    seen: list[str] = []

    def look(name: str) -> Any:
        def hook(module: Module, given: Any, output: Any) -> None:
            parts = output if isinstance(output, tuple) else (output,)
            for part in parts:
                found = None if seen or not hasattr(part, "dtype") else broken(part)
                if found:
                    layer = f"layer {name}" if name else "the model"
                    seen.append(f"the output of {layer}, a {type(module).__name__}, has {found}")

        return hook

    # children are asked before their parents, because they finish first
    hooks = [m.register_forward_hook(look(name)) for name, m in model.named_modules()]
    kept = {name: np.array(raw(b)) for name, b in model.named_buffers()}
    random = get_rng_state()
    try:
        with no_grad(), np.errstate(all="ignore"):
            model(*inputs)
    finally:
        set_rng_state(random)
        for name, buffer in model.named_buffers():
            raw(buffer)[...] = kept[name]
        for handle in hooks:
            handle.remove()
    return seen[0] if seen else None
