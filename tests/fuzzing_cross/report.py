"""docs/fuzz-cross.md: which seeds were run, what was compared, how often, and what was found."""

from __future__ import annotations

import hashlib
import json
import platform
import re
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

HEAD = """\
# Fuzz compared with PyTorch and JAX

`make fuzz` draws random programs (tests/fuzz_cross.py) in a neutral form. It runs each of them in
this engine and in PyTorch, and some of them in JAX without jit, which takes about a second each. A
program has up to nine statements: NumPy's functions, layers and losses of `nn.functional`, writes
in place and through views, loops, branches, captured constants, and functions that are
differentiated or mapped inside the program. Numbers are in single or double precision, or complex.
The comparison covers the values, the gradient (in four ways), the tangent, the Hessian times a
vector (in four nestings), `compile` at the point, at another point and at the first again, and
`vmap` of values and gradients over two points.

Two answers agree if nine digits do, or five in single precision. If they do not agree, PyTorch runs
the program again with noise of a few roundings in every statement, and in the results of tanh and
sigmoid from which their slopes are made (near 1, one last place of such a result may be the whole
slope). A difference of up to twenty times the effect of this noise is allowed. A larger one is a
finding. If NumPy's values, or differences of them, agree with this engine, it is counted as "the
oracle is off": for example, PyTorch's `irfft` lays its result out in another way, so a reshape of
it is a view there and a copy in NumPy. A NaN where NumPy itself meets an infinity on the way is not
a finding: whether 0 times infinity is 0 is a convention, and this engine follows JAX. Programs are
drawn so that they avoid kinks and ties. A finding is reduced and printed as a program that runs.
"""
FOUND = """
## What was found and fixed

| Finding | Commit |
|---|---|
| `hvp` of `np.sum(np.sin(w) @ c)`: a ConversionError | Second derivatives of a computed matrix \
times a constant vector: no outer product is put off |
| `compile` and `checkpoint` took a source of random numbers behind `functools.wraps` for the \
standard library's (seen while the fuzzer was made fast) | Random sources: found behind wraps, and \
the engine's own globals are not searched |
| `compile` refused functions of doubles that are added up in singles on the way ("gives different \
results") | compile: a result of doubles that singles lead to is compared with the rounding of \
singles |

The two of seeds 0 to 99999 that are left are second derivatives. Program 51171 goes through
`binary_cross_entropy`: differences of first derivatives have this engine's digits, PyTorch's differ
in the eighth. Program 93581 goes through a saturated tanh in single precision, and what is left
after cancellation is rounding: 1.7e-4 here, 5.8e-5 in PyTorch and JAX, 7.4e-5 in double precision.

In PyTorch 2.13: `kron` misses that an argument is overwritten later, and its gradient is wrong; the
gradient of `jvp` of `slogdet` is 0; the gradient of `hardsigmoid` has 1/6 in single precision; a
forward tangent that is 0 is in double precision.
"""
ODD = "the oracle is off"


def digest() -> str:
    """A short name of the fuzzer as it is: seeds mean something else once it changes."""
    here = Path(__file__).parent
    text = b"".join(p.read_bytes() for p in sorted(here.glob("*.py")) if p.name != "report.py")
    return hashlib.sha256(text).hexdigest()[:12]


def findings(counts: Counter[str]) -> int:
    """How many programs were answered otherwise than they should."""
    return sum(n for what, n in counts.items() if what.startswith("finding") and ODD not in what)


def write(path: Path, seed: int, seconds: float, counts: Counter[str]) -> None:
    """Add the run to the page; runs of another fuzzer are left out."""
    found = None
    if path.exists():
        found = re.search(r"<!-- (\{.*\}) -->", path.read_text(encoding="utf-8"))
    runs: dict[str, Any] = json.loads(found.group(1)) if found else {}
    runs = {k: r for k, r in runs.items() if r["digest"] == digest()}
    runs[str(seed)] = {
        "counts": dict(counts),
        "seconds": round(seconds),
        "day": datetime.now(UTC).date().isoformat(),
        "digest": digest(),
        "versions": f"Python {platform.python_version()}, "
        + ", ".join(f"{n} {version(p)}" for n, p in _LIBRARIES.items() if find_spec(p)),
    }
    path.write_text("\n".join(_lines(runs)), encoding="utf-8")


_LIBRARIES = {"NumPy": "numpy", "PyTorch": "torch", "JAX": "jax"}


def _lines(runs: dict[str, Any]) -> Iterator[str]:
    total: Counter[str] = Counter()
    for run in runs.values():
        total += Counter(run["counts"])
    yield HEAD
    yield (f"{total['programs']} programs, {total['statements']} statements, {findings(total)} "
           f"findings; fuzzer {digest()}.")  # fmt: skip
    yield "\n| Seeds | Programs | Findings | Seconds | Day | Versions |\n|---|---|---|---|---|---|"
    for seed, run in sorted(runs.items(), key=lambda item: int(item[0])):
        counts = Counter(run["counts"])
        n = counts["programs"]
        yield (f"| {seed} to {int(seed) + n - 1} | {n} | {findings(counts)} | {run['seconds']} "
               f"| {run['day']} | {run['versions']} |")  # fmt: skip
    for title, start in [("Compared", "compared: "), ("What was found", "finding: "),
                         ("Refused by this engine", "refused, "),
                         ("Left out", "")]:  # fmt: skip
        rows = [(w, n) for w, n in total.items() if w.startswith(start) and n]
        for what, _ in rows:
            del total[what]
        rows = [(w, n) for w, n in rows if w not in ("programs", "statements")]
        if rows:
            yield f"\n| {title} | Programs |\n|---|---|"
        for what, n in sorted(rows, key=lambda row: -row[1]):
            yield f"| {what[len(start) :]} | {n} |".replace("`", "'")
    yield FOUND
    yield f"<!-- {json.dumps(runs)} -->\n"
