"""Rules for other libraries' ufuncs, taught when they are met, never imported early."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any

_TAUGHT = {"scipy.special": "autograd_core.rules.scipy_special"}


def teach() -> bool:
    """Load the rules for every library that was imported; say whether there were new ones."""
    met = [library for library in _TAUGHT if library in sys.modules]
    for library in met:
        import_module(_TAUGHT.get(library, __name__))  # another thread waits here until it is done
        _TAUGHT.pop(library, None)
    return bool(met)


def implementation(registry: dict[Any, Any], function: Any) -> Any:
    """Look a function up again after teaching; None if no rule is known."""
    return registry.get(function) if teach() else None
