"""ONNX: functions with their gradients as files that other programs run, and the way back."""

from autograd_core.onnx.exporting import export
from autograd_core.onnx.importing import Imported, import_onnx
from autograd_core.onnx.models import ExportWarning

__all__ = ["ExportWarning", "Imported", "export", "import_onnx"]


def __dir__() -> list[str]:
    return sorted(__all__)
