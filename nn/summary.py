"""summary: what each layer makes of an input, with parameters and FLOPs."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from autograd_core import Graph, Tensor, enable_grad
from autograd_core.extend import Counter, explains_wrong_calls, prints_anywhere

from .module import Module
from .values import is_tracked, raw


class Row(NamedTuple):
    """One module in a summary."""

    name: str
    kind: str
    shape: tuple[int, ...] | None
    parameters: int
    flops: float


@explains_wrong_calls
class Summary:
    """The rows of a summary, and their totals; its text is a table.

    Attributes
    ----------
    rows : list of Row
        In the order of the module tree.
    parameters : int
        All parameters, a shared one counted once.
    flops : float
        Of one forward pass.

    Examples
    --------
    >>> import numpy as np, nn
    >>> table = nn.summary(nn.Linear(3, 2), np.ones((1, 3)))
    >>> table.parameters
    8
    """

    def __init__(self, rows: list[Row], parameters: int, flops: float) -> None:
        self.rows, self.parameters, self.flops = rows, parameters, flops

    @prints_anywhere
    def __str__(self) -> str:
        table = [("layer", "kind", "output", "parameters", "FLOPs")]
        for row in self.rows:
            shape = "" if row.shape is None else "×".join(map(str, row.shape))
            table.append((row.name, row.kind, shape, f"{row.parameters:,}", f"{row.flops:,.0f}"))
        table.append(("total", "", "", f"{self.parameters:,}", f"{self.flops:,.0f}"))
        widths = [max(len(line[k]) for line in table) for k in range(5)]
        lines = [
            "  ".join(
                cell.ljust(width) if k < 3 else cell.rjust(width)
                for k, (cell, width) in enumerate(zip(line, widths, strict=True))
            ).rstrip()
            for line in table
        ]
        rule = "-" * max(map(len, lines))
        return "\n".join([lines[0], rule, *lines[1:-1], rule, lines[-1]])

    __repr__ = __str__

    def to_dict(self) -> dict[str, Any]:
        """Return the rows and totals as dicts and lists of numbers and texts, as JSON has them.

        Returns
        -------
        dict
            ``layers``, each with ``name``, ``kind``, ``output``, ``parameters`` and ``flops``; and
            the totals ``parameters`` and ``flops``.
        """
        layers = [
            {
                "name": row.name,
                "kind": row.kind,
                "output": None if row.shape is None else [int(n) for n in row.shape],
                "parameters": int(row.parameters),
                "flops": float(row.flops),
            }
            for row in self.rows
        ]
        return {
            "layers": layers,
            "parameters": int(self.parameters),
            "flops": float(self.flops),
        }

    def to_markdown(self) -> str:
        """Return the table in Markdown, for a model card.

        Returns
        -------
        str
            A line for each layer, and the totals.
        """
        lines = ["| layer | kind | output | parameters | FLOPs |", "|---|---|---|---:|---:|"]
        for row in self.rows:
            shape = "" if row.shape is None else "×".join(map(str, row.shape))
            name = row.name.replace("|", "\\|")
            lines.append(
                f"| {name} | {row.kind} | {shape} | {row.parameters:,} | {row.flops:,.0f} |"
            )
        lines.append(f"| total | | | {self.parameters:,} | {self.flops:,.0f} |")
        return "\n".join(lines)


def _forward_flops(output: Any, until: set[int]) -> float:
    """Add up the costs of what leads to an output, without the nodes that were counted."""
    counter = Counter()
    outputs = output if isinstance(output, (tuple, list)) else (output,)
    for tensor in outputs:
        if not (isinstance(tensor, Tensor) and is_tracked(tensor)):
            continue
        for node in Graph(tensor).nodes:
            primitive = node.primitive
            if node.tick in until or primitive is None:
                continue
            until.add(node.tick)
            inputs = tuple(getattr(i, "output", i) for i in node.inputs or ())
            counter.add(primitive, node.output, inputs, node.params)
    return counter.total


@explains_wrong_calls
def summary(model: Module, *inputs: Any) -> Summary:
    """Run a model on an input and list its layers: output shapes, parameters, FLOPs.

    Parameters
    ----------
    model : Module
        The model to run in eval mode; it is not changed.
    *inputs : arrays
        The arguments of one call.

    Returns
    -------
    Summary
        Printing it shows the table.  FLOPs are those of the recorded operations;
        moving numbers counts 0.

    Examples
    --------
    >>> import numpy as np, nn
    >>> model = nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2))
    >>> print(nn.summary(model, np.ones((5, 4), dtype=np.float32)))
    layer  kind        output  parameters  FLOPs
    --------------------------------------------
           Sequential  5×2             23    220
    0      Linear      5×3             15    135
    1      ReLU        5×3              0     15
    2      Linear      5×2              8     70
    --------------------------------------------
    total                              23    220
    """
    found: dict[int, tuple[Any, float]] = {}
    counted: set[int] = set()
    spent = [0.0]
    handles = []

    def before(module: Module, args: Any) -> None:
        found.setdefault(id(module), (None, spent[0]))

    def after(module: Module, args: Any, output: Any) -> None:
        start = found[id(module)][1]
        spent[0] += _forward_flops(output, counted)
        shown = output[0] if isinstance(output, (tuple, list)) else output
        found[id(module)] = (np.shape(raw(shown)), spent[0] - start)

    modes = {id(module): module.training for module in model.modules()}
    for module in model.modules():
        handles.append(module.register_forward_pre_hook(before))
        handles.append(module.register_forward_hook(after))
    try:
        model.eval()
        with enable_grad():
            arguments = [
                Tensor(x, requires_grad=True) if raw(x).dtype.kind == "f" else x for x in inputs
            ]
            model(*arguments)
    finally:
        for handle in handles:
            handle.remove()
        for module in model.modules():
            module.training = modes[id(module)]
    rows = []
    for name, module in model.named_modules():
        shape, flops = found.get(id(module), (None, 0.0))
        size = sum(p.size for p in module.parameters())
        rows.append(
            Row(name, type(module).__name__, shape, size, flops if shape is not None else 0.0)
        )
    return Summary(rows, sum(p.size for p in model.parameters()), spent[0])
