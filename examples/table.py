"""Run every example and write the table of results into examples/README.md.

python -m examples.table [name ...] [--quick] [--out out]
"""

from __future__ import annotations

import importlib
import re
import textwrap
import time
from pathlib import Path

from examples import common

EXAMPLES = (
    "surfaces",
    "five_nodes",
    "toy_trainer",
    "ladder",
    "universality",
    "unstable",
    "lenet",
    "alexnet",
    "inception",
    "alphazero",
    "multitask",
    "boltzmann",
    "autoencoder",
    "char_rnn",
    "tagger",
    "transformer",
    "translate",
    "embeddings",
    "large_batch",
)
README = Path(__file__).with_name("README.md")
BEGIN, END = "<!-- table: begin -->", "<!-- table: end -->"


def kept(text: str) -> tuple[dict[str, list[str]], dict[str, str]]:
    """Return each example's lines and seconds as they stand in the table."""
    lines: dict[str, list[str]] = {}
    for line in text.splitlines():
        if match := re.match(r"\| [A-Z]\d+ \| \[(\w+)\]", line):
            lines.setdefault(match[1], []).append(line)
    seconds = re.search(r"^Seconds: (.*?)\.$", text, re.MULTILINE | re.DOTALL)
    return lines, dict(part.split() for part in seconds[1].split(",")) if seconds else {}


def written(text: str, lines: dict[str, list[str]], seconds: dict[str, str]) -> str:
    """Return the page with a table of these lines."""
    head, rest = text.split(BEGIN)
    table = ["| row | example | what | result | beside |", "|---|---|---|---|---|"]
    table += [line for name in EXAMPLES for line in lines.get(name, ())]
    spent = ", ".join(f"{name} {seconds[name]}" for name in EXAMPLES if name in seconds)
    return (
        f"{head}{BEGIN}\n"
        + "\n".join(table)
        + f"\n\n{textwrap.fill(f'Seconds: {spent}.', 100)}\n{END}"
        + rest.split(END)[1]
    )


def line_of(name: str, r: common.Result) -> str:
    """Return one line of the table."""
    cells = (r.row, f"[{name}]({name}.py)", r.claim, r.text, r.baseline)
    return "| " + " | ".join(c.replace("|", "\\|") for c in cells) + " |"


def main(arguments: list[str] | None = None) -> None:
    """Run all, or those that are named, and write the table."""
    parser = common.parser(__doc__)
    parser.add_argument("names", nargs="*", help="examples to run; the others' lines stay")
    options = common.parse(parser, arguments)
    passed = ["--out", str(options.out)] + (["--quick"] if options.quick else [])
    for name in options.names or EXAMPLES:
        start = time.perf_counter()
        found = importlib.import_module(f"examples.{name}").main(passed)
        text = README.read_text(encoding="utf-8")
        lines, seconds = kept(text)
        lines[name] = [line_of(name, r) for r in found]
        seconds[name] = f"{time.perf_counter() - start:.0f}"
        README.write_text(written(text, lines, seconds), encoding="utf-8")


if __name__ == "__main__":
    main()
