"""Train: a network learns to part two moons.

The picture shows after each epoch what the network says of each place. Stop
ends the training early; what there is stays.
"""

import numpy as np
from playground import surface

from autograd_core import animate, nn, optim

rng = np.random.default_rng(0)
angle = rng.uniform(0, np.pi, 200)
labels = np.arange(200) % 2
X = np.stack([np.cos(angle), np.sin(angle)], axis=1)
X[labels == 1] = [1.0, 0.5] - X[labels == 1]
X = (X + rng.normal(0, 0.12, X.shape)).astype("float32")

nn.manual_seed(0)
model = nn.Sequential(nn.Linear(2, 16), nn.Tanh(), nn.Linear(16, 16), nn.Tanh(), nn.Linear(16, 2))


class Show(nn.Callback):
    def on_epoch_end(self, trainer, row):
        title = f"epoch {row['epoch']}, loss {row['loss']:.3f}, {row['accuracy']:.0%} right"
        surface(model, X, labels, title)


trainer = nn.Trainer(
    model,
    nn.CrossEntropyLoss(),
    optim.Adam(model.parameters(), lr=0.02),
    metrics={"accuracy": nn.accuracy},
    callbacks=[Show()],
)
history = trainer.fit((X, labels), epochs=40)
print(f"{history['accuracy'][-1]:.1%} of the points are on the right side")

loss = nn.CrossEntropyLoss()(model(X[:4]), labels[:4])  # the page: four of the points
animate(loss)
