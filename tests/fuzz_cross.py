"""Random programs beside PyTorch and JAX: values, both modes, second order, `compile`, `vmap`.

    python tests/fuzz_cross.py [--programs 100000] [--seed 0] [--report docs/fuzz-cross.md]

What a program may hold is in fuzzing_cross/arrays.py and layers.py, how one is drawn in
drawing.py, what is compared and how closely in judging.py there.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from functools import cache
from multiprocessing import get_context
from pathlib import Path

from tqdm import tqdm

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from fuzzing_cross import report  # noqa: E402
from fuzzing_cross.drawing import draw  # noqa: E402
from fuzzing_cross.judging import Finding, Judge  # noqa: E402
from fuzzing_cross.minimising import minimised, snippet  # noqa: E402

CHUNK = 50
PART = 10_000  # programs, after which the page is written: a long run may be stopped


@cache
def judge_of(torch: bool, jax_every: int) -> Judge:
    """One judge a process."""
    return Judge(torch, jax_every)


def told(judge: Judge, seed: int, finding: Finding) -> str:
    """The finding, as small as it gets, as a program that runs."""

    def fails(program: object) -> bool:
        return any(f.kind == finding.kind for f in judge.judge(program))

    counts = judge.counts.copy()
    small = minimised(draw(seed), fails)
    judge.counts = counts
    return f"seed {seed}: {finding.kind}: {finding}\n{snippet(small, finding.kind)}"


def chunk(task: tuple[int, int, int]) -> tuple[Counter[str], list[str]]:
    """Judge the seeds of a chunk; return what was counted, and the findings."""
    first, last, jax_every = task
    judge = judge_of(True, jax_every)
    judge.counts, said = Counter(), []
    for seed in range(first, last):
        findings = judge.check(seed)
        if findings:
            judge.counts["finding: " + findings[0].kind] += 1
            odd = report.ODD in findings[0].kind  # not this engine's
            said.append(
                f"seed {seed}: {findings[0].kind}: {findings[0]}"
                if odd
                else told(judge, seed, findings[0])
            )
    return judge.counts, said


def main() -> int:
    """Run many programs and print what was compared and what was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--programs", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--jax-every", type=int, default=50, help="0 for none")
    parser.add_argument("--report", type=Path, default=None)
    options = parser.parse_args()
    end = options.seed + options.programs
    total: Counter[str] = Counter()
    bar = tqdm(total=options.programs, unit=" programs", mininterval=1.0)
    with get_context("spawn").Pool(options.processes, maxtasksperchild=200) as pool:
        for first in range(options.seed, end, PART):
            start, counts, last = time.perf_counter(), Counter[str](), min(first + PART, end)
            tasks = [(k, min(k + CHUNK, last), options.jax_every)
                     for k in range(first, last, CHUNK)]  # fmt: skip
            for found, said in pool.imap_unordered(chunk, tasks):
                counts += found
                bar.update(found["programs"])
                for text in said:
                    bar.write(text)
            total += counts
            if options.report:
                report.write(options.report, first, time.perf_counter() - start, counts)
    bar.close()
    for what, n in sorted(total.items(), key=lambda item: -item[1]):
        print(f"  {n} {what}")
    return 1 if report.findings(total) else 0


if __name__ == "__main__":
    sys.exit(main())
