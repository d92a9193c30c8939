# %% [markdown]
# # 1 · Derivatives live on edges
#
# **How does a small change travel?**
#
# Nudge one of the numbers that a computation starts from. Everything that depends on it
# moves a little. This project is about one question: by how much? The chain rule says it
# in symbols. On this page you watch it happen on a graph: values stand in the *nodes*,
# derivatives stand on the *edges*, and a small change that goes along an edge is
# multiplied by the number on it.

# %%
import numpy as np

from autograd_core import Graph, Tensor, animate, draw, gradients, jacobian, jvp
from page import exercises, show
from pictures import derivatives_live_on_edges as pictures

check = exercises("derivatives_live_on_edges")

# %% [markdown]
# ## One computation, written down operation by operation
#
# $F = \sin(x\,y) + x^2$ at $x = 1.2$, $y = 0.5$. Each operation becomes a node; its inputs
# lead into it.


# %%
def compute(x, y):
    p = x * y
    s = np.sin(p)
    q = x**2
    F = s + q
    return F, {"p": p, "s": s, "q": q, "F": F}


x, y = Tensor(1.2, requires_grad=True), Tensor(0.5, requires_grad=True)
F, nodes = compute(x, y)
p, s, q = nodes["p"], nodes["s"], nodes["q"]
draw(F, show=("value",), rankdir="TB")

# %% [markdown]
# ***What to see:** six nodes with their values. The circle with ×2 says that x is used twice:
# two edges leave it.* (From here on, the line in italics below a picture says it.)
#
# ## The number on an edge
#
# An edge leads from one value into one operation. The local derivative on it is a question
# about this one operation only: if this input moves by a little, and the others stay, how
# much more does the result move?

# %%
graph = Graph(F)
name = {graph.node(v): k for k, v in {"x": x, "y": y, **nodes}.items()}
local = {}
for edge in graph.edges:
    local[name[edge.source], name[edge.target]] = float(graph.local_derivative(edge))

by_hand = {
    ("x", "p"): 0.5,  # ∂(xy)/∂x = y
    ("y", "p"): 1.2,  # ∂(xy)/∂y = x
    ("p", "s"): np.cos(0.6),
    ("x", "q"): 2 * 1.2,
    ("s", "F"): 1.0,
    ("q", "F"): 1.0,
}
assert local.keys() == by_hand.keys()
assert all(np.isclose(local[e], by_hand[e], rtol=1e-14) for e in by_hand)
for (a, b), number in local.items():
    print(f"{a} → {b}   ∂{b}/∂{a} = {number:.4f}")

# %% [markdown]
# ## Let a change travel
#
# Move $x$ by $h = 10^{-6}$, run the program again, and look at how far *each* node moved,
# divided by $h$. Beside it is the same, worked out on the edges. At $x$ the change is 1.
# Along an edge, multiply. Where edges meet, add.

# %%
h = 1e-6
moved = compute(1.2 + h, 0.5)[1]
still = compute(1.2, 0.5)[1]
measured = {k: (moved[k] - still[k]) / h for k in still}

change = {"x": 1.0, "y": 0.0}
change["p"] = change["x"] * local["x", "p"] + change["y"] * local["y", "p"]
change["s"] = change["p"] * local["p", "s"]
change["q"] = change["x"] * local["x", "q"]
change["F"] = change["s"] * local["s", "F"] + change["q"] * local["q", "F"]

for k, value in measured.items():
    print(f"{k}:  measured {value:.5f}   on the edges {change[k]:.5f}")
    assert np.isclose(value, change[k], atol=1e-5)

# %% [markdown]
# That was **forward mode**: one change, started at one input, pushed ahead through the
# graph. The engine does the same with pairs (value, change), called dual numbers, while
# your code runs.

# %%
value, tangent = jvp(lambda x: compute(x, 0.5)[0], (1.2,), (1.0,))
assert np.isclose(tangent, change["F"], rtol=1e-14)
print(f"F = {value:.4f}, and it moves {tangent:.4f} times as far as x")

# %% [markdown]
# ## How small is small?
#
# The edges predict $F(x + h) \approx F(x) + F'(x)\,h$. What is left over is of order
# $h^2$: if the change is ten times smaller, the error is a hundred times smaller.

# %%
steps = 10.0 ** -np.arange(0, 9, 0.25)
start, slope = compute(1.2, 0.5)[0], change["F"]
error = np.array([abs(compute(1.2 + h, 0.5)[0] - (start + slope * h)) for h in steps])

in_between = (steps <= 1e-1) & (steps >= 1e-7)
order = np.polyfit(np.log(steps[in_between]), np.log(error[in_between]), 1)[0]
assert 1.9 < order < 2.1  # ten times smaller, a hundred times less
assert np.all(error[steps < 2e-8] < 1e-15)  # only rounding is left

quotient = np.array([(compute(1.2 + h, 0.5)[0] - start) / h for h in steps])
best = np.abs(quotient - slope).min()
assert best > 1e-10  # no h gives the digits that the edges give
print(f"the best of {len(steps)} difference quotients is wrong by {best:.0e}")

show(
    pictures.prediction(steps, error),
    "The points run parallel to h², so the derivative is right. Below h = 1e-8 only rounding "
    "is left. Differences can check a derivative, but they cannot replace it: dividing by h "
    "makes the rounding large.",
)

# %% [markdown]
# ## Paths
#
# From $x$ to $F$ there are two paths, $x \to p \to s \to F$ and $x \to q \to F$. The change
# that arrives is the sum over paths of the product of the numbers along each. That is the
# chain rule, for any graph.

# %%
first = local["x", "p"] * local["p", "s"] * local["s", "F"]
second = local["x", "q"] * local["q", "F"]
assert graph.paths(x) == 2
assert np.isclose(first + second, change["F"])
assert np.isclose(float(graph.sum_over_paths(x)), first + second)
print(f"{first:.4f} + {second:.4f} = {first + second:.4f}")

# %% [markdown]
# ## The same numbers, read from the other end
#
# Ask instead: how much does $F$ move if somebody nudges *this node*? Start with $\partial
# F/\partial F = 1$ and walk the edges backward, multiplying and adding as before. One walk
# answers it for every node. The numbers on the edges are the same; only the direction of
# travel is not.

# %%
asked = {"x": x, "y": y, "p": p, "s": s, "q": q}
found = {
    k: g.item() for k, g in zip(asked, gradients(F, list(asked.values())), strict=True)
}

back = {"F": 1.0}
back["s"], back["q"] = local["s", "F"] * back["F"], local["q", "F"] * back["F"]
back["p"] = local["p", "s"] * back["s"]
back["x"] = local["x", "p"] * back["p"] + local["x", "q"] * back["q"]
back["y"] = local["y", "p"] * back["p"]
assert all(np.isclose(found[k], back[k], rtol=1e-14) for k in found)
assert np.isclose(back["x"], change["F"])  # both directions meet in the same derivative

nudged = np.sin(0.6 + h) + 1.2**2  # p itself moved by h, whatever it came from
assert np.isclose((nudged - start) / h, back["p"], atol=1e-5)
draw(F, show=("grad",), rankdir="TB")

# %% [markdown]
# *The orange number on each node says how many times a nudge there is felt in F.*
#
# Walk through both directions: choose *Forward* and an input, or *Reverse*. (Where a site
# removes scripts, the place below is a still: run the notebook to see it.)

# %%
animate(F, mode="forward", inputs=x, title="A small change of x travels")

# %% [markdown]
# ## When the values are arrays
#
# Then the number on an edge is a matrix: for $y$ with $m$ entries and $x$ with $n$,
# $\partial y/\partial x$ is $m$ by $n$, row $i$ for output $i$. Multiplying along a path is
# multiplying matrices, in order.

# %%
rng = np.random.default_rng(1)
W1, W2 = rng.normal(size=(4, 3)), rng.normal(size=(2, 4))
v = rng.normal(size=3)


def two_layers(v):
    return W2 @ np.tanh(W1 @ v)


D = np.diag(1 - np.tanh(W1 @ v) ** 2)  # tanh acts on each entry alone: a diagonal matrix
J = jacobian(two_layers)(v)
assert J.shape == (2, 3)
assert np.allclose(J, W2 @ D @ W1, rtol=1e-13)
J

# %% [markdown]
# In one linear layer $w = b + A v$ most of these numbers are 0 or repeat, because output
# $i$ does not feel what belongs to output $j$:
#
# $$\frac{\partial w_i}{\partial b_j} = \delta_{ij},\qquad \frac{\partial w_i}{\partial A_{jk}} = \delta_{ij}\,v_k.$$

# %%
A, b, v = rng.normal(size=(3, 4)), rng.normal(size=3), np.array([0.5, -1.0, 1.5, 2.0])
to_b, to_A = jacobian(lambda b, A: b + A @ v, argnums=(0, 1))(b, A)
assert np.array_equal(to_b, np.eye(3))
assert np.allclose(to_A, np.einsum("ij,k->ijk", np.eye(3), v))

whole = np.hstack([to_b, to_A.reshape(3, 12)])
assert np.count_nonzero(whole) == 15  # of 45
show(
    pictures.jacobian_of_a_layer(whole),
    "An identity below b, and below A the same row v again and again, once for each "
    "output. Nobody should store such a matrix. An engine stores the rule: multiply by v.",
    adapt=False,
)

# %% [markdown]
# ## Exercises
#
# From easy to hard. Three digits are enough for a number; a count is exact.
#
# **1.** Which number stands on the edge from $x$ into $q = x^2$ at $x = 2$?
#
# <details><summary>Solution</summary>
#
# $\partial q/\partial x = 2x$.
#
# ```python
# answer = 4.0
# ```
# </details>

# %%
answer = None
check(1, answer)

# %% [markdown]
# **2.** How many paths lead from $x$ to $F$ in $F = (x \cdot x)\,(x + x)$?
#
# <details><summary>Solution</summary>
#
# $x$ enters the product twice and the sum twice, and each of them enters $F$ once: 2 + 2.
#
# ```python
# answer = 4
# ```
# </details>

# %%
answer = None
check(2, answer)

# %% [markdown]
# **3.** $F = \sin(x\,y) + x^2$ again, at $x = 1.2$, $y = 0.5$. Move $x$ by 0.01. By how much do the
# edges say that $F$ moves?
#
# <details><summary>Solution</summary>
#
# $F'(x) = 0.5 \cos 0.6 + 2.4 = 2.8127$, times 0.01.
#
# ```python
# answer = 0.0281
# ```
# </details>

# %%
answer = None
check(3, answer)

# %% [markdown]
# **4.** $G = \exp(u)\,u$ with $u = x\,y$, at $x = 2$, $y = 0.5$. Write the numbers on the edges $x
# \to u$, $u \to e$ (where $e = \exp u$), $u \to G$ and $e \to G$, and from them $\partial
# G/\partial x$.
#
# <details><summary>Solution</summary>
#
# $u = 1$. On the edges: $x \to u$: $0.5$; $u \to e$: $e^1$; $e \to G$: $u = 1$; $u \to G$:
# $e^1$. Two paths: $0.5 \cdot e \cdot 1 + 0.5 \cdot e = e$.
#
# ```python
# answer = 2.718
# ```
# </details>

# %%
answer = None
check(4, answer)

# %% [markdown]
# **5.** $w = A v$ with $A$ of 3 by 4, and no entry of $v$ is 0. $\partial w/\partial A$ has $3 \cdot 12
# = 36$ entries. How many of them are not 0?
#
# <details><summary>Solution</summary>
#
# Output $i$ feels row $i$ of $A$, which has 4 entries. 3 outputs: 12.
#
# ```python
# answer = 12
# ```
# </details>

# %%
answer = None
check(5, answer)

# %% [markdown]
# **6.** $f(x, y) = (x\,y,\ x + y)$ and $g(u, v) = u\,v$. Multiply the two Jacobians at $x = 2$, $y =
# 3$: what is the gradient of $g \circ f$?
#
# <details><summary>Solution</summary>
#
# $u = 6$, $v = 5$. $\partial g = (v, u) = (5, 6)$ and $\partial f = \begin{pmatrix} 3 & 2 \\ 1 & 1
# \end{pmatrix}$, so $(5 \cdot 3 + 6,\ 5 \cdot 2 + 6)$.
#
# ```python
# answer = (21, 16)
# ```
# </details>

# %%
answer = None
check(6, answer)

# %% [markdown]
# **7.** Write a function that returns the derivative of $x \sin(x^2)$, without the engine. It will be
# compared with the engine at four places.
#
# <details><summary>Solution</summary>
#
# Two paths from $x$: through the product, $\sin(x^2)$, and through the square, $x \cdot \cos(x^2)
# \cdot 2x$.
#
# ```python
# def answer(x):
#     return np.sin(x**2) + 2 * x**2 * np.cos(x**2)
# ```
# </details>

# %%
answer = None
check(7, answer)

# %% [markdown]
# ---
# Sources: G. Strang, *Linear Algebra and Learning from Data* (2019), section VII.3, for the
# derivatives of a layer; C. Olah, *Calculus on Computational Graphs: Backpropagation* (2015),
# for numbers on edges and sums over paths.
#
# Whole programs on this: [chains](../examples/chains.py) and
# [five_nodes](../examples/five_nodes.py). Each is one command; [the table of
# examples](../examples/README.md) has what they measure, beside a baseline.
