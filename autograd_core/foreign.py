"""Rules for other libraries' ufuncs, taught when they are met, never imported early."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any

_TAUGHT = {"scipy.special": "autograd_core.rules.scipy_special"}


def teach() -> bool:
    """Load the rules for every library that was imported; say whether there were new ones."""
    new = False
    for library, rules in list(_TAUGHT.items()):
        if library in sys.modules:
            del _TAUGHT[library]
            import_module(rules)
            new = True
    return new


def implementation(registry: dict[Any, Any], function: Any) -> Any:
    """Look a function up again after teaching; None if no rule is known."""
    return registry.get(function) if teach() else None
