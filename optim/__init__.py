"""Optimizers, learning-rate schedules, line searches and second-order methods.

Names, argument order and state-dict keys are PyTorch's.
"""

from autograd_core.extend import register_exclusion

from . import lr_scheduler
from .adafactor import Adafactor
from .adagrad import Adadelta, Adagrad
from .adam import Adam, AdamW
from .adam_variants import Adamax, NAdam, RAdam
from .asgd import ASGD
from .clip import clip_grad_norm_, clip_grad_value_, clip_grads_with_norm_, get_total_norm
from .errors import StateDictError
from .lbfgs import lbfgs
from .lbfgs_steps import LBFGS
from .line_search import armijo, gradient_descent, wolfe
from .lion import Lion
from .muon import Muon
from .newton import newton, newton_cg
from .objective import Objective, Result, of_parameters
from .optimizer import Optimizer
from .rmsprop import RMSprop
from .rprop import Rprop
from .sgd import SGD
from .sparse_adam import SparseAdam

__all__ = [
    "ASGD",
    "LBFGS",
    "SGD",
    "Adadelta",
    "Adafactor",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "Lion",
    "Muon",
    "NAdam",
    "Objective",
    "Optimizer",
    "RAdam",
    "RMSprop",
    "Result",
    "Rprop",
    "SparseAdam",
    "StateDictError",
    "armijo",
    "clip_grad_norm_",
    "clip_grad_value_",
    "clip_grads_with_norm_",
    "get_total_norm",
    "gradient_descent",
    "lbfgs",
    "lr_scheduler",
    "newton",
    "newton_cg",
    "of_parameters",
    "wolfe",
]

register_exclusion(__file__)


def __dir__() -> list[str]:
    return sorted(__all__)
