"""Rounds, findings, and the processes that they run in.

Rounds of one attack run one after the other in a worker process, which says what it begins and
how that ended, one line of JSON each.  So a crash or a hang is a finding with a seed too.
"""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent


class Finding(Exception):
    """What a round found wrong."""


@dataclass(frozen=True)
class Attack:
    """One family: a row of the table and of the report."""

    name: str  # of its module too
    weight: float  # its share of the time
    promise: str
    how: str
    patience: float = 120.0  # seconds for one round; longer is a hang
    environment: dict[str, str] = field(default_factory=dict)
    module: str = ""  # default: of this name, in this package


@dataclass
class Outcome:
    """How an attack's rounds ended."""

    attack: Attack
    first: int
    ends: Counter[str] = field(default_factory=Counter)
    findings: list[tuple[int, str]] = field(default_factory=list)
    begun: float = field(default_factory=time.monotonic)

    def so_far(self) -> float:
        """Return the seconds since it began."""
        return time.monotonic() - self.begun

    @property
    def tried(self) -> int:
        """How many rounds there were."""
        return sum(self.ends.values()) + len(self.findings)


def environment(**changes: str) -> dict[str, str]:
    """Return the environment of a child: this checkout first, one thread a product."""
    path = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    return {**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1", **changes}


def play(module: str, seed: int) -> tuple[str, str]:
    """Run one round here; return how it ended and, if that is a finding, what was found."""
    try:
        return import_module(module).attack(seed), ""
    except Finding as finding:
        return "finding", str(finding)
    except Exception as error:
        import traceback

        where = "".join(traceback.format_exception(error)[-3:])
        return "finding", f"the attack ended in {type(error).__name__}: {error}\n{where}"


def work(module: str, seed: int, rounds: int, seconds: float) -> None:
    """Run rounds until the time is over, and report each on standard output."""
    out = os.fdopen(os.dup(1), "w", encoding="utf-8", errors="backslashreplace")
    os.dup2(2, 1)  # whatever a round prints is not a report

    def tell(*what: Any) -> None:
        out.write(json.dumps(what) + "\n")
        out.flush()

    end = time.monotonic() + seconds
    for k in range(rounds):
        tell("begin", seed + k)
        tell("end", seed + k, *play(module, seed + k))
        if time.monotonic() > end:
            return


def run(
    attack: Attack, seed: int, rounds: int, seconds: float, tick: Callable[[Outcome], None]
) -> Outcome:
    """Run an attack's rounds in workers, a new one after each that died or hung."""
    outcome = Outcome(attack, seed)
    place, last = seed, seed + rounds
    while place < last and (left := seconds - outcome.so_far()) > 0:
        module = attack.module or f"attacks.{attack.name}"
        command = [sys.executable, "-m", "attacks", "--worker", module, str(place)]
        worker = subprocess.Popen(
            [*command, str(last - place), str(left)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment(**attack.environment),
            cwd=ROOT,
            start_new_session=True,
        )
        begun = False
        for message in _lines(worker, attack.patience):
            if message[0] == "begin":
                begun = True
                continue
            _, place, end, found = message
            begun = False
            if found:
                outcome.findings.append((place, found))
            else:
                outcome.ends[end] += 1
            place += 1
            tick(outcome)
        hung = worker.poll() is None
        _end(worker)
        if begun or hung:
            how = f"hung for {attack.patience:.0f} s" if hung else f"died ({worker.returncode})"
            outcome.findings.append((place, f"the process {how}"))
            place += 1
        elif worker.returncode:
            outcome.findings.append((place, f"no worker could start ({worker.returncode})"))
            break
    return outcome


def _lines(worker: subprocess.Popen[bytes], patience: float) -> Iterator[list[Any]]:
    """Yield a worker's messages; end when it ends, or says nothing for too long."""
    lines: queue.SimpleQueue[bytes] = queue.SimpleQueue()

    def read() -> None:
        assert worker.stdout is not None
        for line in worker.stdout:
            lines.put(line)
        worker.wait()
        lines.put(b"")

    threading.Thread(target=read, daemon=True).start()
    while True:
        try:
            line = lines.get(timeout=patience)
        except queue.Empty:
            return
        if not line:
            return
        yield json.loads(line)


def _end(worker: subprocess.Popen[bytes]) -> None:
    """End a worker and what it started."""
    try:
        os.killpg(worker.pid, 9)
    except (OSError, AttributeError):
        worker.kill()
    worker.wait()


def forked(work: Callable[[], bytes]) -> tuple[int, int]:
    """Run a function in a forked child; return its process and a pipe that its bytes come from."""
    back, forth = os.pipe()
    child = os.fork()
    if child:
        os.close(forth)
        return child, back
    status = 1
    try:
        os.close(back)
        answer = work()
        while answer:
            answer = answer[os.write(forth, answer) :]
        status = 0
    except BaseException as error:
        os.write(forth, f"{type(error).__name__}: {error}"[:4000].encode("utf-8", "replace"))
    finally:
        os._exit(status)


def awaited(child: int, pipe: int, patience: float = 60.0) -> tuple[int, bytes]:
    """Return how a forked child ended (minus the signal that killed it) and what it said."""
    import select

    said, end = b"", time.monotonic() + patience
    while True:
        ready = select.select([pipe], [], [], max(0.0, end - time.monotonic()))[0]
        if not ready:
            os.kill(child, 9)
            os.waitpid(child, 0)
            os.close(pipe)
            raise Finding(f"a child hung for {patience:.0f} s")
        part = os.read(pipe, 1 << 16)
        if not part:
            break
        said += part
    os.close(pipe)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), said
