"""Whole architectures, each in one small file, after the figure of its paper."""

from .alexnet import AlexNet
from .alphago_zero import AlphaGoZero, ResidualBlock
from .autoencoder import Autoencoder
from .char_rnn import CharRNN
from .dbn import DBN
from .inception import GoogLeNet, Inception
from .lenet import LeNet5
from .lenet1989 import LeNet1989
from .lstm_tagger import LSTMTagger
from .mlp import MLP
from .multitask import MultiTask
from .rbm import RBM
from .seq2seq import Seq2Seq
from .skip_gram import SkipGram
from .transformer import Transformer

__all__ = [
    "DBN",
    "MLP",
    "RBM",
    "AlexNet",
    "AlphaGoZero",
    "Autoencoder",
    "CharRNN",
    "GoogLeNet",
    "Inception",
    "LSTMTagger",
    "LeNet5",
    "LeNet1989",
    "MultiTask",
    "ResidualBlock",
    "Seq2Seq",
    "SkipGram",
    "Transformer",
]


def __dir__() -> list[str]:
    return sorted(__all__)
