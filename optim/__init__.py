"""Optimizers, learning-rate schedules, line searches and second-order methods.

Names, argument order and state-dict keys are PyTorch's.
"""

from autograd_core.extend import register_exclusion

from . import lr_scheduler
from .adagrad import Adadelta, Adagrad
from .adam import Adam, AdamW
from .adam_variants import Adamax, NAdam, RAdam
from .clip import clip_grad_norm_, clip_grad_value_
from .errors import StateDictError
from .lbfgs import lbfgs
from .line_search import armijo, gradient_descent, wolfe
from .lion import Lion
from .newton import newton, newton_cg
from .objective import Objective, Result, of_parameters
from .optimizer import Optimizer
from .rmsprop import RMSprop
from .sgd import SGD

__all__ = [
    "SGD",
    "Adadelta",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "Lion",
    "NAdam",
    "Objective",
    "Optimizer",
    "RAdam",
    "RMSprop",
    "Result",
    "StateDictError",
    "armijo",
    "clip_grad_norm_",
    "clip_grad_value_",
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
