"""Plan: how the windows of a convolution lie on its input, and on its output's gradient."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple


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

    @property
    def reach(self) -> tuple[int, int]:
        """How far the last tap lies from the first."""
        (kh, kw), (dh, dw) = self.kernel, self.dilation
        return dh * (kh - 1), dw * (kw - 1)

    @property
    def turns(self) -> bool:
        """Whether the transpose is a convolution itself, with the kernels turned."""
        inside = all(r >= p for r, p in zip(self.reach, self.padding, strict=True))
        return self.stride == (1, 1) and inside

    def back(self, output: tuple[int, ...]) -> Plan:
        """Return how the windows of that convolution lie, on an output of this size."""
        (rh, rw), (ph, pw) = self.reach, self.padding
        return self._replace(size=tuple(output), padding=(rh - ph, rw - pw))


@lru_cache
def _output(plan: Plan) -> tuple[int, int]:
    h, w = (
        (n + 2 * p - d * (k - 1) - 1) // s + 1
        for n, k, s, p, d in zip(
            plan.size, plan.kernel, plan.stride, plan.padding, plan.dilation, strict=True
        )
    )
    return h, w


def turned(w: Any, groups: int) -> Any:
    """Return kernels (out, in, h, w) as the transpose needs them: (in, out, h, w), turned about."""
    w = w.reshape(groups, -1, *w.shape[1:])[..., ::-1, ::-1].swapaxes(1, 2)
    return w.reshape(-1, *w.shape[2:])
