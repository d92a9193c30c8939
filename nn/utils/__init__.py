"""Vectors of parameters, fusion, norms of weights, pruning: what PyTorch has in torch.nn.utils."""

from autograd_core import optim

from . import parametrizations, parametrize, prune, rnn
from .fusion import (
    fuse_conv_bn_eval,
    fuse_conv_bn_weights,
    fuse_linear_bn_eval,
    fuse_linear_bn_weights,
)
from .vectors import parameters_to_vector, vector_to_parameters
from .weight_norms import remove_spectral_norm, remove_weight_norm, spectral_norm, weight_norm

clip_grad_norm_ = optim.clip_grad_norm_
clip_grad_value_ = optim.clip_grad_value_
clip_grads_with_norm_ = optim.clip_grads_with_norm_
get_total_norm = optim.get_total_norm

__all__ = [
    "clip_grad_norm_",
    "clip_grad_value_",
    "clip_grads_with_norm_",
    "fuse_conv_bn_eval",
    "fuse_conv_bn_weights",
    "fuse_linear_bn_eval",
    "fuse_linear_bn_weights",
    "get_total_norm",
    "parameters_to_vector",
    "parametrizations",
    "parametrize",
    "prune",
    "remove_spectral_norm",
    "remove_weight_norm",
    "rnn",
    "spectral_norm",
    "vector_to_parameters",
    "weight_norm",
]


def __dir__() -> list[str]:
    return sorted(__all__)
