"""Random programs that read something besides their argument: `compile` must see it change.

    python tests/fuzz_compile.py [--programs 10000] [--seed 0] [--report docs/fuzz-compile.md]

What a program may read is in fuzzing_compile/, how it is drawn and judged in programs.py there.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
import time
from datetime import UTC, datetime
from multiprocessing import Pool
from pathlib import Path

import numpy as np
from tqdm import tqdm

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from fuzzing_compile.programs import KINDS, READERS, USES, StaleError, check  # noqa: E402

PAGE = """\
# Fuzz of compile

`make fuzz` draws random programs that read something besides their argument (fuzz_compile.py in
tests). It compiles them, changes what they read, one thing at a time, and compares every answer
with that of the uncompiled function. {kinds} kinds of things are read in {readers} ways and used in
{uses}. An answer from a stale recording is a finding. A refusal by name is not, because no wrong
answer is given.

{programs} programs from seed {seed}, {findings} findings; fuzzer {digest}, {day}, NumPy {numpy},
{seconds:.0f} s.

| How a program ended | Programs |
|---|---|
{rows}
"""


def digest() -> str:
    """A short name of the fuzzer as it is."""
    files = sorted((ROOT / "tests" / "fuzzing_compile").glob("*.py"))
    return hashlib.sha256(b"".join(f.read_bytes() for f in files)).hexdigest()[:12]


def judge(seed: int) -> tuple[str, str]:
    """Return how a program ended, and the finding, if it is one."""
    try:
        return check(seed), ""
    except StaleError as finding:
        return "FINDING", str(finding)
    except Exception as error:  # nothing but an answer or a refusal may come out
        return "FINDING", f"seed {seed}: {type(error).__name__}: {error}"


def main() -> int:
    """Run many programs and print how they ended."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--programs", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--report", type=Path, default=None)
    options = parser.parse_args()
    ends: dict[str, int] = {}
    start = time.perf_counter()
    seeds = range(options.seed, options.seed + options.programs)
    with Pool(options.processes) as pool:
        found = pool.imap_unordered(judge, seeds, chunksize=20)
        for end, what in tqdm(found, total=len(seeds), unit=" programs", mininterval=1.0):
            ends[end] = ends.get(end, 0) + 1
            if what:
                tqdm.write(what)
    rows = [f"| {end} | {n} |" for end, n in sorted(ends.items(), key=lambda item: -item[1])]
    page = PAGE.format(
        kinds=len(KINDS),
        readers=len(READERS),
        uses=len(USES),
        programs=options.programs,
        seed=options.seed,
        findings=ends.get("FINDING", 0),
        digest=digest(),
        day=datetime.now(UTC).date().isoformat(),
        numpy=np.__version__,
        seconds=time.perf_counter() - start,
        rows="\n".join(rows),
    )
    print(page)
    if options.report:
        options.report.write_text(page, encoding="utf-8")
    return 1 if ends.get("FINDING") else 0


if __name__ == "__main__":
    sys.exit(main())
