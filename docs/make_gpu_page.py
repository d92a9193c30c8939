"""Write the table of docs/gpu.md: what the double of CuPy's array makes of each row."""

from __future__ import annotations

import re
import sys
import warnings
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "gpu.md"
BEGIN, END = "<!-- table: begin -->\n", "<!-- table: end -->\n"
sys.path.insert(0, str(ROOT / "tests"))


def page() -> str:
    """Return the page with the table that the rows give today."""
    from device_walk import table

    text = PAGE.read_text(encoding="utf-8")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made = BEGIN + table() + "\n" + END
    return re.sub(BEGIN + ".*" + END, lambda _: made, text, flags=re.DOTALL)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
