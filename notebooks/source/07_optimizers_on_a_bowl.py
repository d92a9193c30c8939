# %% [markdown]
# # 7 · Optimizers racing on an ill-conditioned bowl
#
# **Why is walking straight downhill slow, and what do momentum, Adam and Newton do about
# it?**
#
# Near a minimum every smooth loss is a bowl. If the bowl is round, the gradient points at
# the bottom. If it is a long valley, steep across and shallow along, the gradient points
# across, and gradient descent bounces from side to side while it creeps along. One number
# says how long the valley is: the ratio of the largest to the smallest curvature.

# %%
import numpy as np

import optim
from autograd_core import Tensor, animate, draw, grad, hessian
from page import BLUE, GREEN, GREY, INK, ORANGE, PURPLE, exercise, plt, show

# %% [markdown]
# ## The bowl
#
# $f(x, y) = \frac12\,(x^2 + 50\,y^2)$: curvature 1 along $x$, 50 along $y$.

# %%
KAPPA = 50.0
START = np.array([9.0, 1.0])


def bowl(p):
    return 0.5 * (p[0] ** 2 + KAPPA * p[1] ** 2)


H = hessian(bowl)(START)
assert np.allclose(np.linalg.eigvalsh(H), [1, KAPPA])
downhill = -grad(bowl)(START)
to_the_bottom = -START
cosine = downhill @ to_the_bottom / np.linalg.norm(downhill) / np.linalg.norm(to_the_bottom)
assert cosine < 0.35  # the gradient points elsewhere
print(
    f"between the way down and the way to the bottom: {np.degrees(np.arccos(cosine)):.0f} degrees"
)

x, y = Tensor(9.0, requires_grad=True), Tensor(1.0, requires_grad=True)
f = 0.5 * (x**2 + KAPPA * y**2)
draw(f, rankdir="TB")

# %% [markdown]
# ***What to see:** at the start y is nine times nearer to its best value than x, and its
# gradient is five times as large. A step that suits one is wrong for the other.*

# %%
animate(f, title="The bowl's gradient")

# %% [markdown]
# (Where a site removes scripts, the place above is empty: run the notebook to step through
# it.)
#
# ## How large a step?
#
# On a bowl, gradient descent multiplies the error along each axis by $1 - \eta\,\lambda$
# where $\lambda$ is the curvature along it. It converges if $|1 - \eta\,\lambda| < 1$ on
# every axis, that is, if $\eta < 2/\lambda_{\max}$.


# %%
def walk(make, steps=150, start=START, function=bowl):
    """Return the path that an optimizer takes."""
    p = Tensor(start.copy(), requires_grad=True)
    optimizer = make([p])
    path = [start.copy()]
    for _ in range(steps):
        optimizer.zero_grad()
        function(p).backward()
        optimizer.step()
        path.append(p.data.copy())
    return np.array(path)


def heights(path, function=bowl):
    return np.array([float(function(p)) for p in path])


limit = 2 / KAPPA
below = heights(walk(lambda p: optim.SGD(p, lr=0.98 * limit)))
above = heights(walk(lambda p: optim.SGD(p, lr=1.02 * limit)))
assert below[-1] < below[0] / 100
assert above[-1] > above[0]

best_rate = 2 / (1 + KAPPA)
plain = walk(lambda p: optim.SGD(p, lr=best_rate))
shrink = np.linalg.norm(plain[101]) / np.linalg.norm(plain[100])
assert np.isclose(shrink, (KAPPA - 1) / (KAPPA + 1), rtol=1e-6)  # each step leaves 96 %
print(f"at the best rate each step leaves {shrink:.1%} of the error")

# %% [markdown]
# ## Momentum
#
# Keep a velocity: what points the same way step after step adds up, what changes its sign
# cancels out. With Polyak's (1964) choice of rate and momentum, a step leaves
# $\frac{\sqrt\kappa - 1}{\sqrt\kappa + 1}$ of the error instead of $\frac{\kappa -
# 1}{\kappa + 1}$: the *square root* of the condition number.

# %%
root = np.sqrt(KAPPA)
polyak = {"lr": 4 / (1 + root) ** 2, "momentum": ((root - 1) / (root + 1)) ** 2}
heavy = walk(lambda p: optim.SGD(p, **polyak))
errors = np.linalg.norm(heavy, axis=1)
per_step = (errors[140] / errors[40]) ** (1 / 100)
assert np.isclose(per_step, (root - 1) / (root + 1), rtol=0.02)
print(f"with momentum each step leaves {per_step:.1%} of the error")

# %% [markdown]
# ## The race
#
# Seven runners, each at the best rate of a grid of 13 (momentum and Nesterov at Polyak's),
# 100 steps.

# %%
grid = 10.0 ** np.linspace(-3, 0, 13)


def tuned(kind, function=bowl, steps=100, **settings):
    """Return the best path over the grid of learning rates."""
    with np.errstate(all="ignore"):
        paths = [
            walk(lambda p, lr=lr: kind(p, lr=lr, **settings), steps, function=function)
            for lr in grid
        ]
        ends = [heights(p, function)[-1] for p in paths]
    return paths[int(np.nanargmin(ends))]


runners = {
    "gradient descent": walk(lambda p: optim.SGD(p, lr=best_rate), 100),
    "momentum": walk(lambda p: optim.SGD(p, **polyak), 100),
    "Nesterov": walk(
        lambda p: optim.SGD(p, **{**polyak, "lr": 1 / KAPPA}, nesterov=True), 100
    ),
    "Adagrad": tuned(optim.Adagrad),
    "RMSprop": tuned(optim.RMSprop, alpha=0.9),
    "Adam": tuned(optim.Adam),
}
newton = START - np.linalg.solve(hessian(bowl)(START), grad(bowl)(START))
assert np.allclose(newton, 0)  # one step, to the bottom

final = {name: heights(path)[-1] for name, path in runners.items()}
assert final["momentum"] < 1e-6 * final["gradient descent"]
assert final["Nesterov"] < final["gradient descent"]
result = optim.newton(lambda p: bowl(p), START)
assert np.allclose(result.x, 0, atol=1e-12)

marks = ["-", "--", "-.", ":", (0, (5, 1, 1, 1)), (0, (3, 1))]
colours = [GREY, BLUE, GREEN, PURPLE, ORANGE, INK]
figure, axis = plt.subplots(figsize=(7.2, 4.2))
for (name, path), line, colour in zip(runners.items(), marks, colours, strict=True):
    axis.semilogy(heights(path) + 1e-18, color=colour, linestyle=line, label=name)
axis.semilogy([0, 1], [bowl(START), 1e-18], "^-", color=GREEN, linewidth=1, label="Newton")
axis.set(
    xlabel="step", ylabel="height above the bottom", title="The race", ylim=(1e-18, 1e3)
)
axis.legend(loc="center left", bbox_to_anchor=(1, 0.5))
axis.grid()
show(
    figure,
    "the first three are straight lines on a logarithmic scale: each step leaves a constant "
    "share. Momentum's line is several times steeper than gradient descent's. Newton needs "
    "one step.",
)

# %% [markdown]
# The same from above:

# %%
figure, axes = plt.subplots(2, 2, figsize=(9.2, 5.0), sharex=True, sharey=True)
u, v = np.meshgrid(np.linspace(-6, 10, 120), np.linspace(-2.4, 2.4, 90))
for axis, name in zip(
    axes.ravel(), ("gradient descent", "momentum", "Adagrad", "Adam"), strict=True
):
    axis.contour(
        u,
        v,
        0.5 * (u**2 + KAPPA * v**2),
        levels=[1, 5, 12, 25, 45],
        colors=GREY,
        linewidths=0.7,
    )
    axis.plot(*runners[name][:40].T, "o-", color=BLUE, markersize=3, linewidth=1)
    axis.plot(0, 0, "*", color=ORANGE, markersize=11)
    axis.set(title=name, xlim=(-6, 10), ylim=(-2.4, 2.4))
for axis in axes[1]:
    axis.set_xlabel("x")
for axis in axes[:, 0]:
    axis.set_ylabel("y")
across = np.sign(runners["gradient descent"][:40, 1])
assert np.all(across[1:] == -across[:-1])  # it crosses the valley with every step
show(
    figure,
    "forty steps. Gradient descent crosses the valley at every step and creeps along "
    "it. Momentum overshoots in wide swings. Adagrad and Adam scale each axis by "
    "itself.",
)

# %% [markdown]
# ## Scaling each axis, and where that ends
#
# Adagrad, RMSprop and Adam divide each coordinate's step by how large its gradients have
# been. So the steepness of an axis drops out altogether: on a bowl a hundred times as
# narrow, Adam walks the very same path. But that only works for valleys *along the axes*.
# Turn the bowl by 45 degrees:

# %% tags=["approximate"]
turn = np.array([[1, -1], [1, 1]]) / np.sqrt(2)


def turned(p):
    q = turn.T @ p
    return 0.5 * (q[0] ** 2 + KAPPA * q[1] ** 2)


def turned_start(make, steps=100):
    return walk(make, steps, start=turn @ START, function=turned)


def narrow(p):
    return 0.5 * (p[0] ** 2 + 100 * KAPPA * p[1] ** 2)


paths = [
    walk(lambda p: optim.Adam(p, lr=0.1, eps=1e-30), 60, function=g) for g in (bowl, narrow)
]
assert np.allclose(*paths, rtol=1e-6)

same = heights(turned_start(lambda p: optim.SGD(p, lr=best_rate)), turned)
assert np.allclose(same, heights(runners["gradient descent"]), rtol=1e-9)  # it cannot tell

kinds = {"along the axes": (bowl, START), "turned": (turned, turn @ START)}
lowest = {
    name: min(
        heights(
            walk(lambda p, lr=lr: optim.Adagrad(p, lr=lr), 100, start, function), function
        )[-1]
        for lr in grid
    )
    for name, (function, start) in kinds.items()
}
assert lowest["turned"] > 20 * lowest["along the axes"]
for name, height in lowest.items():
    print(f"Adagrad, best of 13 rates, valley {name}: {height:.4f} above the bottom")

# %% [markdown]
# Gradient descent takes the same path in turned coordinates; so do momentum and Newton. A
# method with a rate for each coordinate does not: Adagrad sees the axes, and not the
# valley. (Adam's momentum makes up for some of it.)
#
# ## Exercise
#
# $g(p) = \frac12\,p^\top A\,p$ with $A = \begin{pmatrix} 3 & 1 \\ 1 & 3 \end{pmatrix}$. Up
# to which learning rate does gradient descent converge?

# %%
answer = None
A = np.array([[3.0, 1.0], [1.0, 3.0]])


def solution():
    return 2 / np.linalg.eigvalsh(hessian(lambda p: 0.5 * p @ (A @ p))(np.zeros(2))).max()


exercise(answer, solution)

# %% [markdown]
# <details><summary>Solution</summary>
#
# The curvatures are the eigenvalues, 2 and 4 (directions $(1,-1)$ and $(1,1)$). The limit
# is $2/4 = 0.5$.
# </details>

# %%
exercise(0.5, solution)
