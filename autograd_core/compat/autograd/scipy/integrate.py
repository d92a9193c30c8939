"""scipy.integrate, differentiable: `autograd_core.scipy.integrate`."""

from typing import Any

from autograd_core.scipy import integrate as _own


def __getattr__(name: str) -> Any:
    return getattr(_own, name)


def __dir__() -> list[str]:
    return dir(_own)
