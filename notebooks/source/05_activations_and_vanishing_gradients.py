# %% [markdown]
# # 5 · Activations and vanishing gradients
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
from page import BLUE, GREEN, GREY, ORANGE, PURPLE, exercise, plt, show

F = nn.functional

# %% [markdown]
# ## Five bends and their slopes
#
# The slope is what a gradient is multiplied by on its way back. The engine computes it at
# 400 places at once.

# %%
bends = {
    "step": (F.step, GREY, ":"),
    "sigmoid": (F.sigmoid, ORANGE, "-"),
    "tanh": (np.tanh, BLUE, "--"),
    "ReLU": (F.relu, GREEN, "-."),
    "leaky ReLU": (lambda z: F.leaky_relu(z, 0.1), PURPLE, (0, (5, 1, 1, 1))),
}
z = np.linspace(-5, 5, 401)
z = z[z != 0]  # the kink itself has no slope
slope = {name: vmap(grad(bend))(z) for name, (bend, _, _) in bends.items()}

assert np.isclose(slope["sigmoid"].max(), 0.25, atol=1e-3)  # never more than a quarter
assert np.isclose(slope["tanh"].max(), 1.0, atol=1e-2)
assert set(np.unique(slope["ReLU"])) == {0.0, 1.0}
assert not slope["step"].any()  # a step passes nothing back: it cannot be trained
sigmoid = 1 / (1 + np.exp(-z))
assert np.allclose(slope["sigmoid"], sigmoid * (1 - sigmoid))
assert np.allclose(slope["tanh"], 1 - np.tanh(z) ** 2)

figure, axes = plt.subplots(1, 2, figsize=(9.2, 3.6))
for name, (bend, colour, line) in bends.items():
    with no_grad():
        axes[0].plot(z, np.asarray(bend(z)), color=colour, linestyle=line, label=name)
    axes[1].plot(z, slope[name], color=colour, linestyle=line)
axes[0].set(title="activation", xlabel="z", ylim=(-1.3, 3))
axes[1].set(title="its slope", xlabel="z")
axes[0].legend()
for axis in axes:
    axis.grid()
show(
    figure,
    "the sigmoid's slope is at most 0.25, and nearly 0 beyond 5: such a unit is "
    "saturated. ReLU passes a gradient whole or not at all. The step's slope is 0 "
    "everywhere.",
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
# ***What to see:** from the output at the bottom upward, the gradient falls to less than a
# quarter with each sigmoid, and the shade fades with it. The same w is used in every layer,
# so it is a branch, and its gradient is a sum.*
#
# Step by step, each message is `local × upstream`, and the locals of the sigmoids are below
# 0.25. (Where a site removes scripts, the place below is empty.)

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

figure, axis = plt.subplots(figsize=(7.2, 4.2))
looks = zip(
    ("o-", "s-", "^-", "v--", "D:"), (ORANGE, BLUE, GREEN, PURPLE, GREY), strict=True
)
for (name, found), (mark, colour) in zip(measured.items(), looks, strict=True):
    axis.semilogy(range(1, DEPTH + 1), found, mark, color=colour, markersize=5, label=name)
axis.set(
    xlabel="hidden layer, 1 is next to the pixels",
    ylabel="norm of ∂C/∂z",
    title="Before training",
)
axis.legend(loc="center left", bbox_to_anchor=(1, 0.5))
axis.grid()

assert 0.1 < factor(measured["sigmoid"]) < 0.3  # about a quarter for each layer
assert measured["sigmoid"][0] < 1e-4 * measured["sigmoid"][-1]
for cured in ("tanh", "ReLU, He initialization", "sigmoid, skip connections"):
    assert 0.7 < factor(measured[cured]) < 1.3
assert factor(measured["ReLU, weights three times too large"]) > 2  # it explodes
show(
    figure,
    "on this logarithmic scale the sigmoid's line is straight: the same factor for "
    "each layer back. The cures run level. Weights that are too large make the "
    "opposite trouble.",
)

# %% [markdown]
# ## Where the numbers go
#
# The same story as seen by the units. A sigmoid's output is never negative and hardly
# varies from image to image: after a few layers all images look alike. Below, the spread of
# a unit's activity over images, layer by layer.


# %%
def spreads(net):
    """Return the mean standard deviation over images of a unit's output, for each "
    "layer."""
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

figure, axis = plt.subplots(figsize=(6.8, 3.6))
for (name, found), mark, colour in zip(
    seen.items(), ("o-", "s-", "^-"), (ORANGE, BLUE, GREEN), strict=True
):
    axis.semilogy(range(1, DEPTH + 1), found, mark, color=colour, markersize=5, label=name)
axis.set(
    xlabel="hidden layer",
    ylabel="standard deviation over images",
    title="How differently a unit answers different images",
)
axis.legend()
axis.grid()
show(
    figure,
    "what vanishes backward vanishes forward too: behind eight sigmoid layers two "
    "different digits are told apart by less than a thousandth.",
)

# %% [markdown]
# ## Does it matter?
#
# Train each for twelve epochs with the same plain gradient descent.


# %% tags=["approximate"]
def accuracy(net, epochs=12):
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
assert min(v for k, v in learned.items() if k != "sigmoid") > 0.8

# %% [markdown]
# ## Exercise
#
# In a chain $a_k = \sigma(w\,a_{k-1} + b)$ a gradient grows where $|w\,\sigma'(z)| > 1$. Up to
# which $|w|$ can that never happen, whatever $b$ is?

# %%
answer = None


def solution():
    steepest = grad(F.sigmoid)(0.0)
    return 1 / steepest


exercise(answer, solution)

# %% [markdown]
# <details><summary>Solution</summary>
#
# $\sigma'(z) \le \sigma'(0) = 1/4$, so $|w|\,\sigma' \le |w|/4$, which can exceed 1 only
# for $|w| > 4$. And weights as large as that drive $z$ away from 0, where $\sigma'$ is
# smaller again: that is why vanishing is the rule and exploding the exception.
# </details>

# %%
exercise(4.0, solution)
