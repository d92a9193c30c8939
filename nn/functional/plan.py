"""Plan: how the windows of a convolution lie on its input, and on its output's gradient."""

from __future__ import annotations

from functools import lru_cache
from math import gcd
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


def phases(
    size: int, kernel: int, stride: int, padding: int, dilation: int
) -> tuple[list[tuple[slice, int, int, int]], tuple[int, int]]:
    """Return the convolutions that a transposed one is made of, along one axis; and the frame.

    Tap a of the place u of the output lies at ``u * stride + a * dilation - padding``.  Places
    of one remainder by the stride get the same taps, every m-th, from neighbouring u.  So there is
    for each remainder: the taps, where the first place's window begins, that place, and how many.
    """
    common = gcd(stride, dilation)
    m, apart = stride // common, dilation // common
    found, ends = [], [0]
    for place in range(min(stride, size)):
        at = place + padding
        tap = next((a for a in range(min(m, kernel)) if (at - a * dilation) % stride == 0), kernel)
        reach, count = (len(range(tap, kernel, m)) - 1) * apart, -(-(size - place) // stride)
        begin = (at - tap * dilation) // stride - reach if tap < kernel else 0
        found.append((slice(tap, kernel, m), begin, place, count))
        ends.append(begin + count + max(reach, 0))
    before = -min(begin for _, begin, *_ in found)
    return found, (before, max(ends) + before)
