"""Links from pages of source code back to the reference: those that viewcode gets wrong, left out.

Sphinx's viewcode names a thing after the module that made it, and the reference after the module
that it is used from. Where the two differ, the link back would lead nowhere.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[3]
BACK = re.compile(r'<a class="viewcode-back" href="(?:\.\./)*([^"#]+)\.html#([^"]+)">.*?</a>')
LISTED = re.compile(r'<a href="([\w/]+)\.html">([\w.]+)</a>')


def mend(app: Any, page: str, template: str, context: dict[str, Any], tree: Any) -> None:
    """Take out the links of a page of source code that lead nowhere."""
    if not page.startswith("_modules/"):
        return
    objects = app.env.get_domain("py").objects

    def back(found: re.Match[str]) -> str:
        known = objects.get(found[2])
        return found[0] if known is not None and known.docname == found[1] else ""

    def listed(found: re.Match[str]) -> str:
        path = ROOT / found[1]
        there = path.with_suffix(".py").is_file() or (path / "__init__.py").is_file()
        return found[0] if there else found[2]

    body = BACK.sub(back, context["body"])
    context["body"] = LISTED.sub(listed, body) if page == "_modules/index" else body


def setup(app: Any) -> dict[str, Any]:
    """Tell Sphinx."""
    app.connect("html-page-context", mend)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
