# %% [markdown]
# # 6 · What can a layer draw?
#
# **Which borders between two classes can a network of 1, 2 or 3 layers draw?**
#
# A network that tells two classes apart says yes where its output is above zero, and no
# where it is below. The border is where the output *is* zero. On this page you look at
# borders: of one neuron, of layers without anything between them, and of layers with a bend
# in between.

# %%

import numpy as np
from sklearn.datasets import load_iris, make_moons

import nn
import optim
from autograd_core import Tensor, animate, draw, grad, gradients, jacobian, no_grad
from nn.models import MLP
from page import exercises, show
from pictures import what_can_a_layer_draw as pictures

check = exercises("what_can_a_layer_draw")

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


def best_line(points, labels):
    """Return the largest share that any line gets right: every angle, between all points."""
    best = 0
    for angle in np.linspace(0, 2 * np.pi, 181):
        along = points @ [np.cos(angle), np.sin(angle)]
        for offset in np.unique(along):
            best = max(best, np.mean((along > offset) == labels))
    return best


iris = load_iris()
kept = iris.target > 0
x, labels = iris.data[kept][:, 2:], iris.target[kept] - 1
x = (x - x.mean(axis=0)) / x.std(axis=0)

neuron = train(network(2, 1), x, labels)
slopes = jacobian(lambda p: neuron(p[None])[0])(np.array([0.3, -0.2]))
elsewhere = jacobian(lambda p: neuron(p[None])[0])(np.array([-2.0, 5.0]))
assert np.allclose(slopes, elsewhere)  # the same gradient everywhere: a plane
assert best_line(x, labels) == 0.97
assert share(neuron, x, labels) >= 0.93
print(
    f"the neuron {share(neuron, x, labels):.0%}, the best of all lines {best_line(x, labels):.0%}"
)

show(
    pictures.one_border(lambda p: logits(neuron, p), x, labels),
    "What to see: the border of one neuron is a straight line. A few flowers lie on the wrong "
    "side, and no line has fewer than three of them there.",
)

# %% [markdown]
# ## What a line cannot do
#
# XOR: two corners of a square against the other two. No line separates them.

# %%
corners = np.array([[0.0, 0], [0, 1], [1, 0], [1, 1]])
xor = np.array([0, 1, 1, 0])

assert best_line(corners, xor) == 0.75

bent = train(network(2, 4, 1), corners, xor)
assert share(bent, corners, xor) == 1.0
print("best line: 0.75   two layers:", share(bent, corners, xor))

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
# *Three layers below one another, and nothing but the identity between them. Together they
# can do what one can.*
#
# ## What a hidden layer does
#
# Put a bend between the layers. A hidden unit $\max(0, w\,x + b)$ is flat on one side of
# its line and rises on the other. Each hidden unit contributes one line at which the
# surface folds; the output adds them up. Between the folds everything is straight.

# %% tags=["approximate"]
moons, moon_labels = make_moons(300, noise=0.12, random_state=0)
folded = train(network(2, 8, 1, activation=nn.ReLU), moons, moon_labels, 500, 0.03)
first = folded.linears()[0]

points = np.random.default_rng(0).uniform([-1, -0.5], [2, 1], (4000, 2))
pattern = points @ first.weight.data.T + first.bias.data > 0  # who is on
slopes = grad(lambda p: np.sum(folded(p)))(points)  # a row for each point
gradients_seen = {}
for on, slope in zip(map(tuple, pattern), slopes, strict=True):
    assert np.allclose(slope, gradients_seen.setdefault(on, slope))  # one for each region
assert len(gradients_seen) <= 1 + 8 + 8 * 7 // 2  # the most regions that 8 lines can cut
assert share(folded, moons, moon_labels) > 0.8
print(f"{len(gradients_seen)} regions seen; 8 lines cut the plane into at most 37")
show(
    pictures.folds(lambda p: logits(folded, p), moons, moon_labels, first),
    "The border is made of straight pieces, and changes direction only where it crosses a "
    "dotted line, which is where one hidden unit switches on or off.",
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
found, early, panels = {}, {}, []
for task, ((x, y), new) in tasks.items():
    for depth, hidden in layers.items():
        model = train(network(2, *hidden, 1), x, y, 100)
        early[task, depth] = share(model, *new)
        train(model, x, y, 300)
        found[task, depth] = share(model, *new)
        title = f"{task}, {depth} layer{'s' * (depth > 1)}: {found[task, depth]:.0%}"
        panels.append((lambda p, model=model: logits(model, p), x, y, title))

assert 0.8 < found["moons", 1] < 0.93
assert 0.5 < found["spirals", 1] < 0.7  # a line gets two of three, at best
for task in tasks:
    assert min(found[task, 2], found[task, 3]) > 0.96  # two layers are enough
assert early["spirals", 3] > early["spirals", 2] + 0.05  # but three are there sooner
print("spirals   after 100 steps   after 400")
for depth in layers:
    print(f"{depth} deep {early['spirals', depth]:14.0%} {found['spirals', depth]:14.0%}")
show(
    pictures.six_borders(panels),
    "One layer draws a line whatever the points are. Two layers bend it around the moons, and "
    "around the spirals too: 32 bends are enough.",
)

# %% [markdown]
# One hidden layer can draw *any* border, given enough units. So what is the third layer for?
# It bends what is bent already. Here it is not needed, but training finds the spirals sooner
# with it, as the table says.

# %% [markdown]
# Two hidden units by hand, as a graph: $\max(0, s) - \max(0, s - 1)$ with $s = x_1 + x_2$ is a
# ramp that rises from 0 to 1 and then stays level. At (1, 1) both units are on. Their slopes,
# 1 and -1, meet again at s, which is a branch, and cancel. (Where a site removes scripts, the
# place below is a still: run the notebook to see it.)

# %%
x1, x2 = Tensor(1.0, requires_grad=True), Tensor(1.0, requires_grad=True)
s = x1 + x2
out = np.maximum(0, s) - np.maximum(0, s - 1)
assert out.item() == 1.0
assert [g.item() for g in gradients(out, [x1, x2])] == [0.0, 0.0]  # level
animate(out, title="A ramp of two ReLUs")

# %% [markdown]
# ## Exercises
#
# From easy to hard. Three digits are enough for a number; a count is exact.
#
# **1.** A neuron has $w = (2, -1)$ and $b = 1$. Where does its border cross the $x_1$ axis?
#
# <details><summary>Solution</summary>
#
# $2 x_1 + 1 = 0$.
#
# ```python
# answer = -0.5
# ```
# </details>

# %%
answer = None
check(1, answer)

# %% [markdown]
# **2.** A stack of linear layers 2 → 16 → 16 → 1 with nothing between them: how many weights does it
# have without biases, and how many would one layer need that draws the same borders?
#
# <details><summary>Solution</summary>
#
# $2 \cdot 16 + 16 \cdot 16 + 16$, and 2.
#
# ```python
# answer = (304, 2)
# ```
# </details>

# %%
answer = None
check(2, answer)

# %% [markdown]
# **3.** And with biases: how many numbers does a network 2 → 32 → 32 → 1 learn?
#
# <details><summary>Solution</summary>
#
# $2 \cdot 32 + 32$, $32 \cdot 32 + 32$, $32 + 1$.
#
# ```python
# answer = 1185
# ```
# </details>

# %%
answer = None
check(3, answer)

# %% [markdown]
# **4.** XOR by hand: find weights such that $\mathrm{out} = v_1\,\max(0,\ x_1 + x_2 - c_1) +
# v_2\,\max(0,\ x_1 + x_2 - c_2)$ is 0 at $(0,0)$ and $(1,1)$, and 1 at $(0,1)$ and $(1,0)$.
# With $c_1 = 0$, what are $(c_2, v_1, v_2)$?
#
# <details><summary>Solution</summary>
#
# $s = x_1 + x_2$ is 0, 1, 1, 2. The first unit rises with slope $v_1 = 1$. From $s = 1$ on it has
# to come down by the same slope, so the second unit starts at $c_2 = 1$ with $v_2 = -2$.
#
# ```python
# answer = (1, 1, -2)
# ```
# </details>

# %%
answer = None
check(4, answer)

# %% [markdown]
# **5.** One input, 5 hidden ReLUs, one output. Of how many straight pieces can the curve consist at most?
#
# <details><summary>Solution</summary>
#
# Each unit bends it once: 5 bends, 6 pieces.
#
# ```python
# answer = 6
# ```
# </details>

# %%
answer = None
check(5, answer)

# %% [markdown]
# **6.** Into how many regions can 4 lines cut the plane at most?
#
# <details><summary>Solution</summary>
#
# The $k$th line crosses $k - 1$ others and cuts $k$ regions in two: $1 + 1 + 2 + 3 + 4$.
#
# ```python
# answer = 11
# ```
# </details>

# %%
answer = None
check(6, answer)

# %% [markdown]
# **7.** Hard: write a function of $x$ and $y$, from numbers and `np.maximum(0, ...)` only, that is
# positive inside the triangle with the corners (0, 0), (1, 0), (0, 1) and not positive outside.
#
# <details><summary>Solution</summary>
#
# A penalty for each side that is passed, and a little less than nothing inside. Bends are enough
# for a corner: $\min(a, b) = a - \max(0, a - b)$, twice.
#
# ```python
# def answer(x, y):
#     low = x - np.maximum(0, x - y)  # the smaller of x and y
#     rest = 1 - x - y
#     return low - np.maximum(0, low - rest)
# ```
# </details>

# %%
answer = None
check(7, answer)
# %% [markdown]
# ---
# Sources: R. Fergus, *Neural Networks*, lecture 2, whose question about 1, 2 and 3 layers this
# is; M. Minsky and S. Papert, *Perceptrons* (1969), for XOR; M. Nielsen, *Neural Networks and
# Deep Learning* (2015), chapter 4, for why one hidden layer is enough.
#
# Whole programs on this: [surfaces](../examples/surfaces.py),
# [perceptron](../examples/perceptron.py) and [universality](../examples/universality.py). Each is
# one command; [the table of examples](../examples/README.md) has what they measure, beside a
# baseline.
