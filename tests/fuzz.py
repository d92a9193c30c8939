"""Random programs of public calls: a right answer or one of the engine's own errors, nothing else.

    python tests/fuzz.py [--programs 100000] [--seed 0] [--report docs/fuzz.md]

What a program may call is in fuzzing/ by family, how one is drawn in fuzzing/programs.py, what is
demanded of it in fuzzing/oracle.py.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from fuzzing.oracle import Finding, check  # noqa: E402
from fuzzing.report import write  # noqa: E402

__all__ = ["Finding", "check"]


def main() -> int:
    """Run many programs and print how they ended."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--programs", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--report", type=Path, default=None)
    options = parser.parse_args()
    ends: dict[str, int] = {}
    findings = 0
    start = time.perf_counter()
    for seed in range(options.seed, options.seed + options.programs):
        try:
            end = check(seed)
        except Finding as finding:
            findings += 1
            print(finding, flush=True)
            end = "FINDING"
        ends[end] = ends.get(end, 0) + 1
    seconds = time.perf_counter() - start
    print(f"{options.programs} programs from seed {options.seed} in {seconds:.0f} s")
    for end, n in sorted(ends.items(), key=lambda item: -item[1]):
        print(f"  {end}: {n}")
    if options.report:
        write(options.report, options.seed, options.programs, seconds, ends)
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
