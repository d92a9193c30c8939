"""The exceptions of optimizers and schedules; those of the engine are in autograd_core."""

from __future__ import annotations

from autograd_core import AutogradError


class StateDictError(AutogradError, RuntimeError):
    """A saved state that does not fit what is to take it on.

    Parameters
    ----------
    message : str
        What was to take the state on, what does not fit, and what to do about it.
    where : Location, optional
        The user's line; shown under the message.

    Examples
    --------
    >>> import numpy as np
    >>> import optim
    >>> from autograd_core import Tensor
    >>> optimizer = optim.SGD([Tensor(np.ones(2), requires_grad=True)], lr=0.1)
    >>> try:
    ...     optimizer.load_state_dict({"state": {}, "param_groups": []})
    ... except optim.StateDictError as error:
    ...     print("refused")
    refused
    """
