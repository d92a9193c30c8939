"""A program lowered: elementwise runs, and the reductions in them, become loops for numba."""
