# %% [markdown]
# # 5 · Matrices: dW = Xᵀ δ
#
# **Why is the gradient of a weight matrix a product of two matrices, and of which two?**
#
# A layer of a network is a matrix product, and going back through it takes two more. Most
# mistakes in a back-propagation written by hand are a transpose in the wrong place. On this
# page you find the products from single numbers, use shapes to remember them, write down
# the gradients of a whole network, and of batch normalization.

# %%
import itertools

import numpy as np
from sklearn.datasets import load_digits

import nn
from autograd_core import Tensor, animate, draw, grad, gradients, jacobian
from page import exercises, show
from pictures import matrices as pictures

check = exercises("matrices")
rng = np.random.default_rng(0)

# %% [markdown]
# ## One layer, one number at a time
#
# $Y = X W + b$: $N$ examples are the rows of $X$.
#
# | | shape | |
# |---|---|---|
# | $X$ | $(N, n)$ | a row for each example |
# | $W$ | $(n, m)$ | a column for each unit |
# | $b$ | $(m)$ | copied to each row |
# | $Y$ | $(N, m)$ | |
# | $\delta = \partial C/\partial Y$ | $(N, m)$ | what came back: a gradient has the shape of its value |
#
# Where is $W_{jk}$ used? In $Y_{ik} = \sum_j X_{ij} W_{jk} + b_k$, once for *each example*
# $i$, with the factor $X_{ij}$. It is a branch into $N$ places, so the messages are added:
#
# $$\frac{\partial C}{\partial W_{jk}} = \sum_i X_{ij}\,\delta_{ik} = (X^\top \delta)_{jk}.$$
#
# In the same way $X_{ij}$ is used once for each unit $k$, and $b_k$ once for each example:
#
# $$\frac{\partial C}{\partial X} = \delta\,W^\top,\qquad \frac{\partial C}{\partial b_k} = \sum_i \delta_{ik}.$$

# %%
N, n, m = 6, 4, 3
X, W, b = rng.normal(size=(N, n)), rng.normal(size=(n, m)), rng.normal(size=m)
x, w, c = (Tensor(a, requires_grad=True) for a in (X, W, b))
Y = x @ w + c
C = np.sum(np.sin(Y))
dX, dW, db, delta = (g.data for g in gradients(C, [x, w, c, Y]))

summed = np.zeros((n, m))
for i, j, k in itertools.product(range(N), range(n), range(m)):
    summed[j, k] += X[i, j] * delta[i, k]  # one message for each use
assert np.allclose(summed, X.T @ delta, rtol=1e-13)
assert np.allclose(dW, X.T @ delta, rtol=1e-13)
assert np.allclose(dX, delta @ W.T, rtol=1e-13)
assert np.allclose(db, delta.sum(axis=0), rtol=1e-13)
draw(C, rankdir="TB", show=("value", "grad"))

# %% [markdown]
# ***What to see:** every gradient (orange) has the shape of its value (blue).*
#
# ## Shapes remember it for you
#
# $\partial C/\partial W$ has to have the shape of $W$. There are eight products of two of
# $X$, $X^\top$ with two of $\delta$, $\delta^\top$. How many have the right shape?


# %%
def fitting(X, delta, shape):
    """Return the names of the products of X and delta that have a shape."""
    first = {"X": X, "Xᵀ": X.T}
    second = {"δ": delta, "δᵀ": delta.T}
    both = [*itertools.product(first, second), *itertools.product(second, first)]
    known = first | second
    return [
        f"{p} {q}"
        for p, q in both
        if known[p].shape[1] == known[q].shape[0] and (known[p] @ known[q]).shape == shape
    ]


assert fitting(X, delta, W.shape) == ["Xᵀ δ"]
square = fitting(np.ones((4, 4)), np.ones((4, 4)), (4, 4))
assert len(square) == 8  # shapes say nothing when all sizes are equal
print("6 examples, 4 inputs, 3 units:", *fitting(X, delta, W.shape))
print("4 examples, 4 inputs, 4 units:", ", ".join(square))

# %% [markdown]
# So test your formulas with sizes that differ. Books differ too. It is the same rule each
# time:
#
# | layer | its gradient | who writes it so |
# |---|---|---|
# | $Y = X W + b$, examples in rows | $X^\top \delta$ | this page |
# | $Y = X W^\top + b$, $W$ is (out, in) | $\delta^\top X$ | PyTorch, and `nn.Linear` here |
# | $z = W a + b$, one column | $\delta\,a^\top$ | Nielsen |

# %%
layer = nn.Linear(n, m, dtype=np.float64)
Y = layer(X)
(by_engine, came_back) = gradients(np.sum(np.sin(Y)), [layer.weight, Y])
assert layer.weight.shape == (m, n)
assert np.allclose(by_engine.data, came_back.data.T @ X, rtol=1e-13)

a, z_back = X[0], delta[0]
one = grad(lambda V: np.sum(z_back * (V @ a)))(W.T)
assert np.allclose(one, np.outer(z_back, a), rtol=1e-13)

# %% [markdown]
# ## Nobody builds the Jacobian
#
# $\partial Y/\partial W$ has an entry for each pair of a number in $Y$ and a number in $W$,
# and nearly all of them are 0. The rule $X^\top\delta$ is all that is needed of it.

# %%
J = jacobian(lambda V: X @ V)(W)
assert J.shape == (N, m, n, m)
share = np.count_nonzero(J) / J.size
assert np.isclose(share, 1 / m)  # output k feels column k
assert np.allclose(np.einsum("ik,ikab->ab", delta, J), X.T @ delta)
entries = (64 * 100) * (784 * 100)
print(
    f"here {J.size} entries; for 64 images of 784 pixels and 100 units {entries / 1e6:.0f} million"
)

# %% [markdown]
# ## A whole network, by hand
#
# Two layers on digits: $Z = X W_1 + b_1$, $A = \tanh Z$, $S = A W_2 + b_2$, and softmax with
# cross-entropy. Its backward pass is six lines. Read each with its shape.

# %%
digits = load_digits()
images, labels = digits.data / 16, digits.target
X, onehot = images[:200], np.eye(10)[labels[:200]]
W1, b1 = rng.normal(0, 1 / 8, (64, 30)), np.zeros(30)
W2, b2 = rng.normal(0, 0.2, (30, 10)), np.zeros(10)


def loss(W1, b1, W2, b2):
    S = np.tanh(X @ W1 + b1) @ W2 + b2
    return np.mean(np.log(np.sum(np.exp(S), axis=1)) - np.sum(S * onehot, axis=1))


A = np.tanh(X @ W1 + b1)  # (200, 30)
P = np.exp(A @ W2 + b2)
P /= P.sum(axis=1, keepdims=True)  # (200, 10)

delta2 = (P - onehot) / len(X)  # (200, 10): softmax with cross-entropy
dW2 = A.T @ delta2  # (30, 200) (200, 10)
db2 = delta2.sum(axis=0)  # (10)
delta1 = (delta2 @ W2.T) * (1 - A**2)  # (200, 10) (10, 30), times the slope of tanh
dW1 = X.T @ delta1  # (64, 200) (200, 30)
db1 = delta1.sum(axis=0)  # (30)

by_engine = grad(loss, argnums=(0, 1, 2, 3))(W1, b1, W2, b2)
for hand, engine in zip((dW1, db1, dW2, db2), by_engine, strict=True):
    assert np.allclose(hand, engine, rtol=1e-9, atol=1e-14)
print("six lines by hand, and the engine: equal")

# %% [markdown]
# ## A sum of examples
#
# $X^\top\delta = \sum_i x_i\,\delta_i^\top$: each example adds one column times one row, a
# matrix of rank 1. So the gradient of a batch of 5 has rank 5 at most, however large the
# matrix.
#
# It also says what a gradient *looks* like. Take one layer from pixels to ten scores, with
# all weights zero. Then every class has the probability 1/10, and column $k$ of the gradient
# is a sum of images.

# %%
few = 5
delta_few = rng.normal(size=(few, 30))
assert np.linalg.matrix_rank(images[:few].T @ delta_few) == few

targets = np.eye(10)[labels]
pulls = images.T @ (0.1 - targets) / len(images)  # (64, 10)
for k in range(10):
    mine = labels == k
    mean_of_mine = images[mine].mean(axis=0)
    expected = 0.1 * images.mean(axis=0) - mine.mean() * mean_of_mine
    assert np.allclose(pulls[:, k], expected)

show(
    pictures.ten_gradients(-pulls),
    "The first step of each class, minus the gradient, as an image. Red: this pixel will "
    "speak for the class. It is about a tenth of the mean image of the class, minus the "
    "mean image of all.",
    adapt=False,
)

# %% [markdown]
# ## Batch normalization, by hand
#
# Batch normalization gives each column of a batch mean 0 and variance 1. The mean and the
# variance are made of all the examples, so each example's output feels every other example,
# and the backward pass needs care. Forward, one operation at a time, for one column $x$ of
# $N$ numbers:
#
# $$\mu = \tfrac1N\sum x,\quad u = x - \mu,\quad v = \tfrac1N\sum u^2,\quad r = (v +
# \varepsilon)^{-1/2},\quad \hat x = u\,r,\quad y = \gamma\,\hat x + \beta.$$
#
# Two values are branches: $u$ is used by $\hat x$ and by $v$, and $x$ by $u$ and by $\mu$.


# %%
def forward(x, gamma, beta, eps=1e-5):
    u = x - x.mean(axis=0)
    r = 1 / np.sqrt((u**2).mean(axis=0) + eps)
    return gamma * (u * r) + beta, (u, r)


def backward(g, x, gamma, saved):
    """Send back g, one operation at a time."""
    u, r = saved
    N = len(x)
    dbeta = g.sum(axis=0)  # a bias: copied to each row
    dgamma = (g * u * r).sum(axis=0)
    dxhat = g * gamma
    dr = (dxhat * u).sum(axis=0)  # r was copied to each row
    dv = dr * (-0.5) * r**3
    du = dxhat * r + dv * 2 * u / N  # u is a branch: two messages
    dx = du - du.sum(axis=0) / N  # x is a branch: straight, and through the mean
    return dx, dgamma, dbeta


x, g = rng.normal(2.0, 3.0, (8, 3)), rng.normal(size=(8, 3))
gamma, beta = rng.normal(size=3), rng.normal(size=3)
y, saved = forward(x, gamma, beta)
by_hand = backward(g, x, gamma, saved)
by_engine = grad(lambda *args: np.sum(g * forward(*args)[0]), argnums=(0, 1, 2))(
    x, gamma, beta
)
for hand, engine in zip(by_hand, by_engine, strict=True):
    assert np.allclose(hand, engine, rtol=1e-10, atol=1e-13)

layer = nn.BatchNorm1d(3, dtype=np.float64)
layer.weight.data[:], layer.bias.data[:] = gamma, beta
leaf = Tensor(x, requires_grad=True)
out = layer(leaf)
assert np.allclose(out.data, y, rtol=1e-12)
assert np.allclose(gradients(out, [leaf], seed=g)[0].data, by_hand[0], atol=1e-12)

# %% [markdown]
# The seven lines can be put together into one. It shows what batch normalization does to a
# gradient: it takes away the part that would move the mean, and the part that would stretch
# the column, since neither changes the output.
#
# $$\frac{\partial C}{\partial x} = \gamma\,r\,\bigl(g - \overline{g} - \hat x\;\overline{g\,\hat x}\bigr)$$

# %%
u, r = saved
xhat = u * r
in_one = gamma * r * (g - g.mean(axis=0) - xhat * (g * xhat).mean(axis=0))
assert np.allclose(in_one, by_hand[0], rtol=1e-12)
assert np.allclose(in_one.sum(axis=0), 0, atol=1e-14)  # no shift of the column is felt
stretch = (in_one * u).sum(axis=0)
assert np.all(np.abs(stretch) < 1e-4 * np.abs(in_one).max())  # nor a stretch, but for eps
shifted, _ = forward(10 * x + 7, gamma, beta)
assert np.allclose(shifted, y, atol=1e-4)

# %% [markdown]
# Step through batch normalization of one column with four numbers: two messages arrive at
# $u$, and at $x$. (Where a site removes scripts, the place below is a still: run the notebook
# to see it.)

# %%
column = Tensor([1.0, 2.0, 4.0, 9.0], requires_grad=True)
u = column - np.mean(column)
xhat = u / np.sqrt(np.mean(u**2) + 1e-5)
animate(
    np.sum(xhat * np.array([1.0, 0.0, 0.0, -1.0])), title="Batch normalization, one column"
)

# %% [markdown]
# ## Exercises
#
# From easy to hard. Three digits are enough for a number; a count is exact.
#
# **1.** $X$ is (32, 784) and $W$ is (784, 100). What is the shape of $\partial C/\partial W$?
#
# <details><summary>Solution</summary>
#
# That of $W$.
#
# ```python
# answer = (784, 100)
# ```
# </details>

# %%
answer = None
check(1, answer)

# %% [markdown]
# **2.** $X = \begin{pmatrix} 1 & 2 \\ 3 & 4 \end{pmatrix}$ and $\delta = \begin{pmatrix} 1 & 0 \\ 0 & 1
# \end{pmatrix}$. What is $\partial C/\partial W$?
#
# <details><summary>Solution</summary>
#
# $X^\top$ times the identity: the transpose of $X$.
#
# ```python
# answer = [[1, 3], [2, 4]]
# ```
# </details>

# %%
answer = None
check(2, answer)

# %% [markdown]
# **3.** $W$ is (64, 30), the batch has 5 images. Which rank can $\partial C/\partial W$ have at most?
#
# <details><summary>Solution</summary>
#
# A sum of five matrices of rank 1.
#
# ```python
# answer = 5
# ```
# </details>

# %%
answer = None
check(3, answer)

# %% [markdown]
# **4.** A product of $(N, n)$ with $(n, m)$ takes $2 N n m$ FLOPs. With $N = 32$, $n = 784$, $m = 100$:
# how many do the two products of the backward pass take together?
#
# <details><summary>Solution</summary>
#
# $X^\top\delta$ and $\delta W^\top$ take $2 N n m$ each: going back costs twice as much as going
# forward.
#
# ```python
# answer = 10_035_200
# ```
# </details>

# %%
answer = None
check(4, answer)

# %% [markdown]
# **5.** Write the gradient of the weight for PyTorch's layer, $Y = X W^\top$ with $W$ of (out, in).
#
# <details><summary>Solution</summary>
#
# $W_{kj}$ is used once for each example, with the factor $X_{ij}$: $\sum_i \delta_{ik} X_{ij}$.
#
# ```python
# def answer(X, delta):
#     return delta.T @ X
# ```
# </details>

# %%
answer = None
check(5, answer)

# %% [markdown]
# **6.** Write the gradient of the number $x^\top A\,x$ with respect to the vector $x$, for any square
# matrix $A$.
#
# <details><summary>Solution</summary>
#
# $x$ is a branch with two uses. As the right factor it gets $A^\top x$, as the left one $A\,x$.
#
# ```python
# def answer(A, x):
#     return A @ x + A.T @ x
# ```
# </details>

# %%
answer = None
check(6, answer)

# %% [markdown]
# **7.** Hard: layer normalization normalizes each *row* (without $\gamma$, $\beta$ and $\varepsilon$).
# Write what it sends back: a function of $g$ and $x$, both $(N, n)$.
#
# <details><summary>Solution</summary>
#
# The formula of batch normalization with means over the other axis.
#
# ```python
# def answer(g, x):
#     u = x - x.mean(axis=1, keepdims=True)
#     r = 1 / np.sqrt((u**2).mean(axis=1, keepdims=True))
#     xhat = u * r
#     straight = g - g.mean(axis=1, keepdims=True)
#     return r * (straight - xhat * (g * xhat).mean(axis=1, keepdims=True))
# ```
# </details>

# %%
answer = None
check(7, answer)

# %% [markdown]
# ---
# Sources: M. Nielsen, *Neural Networks and Deep Learning* (2015), chapter 2, for the four
# equations of back-propagation; R. Fergus, *Neural Networks*, lecture 2, for the linear module;
# S. Ioffe and C. Szegedy, *Batch Normalization* (2015).
#
# Whole programs on this: [by_hand](../examples/by_hand.py) and [layers](../examples/layers.py).
# Each is one command; [the table of examples](../examples/README.md) has what they measure, beside
# a baseline.
