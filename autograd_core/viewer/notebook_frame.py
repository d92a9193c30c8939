"""Pictures and the stepping page in a notebook.

A picture is an image in data, with its sentence as `alt`: that is left where a notebook is not
trusted and where a site takes scripts and SVG out. A script puts the drawing itself in its place,
which follows the notebook's colours and tells the numbers of each card. The stepping page is a
frame as high as its page; without the script, the image and its caption stand there.
"""

from __future__ import annotations

import base64
import hashlib
from html import escape
from typing import Any

from autograd_core.base.errors import AutogradError
from autograd_core.viewer.svg import asset, safe, safe_lines


def in_notebook(drawing: Any, page: str, title: str, caption: str) -> str:
    """Return the HTML that shows a page in a notebook.

    Parameters
    ----------
    drawing : Drawing
        Of the same graph: the still picture.
    page : str
        The whole page.
    title, caption : str
        The page's heading, and the sentence of its last step.
    """
    name = "autograd-" + hashlib.sha256(page.encode()).hexdigest()[:12]
    said = f"{title}: {drawing.summary()}"
    return (
        f'<div id="{name}"><figure style="margin:0">{_still(drawing, said)}'
        f"<figcaption>{safe(said)} {safe(caption)}</figcaption></figure>"
        f"<script>{asset('notebook_frame.js').replace('%%id%%', name)}</script>"
        f'<template><iframe title="{safe(title)}" sandbox="allow-scripts" '
        'style="width:100%;height:760px;border:1px solid #858b98" '
        f'srcdoc="{escape(page, quote=True)}"></iframe></template></div>'
    )


def _still(drawing: Any, said: str) -> str:
    """Return the picture; without a layout program the table."""
    try:
        return image(drawing.to_svg(), said)
    except AutogradError:
        return f"<pre>{safe_lines(drawing.to_text())}</pre>"


def image(svg: str, said: str) -> str:
    """Return a picture as an image in data; `said` is what it shows, in words."""
    data = base64.b64encode(svg.encode()).decode()
    return (
        f'<img alt="{safe(said)}" style="max-width:100%;height:auto" '
        f'src="data:image/svg+xml;base64,{data}">'
    )


def picture(svg: str, said: str) -> str:
    """Return the image, and the script that puts the drawing in its place."""
    return f"{image(svg, said)}<script>{asset('notebook_picture.js')}</script>"


def as_figure(svg: str, said: str, text: str) -> str:
    """Return a picture as a notebook shows it, with the table of its numbers folded below."""
    return (
        f'<figure style="margin:0">{picture(svg, said)}<details><summary>As a table</summary>'
        f'<pre style="overflow:auto">{safe_lines(text)}</pre></details></figure>'
    )
