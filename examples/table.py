"""Run every example and write the table of results into examples/README.md.

python -m examples.table [--quick] [--out out]
"""

from __future__ import annotations

import importlib
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
)
README = Path(__file__).with_name("README.md")
BEGIN, END = "<!-- table: begin -->", "<!-- table: end -->"


def main(arguments: list[str] | None = None) -> None:
    """Run all and write the table."""
    options = common.parse(common.parser(__doc__), arguments)
    passed = ["--out", str(options.out)] + (["--quick"] if options.quick else [])
    lines = ["| row | example | what | result | beside |", "|---|---|---|---|---|"]
    seconds = {}
    for name in EXAMPLES:
        start = time.perf_counter()
        for r in importlib.import_module(f"examples.{name}").main(passed):
            cells = (r.row, f"[{name}]({name}.py)", r.claim, r.text, r.baseline)
            lines.append("| " + " | ".join(c.replace("|", "\\|") for c in cells) + " |")
        seconds[name] = time.perf_counter() - start
    lines += ["", "Seconds: " + ", ".join(f"{n} {s:.0f}" for n, s in seconds.items()) + "."]
    text = README.read_text(encoding="utf-8")
    head, rest = text.split(BEGIN)
    README.write_text(
        head + BEGIN + "\n" + "\n".join(lines) + "\n" + END + rest.split(END)[1], encoding="utf-8"
    )


if __name__ == "__main__":
    main()
