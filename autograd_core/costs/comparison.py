"""Forward against reverse mode: one graph for each input, or one graph for each output."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from autograd_core.base.printing import prints_anywhere
from autograd_core.base.text_tables import (
    bytes_text,
    count_text,
    html_table,
    seconds_text,
    text_table,
)
from autograd_core.costs.plots import plot_modes
from autograd_core.costs.recorded_run import RecordedRun
from autograd_core.engine.node import Node

_HEAD = ("mode", "sweeps", "FLOPs", "peak bytes", "predicted", "measured")


@dataclass(frozen=True)
class ModeCost:
    """What the whole Jacobian takes in one mode, one sweep after another.

    Attributes
    ----------
    mode : str
        "forward" (one sweep for each input) or "reverse" (one for each output).
    sweeps : int
        How many.
    flops : float
        Of one evaluation and all sweeps.
    bytes : int
        Peak live bytes.
    predicted : float or None
        Seconds: an evaluation and `sweeps` times one measured sweep.
    measured : float or None
        Seconds that the sweeps took.
    share : float
        Which part of the sweeps was run for `measured`; the rest is extrapolated.
    """

    mode: str
    sweeps: int
    flops: float
    bytes: int
    predicted: float | None
    measured: float | None
    share: float = 1.0


@dataclass(frozen=True)
class Modes:
    """One graph for each input against one graph for each output, for one function.

    Attributes
    ----------
    n, m : int
        Number of inputs and outputs.
    forward, reverse : ModeCost
        The two ways to the Jacobian.
    per_sweep : tuple of float
        FLOPs of one forward and of one reverse sweep.
    """

    n: int
    m: int
    forward: ModeCost
    reverse: ModeCost
    per_sweep: tuple[float, float]

    @property
    def best(self) -> str:
        """The mode with fewer FLOPs; at a tie the one measured to be faster, then forward."""
        f, r = self.forward, self.reverse
        if f.flops == r.flops and f.measured is not None and r.measured is not None:
            return "forward" if f.measured <= r.measured else "reverse"
        return "forward" if f.flops <= r.flops else "reverse"

    @property
    def ratio(self) -> float:
        """How many times more FLOPs the worse mode takes."""
        f, r = self.forward.flops, self.reverse.flops
        return max(f, r) / min(f, r) if min(f, r) else 1.0

    @property
    def measured_ratio(self) -> float | None:
        """How many times longer the worse mode took; None if nothing was measured."""
        f, r = self.forward.measured, self.reverse.measured
        return None if f is None or r is None else max(f, r) / min(f, r)

    def rows(self) -> list[tuple[str, ...]]:
        """Return the table's cells: forward, reverse, and the better of them."""
        better = self.forward if self.best == "forward" else self.reverse
        return [_cells(self.forward), _cells(self.reverse), _cells(better, f"best: {better.mode}")]

    def sentence(self) -> str:
        """Return what the table says, in words."""
        inputs = "input" if self.n == 1 else f"each of {self.n:,} inputs"
        outputs = "output" if self.m == 1 else f"each of {self.m:,} outputs"
        worse = "forward" if self.best == "reverse" else "reverse"
        measured = self.measured_ratio
        text = (
            f"Forward mode: one graph for {inputs if self.n > 1 else 'the one input'}. "
            f"Reverse mode: one graph for {outputs if self.m > 1 else 'the one output'}.\n"
        )
        if self.ratio == 1:
            return text + "Both take the same FLOPs."
        text += f"{worse.capitalize()} takes {_times(self.ratio)} the FLOPs of {self.best}"
        if measured is not None:
            slower = "forward" if _faster(self) == "reverse" else "reverse"
            text += f"; {slower} took {_times(measured)} the time of {_faster(self)}"
        text += "."
        part = [c for c in (self.forward, self.reverse) if c.share < 1]
        for c in part:
            text += (
                f"\n~ {round(c.share * c.sweeps):,} of the {c.sweeps:,} {c.mode} sweeps were run, "
                "the rest is extrapolated."
            )
        return text

    @prints_anywhere
    def __str__(self) -> str:
        return f"{text_table(_HEAD, self.rows())}\n\n{self.sentence()}"

    def _repr_html_(self) -> str:
        caption = f"The Jacobian of {self.n:,} inputs and {self.m:,} outputs"
        sentence = self.sentence().replace("\n", "<br>")
        return f"{html_table(_HEAD, self.rows(), caption=caption)}<p>{sentence}</p>"

    def plot(self, path: str | None = None) -> Any:
        """Draw which mode is cheaper over n and m, and where this function stands.

        For functions whose sweeps cost what this one's cost, the colour says how
        many times cheaper the better mode is; on the line both cost the same.

        Parameters
        ----------
        path : str, optional
            Where to save the picture.

        Returns
        -------
        matplotlib.figure.Figure
            Needs matplotlib.
        """
        return plot_modes(self, path)


def _times(ratio: float) -> str:
    return f"{ratio:,.0f} times" if ratio >= 10 else f"{ratio:.3g} times"


def _faster(modes: Modes) -> str:
    f, r = modes.forward.measured, modes.reverse.measured
    return "forward" if f is not None and r is not None and f <= r else "reverse"


def _cells(cost: ModeCost, name: str = "") -> tuple[str, ...]:
    measured = seconds_text(cost.measured)
    return (
        name or cost.mode,
        f"{cost.sweeps:,}",
        count_text(cost.flops),
        bytes_text(cost.bytes),
        seconds_text(cost.predicted),
        f"~{measured}" if cost.share < 1 else measured,
    )


def _units(node: Node) -> Any:
    """Yield the unit arrays of a node's shape, one at a time."""
    shape = np.shape(node.output)
    for k in range(int(np.size(node.output))):
        unit = np.zeros(int(np.size(node.output)), dtype=node.output.dtype)
        unit[k] = 1
        yield unit.reshape(shape)[()]


def _timed(sweeps: Any, total: int, limit: float) -> tuple[float, float]:
    """Run sweeps one after another until the limit; return seconds for all, and the share run."""
    next(sweeps)()  # once without the clock: caches warm up
    done = 0
    start = time.perf_counter()
    for run in sweeps:
        run()
        done += 1
        if time.perf_counter() - start > limit:
            break
    spent = time.perf_counter() - start
    return spent * total / done, done / total


def _forward_sweeps(recorded: RecordedRun) -> Any:
    for node in recorded.inputs:
        for unit in _units(node):
            yield lambda node=node, unit=unit: recorded.forward({node: unit})


def _reverse_sweeps(recorded: RecordedRun) -> Any:
    for k, node in enumerate(recorded.outputs):
        others = [np.zeros_like(o.output)[()] for o in recorded.outputs]
        for unit in _units(node):
            seeds = [unit if j == k else other for j, other in enumerate(others)]
            yield lambda seeds=seeds: recorded.reverse(seeds)


def compare(cost: Any, recorded: RecordedRun, measure: bool, limit: float) -> Modes:
    """Return the comparison of the two modes for a recorded function."""

    def mode(name: str, sweeps: int, peak: int, runs: Callable[[RecordedRun], Any]) -> ModeCost:
        each = cost.forward if name == "forward" else cost.reverse
        flops = cost.function.flops + sweeps * each.flops
        predicted = measured = None
        share = 1.0
        if cost.function.seconds is not None and each.seconds is not None:
            predicted = cost.function.seconds + sweeps * each.seconds
        if measure:
            evaluation = cost.function.seconds
            if evaluation is None:
                start = time.perf_counter()
                recorded.run()
                evaluation = time.perf_counter() - start
            spent, share = _timed(_warmed(runs, recorded), sweeps, limit)
            measured = evaluation + spent
        return ModeCost(name, sweeps, flops, peak, predicted, measured, share)

    return Modes(
        cost.n,
        cost.m,
        mode("forward", cost.n, cost.memory.forward, _forward_sweeps),
        mode("reverse", cost.m, cost.memory.reverse, _reverse_sweeps),
        (cost.forward.flops, cost.reverse.flops),
    )


def _warmed(runs: Callable[[RecordedRun], Any], recorded: RecordedRun) -> Any:
    """Yield one sweep to warm up, then every sweep."""
    yield next(runs(recorded))
    yield from runs(recorded)


__all__: Sequence[str] = ["ModeCost", "Modes", "compare"]
