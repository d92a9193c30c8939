"""Small helpers under the name ``autograd.util``."""

from autograd_core.compat.autograd.replacing import func, subval, subvals
from autograd_core.compat.autograd.test_util import quick_grad_check

__all__ = ["func", "quick_grad_check", "subval", "subvals"]
