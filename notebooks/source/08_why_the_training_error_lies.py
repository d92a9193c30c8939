# %% [markdown]
# # 8 · Regularization
#
# **Why does the training error lie?**
#
# Training makes the error small *on the examples it was given*. With enough weights it can
# make it zero, by learning the examples by heart, mistakes included. What we want is a
# small error on examples that nobody has seen. On this page the two errors part ways, and
# four things bring them together again: a penalty on weights, dropout, stopping early, and
# more data.

# %%
import numpy as np
from sklearn.datasets import load_digits

import nn
import optim
from autograd_core import Tensor, animate, draw, grad, gradients, no_grad
from page import BLUE, GREEN, GREY, ORANGE, PURPLE, exercise, plt, show

# %% [markdown]
# ## Fifteen points and a polynomial
#
# The truth is $\sin(3x)$, measured 15 times with some noise. Fit polynomials of growing
# degree.

# %%
rng = np.random.default_rng(2)


def truth(x):
    return np.sin(3 * x)


x = np.sort(rng.uniform(-1, 1, 15))
y = truth(x) + rng.normal(0, 0.25, 15)
x_new = rng.uniform(-1, 1, 1000)
y_new = truth(x_new) + rng.normal(0, 0.25, 1000)


def features(x, degree):
    return np.polynomial.legendre.legvander(x, degree)


degrees = range(13)
train_error, new_error = [], []
for degree in degrees:
    w = np.linalg.lstsq(features(x, degree), y, rcond=None)[0]
    train_error.append(np.mean((features(x, degree) @ w - y) ** 2))
    new_error.append(np.mean((features(x_new, degree) @ w - y_new) ** 2))

assert np.all(np.diff(train_error) <= 1e-12)  # never up: each degree contains those below
best = int(np.argmin(new_error))
assert 2 <= best <= 7
assert new_error[-1] > 10 * new_error[best]
assert train_error[-1] < train_error[best]  # and yet it looks better

figure, axis = plt.subplots()
axis.semilogy(degrees, train_error, "s--", color=ORANGE, label="on the 15 points")
axis.semilogy(degrees, new_error, "o-", color=BLUE, label="on 1,000 new points")
axis.axhline(0.25**2, color=GREY, linestyle=":", label="the noise itself")
axis.set(xlabel="degree of the polynomial", ylabel="mean squared error", title="Two errors")
axis.legend()
axis.grid()
show(
    figure,
    "the orange error only falls; by it, the highest degree is best. The blue one "
    "turns up. Where orange goes below the noise, the polynomial has begun to learn "
    "the noise.",
)

# %% [markdown]
# ## A penalty
#
# Wild curves need large weights, so charge for them: $C = C_0 + \frac{\lambda}{2}\sum w^2$.
# In the graph each weight becomes a branch: one use is the fit, the other is the penalty,
# and backward adds $\partial C_0/\partial w$ and $\lambda w$.

# %%
w = Tensor(1.5, requires_grad=True)
fit = (w * 2.0 - 1.0) ** 2
penalty = 0.5 * 0.1 * w**2
C = fit + penalty
(dw,) = gradients(C, [w])
assert np.isclose(dw.item(), 2 * (1.5 * 2 - 1) * 2 + 0.1 * 1.5)
draw(C, rankdir="TB")

# %% [markdown]
# ***What to see:** two messages arrive at the branch below w: 8 from the fit, 0.15 from the
# penalty.* Step through it (where a site removes scripts, the place below is empty):

# %%
animate(C, title="A weight, its fit and its penalty")

# %% [markdown]
# A step of gradient descent with this penalty shrinks the weight first and then follows the
# data: $w \leftarrow (1 - \eta\lambda)\,w - \eta\,\partial C_0/\partial w$. Hence the name
# *weight decay*, and the optimizers' option. L1, a penalty $\lambda\sum|w|$, takes off the
# same amount $\eta\lambda$ from every weight, small or large.

# %%
w1, w2 = (Tensor([[2.0, -0.5, 0.01]], requires_grad=True) for _ in range(2))
by_option = optim.SGD([w1], lr=0.1, weight_decay=0.3)
by_hand = optim.SGD([w2], lr=0.1)
np.sum(np.sin(w1)).backward()
(np.sum(np.sin(w2)) + nn.l2_penalty([w2], 0.3)).backward()
by_option.step()
by_hand.step()
assert np.allclose(w1.data, w2.data, rtol=1e-14)

values = np.array([2.0, -0.5, 0.01])
l2 = grad(lambda w: 0.5 * 0.3 * np.sum(w**2))(values)
l1 = grad(lambda w: 0.3 * np.sum(np.abs(w)))(values)
assert np.allclose(l2, 0.3 * values)
assert np.allclose(l1, 0.3 * np.sign(values))
print("L2 pulls with", np.round(l2, 4), "  L1 with", np.round(l1, 4))

# %% [markdown]
# ## How large a penalty? Ask data that was not fitted
#
# Cross-validation: split the 15 points into 5 parts, fit on 4 of them, measure on the
# fifth, in turn. The 1,000 new points are only looked at afterwards, to see whether the
# choice was good. The fit is done by Newton's method with the engine's Hessian, and is
# compared with the formula.

# %%
DEGREE = 12


def fitted(x, y, strength):
    """Minimize the sum of squares plus the penalty; the minimum has a formula."""
    V = features(x, DEGREE)
    return np.linalg.solve(V.T @ V + strength * np.eye(DEGREE + 1), V.T @ y)


def objective(w):
    return 0.5 * np.sum((features(x, DEGREE) @ w - y) ** 2) + 0.5 * 0.1 * np.sum(w**2)


by_newton = optim.newton(objective, np.zeros(DEGREE + 1)).x
assert np.allclose(by_newton, fitted(x, y, 0.1), atol=1e-8)

strengths = 10.0 ** np.arange(-6, 3, 0.5)
parts = np.array_split(np.random.default_rng(0).permutation(15), 5)
held_out = np.zeros(len(strengths))
for part in parts:
    rest = np.setdiff1d(np.arange(15), part)
    for k, strength in enumerate(strengths):
        w = fitted(x[rest], y[rest], strength)
        held_out[k] += np.sum((features(x[part], DEGREE) @ w - y[part]) ** 2) / 15

on_train = [np.mean((features(x, DEGREE) @ fitted(x, y, s) - y) ** 2) for s in strengths]
on_new = [
    np.mean((features(x_new, DEGREE) @ fitted(x, y, s) - y_new) ** 2) for s in strengths
]
chosen = int(np.argmin(held_out))
assert np.argmin(on_train) == 0  # the training error would choose no penalty at all
assert on_new[chosen] < 1.5 * min(on_new)
assert on_new[chosen] < 0.1 * on_new[0]

figure, axes = plt.subplots(1, 2, figsize=(9.4, 3.8))
axes[0].loglog(strengths, on_train, "--", color=ORANGE, label="on the 15 points")
axes[0].loglog(strengths, held_out, "-.", color=GREEN, label="cross-validation, same 15")
axes[0].loglog(strengths, on_new, "-", color=BLUE, label="on new points")
axes[0].vlines(strengths[chosen], 1e-3, 5, color=GREY, linestyle=":", label="chosen")
axes[0].set(xlabel="strength of the penalty", ylabel="mean squared error", ylim=(1e-3, 1e3))
axes[0].legend(fontsize=8)
axes[0].grid()
t = np.linspace(-1, 1, 300)
axes[1].plot(t, truth(t), ":", color=GREY, label="truth")
axes[1].plot(
    t,
    features(t, DEGREE) @ fitted(x, y, 1e-6),
    "--",
    color=ORANGE,
    label="no penalty to speak of",
)
axes[1].plot(
    t,
    features(t, DEGREE) @ fitted(x, y, strengths[chosen]),
    "-",
    color=BLUE,
    label="chosen penalty",
)
axes[1].plot(x, y, "o", color=GREEN, markersize=4)
axes[1].set(ylim=(-2, 2), xlabel="x", ylabel="y", title=f"degree {DEGREE}, 15 points")
axes[1].legend(fontsize=8)
show(
    figure,
    "cross-validation has its lowest point near that of the new points, without "
    "having seen them. On the right, the same polynomial: without the penalty it "
    "visits every point, with it it follows the truth.",
)

# %% [markdown]
# ## A network that learns wrong answers by heart
#
# Three hundred images of digits, and every fifth label is wrong on purpose. A network with
# 100 hidden units, 60 epochs, and its accuracy on clean images that it has not seen.

# %%
digits = load_digits()
images = (digits.data / 16).astype(np.float32)
order = np.random.default_rng(0).permutation(len(images))
train, test = order[:300], order[300:]
labels = digits.target[train].copy()
wrong = np.arange(0, 300, 5)
labels[wrong] = (labels[wrong] + np.random.default_rng(1).integers(1, 10, len(wrong))) % 10
clean = np.setdiff1d(np.arange(300), wrong)
assert (labels != digits.target[train]).mean() == 0.2


def learn(dropout=0.0, weight_decay=0.0, noise=0.0, epochs=60):
    """Return the accuracy on new images and on the wrong labels, epoch by epoch."""
    nn.manual_seed(0)
    net = nn.Sequential(
        nn.Linear(64, 100), nn.ReLU(), nn.Dropout(dropout), nn.Linear(100, 10)
    )
    optimizer = optim.Adam(net.parameters(), lr=6e-3, weight_decay=weight_decay)
    rng, on_new, by_heart = np.random.default_rng(0), [], []
    for _ in range(epochs):
        net.train()
        for batch in np.array_split(rng.permutation(300), 10):
            optimizer.zero_grad()
            seen = images[train[batch]]
            if noise:
                seen = seen + rng.normal(0, noise, seen.shape).astype(np.float32)
            nn.functional.cross_entropy(net(seen), labels[batch]).backward()
            optimizer.step()
        net.eval()
        with no_grad():
            answers = net(images).data.argmax(axis=1)
        on_new.append(np.mean(answers[test] == digits.target[test]))
        by_heart.append(np.mean(answers[train[wrong]] == labels[wrong]))
    return np.array(on_new), np.array(by_heart)


runs = {
    "nothing": learn(),
    "weight decay": learn(weight_decay=0.02),
    "dropout": learn(dropout=0.6),
    "noise on the images": learn(noise=0.4),
}

# %% tags=["approximate"]
for name, (on_new, by_heart) in runs.items():
    print(
        f"{name:20} at the end {on_new[-1]:.1%} of new digits, best epoch {on_new.max():.1%}; "
        f"{by_heart[-1]:.0%} of the wrong labels by heart"
    )
plain, heart = runs["nothing"]
assert heart[-1] > 0.6  # most wrong labels are learned
assert plain.max() - plain[-1] > 0.02  # stopping early would have been better
for name, (on_new, by_heart) in runs.items():
    if name != "nothing":
        assert on_new[-1] > plain[-1] + 0.01
        assert by_heart[-1] < heart[-1] - 0.2

figure, axes = plt.subplots(1, 2, figsize=(9.4, 3.8))
looks = zip(("-", "--", "-.", ":"), (ORANGE, BLUE, GREEN, PURPLE), strict=True)
for (name, (on_new, by_heart)), (line, colour) in zip(runs.items(), looks, strict=True):
    axes[0].plot(on_new, line, color=colour, label=name)
    axes[1].plot(by_heart, line, color=colour)
axes[0].set(xlabel="epoch", ylabel="share of new digits read right", ylim=(0.6, 0.97))
axes[1].set(xlabel="epoch", ylabel="share of wrong labels learned by heart")
axes[0].legend()
for axis in axes:
    axis.grid()
show(
    figure,
    "without regularization the network is best after a few epochs; then it begins to "
    "learn the wrong labels (right), and gets worse on new digits (left). Each of the "
    "three remedies holds that back.",
)

# %% [markdown]
# **Stopping early** is the cheapest remedy of all: keep the weights of the epoch that was
# best on held-out data. And the fourth is **more data**: trained on all the clean digits,
# the same network does better than any of them, without a remedy.

# %% tags=["approximate"]
nn.manual_seed(0)
net = nn.Sequential(nn.Linear(64, 100), nn.ReLU(), nn.Linear(100, 10))
optimizer, shuffle = optim.Adam(net.parameters(), lr=3e-3), np.random.default_rng(0)
more, rest = order[:1200], order[1200:]
for _ in range(15):
    for batch in np.array_split(shuffle.permutation(more), 40):
        optimizer.zero_grad()
        nn.functional.cross_entropy(net(images[batch]), digits.target[batch]).backward()
        optimizer.step()
with no_grad():
    score = np.mean(net(images[rest]).data.argmax(axis=1) == digits.target[rest])
assert score > max(on_new[-1] for on_new, _ in runs.values())
print(f"1,200 clean images: {score:.1%}")

# %% [markdown]
# ## Exercise
#
# A weight feels nothing but the penalty: $\lambda = 0.5$, rate $\eta = 0.1$, and it starts
# at 2. What is it after 10 steps?

# %%
answer = None


def solution():
    w = Tensor([2.0], requires_grad=True)
    optimizer = optim.SGD([w], lr=0.1, weight_decay=0.5)
    for _ in range(10):
        optimizer.zero_grad()
        np.sum(0 * w).backward()
        optimizer.step()
    return w.data[0]


exercise(answer, solution)

# %% [markdown]
# <details><summary>Solution</summary>
#
# Each step multiplies by $1 - \eta\lambda = 0.95$, so $2 \cdot 0.95^{10} \approx 1.1975$.
# </details>

# %%
exercise(2 * 0.95**10, solution)
