"""The pages that the clock writes: a table for each family of programs, and one of all families."""

from __future__ import annotations

import textwrap
from importlib import import_module
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from benchmarks.engines import described as described_machine
from benchmarks.harness import table

if TYPE_CHECKING:
    from benchmarks.clock import Machine, Row

HEAD = """\
# Every family of programs, compared with PyTorch

`make bench` writes this page and those of the families (`python -m benchmarks.clock`). Each engine
runs alone in a process of its own, its steps in a row, and the processes alternate
([the clock](clock.md) says why). A ratio is this engine's time divided by that of PyTorch's eager
mode, forward and backward together, and with the optimizer's update where there is one. "With
`fast`" means that numba is installed, "plain" that it is not. The median and the largest ratio are
those of the family's programs.
"""
FAMILY = """\
- ratio: this engine's time divided by PyTorch's, the median over the alternations.
- of shortest: the same of the shortest runs, which a busy machine disturbs least.
- plain: without compiled kernels.
- limit: the least time on this machine, for reading each input and writing each gradient once at
  the speed of a large copy, or for multiplying the matrices at the speed of a large product,
  whichever takes longer. Arrays that fit into the cache can be faster.
"""


def described(best: Machine, threads: int) -> str:
    """Return what the times depend on: the processor, the BLAS and its kernels, the threads."""
    return (
        f"{described_machine()}; {threads} threads; a copy moves {best.bytes / 1e9:.0f} GB/s, "
        f"a large float32 product does {best.flops / 1e9:.0f} GFLOP/s"
    )


def duration(seconds: float) -> str:
    """Return seconds with a unit that suits them."""
    for factor, unit in ((1, "s"), (1e3, "ms"), (1e6, "µs")):
        if seconds * factor >= 0.95:
            return f"{seconds * factor:.3g} {unit}"
    return f"{seconds * 1e9:.0f} ns"


def _sums(ratios: list[float]) -> tuple[str, str, str]:
    least = f"{sum(r <= 1 for r in ratios)} of {len(ratios)}"
    return f"{median(ratios):.2f}", f"{max(ratios):.2f}", least


def summed_up(rows: list[Row]) -> str:
    """Return one sentence on a family's ratios."""
    said = []
    for name, ratios in (("With `fast`", [r.ratio for r in rows]),
                         ("Plain NumPy", [r.plain_ratio for r in rows])):  # fmt: skip
        middle, most, least = _sums(ratios)
        said.append(f"{name}: {middle} at the median, {most} at most, {least} at most 1.")
    return "\n".join(said)


def rows_table(rows: list[Row]) -> str:
    """Return a family's rows as a table, worst first."""
    cells = [["program", "PyTorch", "ours", "ratio", "of shortest", "plain", "ratio", "limit"]]
    for r in sorted(rows, key=lambda row: -row.ratio):
        cells.append([
            r.name, duration(r.torch), duration(r.ours), f"{r.ratio:.2f}", f"{r.shortest:.2f}",
            duration(r.plain), f"{r.plain_ratio:.2f}", duration(r.limit) if r.limit else "",
        ])  # fmt: skip
    return table(cells)


def overview(found: dict[str, list[Row]], where: str) -> str:
    """Return the page of all families."""
    cells = [["family", "programs", "with `fast`: median", "largest", "at most 1",
              "plain: median", "largest", "at most 1"]]  # fmt: skip
    for family, rows in found.items():
        fast, plain = _sums([r.ratio for r in rows]), _sums([r.plain_ratio for r in rows])
        cells.append([f"[{family}](families/{family}.md)", str(len(rows)), *fast, *plain])
    return f"{HEAD}\n{textwrap.fill(where, 100)}.\n\n{table(cells)}\n"


def family_page(family: str, rows: list[Row], where: str) -> str:
    """Return the page of one family; its prose is the docstring of the family's module."""
    prose = import_module(f"benchmarks.families.{family}").__doc__ or ""
    title, _, rest = prose.partition("\n")
    return (
        f"# {family.capitalize()}\n\n{title.strip()}\n{rest.rstrip()}\n\n{summed_up(rows)}\n\n"
        f"{textwrap.fill(where, 100)}.\n\n{rows_table(rows)}\n\n{FAMILY}"
    ).replace("\n\n\n", "\n\n")


def write(folder: Path, found: dict[str, list[Row]], where: str) -> None:
    """Write the overview and a page for each family."""
    pages = folder / "families"
    pages.mkdir(parents=True, exist_ok=True)
    (folder / "families.md").write_text(overview(found, where), encoding="utf-8")
    for family, rows in found.items():
        (pages / f"{family}.md").write_text(family_page(family, rows, where), encoding="utf-8")
