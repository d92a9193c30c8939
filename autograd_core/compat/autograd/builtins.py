"""Containers and checks of kind.

A traced list, tuple or dict is the real one here, with traced values in it: so these are Python's
own, except that `isinstance` and `type` look at the array inside of a traced value.
"""

from __future__ import annotations

import builtins
from typing import Any

from autograd_core.compat.autograd.boxes import getval

dict, list, tuple = builtins.dict, builtins.list, builtins.tuple


def isinstance(value: Any, kinds: Any) -> bool:
    """As Python's, of the number or array inside of a traced value.

    Examples
    --------
    >>> isinstance([1.0], list)
    True
    """
    return builtins.isinstance(getval(value), kinds)


def type(value: Any) -> Any:
    """As Python's, of the number or array inside of a traced value.

    Examples
    --------
    >>> type((1.0, 2.0)) is tuple
    True
    """
    return builtins.type(getval(value))


__all__ = ["dict", "isinstance", "list", "tuple", "type"]
