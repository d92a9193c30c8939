"""numpy.linalg, with HIPS autograd's convention for the triangle that eigh reads.

The derivative is that of the numbers in that triangle, and zero for the others. The engine's own,
like PyTorch's, is the symmetric one.
"""

from __future__ import annotations

from typing import Any, Literal

from autograd_core.compat.autograd.host import namespace as np


def __getattr__(name: str) -> Any:
    return getattr(np.linalg, name)


def __dir__() -> list[str]:
    return dir(np.linalg)


def eigh(a: Any, UPLO: Literal["L", "U", "l", "u"] = "L") -> Any:  # noqa: N803 - NumPy's name
    """As numpy.linalg.eigh; its derivative is in one triangle.

    Examples
    --------
    >>> from autograd_core.compat.autograd import grad
    >>> grad(lambda a: eigh(a)[0][0])(np.array([[2.0, 1.0], [1.0, 2.0]])).round(6)
    array([[ 0.5,  0. ],
           [-1. ,  0.5]])
    """
    lower = UPLO.upper() == "L"
    part = np.tril(a, -1) if lower else np.triu(a, 1)
    diagonal = np.real(np.tril(np.triu(a)))
    return np.linalg.eigh(part + diagonal + np.conj(np.swapaxes(part, -1, -2)), UPLO)


__all__ = ["eigh"]
