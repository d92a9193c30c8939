# %% [markdown]
# # 6 · Why cross-entropy beats quadratic with sigmoid
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
from page import BLUE, GREY, ORANGE, exercise, plt, show

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

figure, axis = plt.subplots()
axis.plot(slow, "--", color=ORANGE, label="quadratic cost")
axis.plot(fast, "-", color=BLUE, label="cross-entropy")
axis.axhline(0, color=GREY, linewidth=1)
axis.set(
    xlabel="step of gradient descent",
    ylabel="output a, wanted 0",
    title="A neuron that starts badly wrong",
)
axis.legend()
axis.grid()
show(
    figure,
    "the quadratic curve has a long shelf at the beginning, where the neuron is most "
    "wrong. Cross-entropy falls at once.",
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
draw(C, show=("grad",))

# %% [markdown]
# ***What to see:** the gradient comes to a with 0.98, and leaves it with 0.017. In between
# stands $\sigma'(4) = 0.018$: the neuron is saturated, and the sigmoid is nearly flat
# there.*
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

figure, axis = plt.subplots()
axis.plot(z, flat, "--", color=ORANGE, label="quadratic: $(a - y)\\,\\sigma'(z)$")
axis.plot(z, steep, "-", color=BLUE, label="cross-entropy: $a - y$")
axis.set(
    xlabel="z; wanted is a = 0, so the right is wrong",
    ylabel="∂C/∂z",
    title="How hard each cost pulls",
)
axis.legend()
axis.grid()
show(
    figure,
    "to the right, where the neuron is wrong, the blue curve pulls with full strength "
    "and the orange one lets go. The quadratic cost pulls hardest at a = 2/3, where "
    "it is only half wrong.",
)
assert np.isclose(a[np.argmax(flat)], 2 / 3, atol=0.02)

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
# the sigmoid small again. (Where a site removes scripts, the place below is empty.)

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
# standard deviation 1, as was once the custom). Both costs, each at the best of four
# learning rates, so that neither is put at a disadvantage.

# %%
digits = load_digits()
images = (digits.data / 16).astype(np.float32)
onehot = np.eye(10, dtype=np.float32)[digits.target]
order = np.random.default_rng(0).permutation(len(images))
train, test = order[:1200], order[1200:]


def curve(quadratic_cost, rate, epochs=8):
    """Return the accuracy on held-out digits after each epoch."""
    nn.manual_seed(1)
    net = nn.Sequential(nn.Linear(64, 30), nn.Sigmoid(), nn.Linear(30, 10))
    for p in net.parameters():
        nn.init.normal_(p)
    optimizer, rng, found = (
        optim.SGD(net.parameters(), lr=rate),
        np.random.default_rng(0),
        [],
    )
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


rates = (0.3, 1.0, 3.0, 6.0)
best_quadratic = max((curve(True, r) for r in rates), key=lambda c: c[-1])
best_entropy = max((curve(False, r) for r in rates), key=lambda c: c[-1])

# %% tags=["approximate"]
print(
    f"after 1 epoch:  quadratic {best_quadratic[0]:.1%}, cross-entropy {best_entropy[0]:.1%}"
)
print(
    f"after 8 epochs: quadratic {best_quadratic[-1]:.1%}, cross-entropy {best_entropy[-1]:.1%}"
)
assert best_entropy[0] > best_quadratic[0] + 0.05
assert best_entropy[-1] > best_quadratic[-1] + 0.02

figure, axis = plt.subplots()
axis.plot(range(1, 9), best_quadratic, "s--", color=ORANGE, label="quadratic cost")
axis.plot(range(1, 9), best_entropy, "o-", color=BLUE, label="cross-entropy")
axis.set(
    xlabel="epoch",
    ylabel="share of new digits read right",
    title="Each at its best of four rates",
)
axis.legend()
axis.grid()
show(
    figure,
    "cross-entropy is ahead after the first epoch and stays ahead: units that are "
    "saturated on the wrong side come back only slowly under the quadratic cost.",
)

# %% [markdown]
# ## Exercise
#
# At $z = 5$ with $y = 0$: how many times larger is $\partial C/\partial z$ for
# cross-entropy than for the quadratic cost?

# %%
answer = None


def solution():
    steep = grad(lambda z: cross_entropy(sigmoid(z), 0.0))(5.0)
    return steep / grad(lambda z: quadratic(sigmoid(z), 0.0))(5.0)


exercise(answer, solution)

# %% [markdown]
# <details><summary>Solution</summary>
#
# The ratio is $(a - y) / ((a - y)\,\sigma'(z)) = 1/\sigma'(5) = (1 + e^{-5})^2\,e^{5}
# \approx 150.4$.
# </details>

# %%
exercise((1 + np.exp(-5)) ** 2 * np.exp(5), solution)
