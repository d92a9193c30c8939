"""What pyproject.toml cannot say: where the code of nn and optim lies in a wheel.

In this repository they are folders beside autograd_core.  Names so short are easily taken: an
old package called nn exists, and removing it would remove our nn/__init__.py too.  So a wheel
has the code in autograd_core/nn and autograd_core/optim, where nobody else writes, and only
short stand-ins under the short names.
"""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

STAND_IN = '''"""autograd_core.{name} by its short name: the same module object."""

import sys

import autograd_core.{name}
from autograd_core.{name} import *

sys.modules[__name__] = autograd_core.{name}
'''
# Python takes the package before the file: this one is found when the package's is gone.
LEFT_OVER = '''"""Stands in for the stand-in {name}/__init__.py when another project removed it."""

import sys
import warnings

import autograd_core.{name}

warnings.warn(
    "another project's package {name!r} was installed over autograd-core's and removed with it. "
    "This is autograd_core.{name}; import it by that name, or install autograd-core again.",
    stacklevel=2,
)
sys.modules[__name__] = autograd_core.{name}
'''


class Build(build_py):
    """Moves nn and optim into autograd_core, in wheels but not in editable installations."""

    def run(self) -> None:
        """Build as always, then move."""
        built = Path(self.build_lib)
        for name in ("nn", "optim"):
            shutil.rmtree(built / "autograd_core" / name, ignore_errors=True)  # of an older build
        super().run()
        if self.editable_mode:
            return
        for name in ("nn", "optim"):
            shutil.move(built / name, built / "autograd_core" / name)
            (built / name).mkdir()
            (built / name / "py.typed").touch()
            (built / name / "__init__.py").write_text(STAND_IN.format(name=name))
            (built / f"{name}.py").write_text(LEFT_OVER.format(name=name))


setup(cmdclass={"build_py": Build})
