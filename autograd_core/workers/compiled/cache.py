"""numba's cache on disk, which only makes things fast and may therefore stop nothing.

A file that a killed process or a full disk cut short is deleted and written anew; where
nothing can be written, kernels are compiled for this process alone.
"""

from __future__ import annotations

import contextlib
import glob
import hashlib
import os
from functools import lru_cache
from importlib import import_module
from typing import Any

from autograd_core.workers.faults import say_once

_caching: Any = import_module("numba.core.caching")  # whose functions have no types


class ForgivingCache(_caching.FunctionCache):  # type: ignore[misc]  # numba ships no types
    """A function's cache whose faults are mended or passed over.

    numba compiles anew when a function's own file has changed.  What it calls is compiled into it,
    so here the other kernels' files count, too.
    """

    def __init__(self, function: Any) -> None:
        super().__init__(function)
        file = self._cache_file
        beside = digest_of(os.path.dirname(function.__code__.co_filename))
        file._source_stamp = (file._source_stamp, beside, digest_of(os.path.dirname(__file__)))

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """Return what was compiled before; None where it cannot be read."""
        try:
            return super().load_overload(sig, target_context)
        except Exception:  # truncated, empty, or not what numba wrote: whatever unpickling raises
            self._forget()
            return None

    def save_overload(self, sig: Any, data: Any) -> None:
        """Keep what was compiled, if the disk takes it."""
        try:
            try:
                super().save_overload(sig, data)
            except OSError:
                raise
            except Exception:  # the index that it adds to cannot be read
                self._forget()
                super().save_overload(sig, data)
        except Exception as error:
            say_once(
                "disk",
                f"compiled kernels cannot be kept on disk ({error}), so every process "
                "compiles them again. Set NUMBA_CACHE_DIR to a writable folder with free space.",
            )

    def _forget(self) -> None:
        """Delete this function's files."""
        base = os.path.join(glob.escape(self._cache_path), glob.escape(self._impl.filename_base))
        for path in glob.glob(f"{base}.*"):
            with contextlib.suppress(OSError):
                os.unlink(path)


@lru_cache
def digest_of(folder: str) -> str:
    """Return a digest of a package's modules; of other folders, whose files stand alone, none.

    Examples
    --------
    >>> len(digest_of(os.path.dirname(__file__))), digest_of(os.sep)
    (64, '')
    """
    names = sorted(glob.glob(os.path.join(glob.escape(folder), "*.py")))
    if os.path.join(folder, "__init__.py") not in names:
        return ""
    digest = hashlib.sha256()
    for name in names:
        with open(name, "rb") as file:
            digest.update(file.read())
    return digest.hexdigest()


def keep(dispatcher: Any) -> Any:
    """Let a compiled function use the cache, where there is a place for it.

    Raises
    ------
    RuntimeError
        If there is no place: compiling all kernels in each process would take minutes.
    """
    dispatcher._cache = ForgivingCache(dispatcher.py_func)
    return dispatcher
