"""scipy.linalg, differentiable: `autograd_core.scipy.linalg`."""

from typing import Any

from autograd_core.scipy import linalg as _own


def __getattr__(name: str) -> Any:
    return getattr(_own, name)


def __dir__() -> list[str]:
    return dir(_own)
