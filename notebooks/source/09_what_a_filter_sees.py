# %% [markdown]
# # 9 · What does a filter see?
#
# **A filter is nine numbers. What do they look for, and how far does it see?**
#
# A convolution slides a small filter over an image and writes down, at each place, how well
# the filter fits there. The same few weights are used everywhere, so a stroke is recognized
# wherever it is. On this page you make a filter by hand, see its weights as one large
# branch, train a small network on real digits, and look at what its filters have become.

# %%
import numpy as np
from sklearn.datasets import load_digits

import nn
import optim
from autograd_core import Tensor, animate, draw, grad, gradients, no_grad
from page import exercise, plt, show

conv2d = nn.functional.conv2d
plt.rcParams.update({"axes.spines.top": True, "axes.spines.right": True})  # frames
digits = load_digits()
images = (digits.images / 16)[:, None].astype(np.float32)  # N, 1, 8, 8
labels = digits.target
order = np.random.default_rng(0).permutation(len(images))
train, test = order[:1200], order[1200:]

# %% [markdown]
# ## A filter by hand
#
# Ones on the left, minus ones on the right: this filter answers where it is bright on the
# left and dark on the right, which is the right edge of a stroke. At each place: multiply
# the nine weights by the nine pixels below them, and add.

# %%
edge = np.array([[1.0, 0, -1], [1, 0, -1], [1, 0, -1]])
image = images[order[3], 0].astype(float)
answer_map = np.asarray(conv2d(image[None, None], edge[None, None]))[0, 0]

by_hand = np.zeros((6, 6))
for i in range(6):
    for j in range(6):
        by_hand[i, j] = np.sum(image[i : i + 3, j : j + 3] * edge)
assert np.allclose(answer_map, by_hand)

figure, axes = plt.subplots(1, 3, figsize=(8.4, 3.0))
for axis, picture, title, colours in (
    (axes[0], image, f"a {labels[order[3]]}, 8 × 8", "gray"),
    (axes[1], edge, "the filter, 3 × 3", "RdBu_r"),
    (axes[2], answer_map, "its answer, 6 × 6", "RdBu_r"),
):
    largest = np.abs(picture).max()
    axis.imshow(
        picture, cmap=colours, vmin=0 if colours == "gray" else -largest, vmax=largest
    )
    axis.set(title=title, xticks=[], yticks=[])
show(
    figure,
    "the answer is red where a stroke ends on its right, blue where one begins on its "
    "left, and pale where nothing changes from left to right.",
)

# %% [markdown]
# ## Moving along
#
# Shift the image, and the answer shifts with it: nothing has to be learned twice. A dense
# layer has no such property.

# %%
shifted = np.zeros((1, 1, 12, 12))
shifted[0, 0, 3:11, 2:10] = image
first = np.zeros((1, 1, 12, 12))
first[0, 0, 2:10, 2:10] = image
a, b = (np.asarray(conv2d(p, edge[None, None]))[0, 0] for p in (first, shifted))
assert np.allclose(a[:-1], b[1:])  # one row further down, and otherwise the same

dense, shared = nn.Linear(64, 8 * 64), nn.Conv2d(1, 8, 3, padding=1)
count = {
    kind: sum(p.size for p in m.parameters())
    for kind, m in (("dense", dense), ("shared", shared))
}
assert count == {"dense": 33_280, "shared": 80}
print(
    f"8 maps of 8 × 8 from one image: dense {count['dense']:,} weights, shared {count['shared']}"
)

# %% [markdown]
# ## Shared weights are a branch
#
# Written out for a filter of two weights on four pixels: each weight is used at three
# places. So each weight is a branch, and its gradient is a *sum over places*.

# %%
w1, w2 = Tensor(0.5, requires_grad=True), Tensor(-1.0, requires_grad=True)
p1, p2, p3, p4 = 1.0, 2.0, 4.0, 7.0
h1 = w1 * p1 + w2 * p2
h2 = w1 * p2 + w2 * p3
h3 = w1 * p3 + w2 * p4
F = h1 * h2 * h3
dw1, dw2, g1, g2, g3 = (g.item() for g in gradients(F, [w1, w2, h1, h2, h3]))
assert np.isclose(dw1, g1 * p1 + g2 * p2 + g3 * p3)
assert np.isclose(dw2, g1 * p2 + g2 * p3 + g3 * p4)
animate(F, title="One filter at three places")

# %% [markdown]
# (Where a site removes scripts, the place above is empty.) In the two dimensions of a
# picture it is the same: the gradient of a filter weight is the sum, over all places, of
# the pixel below it times what came back to that place. That is again a convolution.

# %%
weight = Tensor(edge[None, None], requires_grad=True)
h = conv2d(image[None, None], weight)
loss = np.sum(np.tanh(h))
dweight, dh = gradients(loss, [weight, h])
summed = np.zeros((3, 3))
for i in range(6):
    for j in range(6):
        summed += dh.data[0, 0, i, j] * image[i : i + 3, j : j + 3]
assert np.allclose(dweight.data[0, 0], summed)
draw(loss, rankdir="TB")

# %% [markdown]
# ***What to see:** the engine keeps the convolution as one operation; the branches are
# inside it.*
#
# ## Train a small network
#
# Two convolutions of 3 × 3 with 8 and 16 filters, a maximum over 2 × 2 after each, and a
# dense layer to ten classes.

# %%
nn.manual_seed(0)
net = nn.Sequential(
    nn.Conv2d(1, 8, 3, padding=1),
    nn.ReLU(),
    nn.MaxPool2d(2),
    nn.Conv2d(8, 16, 3, padding=1),
    nn.ReLU(),
    nn.MaxPool2d(2),
    nn.Flatten(),
    nn.Linear(64, 10),
)
before = net[0].weight.data.copy()
print(nn.summary(net, images[:1]))
optimizer, shuffle = optim.Adam(net.parameters(), lr=5e-3), np.random.default_rng(0)
for _ in range(12):
    for batch in np.array_split(shuffle.permutation(train), 30):
        optimizer.zero_grad()
        nn.functional.cross_entropy(net(images[batch]), labels[batch]).backward()
        optimizer.step()


# %% tags=["approximate"]
def score(some):
    with no_grad():
        return np.mean(net(images[some]).data.argmax(axis=1) == labels[some])


accuracy = score(test)
assert accuracy > 0.95
print(
    f"{accuracy:.1%} of {len(test)} new digits read right, with {sum(p.size for p in net.parameters()):,} weights"
)

# %% [markdown]
# ## The filters, before and after

# %%
after = net[0].weight.data
figure, axes = plt.subplots(2, 8, figsize=(9.2, 2.7))
widest = np.abs(after).max()
for row, filters, name in zip(axes, (before, after), ("before", "after"), strict=True):
    for axis, picture in zip(row, filters[:, 0], strict=True):
        axis.imshow(picture, cmap="RdBu_r", vmin=-widest, vmax=widest)
        axis.set(xticks=[], yticks=[])
    row[0].set_ylabel(name)
both = (after.max(axis=(1, 2, 3)) > widest / 4) & (after.min(axis=(1, 2, 3)) < -widest / 4)
assert both.mean() > 0.5
grown = np.linalg.norm(after) / np.linalg.norm(before)
assert grown > 1.2
show(
    figure,
    "before training the weights are noise. After it most filters have a red side and "
    "a blue side: edges and strokes in several directions. Nobody told them to.",
)

# %% [markdown]
# What do they answer to one digit? The maps of the first layer, after ReLU:

# %%
chosen = test[np.argmax(labels[test] == 5)]
with no_grad():
    maps = net[1](net[0](images[chosen][None])).data[0]
figure, axes = plt.subplots(1, 9, figsize=(9.4, 1.7))
axes[0].imshow(images[chosen, 0], cmap="gray")
axes[0].set_title("the digit", fontsize=8)
for k, axis in enumerate(axes[1:]):
    axis.imshow(maps[k], cmap="viridis", vmin=0, vmax=maps.max())
    axis.set_title(f"filter {k + 1}", fontsize=8)
for axis in axes:
    axis.set(xticks=[], yticks=[])
silent = np.mean(maps == 0)
assert 0.1 < silent < 0.95  # each place is seen by some filters, not by all
show(
    figure,
    "each filter lights up (yellow) along strokes of its own direction, and is silent "
    "(dark) elsewhere.",
)

# %% [markdown]
# ## How far does it see?
#
# Ask the derivative: which pixels can a unit feel at all? The **receptive field** is where
# $\partial\,\text{unit}/\partial\,\text{pixel}$ can be other than zero. In the first layer
# it is the filter's own 3 × 3. Behind a pooling and a second convolution it is 8 × 8: the 3
# × 3 places that the filter looks at are two pixels apart, and each has seen 4 × 4 by
# itself.

# %%
nn.manual_seed(3)
layers = nn.Sequential(
    nn.Conv2d(1, 4, 3, padding=1, dtype=np.float64),
    nn.AvgPool2d(2),  # an average feels every pixel, a maximum only one of them at a time
    nn.Conv2d(4, 4, 3, padding=1, dtype=np.float64),
)


def seen(depth):
    """Return which of 16 × 16 pixels a unit in the middle feels."""

    def unit(p):
        x = p[None, None]
        for layer in list(layers)[:depth]:
            x = layer(x)
        return x[0, 0, x.shape[2] // 2, x.shape[3] // 2]

    return grad(unit)(np.random.default_rng(0).normal(size=(16, 16))) != 0


fields = [seen(depth) for depth in (1, 2, 3)]
sizes = [(int(f.any(axis=1).sum()), int(f.any(axis=0).sum())) for f in fields]
assert sizes == [(3, 3), (4, 4), (8, 8)]

figure, axes = plt.subplots(1, 3, figsize=(8.2, 3.0))
for axis, field, size, name in zip(
    axes, fields, sizes, ("convolution", "+ pooling", "+ convolution"), strict=True
):
    axis.imshow(field, cmap="Greys", vmin=0, vmax=1.6)
    axis.set(title=f"{name}: {size[0]} × {size[1]}", xticks=[], yticks=[])
show(
    figure,
    "the pixels that one unit can feel, darker. They spread with each layer, faster "
    "behind a pooling.",
)

# %% [markdown]
# ## What speaks for the answer?
#
# The derivative of the winning score with respect to the *pixels* says where a little more
# ink would help and where it would harm. One backward sweep.

# %%
picked = [test[np.argmax(labels[test] == d)] for d in (0, 3, 4, 7, 8)]
net.eval()


def winning(p, digit):
    scores = net(p)
    return scores[0, digit] - np.mean(scores)


def slope_of(k):
    p = Tensor(images[k][None], requires_grad=True)
    return gradients(winning(p, labels[k]), [p])[0].data[0, 0]


slopes = [slope_of(k) for k in picked]
figure, axes = plt.subplots(2, 5, figsize=(8.4, 3.6))
for column, k, slope in zip(axes.T, picked, slopes, strict=True):
    column[0].imshow(images[k, 0], cmap="gray")
    largest = np.abs(slope).max()
    column[1].imshow(slope, cmap="RdBu_r", vmin=-largest, vmax=largest)
    for axis in column:
        axis.set(xticks=[], yticks=[])

step = 0.05
for k, slope in zip(
    picked, slopes, strict=True
):  # a small step along the slope raises the score
    moved = images[k][None] + step * slope / np.linalg.norm(slope)
    with no_grad():
        assert winning(moved, labels[k]).item() > winning(images[k][None], labels[k]).item()
assert slopes[0][3:5, 3:5].mean() < 0  # ink in the hole of the zero
show(
    figure,
    "below each digit its derivative: red, more ink would raise the score; blue, it "
    "would lower it. The hole of the zero is blue: it must stay empty.",
)

# %% [markdown]
# ## Exercise
#
# Three convolutions of 3 × 3 in a row, no pooling: how many pixels wide is the receptive
# field?

# %%
answer = None


def solution():
    stack = nn.Sequential(
        *[nn.Conv2d(1, 1, 3, padding=1, dtype=np.float64) for _ in range(3)]
    )
    felt = grad(lambda p: stack(p[None, None])[0, 0, 8, 8])(np.ones((16, 16)))
    return np.any(felt != 0, axis=0).sum()


exercise(answer, solution)

# %% [markdown]
# <details><summary>Solution</summary>
#
# Each layer adds one pixel on either side: 3, 5, 7. Three small filters see as far as one
# of 7 × 7, with 27 weights instead of 49, and two more bends between.
# </details>

# %%
exercise(7, solution)
