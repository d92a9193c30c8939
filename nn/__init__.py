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
    Softmin,
    Softplus,
    Step,
    Tanh,
)
from .adaptive import AdaptiveLogSoftmaxWithLoss
from .attention import MultiheadAttention
from .cells import GRUCell, LSTMCell, RNNCell
from .containers import ModuleDict, ModuleList, Sequential
from .conv import Conv1d, Conv2d, ConvTranspose1d, ConvTranspose2d
from .dropout import AlphaDropout, Dropout, Dropout1d, Dropout2d, Dropout3d, FeatureAlphaDropout
from .embedding import Embedding, EmbeddingBag
from .errors import (
    DataError,
    DistributedError,
    MissingExtraError,
    SerializationError,
    StateDictError,
)
from .fractional import FractionalMaxPool2d, FractionalMaxPool3d
from .functional.freed_memory import keep_freed_memory
from .hard import Hardshrink, Hardsigmoid, Hardswish, Hardtanh, RReLU, Softshrink, Threshold
from .instance_norm import InstanceNorm1d, InstanceNorm2d, InstanceNorm3d
from .lazy import (
    LazyBatchNorm1d,
    LazyBatchNorm2d,
    LazyBatchNorm3d,
    LazyConv1d,
    LazyConv2d,
    LazyConv3d,
    LazyConvTranspose1d,
    LazyConvTranspose2d,
    LazyConvTranspose3d,
    LazyInstanceNorm1d,
    LazyInstanceNorm2d,
    LazyInstanceNorm3d,
    LazyLinear,
)
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
from .margins import (
    HingeEmbeddingLoss,
    MarginRankingLoss,
    MultiLabelMarginLoss,
    MultiLabelSoftMarginLoss,
    SoftMarginLoss,
    TripletMarginLoss,
    TripletMarginWithDistanceLoss,
)
from .module import Module
from .noise_likelihood import CTCLoss, GaussianNLLLoss, PoissonNLLLoss
from .normalization import (
    BatchNorm1d,
    BatchNorm2d,
    BatchNorm3d,
    GroupNorm,
    LayerNorm,
    LocalResponseNorm,
    RMSNorm,
)
from .padding import (
    CircularPad1d,
    CircularPad2d,
    CircularPad3d,
    ConstantPad1d,
    ConstantPad2d,
    ConstantPad3d,
    ReflectionPad1d,
    ReflectionPad2d,
    ReflectionPad3d,
    ReplicationPad1d,
    ReplicationPad2d,
    ReplicationPad3d,
    ZeroPad1d,
    ZeroPad2d,
    ZeroPad3d,
)
from .parameter import (
    Buffer,
    Parameter,
    UninitializedParameter,
    get_default_dtype,
    set_default_dtype,
)
from .parameter_containers import ParameterDict, ParameterList
from .patches import ChannelShuffle, Fold, PixelShuffle, PixelUnshuffle, Unfold
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
from .pooling3d import AdaptiveAvgPool3d, AdaptiveMaxPool3d, AvgPool3d, LPPool3d, MaxPool3d
from .random import get_rng_state, manual_seed, set_rng_state
from .recurrent import GRU, LSTM, RNN
from .regularizer import ActivitySparsity, l1_penalty, l2_penalty
from .serialization import load, load_metadata, save
from .shape import Flatten, Identity, Unflatten
from .similarity import CosineSimilarity, PairwiseDistance
from .smooth import CELU, GLU, Mish, Softmax2d, Softsign, Tanhshrink
from .state import IncompatibleKeys
from .stateless import functional_call
from .summary import Summary, summary
from .swa_utils import AveragedModel, get_ema_avg_fn, get_swa_avg_fn, update_bn
from .transformer import (
    Transformer,
    TransformerDecoder,
    TransformerDecoderLayer,
    TransformerEncoder,
    TransformerEncoderLayer,
)
from .unpooling import MaxUnpool1d, MaxUnpool2d, MaxUnpool3d
from .upsample import Upsample, UpsamplingBilinear2d, UpsamplingNearest2d
from .volumes import Conv3d, ConvTranspose3d

register_exclusion(__file__)  # the user's lines are recorded, not the layers'

__all__ = [
    "CELU",
    "ELU",
    "GELU",
    "GLU",
    "GRU",
    "LSTM",
    "RNN",
    "SELU",
    "ActivitySparsity",
    "AdaptiveAvgPool1d",
    "AdaptiveAvgPool2d",
    "AdaptiveAvgPool3d",
    "AdaptiveLogSoftmaxWithLoss",
    "AdaptiveMaxPool1d",
    "AdaptiveMaxPool2d",
    "AdaptiveMaxPool3d",
    "AlphaDropout",
    "AveragedModel",
    "AvgPool1d",
    "AvgPool2d",
    "AvgPool3d",
    "BCELoss",
    "BCEWithLogitsLoss",
    "BatchNorm1d",
    "BatchNorm2d",
    "BatchNorm3d",
    "Bilinear",
    "Buffer",
    "CTCLoss",
    "ChannelShuffle",
    "CircularPad1d",
    "CircularPad2d",
    "CircularPad3d",
    "ConstantPad1d",
    "ConstantPad2d",
    "ConstantPad3d",
    "Conv1d",
    "Conv2d",
    "Conv3d",
    "ConvTranspose1d",
    "ConvTranspose2d",
    "ConvTranspose3d",
    "CosineEmbeddingLoss",
    "CosineSimilarity",
    "CrossEntropyLoss",
    "DataError",
    "DistributedError",
    "Dropout",
    "Dropout1d",
    "Dropout2d",
    "Dropout3d",
    "Embedding",
    "EmbeddingBag",
    "EntropyLoss",
    "FeatureAlphaDropout",
    "Flatten",
    "Fold",
    "FractionalMaxPool2d",
    "FractionalMaxPool3d",
    "GRUCell",
    "GaussianNLLLoss",
    "GlobalAvgPool2d",
    "GlobalMaxPool2d",
    "GroupNorm",
    "HalfSquaredError",
    "Hardshrink",
    "Hardsigmoid",
    "Hardswish",
    "Hardtanh",
    "HingeEmbeddingLoss",
    "HingeLoss",
    "HuberLoss",
    "Identity",
    "IncompatibleKeys",
    "InstanceNorm1d",
    "InstanceNorm2d",
    "InstanceNorm3d",
    "KLDivLoss",
    "L1Loss",
    "LPPool1d",
    "LPPool2d",
    "LPPool3d",
    "LSTMCell",
    "LayerNorm",
    "LazyBatchNorm1d",
    "LazyBatchNorm2d",
    "LazyBatchNorm3d",
    "LazyConv1d",
    "LazyConv2d",
    "LazyConv3d",
    "LazyConvTranspose1d",
    "LazyConvTranspose2d",
    "LazyConvTranspose3d",
    "LazyInstanceNorm1d",
    "LazyInstanceNorm2d",
    "LazyInstanceNorm3d",
    "LazyLinear",
    "LeakyReLU",
    "Linear",
    "LocalResponseNorm",
    "LogSigmoid",
    "LogSoftmax",
    "MSELoss",
    "MarginRankingLoss",
    "MaxPool1d",
    "MaxPool2d",
    "MaxPool3d",
    "MaxUnpool1d",
    "MaxUnpool2d",
    "MaxUnpool3d",
    "Mish",
    "Module",
    "ModuleDict",
    "ModuleList",
    "MultiLabelMarginLoss",
    "MultiLabelSoftMarginLoss",
    "MultiMarginLoss",
    "MultiheadAttention",
    "NLLLoss",
    "PReLU",
    "PairwiseDistance",
    "Parameter",
    "ParameterDict",
    "ParameterList",
    "PixelShuffle",
    "PixelUnshuffle",
    "PoissonNLLLoss",
    "RMSNorm",
    "RNNCell",
    "RReLU",
    "ReLU",
    "ReLU6",
    "ReflectionPad1d",
    "ReflectionPad2d",
    "ReflectionPad3d",
    "ReplicationPad1d",
    "ReplicationPad2d",
    "ReplicationPad3d",
    "Sequential",
    "SerializationError",
    "SiLU",
    "Sigmoid",
    "SmoothL1Loss",
    "SoftMarginLoss",
    "Softmax",
    "Softmax2d",
    "Softmin",
    "Softplus",
    "Softshrink",
    "Softsign",
    "StateDictError",
    "Step",
    "Summary",
    "Tanh",
    "Tanhshrink",
    "Threshold",
    "Transformer",
    "TransformerDecoder",
    "TransformerDecoderLayer",
    "TransformerEncoder",
    "TransformerEncoderLayer",
    "TripletMarginLoss",
    "TripletMarginWithDistanceLoss",
    "Unflatten",
    "Unfold",
    "UninitializedParameter",
    "Upsample",
    "UpsamplingBilinear2d",
    "UpsamplingNearest2d",
    "ZeroPad1d",
    "ZeroPad2d",
    "ZeroPad3d",
    "functional",
    "functional_call",
    "get_default_dtype",
    "get_ema_avg_fn",
    "get_rng_state",
    "get_swa_avg_fn",
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
    "update_bn",
]

# --- training: data, trainer, callbacks; the estimators load scikit-learn on first use ---

from . import distributed, metrics, swa_utils, transforms, utils  # noqa: E402
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
from .logs import Log  # noqa: E402
from .lr_finder import LRFinder, LRThreshold, lr_find, lr_threshold  # noqa: E402
from .metrics import accuracy  # noqa: E402
from .statistics import LayerStatistics  # noqa: E402
from .timer import Timer  # noqa: E402
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
    "LRFinder",
    "LRThreshold",
    "LayerStatistics",
    "Log",
    "Perturbation",
    "Regularization",
    "SaveBest",
    "SyncBatchNorm",
    "Timer",
    "Trainer",
    "accuracy",
    "distributed",
    "load_checkpoint",
    "lr_find",
    "lr_threshold",
    "metrics",
    "save_checkpoint",
    "swa_utils",
    "transforms",
    "use_kernels",
    "utils",
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
