"""Whole architectures, each in one small file, after the figure of its paper."""

from nn.models.alexnet import AlexNet
from nn.models.alphago_zero import AlphaGoZero, ResidualBlock
from nn.models.autoencoder import Autoencoder
from nn.models.char_rnn import CharRNN
from nn.models.dbn import DBN
from nn.models.inception import GoogLeNet, Inception
from nn.models.lenet import LeNet5
from nn.models.lstm_tagger import LSTMTagger
from nn.models.mlp import MLP
from nn.models.multitask import MultiTask
from nn.models.rbm import RBM
from nn.models.seq2seq import Seq2Seq
from nn.models.skip_gram import SkipGram
from nn.models.transformer import Transformer

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
    "MultiTask",
    "ResidualBlock",
    "Seq2Seq",
    "SkipGram",
    "Transformer",
]
