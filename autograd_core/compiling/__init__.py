"""The backward pass as source code: a recorded run written out as plain NumPy, and run."""

from autograd_core.compiling.compiled import Compiled, RecordedAgain
from autograd_core.compiling.compiled import compile_ as compile  # noqa: A004 - its public name
from autograd_core.compiling.recording import Recording

__all__ = ["Compiled", "RecordedAgain", "Recording", "compile"]
