# %% [markdown]
# # 4 · What can a layer draw?
#
# **Which borders between two classes can a network of 1, 2 or 3 layers draw?**
#
# A network that tells two classes apart says yes where its output is above zero, and no
# where it is below. The border is where the output *is* zero. On this page you look at
# borders: of one neuron, of layers without anything between them, and of layers with a bend
# in between.

# %%
import itertools

import numpy as np
from sklearn.datasets import load_iris, make_moons

import nn
import optim
from autograd_core import Tensor, animate, draw, grad, gradients, jacobian, no_grad
from nn.models import MLP
from page import BLUE, GREEN, GREY, ORANGE, exercise, plt, show

# %% [markdown]
# ## One neuron draws a line
#
# $z = w_1 x_1 + w_2 x_2 + b$ is zero on a straight line. Its gradient with respect to $x$
# is $(w_1, w_2)$ everywhere: the output rises in one direction only, at right angles to the
# border. Two species of iris, told apart by the length and the width of a petal:


# %%
def train(model, x, labels, steps=400, lr=0.02):
    """Train a network with one logit; all points at once, Adam."""
    target = labels[:, None].astype(float)
    optimizer = optim.Adam(model.parameters(), lr=lr)
    for _ in range(steps):
        optimizer.zero_grad()
        loss = nn.functional.binary_cross_entropy_with_logits(model(x), target)
        loss.backward()
        optimizer.step()
    return model


def network(*sizes, activation=nn.Tanh, seed=0):
    nn.manual_seed(seed)
    return MLP(list(sizes), activation, dtype=np.float64)


def logits(model, points):
    with no_grad():
        return model(points).data[:, 0]


def share(model, points, labels):
    return np.mean((logits(model, points) > 0) == labels)


def surface(axis, model, x, labels, title):
    """Colour the plane by what the network says, and draw the points."""
    lo, hi = x.min(axis=0) - 0.4, x.max(axis=0) + 0.4
    u, v = np.meshgrid(np.linspace(lo[0], hi[0], 150), np.linspace(lo[1], hi[1], 150))
    z = logits(model, np.stack([u.ravel(), v.ravel()], axis=1)).reshape(u.shape)
    axis.pcolormesh(u, v, z > 0, cmap=SIDES, alpha=0.25, shading="nearest")
    axis.contour(u, v, z, levels=[0], colors=GREY, linewidths=1.5)
    for k, (colour, mark) in enumerate(((BLUE, "o"), (ORANGE, "^"))):
        axis.scatter(*x[labels == k].T, s=9, color=colour, marker=mark)
    axis.set(title=title, xlabel="$x_1$", ylabel="$x_2$")


SIDES = plt.matplotlib.colors.ListedColormap([BLUE, ORANGE])

iris = load_iris()
kept = iris.target > 0
x, labels = iris.data[kept][:, 2:], iris.target[kept] - 1
x = (x - x.mean(axis=0)) / x.std(axis=0)

neuron = train(network(2, 1), x, labels)
slopes = jacobian(lambda p: neuron(p[None])[0])(np.array([0.3, -0.2]))
elsewhere = jacobian(lambda p: neuron(p[None])[0])(np.array([-2.0, 5.0]))
assert np.allclose(slopes, elsewhere)  # the same gradient everywhere: a plane
assert share(neuron, x, labels) > 0.93

figure, axis = plt.subplots(figsize=(5.4, 3.8))
surface(axis, neuron, x, labels, "one neuron, two species of iris")
axis.set(xlabel="petal length, scaled", ylabel="petal width, scaled")
show(
    figure,
    "the border of one neuron is a straight line. A few flowers lie on the wrong "
    "side, and no line would do much better.",
)

# %% [markdown]
# ## What a line cannot do
#
# XOR: two corners of a square against the other two. No line separates them.

# %%
corners = np.array([[0.0, 0], [0, 1], [1, 0], [1, 1]])
xor = np.array([0, 1, 1, 0])

best = 0  # try lines at every angle and offset
for angle, offset in itertools.product(
    np.linspace(0, 2 * np.pi, 181), np.linspace(-2, 2, 81)
):
    side = corners @ [np.cos(angle), np.sin(angle)] > offset
    best = max(best, np.mean(side == xor))
assert best == 0.75

bent = train(network(2, 4, 1), corners, xor)
assert share(bent, corners, xor) == 1.0
print("best line:", best, "  two layers:", share(bent, corners, xor))

# %% [markdown]
# ## Layers without a bend between them
#
# Perhaps more layers help? Not by themselves: $W_2(W_1 x + b_1) + b_2$ is again a matrix
# times $x$ plus a vector. The whole stack is one layer, written in a complicated way.

# %% tags=["approximate"]
stack = train(network(2, 16, 16, 1, activation=nn.Identity), corners, xor)
W1, W2, W3 = (layer.weight.data for layer in stack.linears())
product = W3 @ W2 @ W1
at = [jacobian(lambda p: stack(p[None])[0])(p) for p in corners]
assert all(np.allclose(J, product) for J in at)  # one matrix, everywhere
assert share(stack, corners, xor) <= 0.75
draw(stack(corners), depth=1, rankdir="TB", show=("value",))

# %% [markdown]
# ***What to see:** three layers below one another, and nothing but the identity between
# them. Together they can do what one can.*
#
# ## What a hidden layer does
#
# Put a bend between the layers. A hidden unit $\max(0, w\,x + b)$ is flat on one side of
# its line and rises on the other. Each hidden unit contributes one line at which the
# surface folds; the output adds them up. Between the folds everything is straight.

# %% tags=["approximate"]
moons, moon_labels = make_moons(300, noise=0.12, random_state=0)
folded = train(network(2, 8, 1, activation=nn.ReLU), moons, moon_labels, 1200, 0.03)
first = folded.linears()[0]

figure, axis = plt.subplots(figsize=(6.2, 4.2))
surface(
    axis, folded, moons, moon_labels, "2 layers, 8 hidden ReLUs: the border and the folds"
)
span = np.array(axis.get_xlim())
limits = axis.get_ylim()
for (a, b), c in zip(first.weight.data, first.bias.data, strict=True):
    axis.plot(span, -(a * span + c) / b, ":", color=GREEN, linewidth=1.3)
axis.plot([], [], ":", color=GREEN, label="where a hidden unit switches")
axis.set_ylim(limits)
axis.legend(loc="upper right", frameon=True)

points = np.random.default_rng(0).uniform([-1, -0.5], [2, 1], (4000, 2))
pattern = points @ first.weight.data.T + first.bias.data > 0  # who is on
slopes = grad(lambda p: np.sum(folded(p)))(points)  # a row for each point
gradients_seen = {}
for on, slope in zip(map(tuple, pattern), slopes, strict=True):
    assert np.allclose(slope, gradients_seen.setdefault(on, slope))  # one for each region
assert len(gradients_seen) <= 1 + 8 + 8 * 7 // 2  # the most regions that 8 lines can cut
assert share(folded, moons, moon_labels) > 0.9
print(f"{len(gradients_seen)} regions seen; 8 lines cut the plane into at most 37")
show(
    figure,
    "the border is made of straight pieces, and changes direction only where it "
    "crosses a dotted line, which is where one hidden unit switches on or off.",
)

# %% [markdown]
# ## One, two and three layers
#
# The same points, deeper and deeper networks, with tanh as the bend. Scores are of *new*
# points. First the moons, then two spirals that wind around each other one and a half
# times.


# %%
def spirals(n, seed):
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % 2
    radius = np.sqrt(rng.uniform(0.02, 1, n))
    angle = 3 * np.pi * radius + np.pi * labels
    points = radius[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    return 2 * points + rng.normal(0, 0.04, (n, 2)), labels


tasks = {
    "moons": (
        make_moons(300, noise=0.12, random_state=0),
        make_moons(1000, noise=0.12, random_state=1),
    ),
    "spirals": (spirals(300, 0), spirals(1000, 1)),
}
layers = {1: (), 2: (32,), 3: (32, 32)}
found = {}
figure, axes = plt.subplots(2, 3, figsize=(9.4, 6.2))
for row, (task, ((x, y), new)) in zip(axes, tasks.items(), strict=True):
    for axis, (depth, hidden) in zip(row, layers.items(), strict=True):
        model = train(network(2, *hidden, 1), x, y, 700)
        found[task, depth] = share(model, *new)
        title = f"{task}, {depth} layer{'s' * (depth > 1)}: {found[task, depth]:.0%}"
        surface(axis, model, x, y, title)
for axis in axes[0]:
    axis.set_xlabel("")
for axis in axes[:, 1:].ravel():
    axis.set_ylabel("")

assert 0.8 < found["moons", 1] < 0.93
assert found["moons", 2] > 0.97
assert found["moons", 3] > 0.97
assert found["spirals", 1] < 0.7  # hardly better than a coin
assert found["spirals", 3] > 0.95
assert found["spirals", 3] >= found["spirals", 2] - 0.01
show(
    figure,
    "one layer draws a line whatever the points are. Two layers bend it around the "
    "moons. The spirals need more bends, and the third layer bends what is bent "
    "already.",
)

# %% [markdown]
# ## Exercise
#
# XOR by hand: find weights such that $\mathrm{out} = v_1\,\max(0,\ x_1 + x_2 - c_1) +
# v_2\,\max(0,\ x_1 + x_2 - c_2)$ is 0 at $(0,0)$ and $(1,1)$, and 1 at $(0,1)$ and $(1,0)$.
# With $c_1 = 0$, what are $c_2$, $v_1$ and $v_2$?

# %%
answer = None  # (c2, v1, v2)


def outputs(c2, v1, v2):
    s = corners.sum(axis=1)
    return v1 * np.maximum(0, s) + v2 * np.maximum(0, s - c2)


exercise(None if answer is None else outputs(*answer), lambda: xor)

# %% [markdown]
# <details><summary>Solution</summary>
#
# $s = x_1 + x_2$ is 0, 1, 1, 2. The first unit rises with slope $v_1 = 1$. From $s = 1$ on
# it has to come down by the same slope, so the second unit starts at $c_2 = 1$ with $v_2 =
# -2$.
# </details>

# %%
exercise(outputs(1, 1, -2), lambda: xor)

# %% [markdown]
# Your network as a graph, at the point (1, 1). Step through it: both hidden units are on,
# and their slopes, 1 and -2, meet again at the sum s, which is a branch. (Where a site
# removes scripts, the place below is empty.)

# %%
x1, x2 = Tensor(1.0, requires_grad=True), Tensor(1.0, requires_grad=True)
s = x1 + x2
h1 = np.maximum(0, s)
h2 = np.maximum(0, s - 1)
out = h1 - 2 * h2
assert out.item() == 0.0
assert [g.item() for g in gradients(out, [x1, x2])] == [
    -1.0,
    -1.0,
]  # beyond the ridge: downhill
animate(out, title="XOR by two ReLUs")
