"""What notebooks show of a Tensor: its numbers as a small picture, and the operation behind it."""

from __future__ import annotations

from html import escape
from typing import Any

import numpy as np

from autograd_core.operations.kinds import host
from autograd_core.operations.primitive import bare
from autograd_core.viewer.numbers import number_text, summarize

_ABOVE, _BELOW = "0,95,153", "166,66,0"  # a hue for each sign; how strong says how large
FEWEST, MOST = 2, 4096  # elements; fewer are a text, more are their largest blocks


def tensor_html(tensor: Any) -> str:
    """Return a Tensor as HTML: shape, dtype, operation, and a heat map of at most 16 by 16 cells.

    Parameters
    ----------
    tensor : Tensor

    Returns
    -------
    str
        Each cell has its number as a tooltip; blue is above 0, orange below.

    Examples
    --------
    >>> from autograd_core import Tensor
    >>> x = Tensor([[1.0, -2.0], [0.5, 0.0]], requires_grad=True)
    >>> "2×2" in tensor_html(x), tensor_html(x).count("<td")
    (True, 4)
    """
    value = bare(tensor)
    text = f"<pre>{escape(repr(tensor))}</pre>"
    array = np.asarray(host(value))
    seen = summarize(value)
    if seen.cells is None or array.size < FEWEST:
        return text
    node = tensor._node
    made = "constant" if node is None else "leaf, requires_grad" if node.primitive is None else (
        f"op = {node.name}"
    )  # fmt: skip
    shape = "×".join(map(str, tensor.shape))
    about = f"Tensor {shape} {tensor.dtype}, {made}"
    if seen.block:
        about += f"; a cell is the root mean square of {seen.block} numbers"
    size = max((abs(v) for row in seen.cells for v in row if np.isfinite(v)), default=0.0)
    rows = "".join(f"<tr>{''.join(_cell(v, size) for v in row)}</tr>" for row in seen.cells)
    table = f'<table style="border-collapse:collapse;margin:4px 0"><tbody>{rows}</tbody></table>'
    whole = text if array.size <= MOST and not seen.block else ""
    return f"<div><div>{escape(about)}</div>{table}{whole}</div>"


def _cell(value: float, size: float) -> str:
    """Return one cell: its colour by sign and size; a cross for what is not finite."""
    style = "width:14px;height:14px;padding:0;border:1px solid rgba(128,128,128,.3)"
    title = escape(number_text(value))
    if not np.isfinite(value):
        return f'<td style="{style};text-align:center" title="{title}">×</td>'
    share = abs(value) / size if size else 0.0
    hue = _ABOVE if value >= 0 else _BELOW
    return f'<td style="{style};background:rgba({hue},{share:.2f})" title="{title}"></td>'
