"""Write the counts of docs/onnx.md: which rows of the operation table ONNX can hold."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from cases import TABLE  # noqa: E402
from onnx_files.walking import outcome  # noqa: E402

PAGE = ROOT / "docs" / "onnx.md"
BEGIN, END = "<!-- counts -->\n", "<!-- end of counts -->"


def reason(said: str) -> str:
    """Return the reason of a refusal, as few kinds as there are."""
    if "complex" in said:
        return "complex numbers"
    if "no operator for" in said:
        return "no operator"
    return "a result without a fixed shape" if "shape" in said else "other"


def counts() -> str:
    """Return the table by family."""
    lines = ["| family | rows | exported and equal | refused, and why |", "|---|---|---|---|"]
    whole = [0, 0]
    for family, cases in TABLE.items():
        said = [outcome(case) for case in cases]
        good = said.count("")
        why = Counter(reason(s) for s in said if s)
        text = ", ".join(f"{n} {kind}" for kind, n in why.most_common()) or "none"
        lines.append(f"| {family.replace('_', ' ')} | {len(said)} | {good} | {text} |")
        whole = [whole[0] + len(said), whole[1] + good]
    lines.append(f"| all | {whole[0]} | {whole[1]} | {whole[0] - whole[1]} |")
    return "\n".join(lines) + "\n"


def page() -> str:
    """Return the page, with the counts of now."""
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    return before + BEGIN + counts() + END + rest.partition(END)[2]


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
