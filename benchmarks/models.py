"""The networks of the benchmarks, in the modules of either engine: `nn` or `torch.nn`."""

from __future__ import annotations

from typing import Any


def mlp(kind: Any) -> Any:
    return kind.Sequential(
        kind.Linear(784, 512), kind.ReLU(), kind.Linear(512, 512), kind.ReLU(), kind.Linear(512, 10)
    )


def lenet(kind: Any) -> Any:
    return kind.Sequential(
        kind.Conv2d(1, 6, 5, padding=2), kind.Tanh(), kind.AvgPool2d(2),
        kind.Conv2d(6, 16, 5), kind.Tanh(), kind.AvgPool2d(2), kind.Flatten(),
        kind.Linear(400, 120), kind.Tanh(), kind.Linear(120, 84), kind.Tanh(), kind.Linear(84, 10),
    )  # fmt: skip


def convnet(kind: Any) -> Any:
    return kind.Sequential(
        kind.Conv2d(3, 32, 3, padding=1), kind.BatchNorm2d(32), kind.ReLU(), kind.MaxPool2d(2),
        kind.Conv2d(32, 64, 3, padding=1), kind.BatchNorm2d(64), kind.ReLU(), kind.MaxPool2d(2),
        kind.Conv2d(64, 64, 3, padding=1), kind.BatchNorm2d(64), kind.ReLU(), kind.MaxPool2d(2),
        kind.Flatten(), kind.Linear(1024, 10),
    )  # fmt: skip


def residual_block(kind: Any) -> Any:
    class Block(kind.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.conv1 = kind.Conv2d(256, 256, 3, padding=1, bias=False)
            self.norm1 = kind.BatchNorm2d(256)
            self.conv2 = kind.Conv2d(256, 256, 3, padding=1, bias=False)
            self.norm2 = kind.BatchNorm2d(256)
            self.relu = kind.ReLU()

        def forward(self, x: Any) -> Any:
            y = self.relu(self.norm1(self.conv1(x)))
            return self.relu(self.norm2(self.conv2(y)) + x)

    return kind.Sequential(kind.Conv2d(17, 256, 1), Block())
