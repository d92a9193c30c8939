"""Write docs/decisions/README.md, the index of the decisions: number, title, date, state.

A decision that another one has replaced says so in its second paragraph:
``**Superseded by** 136.``
"""

from __future__ import annotations

import re
import subprocess
from datetime import date
from pathlib import Path

FOLDER = Path(__file__).parent / "decisions"
HEAD = """# Decisions

Choices that somebody might want to reverse. Each page says what the question was, what was chosen,
what was measured, and what would change our mind. The date is that of the first commit.
`make pages` writes this index.

| | decision | date | state |
|---|---|---|---|
"""


def first_commit(page: Path) -> str:
    """Return the day on which a page was first committed; today's for a new one."""
    command = ["git", "log", "--follow", "--diff-filter=A", "--format=%ad", "--date=short", "--"]
    done = subprocess.run([*command, page.name], cwd=page.parent, text=True, capture_output=True)
    dates = done.stdout.split()
    return dates[-1] if dates else date.today().isoformat()


def row(page: Path, day: str) -> str:
    """Return a page's line of the table."""
    text = page.read_text(encoding="utf-8")
    number, title = re.fullmatch(r"# (\d{3}): (.*)", text.splitlines()[0]).groups()  # type: ignore[union-attr]
    by = re.search(r"\*\*Superseded by\*\* (\d{3})", text)
    state = f"superseded by {by[1]}" if by else "in force"
    return f"| {number} | [{title}]({page.name}) | {day} | {state} |\n"


def known_dates() -> dict[str, str]:
    """Return the dates that the index has already: a shallow clone knows no others."""
    index = FOLDER / "README.md"
    text = index.read_text(encoding="utf-8") if index.exists() else ""
    return dict(re.findall(r"\]\((\d{3}[^)]*\.md)\) \| (\d{4}-\d\d-\d\d) \|", text))


def main() -> None:
    """Write the index."""
    known = known_dates()
    pages = sorted(FOLDER.glob("[0-9]*.md"))
    rows = [row(page, known.get(page.name) or first_commit(page)) for page in pages]
    (FOLDER / "README.md").write_text(HEAD + "".join(rows), encoding="utf-8")


if __name__ == "__main__":
    main()
