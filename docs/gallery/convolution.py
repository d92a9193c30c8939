"""A small convolutional network.

Modules of `nn` are boxes with their names. Colours show where the arithmetic is.
"""

import numpy as np

from autograd_core import draw, nn

nn.manual_seed(0)
model = nn.Sequential(
    nn.Conv2d(1, 4, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(64, 3)
)
images, labels = np.random.default_rng(0).normal(size=(2, 1, 8, 8)), np.array([0, 2])
loss = nn.functional.cross_entropy(model(images), labels)

picture = draw(loss, color="cost")
