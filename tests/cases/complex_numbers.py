"""Functions of complex numbers, through their real and imaginary parts."""

from __future__ import annotations

from typing import Any

import numpy as np

from cases.case import Case, between, fixed, named

SHIFT = 2.0 * np.eye(3)


def hermitian(z: Any) -> Any:
    return z @ np.conj(z).T + np.eye(3)


# name: (function of one complex matrix, its PyTorch form or None)
FUNCTIONS: dict[str, tuple[Any, Any]] = {
    "exp": (np.exp, "exp"), "log": (np.log, "log"), "sqrt": (np.sqrt, "sqrt"),
    "sin": (np.sin, "sin"), "cosh": (np.cosh, "cosh"), "tanh": (np.tanh, "tanh"),
    "arcsin": (np.arcsin, "asin"), "arccos": (np.arccos, "acos"), "arctan": (np.arctan, "atan"),
    "arccosh": (np.arccosh, "acosh"), "reciprocal": (np.reciprocal, "reciprocal"),
    "square": (np.square, "square"), "abs": (np.abs, "abs"), "angle": (np.angle, "angle"),
    "real": (np.real, None), "imag": (np.imag, None), "conj": (np.conj, "conj"),
    "sign": (np.sign, "sgn"), "power": (lambda z: z**2.5, None),
    "power-of": (lambda z: 2.0**z, None), "divide": (lambda z: (1 + z) / (2j - z), None),
    "matmul": (lambda z: z @ z.T @ np.conj(z), None),
    "abs-squared": (lambda z: np.abs(z) ** 2, None), "sum": (np.sum, "sum"),
    "mean": (np.mean, "mean"), "prod": (np.prod, "prod"), "cumsum": (np.cumsum, None),
    "var": (np.var, None), "std": (lambda z: np.std(z, axis=0), None),
    "nanvar": (np.nanvar, None), "vdot": (lambda z: np.vdot(z, z * 1j), None),
    "vecdot": (lambda z: np.vecdot(z, z[::-1]), None), "norm": (np.linalg.norm, None),
    "einsum": (lambda z: np.einsum("ij,kj->ik", z, np.conj(z)), None),
    "inv": (lambda z: np.linalg.inv(z + SHIFT), "inv"),
    "det": (lambda z: np.linalg.det(z + SHIFT), "det"),
    "solve": (lambda z: np.linalg.solve(z + SHIFT, z.T), None),
    "slogdet": (lambda z: list(np.linalg.slogdet(z + SHIFT)), None),
    "cholesky": (lambda z: np.linalg.cholesky(hermitian(z)), None),
    "cholesky-upper": (lambda z: np.linalg.cholesky(hermitian(z), upper=True), None),
    "eigvalsh": (lambda z: np.linalg.eigvalsh(hermitian(z)), None),
    "svdvals": (np.linalg.svdvals, None), "pinv": (np.linalg.pinv, None),
    "eigvals": (lambda z: np.linalg.eigvals(z + np.diag([1.0, 3.0, 6.0])), None),
    "qr": (lambda z: list(np.linalg.qr(z + SHIFT)), None),
    "qr-r": (lambda z: np.abs(np.linalg.qr(z)[1]), None),
    "fft": (np.fft.fft, None), "ifft2": (np.fft.ifft2, None), "irfft": (np.fft.irfft, None),
    "hfft": (lambda z: np.fft.hfft(z, axis=0), None), "cov": (np.cov, None),
    "corrcoef": (np.corrcoef, None),
    "where": (lambda z: np.where(np.real(z) > 0.7, z * z, z), None),
    "real-inside": (lambda z: np.exp(np.real(z)) * z, None),
    "correlate": (lambda z: np.correlate(z[0], z[1], "full"), None),
    "indexing": (lambda z: z[[0, 2, 0]] * z[1], None),
    "polyval": (lambda z: np.polyval(z[0], z[1]), None),
    "interp": (lambda z: np.interp([0.5, 1.5], [0.0, 1.0, 2.0], z[0]), None),
}  # fmt: skip


def _parts(f):
    def run(x, y):
        made = f(x + 1j * y)
        made = made if isinstance(made, list) else [made]
        return [part(m) for m in made for part in (np.real, np.imag)]

    return run


CASES: list[Case] = [
    named(
        f"complex-{name}",
        _parts(f),
        between(0.3, 1.2, 3, 3),
        between(0.3, 1.2, 3, 3),
        analytic=False,
        float32=False,
        core=False,
        rtol=1e-6,
    )
    for name, (f, _) in FUNCTIONS.items()
]

CASES.append(
    named(
        "complex-qr-stacked",
        _parts(lambda z: list(np.linalg.qr(z))),
        between(0.3, 1.2, 2, 1, 3, 2),
        between(0.3, 1.2, 2, 1, 3, 2),
        analytic=False,
        float32=False,
        core=False,
        rtol=1e-6,
    )
)
CASES.append(
    named(
        "complex-det-singular",
        _parts(np.linalg.det),
        fixed([[1.0, -1.0], [2.0, 0.0]]),
        fixed([[1.0, 1.0], [0.0, 2.0]]),
        analytic=False,
        float32=False,
        core=False,
    )
)
