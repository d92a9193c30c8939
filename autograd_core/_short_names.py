"""`autograd_core.nn` and `nn` are one package under two names, and so are `optim` and its modules.

A wheel holds their code where nobody else writes, in autograd_core/nn and autograd_core/optim,
and a small package for each short name. A checkout has the folders nn and optim beside
autograd_core. In both, whichever name is imported second gives the module of the first.
"""

from __future__ import annotations

import sys
from pathlib import Path

from autograd_core._aliases import Finder

_HERE = Path(__file__).parent
NAMES = ("nn", "optim")
INSTALLED = (_HERE / "nn").is_dir()  # from a wheel


def own(name: str) -> str:
    """Return the name under which a module of nn or optim runs, for any of its two names."""
    short = name.removeprefix("autograd_core.")
    return f"autograd_core.{short}" if INSTALLED else short


def _real_name(name: str) -> str | None:
    package = name.removeprefix("autograd_core.").partition(".")[0]
    if package not in NAMES or own(name) == name:
        return None
    if INSTALLED and sys.modules.get(package) is not sys.modules.get(own(package)):
        return None  # `nn` is the package in that place, ours or another project's
    return own(name)


def check_ours(name: str, real: str) -> None:
    """Raise if, in a checkout, the package of a short name is not the folder in this checkout."""
    if INSTALLED:
        return
    package = real.partition(".")[0]
    file = getattr(sys.modules[package], "__file__", None)
    if file is None or Path(file).parent != _HERE.parent / package:
        raise ImportError(
            f"{name}: the package {package!r} at {file} belongs to another project, which hides "
            "the one of autograd-core. Put the checkout of autograd-core first on sys.path."
        )


FINDER = Finder(_real_name, check_ours)
sys.meta_path.insert(0, FINDER)
