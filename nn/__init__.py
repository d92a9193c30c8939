"""Neural networks on autograd_core: modules, layers, losses; names and weights as in PyTorch."""

import sys
from importlib import import_module

from autograd_core import UnsupportedError
from autograd_core.extend import explains_wrong_calls, register_exclusion

from . import functional, init
from .activation import (
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
from .attention import MultiheadAttention
from .containers import ModuleDict, ModuleList, Sequential
from .conv import Conv1d, Conv2d, ConvTranspose1d, ConvTranspose2d
from .dropout import Dropout, Dropout2d
from .embedding import Embedding
from .errors import (
    DataError,
    DistributedError,
    MissingExtraError,
    SerializationError,
    StateDictError,
)
from .functional.freed_memory import keep_freed_memory
from .likelihood import (
    BCELoss,
    BCEWithLogitsLoss,
    CrossEntropyLoss,
    EntropyLoss,
    KLDivLoss,
    NLLLoss,
)
from .linear import Bilinear, Linear
from .loss import (
    CosineEmbeddingLoss,
    HalfSquaredError,
    HingeLoss,
    HuberLoss,
    L1Loss,
    MSELoss,
    MultiMarginLoss,
    SmoothL1Loss,
)
from .module import Module
from .normalization import (
    BatchNorm1d,
    BatchNorm2d,
    GroupNorm,
    LayerNorm,
    LocalResponseNorm,
    RMSNorm,
)
from .parameter import Parameter, get_default_dtype, set_default_dtype
from .pooling import (
    AdaptiveAvgPool1d,
    AdaptiveAvgPool2d,
    AdaptiveMaxPool1d,
    AdaptiveMaxPool2d,
    AvgPool1d,
    AvgPool2d,
    GlobalAvgPool2d,
    GlobalMaxPool2d,
    LPPool1d,
    LPPool2d,
    MaxPool1d,
    MaxPool2d,
)
from .random import get_rng_state, manual_seed, set_rng_state
from .recurrent import GRU, LSTM, RNN
from .regularizer import ActivitySparsity, l1_penalty, l2_penalty
from .serialization import load, load_metadata, save
from .shape import Flatten, Identity, Unflatten, Upsample
from .similarity import CosineSimilarity
from .state import IncompatibleKeys
from .stateless import functional_call
from .summary import Summary, summary
from .transformer import (
    TransformerDecoder,
    TransformerDecoderLayer,
    TransformerEncoder,
    TransformerEncoderLayer,
)

register_exclusion(__file__)  # the user's lines are recorded, not the layers'

__all__ = [
    "ELU",
    "GELU",
    "GRU",
    "LSTM",
    "RNN",
    "SELU",
    "ActivitySparsity",
    "AdaptiveAvgPool1d",
    "AdaptiveAvgPool2d",
    "AdaptiveMaxPool1d",
    "AdaptiveMaxPool2d",
    "AvgPool1d",
    "AvgPool2d",
    "BCELoss",
    "BCEWithLogitsLoss",
    "BatchNorm1d",
    "BatchNorm2d",
    "Bilinear",
    "Conv1d",
    "Conv2d",
    "ConvTranspose1d",
    "ConvTranspose2d",
    "CosineEmbeddingLoss",
    "CosineSimilarity",
    "CrossEntropyLoss",
    "DataError",
    "DistributedError",
    "Dropout",
    "Dropout2d",
    "Embedding",
    "EntropyLoss",
    "Flatten",
    "GlobalAvgPool2d",
    "GlobalMaxPool2d",
    "GroupNorm",
    "HalfSquaredError",
    "HingeLoss",
    "HuberLoss",
    "Identity",
    "IncompatibleKeys",
    "KLDivLoss",
    "L1Loss",
    "LPPool1d",
    "LPPool2d",
    "LayerNorm",
    "LeakyReLU",
    "Linear",
    "LocalResponseNorm",
    "LogSigmoid",
    "LogSoftmax",
    "MSELoss",
    "MaxPool1d",
    "MaxPool2d",
    "Module",
    "ModuleDict",
    "ModuleList",
    "MultiMarginLoss",
    "MultiheadAttention",
    "NLLLoss",
    "PReLU",
    "Parameter",
    "RMSNorm",
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
    "Summary",
    "Tanh",
    "TransformerDecoder",
    "TransformerDecoderLayer",
    "TransformerEncoder",
    "TransformerEncoderLayer",
    "Unflatten",
    "Upsample",
    "functional",
    "functional_call",
    "get_default_dtype",
    "get_rng_state",
    "init",
    "keep_freed_memory",
    "l1_penalty",
    "l2_penalty",
    "load",
    "load_metadata",
    "manual_seed",
    "save",
    "set_default_dtype",
    "set_rng_state",
    "summary",
]

# --- training: data, trainer, callbacks; the estimators load scikit-learn on first use ---

from . import distributed, transforms  # noqa: E402
from .callbacks import (  # noqa: E402 - a block of its own
    Annealing,
    Callback,
    EarlyStopping,
    GradientClipping,
    Perturbation,
    Regularization,
    SaveBest,
)
from .checkpoints import load_checkpoint, save_checkpoint  # noqa: E402
from .data import ArrayDataset, DataLoader  # noqa: E402
from .distributed import DataParallel, SyncBatchNorm  # noqa: E402
from .functional.kernels import use_kernels  # noqa: E402
from .history import History  # noqa: E402
from .metrics import accuracy  # noqa: E402
from .statistics import LayerStatistics  # noqa: E402
from .trainer import Trainer  # noqa: E402

explains_wrong_calls(use_kernels)  # its room, `workers`, knows no other

__all__ += [
    "Annealing",
    "ArrayDataset",
    "Callback",
    "DataLoader",
    "DataParallel",
    "EarlyStopping",
    "GradientClipping",
    "History",
    "LayerStatistics",
    "Perturbation",
    "Regularization",
    "SaveBest",
    "SyncBatchNorm",
    "Trainer",
    "accuracy",
    "distributed",
    "load_checkpoint",
    "save_checkpoint",
    "transforms",
    "use_kernels",
]


class _MissingEstimatorError(UnsupportedError, AttributeError):
    """scikit-learn is missing; to `hasattr`, so are the estimators."""


def __getattr__(name: str) -> object:
    if name in ("NeuralNetClassifier", "NeuralNetRegressor", "estimators"):
        try:
            estimators = import_module(".estimators", __name__)
        except MissingExtraError as error:
            if sys._getframe(1).f_code.co_name == "_handle_fromlist":
                raise  # `from nn import ...` would drop an AttributeError, and what to install
            raise _MissingEstimatorError(str(error)) from error
        return estimators if name == "estimators" else getattr(estimators, name)
    raise AttributeError(f"module 'nn' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
