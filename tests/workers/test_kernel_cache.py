"""Compiled kernels on disk: what a kernel calls is compiled into it, and counts as its source."""

import subprocess
import sys

import pytest

from autograd_core.workers.settings import importable

pytestmark = pytest.mark.skipif(not importable("numba"), reason="the compiled kernels need numba")
CALLED = (
    "from autograd_core.workers.compiled import kernel\n\n@kernel\ndef one(x):\n    return x + {}\n"
)
CALLER = """from autograd_core.workers.compiled import kernel
from package.called import one

@kernel
def two(x):
    return 2.0 * one(x)
"""


@pytest.mark.slow
def test_a_kernel_is_compiled_anew_when_what_it_calls_has_changed(tmp_path):
    package = tmp_path / "package"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "caller.py").write_text(CALLER)
    found = []
    for added in ("1.0", "10.0", "10.0"):  # of another length: Python looks at that and at seconds
        (package / "called.py").write_text(CALLED.format(added))
        code = (
            "from package.caller import two; value = two(1.0); "
            "print(value, sum(two.stats.cache_hits.values()))"
        )
        run = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True,
                             text=True, check=True)  # fmt: skip
        found.append(run.stdout.split())
    assert found == [["4.0", "0"], ["22.0", "0"], ["22.0", "1"]]
