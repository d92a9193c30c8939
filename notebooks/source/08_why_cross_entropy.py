# %% [markdown]
# # 8 · Why cross-entropy beats quadratic with sigmoid
#
# **Why does a neuron that is badly wrong learn so slowly, and what cures it?**
#
# People learn fastest when they are badly wrong. A sigmoid neuron with the quadratic cost
# does the opposite: it hardly moves. The reason is one factor in one product, and the cure
# is a cost that cancels this factor.

# %%
import numpy as np
from sklearn.datasets import load_digits

import nn
import optim
from autograd_core import Tensor, animate, draw, explain, grad, gradients, no_grad, vmap
from page import exercises, show
from pictures import why_cross_entropy as pictures

check = exercises("why_cross_entropy")

sigmoid = nn.functional.sigmoid


def quadratic(a, y):
    return (a - y) ** 2 / 2


def cross_entropy(a, y):
    return -(y * np.log(a) + (1 - y) * np.log(1 - a))


# %% [markdown]
# ## A neuron with one task
#
# One input, $x = 1$, and the answer should be $y = 0$. The neuron starts at $w = b = 2$, so
# its output is $\sigma(4) = 0.98$: as wrong as can be. Both costs, the same learning rate:


# %%
def learn(cost, steps=300, rate=0.15, w=2.0, b=2.0):
    """Return the outputs while a neuron learns by gradient descent."""
    outputs = []
    for _ in range(steps):
        tw, tb = Tensor(w, requires_grad=True), Tensor(b, requires_grad=True)
        a = sigmoid(tw * 1.0 + tb)
        dw, db = gradients(cost(a, 0.0), [tw, tb])
        outputs.append(a.item())
        w, b = w - rate * dw.item(), b - rate * db.item()
    return np.array(outputs)


slow, fast = learn(quadratic), learn(cross_entropy)
assert slow[100] > 0.9  # after 100 steps: still wrong
assert fast[100] < 0.1
halfway_slow, halfway_fast = np.argmax(slow < 0.5), np.argmax(fast < 0.5)
assert halfway_slow > 5 * halfway_fast

show(
    pictures.two_neurons(slow, fast),
    "What to see: the quadratic curve has a long shelf at the beginning, where the neuron is "
    "most wrong. Cross-entropy falls at once.",
)

# %% [markdown]
# ## The factor
#
# Ask the graph of the quadratic cost where the gradient got lost.

# %%
z = Tensor(4.0, requires_grad=True)  # w x + b
a = sigmoid(z)
C = quadratic(a, 0.0)
print(explain(z, C))
draw(C, show=("grad",), rankdir="TB")

# %% [markdown]
# *The gradient comes to a with 0.98, and leaves it with 0.017. In between stands $\sigma'(4) =
# 0.018$: the neuron is saturated, and the sigmoid is nearly flat there.*
#
# In formulas, with $a = \sigma(z)$ and $\sigma' = a\,(1 - a)$:
#
# $$\frac{\partial C_{\text{quadratic}}}{\partial z} = (a - y)\,\sigma'(z),\qquad
# \frac{\partial C_{\text{entropy}}}{\partial z} = \frac{a - y}{a\,(1 - a)}\,\sigma'(z) = a - y.$$
#
# Cross-entropy grows so steeply near a wrong answer that it makes up for the flat sigmoid,
# exactly. Checked at 200 places:

# %%
z = np.linspace(-8, 8, 200)
flat = vmap(grad(lambda z: quadratic(sigmoid(z), 0.0)))(z)
steep = vmap(grad(lambda z: cross_entropy(sigmoid(z), 0.0)))(z)
with no_grad():
    a = np.asarray(sigmoid(z))
assert np.allclose(flat, a * a * (1 - a), atol=1e-12)
assert np.allclose(steep, a, atol=1e-12)  # a - y, and y = 0

assert np.isclose(a[np.argmax(flat)], 2 / 3, atol=0.02)
assert flat[-1] < 0.001 < 0.999 < steep[-1]

show(
    pictures.two_pulls(z, flat, steep),
    "To the right, where the neuron is wrong, the blue curve pulls with full strength and the "
    "orange one lets go. The quadratic cost pulls hardest at a = 2/3, on the way there.",
)

# %% [markdown]
# The same for the weights, with a batch of inputs: $\partial C/\partial w_j = \frac1n\sum
# x_j(\sigma(z) - y)$. And for many classes, softmax with the negative log-likelihood gives
# $a_j - y_j$ again.

# %%
rng = np.random.default_rng(0)
X, Y, w = rng.normal(size=(50, 4)), rng.integers(0, 2, 50), rng.normal(size=4)
by_engine = grad(lambda w: np.mean(cross_entropy(sigmoid(X @ w), Y)))(w)
by_hand = X.T @ (1 / (1 + np.exp(-X @ w)) - Y) / 50
assert np.allclose(by_engine, by_hand, rtol=1e-12)

logits, chosen = rng.normal(size=5), 2
by_engine = grad(lambda z: -np.log(np.exp(z[chosen]) / np.sum(np.exp(z))))(logits)
softmax = np.exp(logits) / np.exp(logits).sum()
assert np.allclose(by_engine, softmax - np.eye(5)[chosen], rtol=1e-12)
np.round(by_engine, 4)

# %% [markdown]
# Step through the neuron with cross-entropy: at the logarithm the message becomes large, at
# the sigmoid small again. (Where a site removes scripts, the place below is a still: run the
# notebook to see it.)

# %%
w, b = Tensor(2.0, requires_grad=True), Tensor(2.0, requires_grad=True)
z = w * 1.0 + b
a = sigmoid(z)
C = -np.log(1 - a)
(dz,) = gradients(C, [z])
assert np.isclose(dz.item(), a.item())
animate(C, title="Cross-entropy at a wrong answer")

# %% [markdown]
# ## Why the two go into one operation
#
# Large divided by small is a bad idea in floating point. Far out, $\sigma(z)$ rounds to 1,
# $\log(1 - a)$ becomes $-\infty$, and the product of $\infty$ with 0 is not a number.
# `binary_cross_entropy_with_logits` computes cost and derivative from $z$ itself.

# %%
z = Tensor(40.0, requires_grad=True)
with np.errstate(all="ignore"):
    apart = cross_entropy(sigmoid(z), 0.0)
    (broken,) = gradients(apart, [z])
together = nn.functional.binary_cross_entropy_with_logits(z, np.array(0.0))
(sound,) = gradients(together, [z])
assert not np.isfinite(broken.item())
assert np.isclose(sound.item(), 1.0)
assert np.isclose(together.item(), 40.0)
print(f"one by one: cost {apart.item()}, derivative {broken.item()}")
print(f"together:   cost {together.item():.0f}, derivative {sound.item():.0f}")

# %% [markdown]
# ## On real digits
#
# A network of 30 sigmoid units, started on purpose with weights that saturate it (normal,
# standard deviation 1, as was once the custom). Both costs, each at the best of three
# learning rates, of which the best is the middle one, so that neither is put at a
# disadvantage. Then from two other starts.

# %%
digits = load_digits()
images = (digits.data / 16).astype(np.float32)
onehot = np.eye(10, dtype=np.float32)[digits.target]
order = np.random.default_rng(0).permutation(len(images))
train, test = order[:1200], order[1200:]


def curve(quadratic_cost, rate, seed=1, epochs=6):
    """Return the accuracy on held-out digits after each epoch."""
    nn.manual_seed(seed)
    net = nn.Sequential(nn.Linear(64, 30), nn.Sigmoid(), nn.Linear(30, 10))
    for p in net.parameters():
        nn.init.normal_(p)
    optimizer = optim.SGD(net.parameters(), lr=rate)
    rng, found = np.random.default_rng(0), []
    for _ in range(epochs):
        shuffled = rng.permutation(train)
        for batch in np.array_split(shuffled, len(shuffled) // 20):
            optimizer.zero_grad()
            z, y = net(images[batch]), onehot[batch]
            if quadratic_cost:
                cost = np.sum((sigmoid(z) - y) ** 2) / 2
            else:
                cost = nn.functional.binary_cross_entropy_with_logits(z, y, reduction="sum")
            (cost / len(batch)).backward()
            optimizer.step()
        with no_grad():
            found.append(
                np.mean(net(images[test]).data.argmax(axis=1) == digits.target[test])
            )
    return np.array(found)


with_quadratic = [curve(True, rate) for rate in (3.0, 6.0, 12.0)]
with_entropy = [curve(False, rate) for rate in (0.3, 1.0, 3.0)]
slow_runs = np.array([with_quadratic[1], *(curve(True, 6.0, seed) for seed in (2, 3))])
fast_runs = np.array([with_entropy[1], *(curve(False, 1.0, seed) for seed in (2, 3))])

# %% tags=["approximate"]
assert np.argmax([c[-1] for c in with_quadratic]) == 1  # the best rate is the middle one
assert np.argmax([c[-1] for c in with_entropy]) == 1
for epoch in (1, 6):
    found = [
        ", ".join(f"{run[epoch - 1]:.0%}" for run in runs)
        for runs in (slow_runs, fast_runs)
    ]
    print(f"after epoch {epoch}:  quadratic {found[0]};  cross-entropy {found[1]}")
assert np.all(fast_runs[:, 0] > slow_runs[:, 0] + 0.08)  # ahead after one epoch
assert np.all(fast_runs[:, -1] > slow_runs[:, -1] - 0.01)  # and not behind at the end

show(
    pictures.two_trainings(slow_runs, fast_runs),
    "From all three starts cross-entropy is far ahead after the first epoch: units that are "
    "saturated on the wrong side come back only slowly under the quadratic cost. How much of "
    "the lead is left at the end depends on the start.",
)

# %% [markdown]
# ## Exercises
#
# From easy to hard. Three digits are enough for a number; a count is exact.
#
# **1.** A sigmoid neuron has $z = 0$, and $y = 1$ is wanted. What is $\partial C/\partial z$ with
# cross-entropy?
#
# <details><summary>Solution</summary>
#
# $a - y = 0.5 - 1$.
#
# ```python
# answer = -0.5
# ```
# </details>

# %%
answer = None
check(1, answer)

# %% [markdown]
# **2.** Ten classes, and the network knows nothing. What is the cross-entropy?
#
# <details><summary>Solution</summary>
#
# Each class gets 1/10: $-\ln 0.1$.
#
# ```python
# answer = 2.303
# ```
# </details>

# %%
answer = None
check(2, answer)

# %% [markdown]
# **3.** At $z = 5$ with $y = 0$: how many times larger is $\partial C/\partial z$ for cross-entropy than
# for the quadratic cost?
#
# <details><summary>Solution</summary>
#
# The ratio is $(a - y) / ((a - y)\,\sigma'(z)) = 1/\sigma'(5) = (1 + e^{-5})^2\,e^{5}$.
#
# ```python
# answer = 150.4
# ```
# </details>

# %%
answer = None
check(3, answer)

# %% [markdown]
# **4.** Softmax of the scores $(1, 2, 3)$; the third class is right. What is $\partial C/\partial z$, all
# three numbers?
#
# <details><summary>Solution</summary>
#
# $a - y$ with $a = (0.0900, 0.2447, 0.6652)$.
#
# ```python
# answer = (0.0900, 0.2447, -0.3348)
# ```
# </details>

# %%
answer = None
check(4, answer)

# %% [markdown]
# **5.** The label is a probability, $y = 0.3$. What is the least value that cross-entropy can have?
#
# <details><summary>Solution</summary>
#
# It is least at $a = y$, where it is the entropy of $y$: $-(0.3 \ln 0.3 + 0.7 \ln 0.7)$. Not 0.
#
# ```python
# answer = 0.611
# ```
# </details>

# %%
answer = None
check(5, answer)

# %% [markdown]
# **6.** Write cross-entropy as a function of the logit $z$ and $y$ that is right at $z = \pm 800$ too.
#
# <details><summary>Solution</summary>
#
# $-\ln\sigma(z) = \ln(1 + e^{-z})$, and the exponential of a positive number is to be avoided:
# $\max(z, 0) - z\,y + \ln(1 + e^{-|z|})$.
#
# ```python
# def answer(z, y):
#     return max(z, 0) - z * y + np.log1p(np.exp(-abs(z)))
# ```
# </details>

# %%
answer = None
check(6, answer)

# %% [markdown]
# **7.** Hard: which cost would do the same for a tanh neuron? Write its derivative $\partial C/\partial a$,
# as a function of $a$ and $y$, such that $\partial C/\partial z = a - y$ where $a = \tanh z$.
#
# <details><summary>Solution</summary>
#
# $\partial C/\partial z = \partial C/\partial a \cdot (1 - a^2)$.
#
# ```python
# def answer(a, y):
#     return (a - y) / (1 - a**2)
# ```
# </details>

# %%
answer = None
check(7, answer)

# %% [markdown]
# ---
# Source: M. Nielsen, *Neural Networks and Deep Learning* (2015), chapter 3: the neuron that starts
# badly wrong, the quadratic cost beside cross-entropy, and softmax are his.
#
# Whole programs on this: [by_hand](../examples/by_hand.py), [ladder](../examples/ladder.py) and
# [temperature](../examples/temperature.py). Each is one command; [the table of
# examples](../examples/README.md) has what they measure, beside a baseline.
