"""Run the examples and write the table of results into examples/README.md.

    python -m examples.table [EXAMPLE or ROW ...] [--quick] [--jobs 2] [--out out]

Without names, all examples run.  `lenet` runs one, `E5` those that have this row;
the lines of the others stay as they are.  With `--quick` the table is written to
the folder of `--out`, and examples/README.md is left alone.  Each example is a process
of its own on one thread, and as many run side by side as there are cores: the longest
begin, by the seconds of the table as it stands.  What one prints goes to NAME.txt in
the folder of `--out`.

To add an example, write a file in this folder whose first line of documentation
ends with its rows in brackets, "(D1, D2).", and whose `main(arguments)` returns a
list of `common.Result`.  Nothing else has to be registered; the table is sorted by
rows.  Its bars for the tests stand in tests/programs.
"""

from __future__ import annotations

import ast
import importlib
import json
import os
import re
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from tqdm import tqdm

from examples import common

HERE = Path(__file__).parent
README = HERE / "README.md"
BEGIN, END = "<!-- table: begin -->", "<!-- table: end -->"
ROW = r"[A-Z]\d+(?:, [A-Z]\d+)*"
ROWS = re.compile(rf"\(({ROW})\)\.$")
UNKNOWN = 60.0  # seconds that an example is taken to need before it ever ran
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


def place(row: str) -> tuple[str, int]:
    """Return what rows are sorted by: D2 comes before D10."""
    return row[0], int(row[1:])


def examples() -> dict[str, list[str]]:
    """Return each example's rows, as its first line states them, in the table's order."""
    found = {}
    for path in HERE.glob("*.py"):
        doc = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
        if match := ROWS.search(doc.partition("\n")[0]):
            found[path.stem] = match[1].split(", ")
    return dict(sorted(found.items(), key=lambda item: (place(item[1][0]), item[0])))


def chosen(names: list[str]) -> list[str]:
    """Return the examples that these names or rows mean, in the table's order."""
    known = examples()
    for name in names:
        if name not in known and all(name not in rows for rows in known.values()):
            raise SystemExit(f"{name} is neither an example nor a row: {', '.join(known)}.")
    return [k for k, rows in known.items() if not names or {k, *rows} & set(names)]


def kept(text: str) -> tuple[dict[str, list[str]], dict[str, str]]:
    """Return each example's lines and seconds as they stand in the table."""
    lines: dict[str, list[str]] = {}
    for line in text.splitlines():
        if match := re.match(rf"\| {ROW} \| \[(\w+)\]", line):
            lines.setdefault(match[1], []).append(line)
    seconds = re.search(r"^Seconds[\w ]*: (.*?)\.$", text, re.MULTILINE | re.DOTALL)
    parts = seconds[1].split(",") if seconds and seconds[1] else []
    return lines, dict(part.split() for part in parts)


def rows_of(line: str) -> list[str]:
    """Return the rows that a line of the table is for."""
    return line[2:].partition(" | ")[0].split(", ")


def written(text: str, lines: dict[str, list[str]], seconds: dict[str, str]) -> str:
    """Return the page with a table of these lines, sorted by rows."""
    head, rest = text.split(BEGIN)
    names = list(examples())
    body = [line for name in names for line in lines.get(name, ())]
    body.sort(key=lambda line: place(rows_of(line)[0]))  # stable
    table = ["| row | example | what | result | beside |", "|---|---|---|---|---|", *body]
    spent = ", ".join(f"{name} {seconds[name]}" for name in names if name in seconds)
    return (
        f"{head}{BEGIN}\n"
        + "\n".join(table)
        + f"\n\n{textwrap.fill(f'Seconds of processor time: {spent}.', 100)}\n{END}"
        + rest.split(END)[1]
    )


def line_of(name: str, r: common.Result) -> str:
    """Return one line of the table."""
    cells = (r.row, f"[{name}]({name}.py)", r.claim, r.text, r.baseline)
    return "| " + " | ".join(c.replace("|", "\\|") for c in cells) + " |"


def processor_time() -> float:
    """Return the processor's seconds of this process and of those that it started."""
    return sum(os.times()[:4])


def measure(name: str, path: str, *arguments: str) -> None:
    """Run one example in this process; write its results and its seconds to a file."""
    found = importlib.import_module(f"examples.{name}").main(list(arguments))
    results = [{**asdict(r), "value": float(r.value)} for r in found]
    report = {"results": results, "seconds": processor_time()}
    Path(path).write_text(json.dumps(report), encoding="utf-8")


def begun(name: str, out: Path, passed: list[str]) -> subprocess.Popen[bytes]:
    """Start a process that measures one example, on one thread; it prints to NAME.txt."""
    report = out / f"{name}.json"
    report.unlink(missing_ok=True)
    call = "import sys; from examples.table import measure; measure(*sys.argv[1:])"
    with (out / f"{name}.txt").open("wb") as file:
        return subprocess.Popen(
            [sys.executable, "-c", call, name, str(report), *passed],
            stdout=file,
            stderr=subprocess.STDOUT,
            env={**os.environ, **ONE_THREAD},
        )


def measured(names: list[str], jobs: int, out: Path, passed: list[str]) -> Iterator[str]:
    """Run examples, so many side by side, in this order; yield the name of each that ended."""
    waiting, running = list(reversed(names)), dict[str, subprocess.Popen[bytes]]()
    before = signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # as an interrupt
    try:
        while waiting or running:
            while waiting and len(running) < jobs:
                name = waiting.pop()
                running[name] = begun(name, out, passed)
            for name in [k for k, process in running.items() if process.poll() is not None]:
                del running[name]
                yield name
            time.sleep(0.05)
    finally:  # an interrupt, too: nothing is left running
        signal.signal(signal.SIGTERM, before)
        for process in running.values():
            process.terminate()
            process.wait()


def cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def main(arguments: list[str] | None = None) -> None:
    """Run all, or those that are named, and write the table."""
    parser = common.parser(__doc__)
    parser.add_argument("names", nargs="*", help="examples, or rows of the table, to run")
    parser.add_argument("--jobs", type=int, default=cores(), help="examples at once; the cores")
    options = common.parse(parser, arguments)
    passed = ["--out", str(options.out)] + (["--quick"] if options.quick else [])
    page = options.out / "table.md" if options.quick else README
    before = kept(README.read_text(encoding="utf-8"))[1]
    if options.quick:
        page.write_text(f"{BEGIN}\n{END}\n", encoding="utf-8")
    expected = {name: float(before.get(name, UNKNOWN)) + 1 for name in chosen(options.names)}
    names = sorted(expected, key=lambda name: -expected[name])
    failed = []
    shape = "{desc}: {percentage:3.0f}%|{bar}| {elapsed}<{remaining} {postfix}"
    with tqdm(total=sum(expected.values()), desc="examples", bar_format=shape) as bar:
        for done, name in enumerate(measured(names, options.jobs, options.out, passed), 1):
            report = options.out / f"{name}.json"
            if report.exists():
                found = json.loads(report.read_text(encoding="utf-8"))
                text = page.read_text(encoding="utf-8")
                lines, seconds = kept(text)
                lines[name] = [line_of(name, common.Result(**r)) for r in found["results"]]
                seconds[name] = f"{found['seconds']:.0f}"
                page.write_text(written(text, lines, seconds), encoding="utf-8")
            else:
                failed.append(name)
            bar.set_postfix_str(f"{done} of {len(names)}, last {name}")
            bar.update(expected[name])
    print(f"Written: {page}")
    if failed:
        logs = ", ".join(str(options.out / f"{name}.txt") for name in failed)
        raise SystemExit(
            f"{len(failed)} of {len(names)} ended with an error, and their lines stay as they "
            f"were; what they printed is in {logs}."
        )


if __name__ == "__main__":
    main()
