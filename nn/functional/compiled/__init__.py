"""Kernels compiled by numba; loaded by `nn.functional.kernels.compiled` when they pay.

Nothing here is needed: every kernel has a plain NumPy form that runs without
numba, and that the tests compare it with.
"""
