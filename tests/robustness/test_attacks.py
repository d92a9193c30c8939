"""The attacks find planted faults, and some rounds of each find nothing (all: `make attack`)."""

from __future__ import annotations

import contextlib
import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nn
from attacks import (
    __main__,
    caches,
    files,
    forks,
    harness,
    interpreters,
    interrupts,
    kills,
    leaks,
    report,
    threads,
    training,
    uses,
    writers,
)
from attacks.harness import Attack, Finding, Outcome
from attacks.table import ATTACKS
from autograd_core.engine import backward, scopes, trace_borders
from autograd_core.engine.tensor import Tensor, untracked
from autograd_core.operations import modes

pytestmark = pytest.mark.filterwarnings("ignore::autograd_core.RecordedAgain")
needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
Patch = pytest.MonkeyPatch


@pytest.fixture(autouse=True)
def plain_kernels() -> Iterator[None]:
    """As in the workers: the compiler has tests of its own."""
    with nn.use_kernels(compiled=False):
        yield
    training._known.clear()
    interrupts._lengths.clear()


def finds(attack: Callable[[int], str], seeds: range, words: str) -> bool:
    """Whether one of the rounds ends in a finding with these words."""
    for seed in seeds:
        try:
            attack(seed)
        except Finding as finding:
            if words in str(finding):
                return True
    return False


# --- nothing falls ------------------------------------------------------------


@pytest.mark.part(3)
@pytest.mark.slow
@pytest.mark.parametrize(
    ("attack", "seeds"),
    [
        (threads.attack, range(10)),
        (leaks.attack, (10, 18)),
        pytest.param(forks.attack, (0,), marks=needs_fork),
        pytest.param(kills.attack, (0, 1), marks=needs_fork),
        (interrupts.attack, range(0, 60, 4)),
        (files.attack, (0, 2, 3, 4, 5, 6, 7, 8, 9)),
    ],
    ids=["threads", "leaks", "forks", "kills", "interrupts", "files"],
)
def test_some_rounds(attack: Callable[[int], str], seeds: Any) -> None:
    assert all(attack(seed) for seed in seeds)


@pytest.mark.slow
@needs_fork
def test_some_rounds_of_writers_and_interrupted_trainings() -> None:
    assert all(writers.attack(seed) for seed in range(3))
    assert all(interrupts.attack(seed) for seed in (3, 11))


@pytest.mark.part(3)
@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 2, 6, 15, len(interpreters.MODES)])
def test_some_ways_to_start(seed: int) -> None:
    assert interpreters.attack(seed)


@pytest.mark.parametrize("name", ["modes", "generators", "settings", "branches"])
def test_an_interrupt_at_every_moment_leaves_no_mode(name: str) -> None:
    total = interrupts.length(name, uses.USES[name])
    with np.errstate():  # which an interrupt just before its end leaves as it is, as any `with`
        for at in range(1, min(total, 600) + 1):
            interrupts.interrupted(name, at)
    assert not [entry.what for entry in scopes._entries if entry.end is None]  # still open
    assert not trace_borders.inside()
    assert not trace_borders.RUNNING


@pytest.mark.parametrize("name", ["_rehearsed", "_recording"])
def test_an_interrupt_leaves_captured_arrays_as_they_were(name: str) -> None:
    inside: list[int] = []

    class Inside(interrupts.Moments):
        def __call__(self, frame: Any, event: str, argument: Any) -> None:
            before = self.seen
            super().__call__(frame, event, argument)
            above = frame.f_code, frame.f_back.f_code
            if self.seen > before and name in [code.co_name for code in above]:
                inside.append(self.seen)

    uses.expected("compiled_anew")
    with Inside().watching():
        uses.USES["compiled_anew"]()
    assert len(inside) > 10
    for at in inside[:40]:
        interrupts.interrupted("compiled_anew", at)


# --- what is planted is found ---------------------------------------------------


@needs_fork
@pytest.mark.slow
def test_a_file_that_is_not_written_at_once(monkeypatch: Patch) -> None:
    def write(path: Any, parts: list[Any]) -> None:
        with open(path, "wb", buffering=0) as file:
            for part in parts:
                data = bytes(part)
                for k in range(0, len(data), 4):
                    file.write(data[k : k + 4])

    monkeypatch.setattr(nn.serialization, "write_atomically", write)
    assert finds(kills.attack, range(60), "going on fails")


@needs_fork
def test_a_writer_that_removes_what_is_not_its_own(monkeypatch: Patch) -> None:
    whole = nn.serialization.write_atomically

    def write(path: Any, parts: list[Any]) -> None:
        for other in Path(path).parent.glob("run.st.*"):
            other.unlink(missing_ok=True)
        whole(path, parts)

    monkeypatch.setattr(nn.serialization, "write_atomically", write)
    assert finds(writers.attack, range(5), "was removed")


def test_a_file_that_is_believed(monkeypatch: Patch) -> None:
    def believed(path: Any) -> dict[str, Any]:
        header, numbers = files.split(Path(path).read_bytes())
        header.pop("__metadata__", None)
        return {
            name: np.frombuffer(numbers[slice(*e["data_offsets"])]).reshape(e["shape"]).copy()
            for name, e in header.items()
        }

    monkeypatch.setattr(nn, "load", believed)
    assert finds(files.attack, range(0, 60, 3), "a raw ")


def test_a_state_that_is_taken_before_it_is_checked(monkeypatch: Patch) -> None:
    checked = nn.Trainer.load

    def load(self: Any, path: Any) -> None:
        next(self.model.parameters()).data[...] = 0.0
        checked(self, path)

    monkeypatch.setattr(nn.Trainer, "load", load)
    assert finds(files.attack, range(100), "something was changed")


def test_a_mode_that_an_interrupt_leaves_on(monkeypatch: Patch) -> None:
    def leave(self: Any, *error: Any) -> None:
        mode = modes.current()
        self._entered.remove(mode)
        mode.ended = True
        modes._mode.set(mode.outer)

    monkeypatch.setattr(modes._Switch, "__exit__", leave)
    total = interrupts.length("modes", uses.USES["modes"])
    try:
        moments = range(1, total)
        assert finds(lambda at: interrupts.interrupted("modes", at), moments, "was left on")
    finally:
        modes._mode.set(modes.DEFAULT)


@needs_fork
def test_a_training_that_goes_on_wrongly_after_an_interrupt(monkeypatch: Patch) -> None:
    setup = training.Setup(plan=(1,))
    whole = nn.Trainer._learn

    def learn(self: Any, *given: Any) -> None:
        try:
            whole(self, *given)
        except KeyboardInterrupt:
            next(self.model.parameters()).data[...] += 1.0
            raise

    monkeypatch.setattr(nn.Trainer, "_learn", learn)
    rounds = lambda seed: interrupts._training(np.random.default_rng(seed), setup)
    assert finds(rounds, range(20), "other bits")


def test_sums_that_are_lost_between_threads(monkeypatch: Patch) -> None:
    monkeypatch.setattr(backward, "_ADDING", contextlib.nullcontext())

    def add(self: Any, g: Any) -> None:
        old = self.grad
        time.sleep(1e-4)  # another thread adds meanwhile
        self._grad = untracked(g) if old is None else old + untracked(g)

    monkeypatch.setattr(Tensor, "_add_gradient", add)
    sums = lambda seed: threads.KINDS[1](np.random.default_rng(seed))
    assert finds(sums, range(3), "arrived")


def test_bits_that_depend_on_other_threads(monkeypatch: Patch) -> None:
    shared: list[float] = []

    def torn() -> Any:
        shared.clear()
        for k in range(30):
            shared.append(float(k))
        return np.array(len(shared))

    monkeypatch.setitem(uses.USES, "torn", torn)
    alone = lambda seed: threads.storm(["torn"] * 40)
    with threads.often():
        assert finds(alone, range(20), "other bits")


@needs_fork
def test_a_lock_that_a_child_waits_for(monkeypatch: Patch) -> None:
    lock = threading.Lock()

    def held() -> Any:
        with lock:
            time.sleep(0.005)
        return np.zeros(1)

    monkeypatch.setattr(uses, "USES", {"held": held})
    monkeypatch.setattr(uses, "_known", {})
    monkeypatch.setattr(forks, "PATIENCE", 1.0)
    assert finds(forks.attack, range(0, 10, 2), "hung")


@pytest.mark.exhaustive
@pytest.mark.slow
def test_memory_that_is_kept(monkeypatch: Patch) -> None:
    kept: list[Any] = []
    # eight blocks a round: other tests' leftovers, freed meanwhile in this process, may hide one
    small = {"keeps": lambda: kept.extend([bytes(100) for _ in range(8)])}
    monkeypatch.setattr(uses, "USES", small)
    assert finds(leaks.attack, range(1), "blocks of memory more")
    monkeypatch.setattr(uses, "USES", {"keeps": lambda: kept.append([[], []])})
    assert finds(leaks.attack, range(1), "objects")


@pytest.mark.slow
def test_numbers_that_depend_on_how_python_is_started(monkeypatch: Patch) -> None:
    planted = "import attacks.uses as u\nu.USES = {'planted': lambda: hash('planted')}"
    monkeypatch.setattr(interpreters, "BEFORE", planted)
    interpreters.plain.cache_clear()
    seeded = list(interpreters.MODES).index("hash seed 0")
    assert finds(interpreters.attack, range(seeded, seeded + 1), "other bits in planted")
    monkeypatch.setattr(interpreters, "BEFORE", "import attacks.uses as u\nassert u.USES.clear()")
    assert finds(interpreters.attack, range(2, 3), "ends with 1")
    interpreters.plain.cache_clear()


@pytest.mark.slow
def test_a_fault_of_the_compiler_that_nobody_hears_of(monkeypatch: Patch, tmp_path: Path) -> None:
    silent = "import autograd_core.workers.settings as s\ns.say_once = lambda *what: None\n"
    monkeypatch.setattr(caches, "BEFORE", silent)
    with pytest.raises(Finding, match="the warnings are"):
        caches.switched_off(tmp_path, np.random.default_rng(0))


# --- the command ------------------------------------------------------------------

BAD = """
import os, time
from attacks.harness import Finding
def attack(seed):
    if seed == 1: os.kill(os.getpid(), 9)
    if seed == 2: time.sleep(100)
    if seed == 3: raise ValueError("raw")
    if seed == 4: raise Finding("planted")
    return "fine"
"""


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="a process is killed by a signal")
def test_workers_that_die_or_hang_are_findings(tmp_path: Path, capsys: Any) -> None:
    (tmp_path / "bad.py").write_text(BAD, encoding="utf-8")
    path = os.pathsep.join([str(tmp_path), str(harness.ROOT)])
    attack = Attack("bad", 1, "nothing", "badly", 3.0, {"PYTHONPATH": path}, "bad")
    (outcome,) = __main__.storm([attack], 60, 1, 0, 6)
    assert dict(outcome.ends) == {"fine": 2}
    assert [seed for seed, _ in outcome.findings] == [1, 2, 3, 4]
    died, hung, raw, planted = (text for _, text in outcome.findings)
    assert "died (-9)" in died
    assert "hung" in hung
    assert "ValueError: raw" in raw
    assert planted == "planted"
    __main__.show(outcome)
    assert "--only bad --seed 4 --rounds 1" in capsys.readouterr().out
    text = report.page([outcome])
    assert "6 tried, 2 survived, 4 findings" in text
    assert "| bad | 6 | 2 | 4 | nothing |" in text
    assert "- bad, seed 4: planted" in text


def test_the_command(tmp_path: Path, monkeypatch: Patch, capsys: Any) -> None:
    page = tmp_path / "page.md"
    given = ["--only", "threads", "--rounds", "3", "--seconds", "60", "--report", str(page)]
    assert __main__.main(given) == 0
    assert "3 tried, 3 survived, 0 findings" in page.read_text(encoding="utf-8")
    fallen = Outcome(ATTACKS["kills"], 0, findings=[(k, "planted") for k in range(9)])
    monkeypatch.setattr(__main__, "storm", lambda *given: [fallen])
    assert __main__.main([]) == 1
    assert "and with the seeds 5, 6, 7, 8" in capsys.readouterr().out


def test_a_worker_tells_what_it_does(capfd: Any) -> None:
    before = os.dup(1)
    try:
        assert __main__.main(["--worker", "attacks.threads", "1", "2", "60"]) == 0
    finally:
        os.dup2(before, 1)
        os.close(before)
    told = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    assert told[0] == ["begin", 1]
    assert told[1] == ["end", 1, "one leaf", ""]
    assert len(told) == 4
