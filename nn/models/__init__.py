"""Whole architectures, each in one small file, after the figure of its paper."""

from nn.models.autoencoder import Autoencoder
from nn.models.dbn import DBN
from nn.models.mlp import MLP
from nn.models.rbm import RBM

__all__ = ["DBN", "MLP", "RBM", "Autoencoder"]
