"""Sparse Jacobians and Hessians."""

from autograd_core.transforms.sparse import SparsePlan, Triples, sparse_hessian, sparse_jacobian

__all__ = ["SparsePlan", "Triples", "sparse_hessian", "sparse_jacobian"]
