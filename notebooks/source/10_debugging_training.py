# %% [markdown]
# # 10 · Debugging training
#
# **It runs, and it does not learn. Where is the fault?**
#
# A wrong program usually stops. A wrong training program usually goes on, with a loss that
# falls a little less than it should. On this page six faults are planted, of the kinds that
# really happen, and each is found by a tool that looks at the graph: numerical gradient
# checks, the table of gradients by layer, activity statistics, `explain`, `detect_anomaly`,
# and the graph itself.

# %%
import numpy as np
from sklearn.datasets import load_digits

import nn
import optim
from autograd_core import (
    Tensor,
    animate,
    detect_anomaly,
    draw,
    explain,
    gradcheck,
    gradients,
    no_grad,
    primitive,
)
from autograd_core.base.errors import AutogradError, GradcheckError
from page import BLUE, GREEN, GREY, ORANGE, exercise, plt, show

digits = load_digits()
images = (digits.data / 16).astype(np.float32)
labels = digits.target
order = np.random.default_rng(0).permutation(len(images))
train, test = order[:1200], order[1200:]

# %% [markdown]
# ## Before any training: three numbers that are known
#
# 1. A classifier that knows nothing gives each of ten classes 1/10, so its first loss
#    is $\ln 10 \approx 2.303$.
# 2. Its gradients agree with finite differences.
# 3. It can learn ten examples by heart. If it cannot do that, more data won't help.


# %%
def network(seed=0):
    nn.manual_seed(seed)
    return nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10))


net = network()
with no_grad():
    first = nn.functional.cross_entropy(net(images[train]), labels[train]).item()
assert abs(first - np.log(10)) < 0.1

few, small = order[:10], network().double()
x64 = images[few].astype(float)
assert gradcheck(  # every parameter, in reverse mode, against central differences
    lambda: nn.functional.cross_entropy(small(x64[:3]), labels[few[:3]]),
    parameters=list(small.parameters()),
    order=1,
)

optimizer = optim.Adam(small.parameters(), lr=0.01)
for _ in range(150):
    optimizer.zero_grad()
    loss = nn.functional.cross_entropy(small(x64), labels[few])
    loss.backward()
    optimizer.step()
assert loss.item() < 0.01
print(
    f"first loss {first:.3f}, ln 10 = {np.log(10):.3f}; ten examples by heart: {loss.item():.3f}"
)

# %% [markdown]
# ## Fault 1: a derivative rule with the wrong sign
#
# Somebody has written an activation of their own, $\mathrm{softsign}(x) = x / (1 + |x|)$,
# and its rule.

# %%
softsign = primitive(
    lambda x: x / (1 + np.abs(x)),
    vjp=lambda g, y, x: -g / (1 + np.abs(x)) ** 2,
    jvp=lambda t, y, x: t / (1 + np.abs(x)) ** 2,
    name="softsign",
)
try:
    gradcheck(
        lambda x: np.sum(softsign(x) ** 2 + np.sin(x)), np.array([0.5, -2.0]), order=1
    )
    found = ""
except GradcheckError as error:
    found = str(error)
assert "The rule of softsign is wrong" in found  # named, though sin and ** are there too
print(found)

# %% [markdown]
# ## Fault 2: a layer that gets no gradient
#
# The loss falls, but slowly. First look: the size of each parameter's gradient.


# %%
class Faulty(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(64, 32)
        self.second = nn.Linear(32, 32)
        self.out = nn.Linear(32, 10)

    def forward(self, x):
        h = np.maximum(self.first(x), 0)
        scale = np.max(np.abs(h.data))  # to keep numbers small
        h = h.detach() / scale
        h = np.maximum(self.second(h), 0)
        return self.out(h)


nn.manual_seed(0)
faulty = Faulty()
loss = nn.functional.cross_entropy(faulty(images[train[:50]]), labels[train[:50]])
parameters = dict(faulty.named_parameters())
sizes = dict(zip(parameters, gradients(loss, list(parameters.values())), strict=True))
for name, g in sizes.items():
    print(f"{name:14} {'no gradient' if g is None else f'{np.linalg.norm(g.data):.4f}'}")
without = [name for name, g in sizes.items() if g is None]
assert without == ["first.weight", "first.bias"]

# %% [markdown]
# `None` is not zero: it says that no path leads there. `explain` finds the line that cut
# it.

# %%
why = explain(faulty.first.weight, loss)
assert why.gradient is None
assert "h.detach() / scale" in why.where.text
print(why)

# %%
draw(loss, depth=1, rankdir="TB", show=("grad",))

# %% [markdown]
# ***What to see:** the graph begins at the second layer. `first` is not in it at all, so no
# sweep can reach it. Remedy: only the scale may be detached: `h / scale`.*
#
# ## Fault 3: softmax twice
#
# `CrossEntropyLoss` wants logits and applies the softmax itself. This network ends with a
# softmax of its own; it trains, and stays mediocre.


# %%
def train_for(net, epochs=10, lr=0.5):
    optimizer, shuffle, losses = (
        optim.SGD(net.parameters(), lr=lr),
        np.random.default_rng(0),
        [],
    )
    for _ in range(epochs):
        for batch in np.array_split(shuffle.permutation(train), 40):
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(net(images[batch]), labels[batch])
            loss.backward(retain_graph=True)
            optimizer.step()
            losses.append(loss.item())
    return np.array(losses), loss


twice, once = nn.Sequential(*network(), nn.Softmax(dim=1)), network()
losses_twice, loss = train_for(twice)
losses_once, _ = train_for(once)

lowest = np.log(np.e + 9) - 1  # the loss of softmax([1, 0, ..., 0]): it cannot be more sure
assert losses_twice.min() > lowest > 1.4
assert losses_once.min() < 0.3

figure, axis = plt.subplots()
axis.plot(losses_twice, color=ORANGE, linestyle="--", label="softmax twice")
axis.plot(losses_once, color=BLUE, label="softmax once")
axis.axhline(
    lowest, color=GREY, linestyle=":", label=f"lowest possible with two: {lowest:.2f}"
)
axis.set(xlabel="step", ylabel="loss", title="A loss that stops too early")
axis.legend()
axis.grid()
show(
    figure,
    "the orange loss comes to rest above the dotted line and can never cross it. A "
    "loss that levels off at a number that means something is a clue.",
)

# %% [markdown]
# The graph shows it:

# %% tags=["approximate"]
drawing = draw(loss, rankdir="TB", show=("value",))
assert [card.expression for card in drawing.find("softmax")] == ["Softmax"]
drawing

# %% [markdown]
# ***What to see:** a softmax stands right before the cross-entropy, which has one inside.*
#
# ## Fault 4: dead units
#
# A learning rate that is too large throws biases far below zero at the first steps. A
# ReLU that is negative for *every* image passes nothing back, and it stays that way.
# `LayerStatistics` counts such units while the network trains.


# %%
def trained(lr):
    nn.manual_seed(0)
    net = nn.Sequential(
        nn.Linear(64, 60), nn.ReLU(), nn.Linear(60, 60), nn.ReLU(), nn.Linear(60, 10)
    )
    statistics = nn.LayerStatistics(every=5)
    trainer = nn.Trainer(
        net,
        nn.CrossEntropyLoss(),
        optim.SGD(net.parameters(), lr=lr),
        callbacks=[statistics],
        progress=False,
    )
    trainer.fit((images[train], labels[train]), epochs=6)
    return net, statistics


sound, sound_statistics = trained(0.1)
burnt, burnt_statistics = trained(1.0)

# %% tags=["approximate"]
print(burnt_statistics)
dead = {name: s["dead"] for name, s in burnt_statistics.records[-1]["layers"].items()}
alive = {name: s["dead"] for name, s in sound_statistics.records[-1]["layers"].items()}
assert max(dead["1"], dead["3"]) > 0.5
assert max(alive["1"], alive["3"]) < 0.2


def pattern(net):
    with no_grad():
        return net[1](net[0](images[test[:120]])).data


figure, axes = plt.subplots(1, 2, figsize=(9.2, 3.6), sharey=True)
for axis, net, title in zip(axes, (sound, burnt), ("rate 0.1", "rate 1"), strict=True):
    axis.imshow(
        pattern(net) > 0,
        cmap="Greys",
        vmin=0,
        vmax=1.4,
        aspect="auto",
        interpolation="nearest",
    )
    axis.set(title=title, xlabel="hidden unit")
axes[0].set_ylabel("image")
show(
    figure,
    "each column is a unit, each row an image, dark where the unit is on. On the left "
    "every unit tells images apart; on the right most columns are blank from top to "
    "bottom: dead.",
)

# %% [markdown]
# The graph shows what a dead unit means. Here is one with its weights: no change of w or b
# can bring it back, since every message to them is 0.

# %%
w, b = Tensor(0.5, requires_grad=True), Tensor(-9.0, requires_grad=True)
z = w * 2.0 + b
h = np.maximum(z, 0)
C = (h - 1.0) ** 2
assert [g.item() for g in gradients(C, [w, b])] == [0.0, 0.0]
animate(C, title="A dead unit: the message stops at the ReLU")

# %% [markdown]
# (Where a site removes scripts, the place above is empty.)
#
# ## Fault 5: NaN, from somewhere
#
# The loss is NaN. By then every number is. `detect_anomaly` stops at the operation that
# produced the first one.

# %%
p = Tensor([0.2, 0.8, 0.0], requires_grad=True)
target = np.array([0.0, 1.0, 0.0])
with np.errstate(all="ignore"):
    entropy = -target * np.log(p)  # 0 · log 0
    loss = np.sum(entropy) + np.sum(p**2)
    assert np.isnan(loss.item())
    try:
        with detect_anomaly():
            entropy = -target * np.log(p)
            loss = np.sum(entropy) + np.sum(p**2)
        found = ""
    except AutogradError as error:
        found = str(error)
assert "log" in found
print(found)

# %%
with np.errstate(all="ignore"):
    loss = np.sum(-target * np.log(p))
draw(loss, show=("value",), rankdir="TB")

# %% [markdown]
# ***What to see:** red borders and an exclamation mark, from the logarithm on. Remedy: the
# loss that takes logits, or a sum over the chosen class only.*
#
# ## Fault 6: gradients that are never cleared
#
# `backward()` *adds* to `.grad`, because a parameter may be used in several losses:
# another branch, this time in time. If you forget `zero_grad()`, you descend along the
# sum of all gradients so far.

# %%
w = Tensor([1.0], requires_grad=True)
for k in range(3):
    np.sum(w * 2.0).backward()
    assert w.grad.item() == 2.0 * (k + 1)  # 2, 4, 6


def descend(zero, steps=100):
    """Walk down C = w² / 2 from 1, and return the way."""
    w = Tensor([1.0], requires_grad=True)
    optimizer, path = optim.SGD([w], lr=0.05), []
    for _ in range(steps):
        if zero:
            optimizer.zero_grad()
        np.sum(w**2 / 2).backward()
        optimizer.step()
        path.append(w.item())
    return np.array(path)


kept, cleared = descend(zero=False), descend(zero=True)
assert np.all(np.diff(np.abs(cleared)) < 0)  # closer with every step
assert np.abs(kept[-40:]).max() > 0.95  # as far away as at the start
assert kept.min() < -0.95  # and on the other side

figure, axis = plt.subplots()
axis.plot(kept, "--", color=ORANGE, label="zero_grad() forgotten")
axis.plot(cleared, "-", color=GREEN, label="with zero_grad()")
axis.set(
    xlabel="step", ylabel="w, best at 0", title="Old gradients pull along", ylim=(-1.1, 1.7)
)
axis.legend(loc="upper right")
axis.grid()
show(
    figure,
    "the orange weight is faster at first, flies past the minimum, and swings on "
    "without end: the sum of all old gradients is a momentum that never fades.",
)

# %% [markdown]
# ## A list for the wall
#
# | look | if not |
# |---|---|
# | first loss = what chance gives | the loss or the labels are wrong |
# | `gradcheck` of layer and loss | it names the rule |
# | no parameter's gradient is `None` | `explain` names the line |
# | ten examples by heart | the model or the optimizer is wrong |
# | gradients of like size in all layers | notebook 5 |
# | no dead, silent or equal units | smaller rate, other initialization |
# | loss finite | `detect_anomaly` names the operation |
# | training and held-out error close | notebook 8 |
#
# ## Exercise
#
# A classifier of 100 classes starts with a loss of 4.605 and, trained with a softmax too
# many, never gets below a certain number. Which one?

# %%
answer = None


def solution():
    best = np.zeros((1, 100))
    best[0, 7] = 1.0  # what the first softmax can give at most
    return nn.functional.cross_entropy(best, np.array([7])).item()


exercise(answer, solution)

# %% [markdown]
# <details><summary>Solution</summary>
#
# The second softmax sees a 1 and ninety-nine 0s: the right class gets $e/(e + 99)$, and the
# loss is $\ln(e + 99) - 1 \approx 3.622$.
# </details>

# %%
exercise(np.log(np.e + 99) - 1, solution)
