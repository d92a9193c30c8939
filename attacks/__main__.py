"""Run the attacks; see the package."""

from __future__ import annotations

import argparse
import queue
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from attacks.harness import Attack, Outcome, run, work
from attacks.report import write
from attacks.table import ATTACKS

SHOWN = 5  # findings of one attack that are printed whole


@contextmanager
def progress(total: float) -> Iterator[Any]:
    """Give a function that shows how many seconds of the attacks are over, and a line."""
    try:
        from tqdm import tqdm
    except ImportError:
        yield lambda done, line: print(f"{done:.0f} of {total:.0f} s: {line}", flush=True)
        return
    with tqdm(total=round(total), unit="s", disable=None) as bar:

        def show(done: float, line: str) -> None:
            bar.n = min(round(done), bar.total)
            bar.set_description(line)

        yield show


def storm(chosen: list[Attack], seconds: float, jobs: int, seed: int, rounds: int) -> list[Outcome]:
    """Run attacks, so many at a time, and share the seconds among them by their weights."""
    waiting: queue.SimpleQueue[Attack] = queue.SimpleQueue()
    for attack in sorted(chosen, key=lambda a: -a.weight):
        waiting.put(attack)
    per_weight = seconds * min(jobs, len(chosen)) / sum(a.weight for a in chosen)
    found: dict[str, Outcome] = {}
    done: dict[str, float] = {}

    with progress(per_weight * sum(a.weight for a in chosen)) as show:

        def tick(outcome: Outcome) -> None:
            name = outcome.attack.name
            done[name] = min(outcome.so_far(), per_weight * outcome.attack.weight)
            line = f"{name}: {outcome.tried} tried, {len(outcome.findings)} findings"
            show(sum(done.values()), line)

        def serve() -> None:
            while True:
                try:
                    attack = waiting.get_nowait()
                except queue.Empty:
                    return
                limit = per_weight * attack.weight
                found[attack.name] = run(attack, seed, rounds, limit, tick)

        threads = [threading.Thread(target=serve) for _ in range(jobs)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    return [found[attack.name] for attack in chosen]


def show(outcome: Outcome) -> None:
    """Print how an attack ended."""
    ends = ", ".join(f"{end}: {n}" for end, n in outcome.ends.most_common(6))
    print(
        f"{outcome.attack.name}: {outcome.tried} tried, {len(outcome.findings)} findings ({ends})"
    )
    for seed, text in outcome.findings[:SHOWN]:
        print(f"  seed {seed}: {text[:1500]}")
        print(f"    again: python -m attacks --only {outcome.attack.name} --seed {seed} --rounds 1")
    if len(outcome.findings) > SHOWN:
        print(f"  and with the seeds {', '.join(str(s) for s, _ in outcome.findings[SHOWN:][:40])}")


def main(arguments: list[str] | None = None) -> int:
    """Run the attacks; return 1 if there is a finding."""
    # what runs in the background has interrupts ignored, and would pass that on to the workers
    signal.signal(signal.SIGINT, signal.default_int_handler)
    arguments = sys.argv[1:] if arguments is None else arguments
    if arguments[:1] == ["--worker"]:
        module, seed, rounds, seconds = arguments[1:]
        work(module, int(seed), int(rounds), float(seconds))
        return 0
    parser = argparse.ArgumentParser("python -m attacks", description=__doc__)
    parser.add_argument("--seconds", type=float, default=480, help="in all (default 480)")
    parser.add_argument("--only", nargs="*", choices=sorted(ATTACKS), help="these families")
    parser.add_argument("--seed", type=int, default=0, help="of the first round")
    parser.add_argument("--rounds", type=int, default=1_000_000, help="of each family at most")
    parser.add_argument("--jobs", type=int, default=2, help="families at a time")
    parser.add_argument("--report", type=Path, help="the page to write")
    options = parser.parse_args(arguments)
    chosen = [a for name, a in ATTACKS.items() if name in (options.only or ATTACKS)]
    found = storm(chosen, options.seconds, options.jobs, options.seed, options.rounds)
    for outcome in found:
        show(outcome)
    if options.report:
        write(options.report, found)
    return int(any(outcome.findings for outcome in found))


if __name__ == "__main__":
    sys.exit(main())
