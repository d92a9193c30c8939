"""docs/reliability.md: what was tried, what survived, with which versions, and how to replay."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np

from attacks.harness import Outcome
from attacks.uses import USES

HEAD = """\
# Reliability

`make attack` runs the attacks in the folder `attacks` and writes this page. It takes about eight
minutes on two cores, and its seeds can be replayed. A round that breaks a promise is a finding, and
the command then exits with status 1.
"""
TAIL = """\
## Replay

    python -m attacks --only kills --seed 17 --rounds 1

runs round 17 of the kills again. The seed decides what is done. If the moment is counted in places
of the program, the seed decides the moment too. Moments by the clock differ slightly. `--seconds`,
`--jobs` and `--report` set the duration, the number of parallel attacks, and the page's path.

## What is not promised

- An interrupt at the one moment when Python enters the `__exit__` of a `with` block, before its
  first line. Python then never runs it, and a mode such as `no_grad` stays on in that thread. The
  same holds between `nn.use_kernels(...)`, which chooses at once since it can be called without
  `with`, and the block. The attack leaves these moments out and tries every other one.
- Systems without `fork`: kills, writers, forks and the trainings among the interrupts need it.
"""


def processor() -> str:
    """Return the processor's name, as far as the system tells."""
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def blas() -> str:
    """Return the library that multiplies matrices, with the kernels that it chose if it tells."""
    try:
        from threadpoolctl import threadpool_info
    except ImportError:
        found = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
        return f"{found['name']} {found['version']}"
    names = [
        f"{i['internal_api']} {i['version']} ({i.get('architecture', 'unknown')} kernels)"
        for i in threadpool_info()
        if i["user_api"] == "blas"
    ]
    return names[0] if names else "unknown"


def _version(name: str) -> str:
    try:
        return f"{name} {version(name)}"
    except PackageNotFoundError:
        return f"no {name}"


def page(outcomes: list[Outcome]) -> str:
    """Return the text."""
    tried = sum(o.tried for o in outcomes)
    findings = sum(len(o.findings) for o in outcomes)
    lines = [
        HEAD,
        f"{tried} tried, {tried - findings} survived, {findings} findings. Python "
        f"{platform.python_version()}, {_version('numpy')}, {_version('numba')}, "
        f"{platform.system()} on {processor()}, {blas()}.",
        "",
        "| Attack | Tried | Survived | Findings | What is promised |",
        "|---|---|---|---|---|",
    ]
    for o in outcomes:
        survived = o.tried - len(o.findings)
        row = (o.attack.name, o.tried, survived, len(o.findings), o.attack.promise)
        lines.append("| " + " | ".join(map(str, row)) + " |")
    lines += ["", f"A *use* is one of {len(USES)} kinds in attacks/uses.py: from `backward` and "]
    lines[-1] += "`compile` to a training with callbacks."
    lines += ["", "## How", "", "| Attack | How | How the rounds ended |", "|---|---|---|"]
    for o in outcomes:
        ends = ", ".join(f"{end} {n}" for end, n in o.ends.most_common())
        lines.append(f"| {o.attack.name} | {o.attack.how} | {ends} |")
    lines += ["", *_findings(outcomes), TAIL]
    return "\n".join(lines)


def _findings(outcomes: list[Outcome]) -> list[str]:
    found = [
        f"- {o.attack.name}, seed {seed}: {text.splitlines()[0][:300]}"
        for o in outcomes
        for seed, text in o.findings[:10]
    ]
    return ["## Findings", "", *found, ""] if found else []


def write(path: Path, outcomes: list[Outcome]) -> None:
    """Write the page."""
    path.write_text(page(outcomes), encoding="utf-8")
