"""scipy.special's own functions, also where SciPy puts its array API dispatch before them."""

from __future__ import annotations

from inspect import unwrap
from typing import Any

import scipy.special


def _is_numpy_s(function: Any) -> bool:
    """Whether this is one of NumPy's own functions, such as sinc, that dispatches itself."""
    return hasattr(function, "_implementation")


class _Functions:
    """As `scipy.special`; with ``SCIPY_ARRAY_API=1`` that holds wrappers, and these are wrapped.

    The rules need the ufuncs: a wrapper refuses an array beside a traced value, and is another
    function than the ufunc which the rule is registered for.
    """

    def __getattr__(self, name: str) -> Any:
        found = unwrap(getattr(scipy.special, name), stop=_is_numpy_s)
        setattr(self, name, found)
        return found

    def private(self, name: str) -> Any:
        """Return a ufunc that a function of SciPy's calls, and that has no public name."""
        return getattr(scipy.special._ufuncs, name)


sp: Any = _Functions()
