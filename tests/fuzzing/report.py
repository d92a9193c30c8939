"""docs/fuzz.md: which seeds were run, when, with which NumPy, and how the programs ended."""

from __future__ import annotations

import hashlib
import json
import platform
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

HEAD = """\
# Fuzz

`make fuzz` draws random programs of public calls (tests/fuzz.py). Each must give a right answer or
one of the engine's own errors. Value, shape and dtype must be NumPy's, and what NumPy refuses must
be refused. Reverse mode, forward mode and differences of NumPy's values must agree along a
direction and element by element. Second order, `vmap`, `checkpoint`, `linearize` and a tape made by
hand are checked too. Arguments must not change, and a program may take twenty seconds at most. Each
chunk writes its own row here. Rows of an older fuzzer (another digest) are left out.
"""


def digest() -> str:
    """A short name of the fuzzer as it is: seeds mean something else once it changes."""
    here = Path(__file__).parent
    text = b"".join(p.read_bytes() for p in sorted(here.glob("*.py")) if p.name != "report.py")
    return hashlib.sha256(text).hexdigest()[:12]


def write(path: Path, seed: int, programs: int, seconds: float, ends: dict[str, int]) -> None:
    """Add a chunk to the page."""
    chunks = _read(path)
    chunks[str(seed)] = {
        "programs": programs,
        "seconds": round(seconds),
        "ends": ends,
        "when": datetime.now(UTC).date().isoformat(),
        "numpy": np.__version__,
        "python": platform.python_version(),
        "digest": digest(),
    }
    path.write_text(_page(chunks), encoding="utf-8")


def _read(path: Path) -> dict[str, Any]:
    if not path.exists():
        return {}
    found = re.search(r"<!-- (\{.*\}) -->", path.read_text(encoding="utf-8"))
    chunks = json.loads(found.group(1)) if found else {}
    return {seed: c for seed, c in chunks.items() if c["digest"] == digest()}


def _page(chunks: dict[str, Any]) -> str:
    rows = sorted(chunks.items(), key=lambda item: int(item[0]))
    total: dict[str, int] = {}
    for _, chunk in rows:
        for end, n in chunk["ends"].items():
            total[end] = total.get(end, 0) + n
    programs = sum(chunk["programs"] for _, chunk in rows)
    lines = [
        HEAD,
        f"{programs} programs, {total.get('FINDING', 0)} findings; fuzzer {digest()}.",
        "",
        "| Seeds | Programs | Findings | Seconds | Day | NumPy | Python |",
        "|---|---|---|---|---|---|---|",
    ]
    for seed, c in rows:
        last = int(seed) + c["programs"] - 1
        lines.append(
            f"| {seed} to {last} | {c['programs']} | {c['ends'].get('FINDING', 0)} "
            f"| {c['seconds']} | {c['when']} | {c['numpy']} | {c['python']} |"
        )
    lines += ["", "| How a program ended | Programs |", "|---|---|"]
    lines += [f"| {end} | {n} |" for end, n in sorted(total.items(), key=lambda item: -item[1])]
    lines += ["", f"<!-- {json.dumps(chunks)} -->", ""]
    return "\n".join(lines)
