"""Hold each package to the bar of pyproject.toml, of its lines and of its branches.

`make coverage` runs this after the tests; it reads what they left in .coverage.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

import coverage

KINDS = (
    ("lines", "covered_lines", "num_statements"),
    ("branches", "covered_branches", "num_branches"),
)


def totals(package: str) -> dict[str, float]:
    """Return percent of lines and of branches that were reached in one package."""
    measured = coverage.Coverage()
    measured.load()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "coverage.json"
        measured.json_report(outfile=str(path), include=[f"{package}/*"])
        found = json.loads(path.read_text(encoding="utf-8"))["totals"]
    return {kind: 100 * found[covered] / found[all_] for kind, covered, all_ in KINDS}


def missing(package: str) -> None:
    """Print the files that are not reached whole, and where."""
    measured = coverage.Coverage()
    measured.load()
    measured.report(include=[f"{package}/*"], show_missing=True, skip_covered=True)


def main() -> int:
    """Print the table; return 1 if something is below the bar."""
    config = coverage.Coverage()
    bar, packages = float(config.get_option("report:fail_under")), config.get_option("run:source")
    below = []
    print(f"{'coverage':<15}" + "".join(f"{kind:>10}" for kind, _, _ in KINDS) + f"  bar {bar:g} %")
    for package in packages:
        found = totals(package)
        print(f"{package:<15}" + "".join(f"{value:9.2f}%" for value in found.values()))
        if min(found.values()) < bar:
            below.append(package)
    for package in below:
        missing(package)
    return 1 if below else 0


if __name__ == "__main__":
    sys.exit(main())
