"""Convolutions of every kind, and pooling, at three sizes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.engines import Engine, Step

SIZES = ((4, 8, 12), (16, 32, 16), (32, 64, 32))  # examples, channels, height and width


def programs(e: Engine) -> dict[str, Callable[[], Step]]:
    """Return the programs by name."""
    rng = np.random.default_rng(0)
    found: dict[str, Callable[[], Step]] = {}
    conv = e.F.conv2d

    def add(name: str, f: Any, *shapes: tuple[int, ...]) -> None:
        arrays = [rng.normal(size=s).astype("float32") for s in shapes]
        found[f"{name}, {' x '.join(map(str, shapes[0]))}"] = lambda: e.step(f, *arrays)

    for n, c, h in SIZES:
        image, square = (n, c, h, h), (c, c, 3, 3)
        add("3 x 3", lambda x, w, b: conv(x, w, b, padding=1), image, square, (c,))
        add("5 x 5", lambda x, w: conv(x, w, padding=2), image, (c, c, 5, 5))
        add("1 x 1", lambda x, w: conv(x, w), image, (2 * c, c, 1, 1))
        add("3 x 3 of stride 2", lambda x, w: conv(x, w, stride=2, padding=1), image, square)
        add("3 x 3 dilated by 2", lambda x, w: conv(x, w, padding=2, dilation=2), image, square)
        add("3 x 3 in 4 groups", lambda x, w: conv(x, w, padding=1, groups=4),
            image, (c, c // 4, 3, 3))  # fmt: skip
        add("depthwise 3 x 3", lambda x, w, c=c: conv(x, w, padding=1, groups=c),
            image, (c, 1, 3, 3))  # fmt: skip
        add("depthwise 3 x 3, then 1 x 1",
            lambda x, w, v, c=c: conv(conv(x, w, padding=1, groups=c), v),
            image, (c, 1, 3, 3), (c, c, 1, 1))  # fmt: skip
        add("transposed 4 x 4 of stride 2",
            lambda x, w: e.F.conv_transpose2d(x, w, stride=2, padding=1),
            image, (c, c, 4, 4))  # fmt: skip
        add("1-d, width 5", lambda x, w: e.F.conv1d(x, w, padding=2), (n, c, h * h), (c, c, 5))
        add("max pooling", lambda x: e.F.max_pool2d(x, 2), image)
        add("average pooling", lambda x: e.F.avg_pool2d(x, 2), image)
    return found
