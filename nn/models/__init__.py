"""Whole architectures, each in one small file, after the figure of its paper."""

from nn.models.alexnet import AlexNet
from nn.models.alphago_zero import AlphaGoZero, ResidualBlock
from nn.models.autoencoder import Autoencoder
from nn.models.dbn import DBN
from nn.models.inception import GoogLeNet, Inception
from nn.models.lenet import LeNet5
from nn.models.mlp import MLP
from nn.models.multitask import MultiTask
from nn.models.rbm import RBM

__all__ = [
    "DBN",
    "MLP",
    "RBM",
    "AlexNet",
    "AlphaGoZero",
    "Autoencoder",
    "GoogLeNet",
    "Inception",
    "LeNet5",
    "MultiTask",
    "ResidualBlock",
]
