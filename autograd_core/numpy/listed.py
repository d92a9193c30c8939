"""NumPy's functions given lists of traced numbers, such as ``np.mean([a, b])``.

NumPy does not look into a list before it makes an array of it, so the list is joined first.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import wraps
from types import ModuleType
from typing import Any

from autograd_core.operations.nested_sequences import arranged

_LISTS = frozenset({list, tuple})


def listed(function: Any, home: str) -> Any:
    """Return a NumPy function that joins lists of traced numbers; anything else as it is.

    Parameters
    ----------
    function : any
        What stands under a name in NumPy.  Only functions that other arrays may take over change.
    home : str
        The module under whose name the function is found again, for pickles.
    """
    if not callable(function) or not hasattr(function, "_implementation"):
        return function
    call: Callable[..., Any] = function

    @wraps(call)
    def with_lists(*args: Any, **keywords: Any) -> Any:
        for value in (*args, *keywords.values()) if keywords else args:
            if value.__class__ in _LISTS:
                args, keywords = arranged(call, args, keywords)
                break
        return call(*args, **keywords)

    with_lists.__module__ = home
    # NumPy's own examples are not for this module's tests
    with_lists.__doc__ = re.split(r"\n *Examples\n|\n *>>>", call.__doc__ or "")[0]
    return with_lists


class Namespace(ModuleType):
    """One of NumPy's modules, whose functions take lists of traced numbers.

    Parameters
    ----------
    name : str
        The name that it is imported by.
    module : module
        NumPy's.
    """

    def __init__(self, name: str, module: ModuleType) -> None:
        super().__init__(name, module.__doc__)
        self.__all__ = list(module.__all__)
        self.__wrapped__ = module

    def __getattr__(self, name: str) -> Any:
        found = listed(getattr(self.__dict__["__wrapped__"], name), self.__name__)
        setattr(self, name, found)
        return found

    def __dir__(self) -> list[str]:
        return dir(self.__wrapped__)
