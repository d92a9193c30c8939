"""NumPy functions that cannot have a derivative rule, each with the reason and the remedy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autograd_core.base.errors import UnsupportedError
from autograd_core.base.source import Location
from autograd_core.operations.primitive import register

REASONS: dict[Callable[..., Any], str] = {}


def refuse(reason: str, *functions: Callable[..., Any]) -> None:
    """Let NumPy functions raise, with a reason, when an argument is traced."""

    def refusal(name: str) -> Callable[..., Any]:
        def run(*args: Any, **keywords: Any) -> Any:
            raise UnsupportedError(f"{name}: {reason}", Location.of_caller())

        return run

    for function in functions:
        REASONS[function] = reason
        register(function, refusal(function.__name__))


refuse(
    "writing to a file would lose the derivative; save x.detach().numpy().",
    np.save,
    np.savez,
    np.savez_compressed,
    np.savetxt,
)
refuse(
    "the result mixes values with sets of positions; use np.unique, or x.detach() for constants.",
    np.intersect1d,
    np.setdiff1d,
    np.setxor1d,
    np.unique_all,
    np.unique_counts,
    np.unique_inverse,
)
refuse(
    "dates and times carry no derivative.",
    np.busday_count,
    np.busday_offset,
    np.is_busday,
    np.datetime_as_string,
    np.isnat,
)
