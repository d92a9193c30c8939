"""Attention: three words look at each other.

Each word asks with its query, the keys answer, and softmax turns the answers
into weights of a mean over the values.
"""

import numpy as np

from autograd_core import Tensor, animate

rng = np.random.default_rng(1)
words = rng.normal(size=(3, 4))  # three words, four features
Wq = Tensor(rng.normal(size=(4, 2)) / 2, requires_grad=True)
Wk = Tensor(rng.normal(size=(4, 2)) / 2, requires_grad=True)
Wv = Tensor(rng.normal(size=(4, 2)) / 2, requires_grad=True)

q, k, v = words @ Wq, words @ Wk, words @ Wv
scores = q @ k.T / np.sqrt(2.0)
weights = np.exp(scores)
weights = weights / np.sum(weights, axis=1, keepdims=True)
out = weights @ v
loss = np.mean(out**2)

animate(loss)
