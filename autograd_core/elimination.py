"""Accumulating a Jacobian by eliminating vertices: forward and reverse are two of many orders."""

from autograd_core.lab.elimination import (
    Elimination,
    Orders,
    ScalarGraph,
    compare_orders,
    eliminate,
    scalar_graph,
)

__all__ = ["Elimination", "Orders", "ScalarGraph", "compare_orders", "eliminate", "scalar_graph"]
