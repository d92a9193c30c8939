"""HIPS autograd's own tests and examples, run on `autograd_core.compat.autograd`, and counted.

    git clone https://github.com/HIPS/autograd hips
    python benchmarks/coming_from_autograd.py hips            # the tests
    python benchmarks/coming_from_autograd.py hips examples   # the examples, 20 seconds each

Nothing of that project is changed: ``import autograd`` finds our modules. Results are in
docs/coming-from/autograd.md.
"""

from __future__ import annotations

import os
import subprocess
import sys
from importlib import import_module
from importlib.machinery import ModuleSpec
from pathlib import Path

OURS = "autograd_core.compat."
SECONDS = 20
NO_EXAMPLES = {"__init__.py", "data.py", "data_mnist.py"}


class Alias:
    """Finds ``autograd.x`` as ``autograd_core.compat.autograd.x``."""

    def find_spec(self, name, path=None, target=None):
        if name != "autograd" and not name.startswith("autograd."):
            return None
        try:
            import_module(OURS + name)
        except ModuleNotFoundError:
            return None
        return ModuleSpec(name, self)

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        sys.modules[module.__name__] = sys.modules[OURS + module.__name__]


def install():
    sys.path.insert(0, str(Path(__file__).parent.parent))
    sys.meta_path.insert(0, Alias())


def tests(folder, more):
    import pytest

    os.chdir(folder)
    return pytest.main(["-q", "-p", "no:cacheprovider", "-W", "ignore", "--tb=short", "tests",
                        *more])  # fmt: skip


def example(file):
    import runpy

    import matplotlib as mpl

    mpl.use("Agg")
    os.chdir(file.parent)
    sys.path.insert(0, str(file.parent))
    runpy.run_path(str(file), run_name="__main__")


def examples(folder):
    good = 0
    files = [p for p in sorted(folder.glob("examples/**/*.py")) if p.name not in NO_EXAMPLES]
    for file in files:
        command = [sys.executable, __file__, str(folder), "example", str(file)]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS)
            right, last = done.returncode == 0, (done.stderr.strip().splitlines() or [""])[-1]
        except subprocess.TimeoutExpired:
            right, last = True, "still running"
        good += right
        print("runs " if right else "fails", file.name, "" if right and not last else last)
    print(f"{good} of {len(files)} run")


if __name__ == "__main__":
    install()
    folder = Path(sys.argv[1]).resolve()
    what = sys.argv[2] if len(sys.argv) > 2 else "tests"
    if what == "examples":
        examples(folder)
    elif what == "example":
        example(Path(sys.argv[3]))
    else:
        sys.exit(tests(folder, sys.argv[2:]))
