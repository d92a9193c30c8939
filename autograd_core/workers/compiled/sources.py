"""Modules whose text is generated: kept in a folder, so that numba finds what it compiled.

numba's cache on disk asks for a source file and forgets what it compiled if that changes. So the
text is written once, under a name that is a hash of the text and of all that the kernel depends on.
Where it cannot be written, kernels are compiled for this process alone.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import sys
import tempfile
import threading
from pathlib import Path
from types import ModuleType
from typing import Any

import llvmlite
import numba
from numba.misc import appdirs as _appdirs

from autograd_core.workers.compiled.cache import digest_of
from autograd_core.workers.faults import say_once

_AppDirs: Any = _appdirs.AppDirs  # whose arguments have no types
_modules: dict[str, ModuleType] = {}
_lock = threading.RLock()


# What a kernel depends on besides its text.
_depends = (
    f"{numba.__version__} {llvmlite.__version__} {sys.version} "
    f"{digest_of(os.path.dirname(__file__))}"
)


def folder() -> Path:
    """Return where generated text is kept: within numba's cache."""
    given = numba.config.CACHE_DIR  # type: ignore[attr-defined]  # set when numba is imported
    return Path(given or _AppDirs("numba", False).user_cache_dir) / "autograd_core_generated"


def _kept(text: str, name: str) -> str | None:
    """Write the text where it is not yet; return the path, or None if that cannot be."""
    try:
        place = folder()
        place.mkdir(parents=True, exist_ok=True)
        path = place / f"{name}.py"
        with contextlib.suppress(OSError, UnicodeDecodeError):
            if path.read_text(encoding="utf-8") == text:
                return str(path)
        handle, temporary = tempfile.mkstemp(dir=place, prefix=name)
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
            os.replace(temporary, path)
        except BaseException:
            os.unlink(temporary)
            raise
        return str(path)
    except OSError as error:
        say_once(
            "disk",
            f"compiled kernels cannot be kept on disk ({error}), so every process "
            "compiles them again. Set NUMBA_CACHE_DIR to a writable folder with free space.",
        )
        return None


def compiled_text(text: str) -> dict[str, Any]:
    """Return the names that a module of this text defines.

    Parameters
    ----------
    text : str
        Python that defines kernels; they are compiled on their first call.
    """
    digest = hashlib.sha256((_depends + text).encode()).hexdigest()[:32]
    name = f"autograd_core_generated_{digest}"
    with _lock:
        if name not in _modules:
            module = ModuleType(name)
            path = _kept(text, name)
            module.__file__ = path or f"<{name}>"
            if path is None:  # numba would find no place for what it compiles either
                text = text.replace("import exact_kernel", "import unkept_kernel as exact_kernel")
            sys.modules[name] = module
            try:
                exec(compile(text, module.__file__, "exec"), module.__dict__)
            except BaseException:
                del sys.modules[name]
                raise
            _modules[name] = module
        return vars(_modules[name])
