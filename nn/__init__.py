"""Neural networks on autograd_core: modules, layers, losses; names and weights as in PyTorch."""

from autograd_core.source import register_exclusion
from nn import functional, init
from nn.activation import (
    ELU,
    GELU,
    SELU,
    LeakyReLU,
    LogSigmoid,
    LogSoftmax,
    PReLU,
    ReLU,
    ReLU6,
    Sigmoid,
    SiLU,
    Softmax,
    Softplus,
    Step,
    Tanh,
)
from nn.containers import ModuleDict, ModuleList, Sequential
from nn.dropout import Dropout, Dropout2d
from nn.linear import Bilinear, Linear
from nn.loss import (
    BCELoss,
    BCEWithLogitsLoss,
    CosineEmbeddingLoss,
    CosineSimilarity,
    CrossEntropyLoss,
    EntropyLoss,
    HalfSquaredError,
    HingeLoss,
    HuberLoss,
    KLDivLoss,
    L1Loss,
    MSELoss,
    MultiMarginLoss,
    NLLLoss,
    SmoothL1Loss,
)
from nn.module import Module, functional_call
from nn.parameter import Parameter, get_default_dtype, set_default_dtype
from nn.random import get_rng_state, manual_seed, set_rng_state
from nn.serialization import SerializationError, load, load_metadata, save
from nn.shape import Flatten, Identity, Unflatten, Upsample
from nn.state import IncompatibleKeys, StateDictError

register_exclusion(__file__)  # the user's lines are recorded, not the layers'

__all__ = [
    "ELU",
    "GELU",
    "SELU",
    "BCELoss",
    "BCEWithLogitsLoss",
    "Bilinear",
    "CosineEmbeddingLoss",
    "CosineSimilarity",
    "CrossEntropyLoss",
    "Dropout",
    "Dropout2d",
    "EntropyLoss",
    "Flatten",
    "HalfSquaredError",
    "HingeLoss",
    "HuberLoss",
    "Identity",
    "IncompatibleKeys",
    "KLDivLoss",
    "L1Loss",
    "LeakyReLU",
    "Linear",
    "LogSigmoid",
    "LogSoftmax",
    "MSELoss",
    "Module",
    "ModuleDict",
    "ModuleList",
    "MultiMarginLoss",
    "NLLLoss",
    "PReLU",
    "Parameter",
    "ReLU",
    "ReLU6",
    "Sequential",
    "SerializationError",
    "SiLU",
    "Sigmoid",
    "SmoothL1Loss",
    "Softmax",
    "Softplus",
    "StateDictError",
    "Step",
    "Tanh",
    "Unflatten",
    "Upsample",
    "functional",
    "functional_call",
    "get_default_dtype",
    "get_rng_state",
    "init",
    "load",
    "load_metadata",
    "manual_seed",
    "save",
    "set_default_dtype",
    "set_rng_state",
]
