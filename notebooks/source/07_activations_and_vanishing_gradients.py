# %% [markdown]
# # 7 · Activations and vanishing gradients
#
# **Why do the first layers of a deep sigmoid network learn almost nothing?**
#
# Going back through a layer, a gradient is multiplied by the weights and by the slope of
# the activation. Eight layers, eight such factors. If each is about a quarter, what arrives
# at the first layer is a quarter to the eighth: 0.00002. On this page the factor is found,
# measured layer by layer, and cured.

# %%
import itertools

import numpy as np
from sklearn.datasets import load_digits

import nn
import optim
from autograd_core import Tensor, animate, draw, grad, gradients, no_grad, vmap
from page import exercises, show
from pictures import activations as pictures

check = exercises("activations_and_vanishing_gradients")

F = nn.functional

# %% [markdown]
# ## Five bends and their slopes
#
# The slope is what a gradient is multiplied by on its way back. The engine computes it at
# 400 places at once.

# %%
bends = {
    "step": F.step,
    "sigmoid": F.sigmoid,
    "tanh": np.tanh,
    "ReLU": F.relu,
    "leaky ReLU": lambda z: F.leaky_relu(z, 0.1),
}
z = np.linspace(-5, 5, 401)
z = z[z != 0]  # the kink itself has no slope
height = {name: np.array(bend(z)) for name, bend in bends.items()}
slope = {name: vmap(grad(bend))(z) for name, bend in bends.items()}

assert np.isclose(slope["sigmoid"].max(), 0.25, atol=1e-3)  # never more than a quarter
assert slope["sigmoid"][np.abs(z) >= 5].max() < 0.01
assert np.isclose(slope["tanh"].max(), 1.0, atol=1e-2)
assert set(np.unique(slope["ReLU"])) == {0.0, 1.0}
assert not slope["step"].any()  # a step passes nothing back: it cannot be trained
sigmoid = 1 / (1 + np.exp(-z))
assert np.allclose(slope["sigmoid"], sigmoid * (1 - sigmoid))
assert np.allclose(slope["tanh"], 1 - np.tanh(z) ** 2)

show(
    pictures.bends_and_slopes(z, height, slope),
    "What to see: the sigmoid's slope is at most 0.25, and nearly 0 beyond 5: such a unit is "
    "saturated. ReLU passes a gradient whole or not at all. The step's slope is 0 everywhere.",
)

# %% [markdown]
# ## A chain of single neurons
#
# The simplest deep network: one neuron in each layer, $a_k = \sigma(w\,a_{k-1})$. The
# whole derivative is a product, and each factor is $w\,\sigma'(z_k) \le w/4$.


# %%
def chain(depth):
    """Return the output of a chain of single neurons, and each neuron's z."""
    w = Tensor(1.0, requires_grad=True)
    a = Tensor(0.5, requires_grad=True)
    kept = []
    for _ in range(depth):
        z = w * a
        a = F.sigmoid(z)
        kept.append(z)
    return a, kept


a, kept = chain(5)
deltas = [g.item() for g in gradients(a, kept)]  # the derivative of the output to every z
assert all(0 < early / late <= 0.25 for early, late in itertools.pairwise(deltas))
assert deltas[0] < 0.25**5
print("∂a/∂z, last layer to first:", " ".join(f"{d:.5f}" for d in reversed(deltas)))

a, _ = chain(3)
draw(a, show=("grad",), color="grad")

# %% [markdown]
# *From the output backward, the gradient falls to less than a quarter with each sigmoid, and
# the shade fades with it. The same w is used in every layer, so it is a branch, and its
# gradient is a sum.*
#
# Step by step, each message is `local × upstream`, and the locals of the sigmoids are below
# 0.25. (Where a site removes scripts, the place below is a still: run the notebook to see it.)

# %%
animate(a, title="Three sigmoids in a row")

# %% [markdown]
# ## Eight layers on real digits
#
# The same in a network that could be used: 64 pixels, eight hidden layers of 30 units,
# ten classes. Weights are drawn with standard deviation $1/\sqrt{\text{inputs}}$. The
# engine computes $\partial C/\partial z$ of every hidden layer, before any training.

# %%
digits = load_digits()
images, labels = (digits.data / 16).astype(np.float32), digits.target
order = np.random.default_rng(0).permutation(len(images))
train, test = order[:1200], order[1200:]
DEPTH, UNITS = 8, 30


class Deep(nn.Module):
    """Eight hidden layers; with skip, each adds to what came in."""

    def __init__(self, activation, gain=1.0, skip=False):
        super().__init__()
        sizes = [64, *[UNITS] * DEPTH]
        self.hidden = nn.ModuleList(nn.Linear(a, b) for a, b in itertools.pairwise(sizes))
        self.out = nn.Linear(UNITS, 10)
        self.activation, self.skip = activation, skip
        for layer in [*self.hidden, self.out]:
            nn.init.normal_(layer.weight, 0.0, gain / np.sqrt(layer.in_features))
            nn.init.zeros_(layer.bias)

    def forward(self, x, kept=None):
        for k, layer in enumerate(self.hidden):
            z = layer(x)
            if kept is not None:
                kept.append(z)
            a = self.activation(z)
            x = x + a if self.skip and k else a
        return self.out(x)


def make(*settings):
    nn.manual_seed(0)
    return Deep(*settings)


def norms(net):
    """Return the norm of dC/dz of each hidden layer, first to last."""
    kept = []
    cost = F.cross_entropy(net(images[train], kept), labels[train])
    return np.array([float(np.linalg.norm(g.data)) for g in gradients(cost, kept)])


def factor(found):
    """Return the mean factor from one layer to the one before it."""
    return (found[0] / found[-1]) ** (1 / (DEPTH - 1))


nets = {
    "sigmoid": (F.sigmoid, 1.0, False),
    "tanh": (np.tanh, 1.0, False),
    "ReLU, He initialization": (F.relu, np.sqrt(2.0), False),
    "sigmoid, skip connections": (F.sigmoid, 1.0, True),
    "ReLU, weights three times too large": (F.relu, 3 * np.sqrt(2.0), False),
}
measured = {name: norms(make(*settings)) for name, settings in nets.items()}

assert 0.1 < factor(measured["sigmoid"]) < 0.3  # about a quarter for each layer
assert measured["sigmoid"][0] < 1e-4 * measured["sigmoid"][-1]
for cured in ("tanh", "ReLU, He initialization", "sigmoid, skip connections"):
    assert 0.7 < factor(measured[cured]) < 1.3
assert factor(measured["ReLU, weights three times too large"]) > 2  # it explodes
show(
    pictures.gradients_by_layer(measured),
    "On this logarithmic scale the sigmoid's line is straight: the same factor for each layer "
    "back. The cures run level. Weights that are too large make the opposite trouble.",
)

# %% [markdown]
# ## Where the numbers go
#
# The same story as seen by the units. A sigmoid's output is never negative and hardly
# varies from image to image: after a few layers all images look alike. Below, the spread of
# a unit's activity over images, layer by layer.


# %%
def spreads(net):
    """Return the mean standard deviation over images of a unit's output, by layer."""
    kept = []
    with no_grad():
        net(images[train], kept)
        return np.array(
            [float(np.std(np.asarray(net.activation(z.data)), axis=0).mean()) for z in kept]
        )


seen = {
    name: spreads(make(*nets[name]))
    for name in ("sigmoid", "tanh", "ReLU, He initialization")
}
assert seen["sigmoid"][-1] < 1e-3 < seen["tanh"][-1]

show(
    pictures.spread_by_layer(seen),
    "What vanishes backward vanishes forward too: behind eight sigmoid layers two different "
    "digits are told apart by less than a thousandth.",
)

# %% [markdown]
# ## Does it matter?
#
# Train each for six epochs with the same plain gradient descent.


# %% tags=["approximate"]
def accuracy(net, epochs=6):
    rng = np.random.default_rng(0)
    optimizer = optim.SGD(net.parameters(), lr=0.1)
    for _ in range(epochs):
        shuffled = rng.permutation(train)
        for batch in np.array_split(shuffled, len(shuffled) // 20):
            optimizer.zero_grad()
            F.cross_entropy(net(images[batch]), labels[batch]).backward()
            optimizer.step()
    with no_grad():
        return np.mean(net(images[test]).data.argmax(axis=1) == labels[test])


learned = {}
for name in ("sigmoid", "tanh", "ReLU, He initialization", "sigmoid, skip connections"):
    learned[name] = accuracy(make(*nets[name]))
    print(f"{name:28} {learned[name]:.1%} of new digits read right")
assert learned["sigmoid"] < 0.25  # a guess is right once in ten
assert min(v for k, v in learned.items() if k != "sigmoid") > 0.5

# %% [markdown]
# ## Exercises
#
# From easy to hard. Three digits are enough for a number; a count is exact.
#
# **1.** What is the largest slope of $\tanh(2 z)$?
#
# <details><summary>Solution</summary>
#
# At 0, where the inner factor is 2 and $\tanh' = 1$.
#
# ```python
# answer = 2.0
# ```
# </details>

# %%
answer = None
check(1, answer)

# %% [markdown]
# **2.** A gradient goes back through three leaky ReLUs ($0.1\,z$ below zero) whose units are all
# negative. What is left of 1?
#
# <details><summary>Solution</summary>
#
# $0.1^3$.
#
# ```python
# answer = 0.001
# ```
# </details>

# %%
answer = None
check(2, answer)

# %% [markdown]
# **3.** A chain of ten sigmoid neurons with $w = 1$. What is the most that can be left of a gradient?
#
# <details><summary>Solution</summary>
#
# $0.25^{10}$.
#
# ```python
# answer = 9.54e-7
# ```
# </details>

# %%
answer = None
check(3, answer)

# %% [markdown]
# **4.** In a chain $a_k = \sigma(w\,a_{k-1} + b)$ a gradient grows where $|w\,\sigma'(z)| > 1$. Up to
# which $|w|$ can that never happen, whatever $b$ is?
#
# <details><summary>Solution</summary>
#
# $\sigma'(z) \le \sigma'(0) = 1/4$, so $|w|\,\sigma' \le |w|/4$, which can exceed 1 only for $|w| >
# 4$. And weights as large as that drive $z$ away from 0, where $\sigma'$ is smaller again: that is
# why vanishing is the rule and exploding the exception.
#
# ```python
# answer = 4.0
# ```
# </details>

# %%
answer = None
check(4, answer)

# %% [markdown]
# **5.** He initialization of a ReLU layer with 30 inputs: which standard deviation do the weights get?
#
# <details><summary>Solution</summary>
#
# $\sqrt{2/30}$: half of the units are silent, so the others count twice.
#
# ```python
# answer = 0.258
# ```
# </details>

# %%
answer = None
check(5, answer)

# %% [markdown]
# **6.** Eight blocks $x + \sigma(x)$ in a row. What is the most that a gradient can be multiplied by?
#
# <details><summary>Solution</summary>
#
# $(1 + 1/4)^8$. (And the least is 1: the skip lets it pass.)
#
# ```python
# answer = 5.96
# ```
# </details>

# %%
answer = None
check(6, answer)

# %% [markdown]
# **7.** Write the derivative of $x\,\sigma(x)$, called SiLU or swish, without the engine.
#
# <details><summary>Solution</summary>
#
# $\sigma + x\,\sigma\,(1 - \sigma)$.
#
# ```python
# def answer(x):
#     s = 1 / (1 + np.exp(-x))
#     return s + x * s * (1 - s)
# ```
# </details>

# %%
answer = None
check(7, answer)

# %% [markdown]
# **8.** Hard: with $w = 6$, how wide is the interval of $z$ in which a gradient grows?
#
# <details><summary>Solution</summary>
#
# $\sigma' = a(1 - a) > 1/6$ for $a$ between $\frac12(1 \pm \sqrt{1/3})$, so $|z| < \ln(0.7887/0.2113) =
# 1.317$. A narrow window, which is Nielsen's point.
#
# ```python
# answer = 2.634
# ```
# </details>

# %%
answer = None
check(8, answer)

# %% [markdown]
# ---
# Sources: M. Nielsen, *Neural Networks and Deep Learning* (2015), chapter 5, for the chain of
# single neurons; X. Glorot and Y. Bengio (2010) and K. He and others (2015) for how to draw the
# weights; R. Fergus, *Neural Networks*, lecture 2, for the five activations.
#
# Whole programs on this: [unstable](../examples/unstable.py), [signals](../examples/signals.py) and
# [depth](../examples/depth.py). Each is one command; [the table of examples](../examples/README.md)
# has what they measure, beside a baseline.
