"""(A B) C versus A (B C): the lesson of the two modes, in matrices."""

from autograd_core.lab.matrix_chain import Chain, matrix_chain

__all__ = ["Chain", "matrix_chain"]
