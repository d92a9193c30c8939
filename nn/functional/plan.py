"""Plan: how the windows of a convolution lie on its input."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple


class Plan(NamedTuple):
    """How windows lie on an input: each field for height and width, then groups."""

    size: tuple[int, ...]  # of the input
    kernel: tuple[int, ...]
    stride: tuple[int, ...]
    padding: tuple[int, ...]
    dilation: tuple[int, ...]
    groups: int

    @property
    def output(self) -> tuple[int, int]:
        """Height and width of the output."""
        return _output(self)


@lru_cache
def _output(plan: Plan) -> tuple[int, int]:
    h, w = (
        (n + 2 * p - d * (k - 1) - 1) // s + 1
        for n, k, s, p, d in zip(
            plan.size, plan.kernel, plan.stride, plan.padding, plan.dilation, strict=True
        )
    )
    return h, w
