"""Formulas as MathML, which browsers draw by themselves: no script and no font to load."""

from __future__ import annotations

import re
from html import escape
from typing import Any

from docutils import nodes
from docutils.utils.math.latex2mathml import tex2mathml
from sphinx.util import logging

LOG = logging.getLogger(__name__)


def formula(node: Any, block: bool) -> str:
    """Return a formula as MathML; as typed, with a warning, if docutils cannot read it."""
    text = re.sub(r"\\dots(?![a-z])", r"\\ldots", node.astext())
    try:
        return str(tex2mathml(text, as_block=block))
    except Exception as error:  # docutils raises SyntaxError, and now and then an AttributeError
        LOG.warning("a formula cannot be read: %s (%s)", text, error, location=node)
        return f"<code>{escape(text)}</code>"


def inline(self: Any, node: Any) -> None:
    """Write a formula in running text."""
    self.body.append(f'<span class="math">{formula(node, False)}</span>')
    raise nodes.SkipNode


def display(self: Any, node: Any) -> None:
    """Write a formula on lines of its own."""
    self.body.append(f'<div class="math" tabindex="0">{formula(node, True)}</div>')
    raise nodes.SkipNode


def setup(app: Any) -> dict[str, Any]:
    """Tell Sphinx."""
    app.add_html_math_renderer("mathml", (inline, None), (display, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
