"""scipy.special, differentiable: `autograd_core.scipy.special`."""

from typing import Any

from autograd_core.scipy import special as _own


def __getattr__(name: str) -> Any:
    return getattr(_own, name)


def __dir__() -> list[str]:
    return dir(_own)
