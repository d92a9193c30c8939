"""Optimizers, learning-rate schedules, line searches and second-order methods.

Names, argument order and state-dict keys are PyTorch's.
"""

from autograd_core.extend import register_exclusion
from optim import lr_scheduler
from optim.adagrad import Adadelta, Adagrad
from optim.adam import Adam, AdamW
from optim.adam_variants import Adamax, NAdam, RAdam
from optim.clip import clip_grad_norm_, clip_grad_value_
from optim.lbfgs import lbfgs
from optim.line_search import armijo, gradient_descent, wolfe
from optim.lion import Lion
from optim.newton import newton, newton_cg
from optim.objective import Objective, Result, of_parameters
from optim.optimizer import Optimizer
from optim.rmsprop import RMSprop
from optim.sgd import SGD

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
