"""Where modules were before they moved or got another name: old paths import, for old pickles.

Each old name gives the module at its new place, the same object, with a DeprecationWarning.
"""

from __future__ import annotations

import sys
import warnings

from autograd_core._aliases import Finder

# Not `primitive`, which is the declarator's name, and not `transforms`, which is a room's.
MOVED = {
    "anomaly": "operations.anomaly",
    "backward": "engine.backward",
    "batching": "transforms.batched",
    "batchrules": "transforms.batch_rules",
    "borders": "engine.trace_borders",
    "boxed": "operations.boxed",
    "check": "transforms.gradcheck",
    "checkpointing": "transforms.checkpointing",
    "colouring": "transforms.colouring",
    "comparison": "costs.comparison",
    "compiling.recorded": "compiling.recorder",
    "counting": "costs.counting",
    "cuts": "operations.cut_marks",
    "declare": "operations.declare",
    "dual": "engine.dual",
    "elimination_drawing": "lab.elimination_drawing",
    "errors": "base.errors",
    "explanation": "viewer.explanation",
    "flops": "costs.flops",
    "foreign": "operations.other_libraries",
    "graph": "engine.graph",
    "inplace": "engine.inplace",
    "jacobians": "transforms.jacobians",
    "kernels": "costs.composites",
    "ledger": "costs.ledger",
    "locks": "base.locks",
    "memory": "costs.saved_memory",
    "methods": "engine.methods",
    "modes": "operations.modes",
    "node": "engine.node",
    "operations.nests": "operations.nested_sequences",
    "outer": "engine.outer_products",
    "plots": "costs.plots",
    "printing": "base.printing",
    "problem": "costs.recorded_run",
    "reads": "operations.saved_reads",
    "registry": "operations.registry",
    "right_sides": "transforms.right_sides",
    "scopes": "engine.scopes",
    "shortcuts": "engine.fast.operators",
    "source": "base.source",
    "sparsity": "transforms.sparsity_patterns",
    "sweeping": "engine.sweeping",
    "symmetric": "transforms.symmetric_functions",
    "tables": "base.text_tables",
    "tensor": "engine.tensor",
    "traced": "engine.traced",
    "tree": "base.tree",
    "viewer.recording": "viewer.recorded_sweep",
    "viewer.tree": "viewer.scope_tree",
    "workers.pieces": "workers.numpy_calls",
    "workers.rows": "workers.add_rows",
}


def _real_name(name: str) -> str | None:
    package, _, old = name.partition(".")
    return f"autograd_core.{MOVED[old]}" if package == "autograd_core" and old in MOVED else None


def _warn(name: str, new: str) -> None:
    warnings.warn(f"{name} is {new} now.", DeprecationWarning, stacklevel=3)


sys.meta_path.append(Finder(_real_name, _warn))  # when nothing else found the name
