# %% [markdown]
# # 2 · Branch adds, plus copies
#
# **What does back-propagation do at a fork, and what at a sum?**
#
# A computation has two places where paths meet or part:
#
# - a **branch**: one value is used K times. Going forward it *copies*.
# - a **plus**: K values become one. Going forward it *adds*.
#
# Going backward they change places: the branch adds, the plus copies. That is nearly all of
# back-propagation; the rest is one local derivative for each operation. On this page you do
# it by hand, step through it, and then find two bugs that somebody planted.

# %%
import textwrap

import numpy as np

from autograd_core import (
    GradcheckError,
    Graph,
    Tensor,
    animate,
    branch,
    draw,
    elementwise,
    explain,
    gradcheck,
    gradients,
    plus,
)
from page import exercises, show
from pictures import branch_adds_plus_copies as pictures

check = exercises("branch_adds_plus_copies")

# %% [markdown]
# ## By hand
#
# Take $F = x^3\,(x + 3y)$ at $x = 2$, $y = 3$, one operation at a time:
#
# $$c = x^3 = 8,\qquad t = 3y = 9,\qquad s = x + t = 11,\qquad F = c\,s = 88.$$
#
# Now backward. Start with $\partial F/\partial F = 1$ and pass a message along each edge:
# what came in from above, times the local derivative.
#
# | at | message to | upstream × local | |
# |---|---|---|---|
# | $F = c\,s$ | $c$ | $1 \times s$ | $11$ |
# | | $s$ | $1 \times c$ | $8$ |
# | $s = x + t$, a plus | $x$ | copied | $8$ |
# | | $t$ | copied | $8$ |
# | $t = 3y$ | $y$ | $8 \times 3$ | $24$ |
# | $c = x^3$ | $x$ | $11 \times 3x^2$ | $132$ |
# | $x$, a branch | | added: $8 + 132$ | $140$ |

# %%
x, y = 2.0, 3.0
c, t = x**3, 3 * y
s = x + t
F = c * s

dF = 1.0
dc, ds = dF * s, dF * c  # a product swaps: each gets upstream times the other
to_x_from_s, dt = ds, ds  # a plus copies
dy = dt * 3
to_x_from_c = dc * 3 * x**2
dx = to_x_from_s + to_x_from_c  # a branch adds

assert (F, dx, dy) == (88.0, 140.0, 24.0)
dx, dy

# %% [markdown]
# The same program on Tensors records itself as it runs, and the graph knows the rest.

# %%
x = Tensor(2.0, requires_grad=True)
y = Tensor(3.0, requires_grad=True)
c = x**3
t = 3 * y
s = x + t
F = c * s

found = gradients(F, [x, y, c, s, t])
# every node's derivative, not only x's
assert [g.item() for g in found] == [dx, dy, dc, ds, dt]
draw(F)

# %% [markdown]
# ***What to see:** values (blue) go from left to right, derivatives (orange, after ∂) come
# back. The circle behind x is the branch: the 140 on x is the sum of the two messages that
# arrive there.*
#
# ## Step by step
#
# The sweep visits the operations from the last to the first. An operation's inputs exist
# before its output does, so the order of recording, reversed, is an order in which every
# node's gradient is complete when its turn comes.

# %%
steps = [str(step) for step in F.backward_steps()]
for step in steps:
    print(textwrap.fill(step, 100, subsequent_indent=" " * 10))
assert steps[0].endswith("∂F/∂F = 1.")
assert steps[-1].endswith("8 + 132 = 140 = ∂F/∂x.")

# %% [markdown]
# The same steps as a page that you can walk through: arrow keys step, Space plays, a click
# on a node tells its whole chain rule. A site that shows notebooks without their scripts
# leaves a still below; run the notebook, or `animate(F).save("F.html")` and open the
# file.
#
# <details><summary>A picture of it</summary>
#
# ![The page at the step where the branch adds](../docs/pictures/page-light.png)
# </details>

# %%
page = animate(F, title="F = x³ (x + 3y)")
assert len(page.to_html()) < 100_000  # one file, nothing to load
page

# %% [markdown]
# ## Branch and plus as operations
#
# A fork needs no operation of its own: using `x` twice *is* the branch. `branch(x, k)` and
# `plus(...)` write it out. With K uses, K copies go forward and K gradients are added on
# the way back; with K inputs, one gradient is copied K times. They are each other's
# transposes: as matrices, branch is a column of K ones and plus is a row of K ones.

# %%
x = Tensor(1.5, requires_grad=True)
one, two, three = branch(x, 3)
total = plus(one * 2, two**2, np.sin(three))
(dx,) = gradients(total, [x])
assert np.isclose(dx.item(), 2 + 2 * 1.5 + np.cos(1.5))  # a branch adds

parts = [Tensor(v, requires_grad=True) for v in (1.0, 10.0, 100.0)]
summed = plus(*parts) * 7
assert [g.item() for g in gradients(summed, parts)] == [7.0, 7.0, 7.0]  # a plus copies
draw(total, rankdir="TB")

# %% [markdown]
# *One circle with ×3 where x forks, one pill where the three meet. Going back up from the
# pill the gradient is 1 on each wire: copied. At the circle three different numbers meet:
# added.*
#
# **Every sum in a gradient is a branch.** When NumPy broadcasts a bias over a batch of
# 32, the bias is copied 32 times, so its gradient is a sum of 32 terms. When an array is
# summed, backward copies.

# %%
b = Tensor(np.zeros(4), requires_grad=True)
X = np.arange(128.0).reshape(32, 4)
loss = np.sum((X + b) ** 2)
(db,) = gradients(loss, [b])
by_row = 2 * X  # the message that comes back to each of the 32 copies
assert np.allclose(db.data, by_row.sum(axis=0))
db.numpy()

# %% [markdown]
# ## Why not follow every path?
#
# The chain rule says: multiply along each path from $x$ to $F$, add over all paths. For $F$
# above that is two paths. But each branch can double their number. In `y = y + y`,
# repeated, there are $2^k$ paths after $k$ steps; the sweep visits $k$ operations.

# %%
counted, visited = [], []
for k in range(1, 41):
    x = Tensor(1.0, requires_grad=True)
    z = x
    for _ in range(k):
        z = z + z
    graph = Graph(z)
    counted.append(graph.paths(x))
    visited.append(len(graph) - 1)
assert counted[-1] == 2**40
assert visited[-1] == 40
assert visited == list(range(1, 41))

show(
    pictures.paths_and_operations(counted, visited),
    "At k = 40 there are a million million paths, and 40 operations. Adding at the branch is "
    "what turns the first number into the second.",
)

# %% [markdown]
# And yet it is the same sum. On a small graph both can be computed:

# %%
x = Tensor(2.0, requires_grad=True)
y = Tensor(3.0, requires_grad=True)
F = x**3 * (x + 3 * y)
graph = Graph(F)
assert graph.paths(x) == 2
assert graph.sum_over_paths(x) == graph.gradients()[graph.node(x)] == 140.0
explain(x, F, paths=True)

# %% [markdown]
# ## A hunt for two planted bugs
#
# Below is a back-propagation in 20 lines, as one would write it in an afternoon. It works
# for many functions. It has two bugs. Before you read on: where are they?


# %%
class Value:
    """A number that remembers how it was made."""

    def __init__(self, data, inputs=(), locals_=()):
        self.data, self.inputs, self.locals, self.grad = data, inputs, locals_, 0.0

    def __add__(self, other):
        return Value(self.data + other.data, (self, other), (1.0, 1.0))

    def __mul__(self, other):
        return Value(self.data * other.data, (self, other), (other.data, self.data))


def backward(output):
    """Fill in .grad for everything that the output depends on."""
    output.grad = 1.0
    stack, seen = [output], set()
    while stack:
        value = stack.pop()
        for source, local in zip(value.inputs, value.locals, strict=True):
            source.grad = local * value.grad
            if source not in seen:
                seen.add(source)
                stack.append(source)


# %% [markdown]
# First a tree, in which every value is used once. No bug shows:

# %%
p, q, r = Value(2.0), Value(3.0), Value(4.0)
backward((p + q) * r)
assert (p.grad, q.grad, r.grad) == (4.0, 4.0, 5.0)  # right

# %% [markdown]
# Now a function with a branch: $F = x\,x + x$ at 3, whose derivative is $2x + 1 = 7$.

# %%
x = Value(3.0)
backward(x * x + x)
tensor = Tensor(3.0, requires_grad=True)
F = tensor * tensor + tensor
(right,) = gradients(F, [tensor])
assert right.item() == 7.0
assert x.grad != right.item()  # the bug shows
print("planted:", x.grad, "  right:", right.item())
print(explain(tensor, F))

# %% [markdown]
# Three messages come back to x: 3, 3 and 1. The planted code kept only one of them.
# `source.grad = ...` overwrites where it must add: **bug 1, the branch does not add.**
# Repair it and try a deeper graph.


# %%
def repaired_once(output):
    """As before, but adds."""
    output.grad = 1.0
    stack, seen = [output], set()
    while stack:
        value = stack.pop()
        for source, local in zip(value.inputs, value.locals, strict=True):
            source.grad += local * value.grad
            if source not in seen:
                seen.add(source)
                stack.append(source)


x = Value(3.0)
repaired_once(x * x + x)
assert x.grad == 7.0  # repaired

x = Value(3.0)
h = x * x
F = h * x + h  # x³ + x²: the derivative is 3x² + 2x = 33
repaired_once(F)
print("planted:", x.grad, "  right:", 3 * 9 + 2 * 3)
assert x.grad != 33

# %%
x = Tensor(3.0, requires_grad=True)
h = x * x
g = h * x
F = g + h
for step in F.backward_steps():
    print(textwrap.fill(str(step), 100, subsequent_indent=" " * 10))
draw(F)

# %% [markdown]
# *h is a branch. Both of its messages, 1 from the sum and 3 from the product, have to be
# there before h passes its gradient on to x.*
#
# The planted code takes whatever lies on top of the stack. It visited $h$ when only the
# message 1 had come, passed that on, and never came back: **bug 2, the order.** A node's
# turn comes when all of its uses have had theirs.


# %%
def repaired(output):
    """Add, and visit in the reverse of an order in which inputs come before outputs."""
    order, seen = [], set()
    stack = [(output, False)]
    while stack:
        value, done = stack.pop()
        if done:
            order.append(value)
        elif value not in seen:
            seen.add(value)
            stack.append((value, True))
            stack.extend((source, False) for source in value.inputs)
    output.grad = 1.0
    for value in reversed(order):
        for source, local in zip(value.inputs, value.locals, strict=True):
            source.grad += local * value.grad


x = Value(3.0)
h = x * x
repaired(h * x + h)
assert x.grad == 33.0

rng = np.random.default_rng(0)
for _ in range(200):  # random programs of 30 operations, against the engine
    numbers = rng.uniform(0.5, 1.5, 3)
    ours, theirs = (
        [Value(v) for v in numbers],
        [Tensor(v, requires_grad=True) for v in numbers],
    )
    leaves_ours, leaves_theirs = ours[:], theirs[:]
    for _ in range(30):
        i, j = rng.integers(max(0, len(ours) - 6), len(ours), 2)
        if rng.random() < 0.5:
            ours.append(ours[i] + ours[j])
            theirs.append(theirs[i] + theirs[j])
        else:
            ours.append(ours[i] * ours[j])
            theirs.append(theirs[i] * theirs[j])
    scale = 1 / ours[-1].data
    repaired(ours[-1])
    for a, b in zip(leaves_ours, gradients(theirs[-1], leaves_theirs), strict=True):
        expected = 0.0 if b is None else b.item()
        assert np.isclose(a.grad * scale, expected * scale, rtol=1e-9)
print("200 random programs: the repaired sweep and the engine agree")

# %% [markdown]
# You don't have to see a bug to find it. `gradcheck` compares rules with finite
# differences, and names the operation that is wrong. Here is a rule with its sign turned:

# %%
wrong_cos = elementwise(  # cos' is -sin, not sin
    lambda x: np.cos(x), lambda y, x: np.sin(x), name="wrong_cos"
)

try:
    gradcheck(lambda x: np.sum(np.exp(wrong_cos(x)) + x**2), np.array([0.3, 1.2]))
except GradcheckError as error:
    message = str(error)
assert "wrong_cos" in message
print(message)

# %% [markdown]
# ## Exercises
#
# From easy to hard. Three digits are enough for a number; a count is exact.
#
# **1.** $F = x\,x + x$. How many messages come back to $x$?
#
# <details><summary>Solution</summary>
#
# Two from the product, one from the sum.
#
# ```python
# answer = 3
# ```
# </details>

# %%
answer = None
check(1, answer)

# %% [markdown]
# **2.** $x$ is branched into three, the three are added, and the sum is multiplied by 7. What is
# $\partial F/\partial x$?
#
# <details><summary>Solution</summary>
#
# The plus copies 7 to each of three wires, and the branch adds them.
#
# ```python
# answer = 21.0
# ```
# </details>

# %%
answer = None
check(2, answer)

# %% [markdown]
# **3.** A bias $b$ of 4 numbers is broadcast over a batch of 32, and everything is summed: $F =
# \sum_{ij} (X_{ij} + b_j)$. What is $\partial F/\partial b$, all four numbers?
#
# <details><summary>Solution</summary>
#
# The sum copies 1 to each entry. Each $b_j$ was copied 32 times, so 32 ones are added.
#
# ```python
# answer = [32, 32, 32, 32]
# ```
# </details>

# %%
answer = None
check(3, answer)

# %% [markdown]
# **4.** `y = y + y`, ten times. How many paths lead from the first `y` to the last?
#
# <details><summary>Solution</summary>
#
# Each step doubles them: $2^{10}$.
#
# ```python
# answer = 1024
# ```
# </details>

# %%
answer = None
check(4, answer)

# %% [markdown]
# **5.** By hand: at $x = 3$, what is $\partial F/\partial x$ of $h = x\,x$, $g = h + x$, $F = g\,h$? Write
# down the messages: how many arrive at $h$, how many at $x$?
#
# <details><summary>Solution</summary>
#
# Forward: $h = 9$, $g = 12$, $F = 108$. Backward: $\partial F/\partial g = h = 9$. At $h$ two
# messages: $g = 12$ from the product, $9$ copied by the plus; together $21$. At $x$ three: $9$
# copied by the plus, and $21 \cdot 3$ twice from $x\,x$; together $9 + 63 + 63$.
#
# ```python
# answer = 135
# ```
# </details>

# %%
answer = None
check(5, answer)

# %% [markdown]
# **6.** A residual block is $x + f(x)$: a branch and a plus. Four blocks in a row, each with $f'(x) =
# 0.5$. What is the derivative of the output by the input? (And what would it be without the
# branches that lead past $f$?)
#
# <details><summary>Solution</summary>
#
# Each block multiplies by $1 + 0.5$, so $1.5^4$. Without them, $0.5^4 = 0.0625$.
#
# ```python
# answer = 5.0625
# ```
# </details>

# %%
answer = None
check(6, answer)

# %% [markdown]
# **7.** Write a function of $x$ and $y$ that returns both derivatives of $F = (x + y)\,(x\,y)$, from
# messages, without the engine.
#
# <details><summary>Solution</summary>
#
# The sum gets $x y$ and copies it to both. The product gets $x + y$, and swaps: $(x + y)\,y$ goes
# to $x$ and $(x + y)\,x$ to $y$.
#
# ```python
# def answer(x, y):
#     return x * y + (x + y) * y, x * y + (x + y) * x
# ```
# </details>

# %%
answer = None
check(7, answer)

# %% [markdown]
# ---
# Sources: Y. LeCun's branch and plus modules, as R. Fergus shows them in *Neural Networks*,
# lecture 2; A. Karpathy, *micrograd* (2020), for a back-propagation that fits on one screen.
#
# Whole programs on this: [chains](../examples/chains.py) and [layers](../examples/layers.py). Each
# is one command; [the table of examples](../examples/README.md) has what they measure, beside a
# baseline.
