"""Write docs/kinks.md from the table that the tests go through."""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "tests"))

TITLES = {
    "kink": "Kinks: the slopes from the two sides differ",
    "tie": "Ties: several elements qualify",
    "limit": "Limits: zeros and infinities",
    "mask": "Masked and missing values",
    "degenerate": "Degenerate matrices",
}
NOTES = {
    "kink": """\
The absolute value, norm, hypot and std have derivative 0 at 0. The last three have no second
derivative there: it is NaN.""",
    "degenerate": """\
Two eigenvalues or singular values count as equal if they differ by at most n eps times the
largest, which is the rounding of LAPACK. If the vectors of equal ones are used, the derivative
is NaN in both modes. If only the values are used, the first derivative is right.
`symmetric_function(f, A)` computes V f(w) V.T with every derivative, at equal eigenvalues too.

`eigh`, `eigvalsh` and `cholesky` read one triangle, as in NumPy, but their gradient is the
symmetric one, as in PyTorch. `gradcheck` tests them in symmetric directions.

Complex eigenvectors and singular vectors are known up to a phase, which LAPACK chooses anew at each
matrix. The derivative of `eigh` and `svd` is that of vectors whose own phase does not turn. It is
right for functions that do not depend on the phase, such as V f(w) V^H or |v|. For others there is
none: PyTorch raises an error, this engine does not notice, and `gradcheck` reports it.""",
}


EDGE = """\
## Numbers at the edge: values and derivatives

NaN is never hidden: what is computed from it is NaN, unless a mask, an ignored label or a weight of
0 says that it does not count. If a float can hold a result, the result is right even where
intermediate squares overflow. Derivatives are those of the sum. Every mode, `vmap` and `compile`
give the same (tests/rules/test_extreme_numbers.py). Each row is an example of its kind.

A sum of NaN and others, a product with infinity and so on are NumPy's. Outside of a function's
domain the value is NaN, and the derivative is what its formula gives: `log` at -1 has -1, `arccosh`
at -3 has NaN, where PyTorch has 0.35. The sign of NaN is NaN, as in NumPy, so `abs` and the L1 loss
have derivative NaN there; PyTorch's is 0.

Optimizers that square gradients (Adam, AdamW, NAdam, RAdam, Adagrad, Adadelta, RMSprop) raise
`NonFiniteError` before anything is written if the square of a finite gradient, times its factor in
the update, overflows: 1e200, or 1e30 in single precision. In PyTorch the running square is then
infinite, and the parameter never moves again. NaN and infinite gradients are not refused: the
parameters become NaN, as in PyTorch. `clip_grad_norm_` measures any finite gradient and refuses
where the norm itself overflows; PyTorch turns such gradients into 0. The running variance of
`batch_norm` and `instance_norm` is refused where it overflows: every later result would be 0."""


def _number(value: object) -> str:
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(_number, value)) + "]"
    return f"{value:.4g}"


def page() -> str:
    """Return the text of the page."""
    from cases.edges import EDGES
    from cases.kinks import KINKS

    lines = [
        "# Kinks and ties",
        "",
        "Where a derivative does not exist, or is not unique, an engine has to choose a value.",
        "This one chooses as PyTorch does. A dash marks the rows where PyTorch has no such",
        "function or gives another answer. Reverse and forward mode agree. Every row is a test",
        "(tests/rules/test_kinks.py), and this page is generated from the same table.",
    ]
    for family, title in TITLES.items():
        lines += ["", f"## {title}", ""]
        if family in NOTES:
            lines += [*NOTES[family].splitlines(), ""]
        lines += ["| Expression | Derivative | PyTorch | Why |", "|---|---|---|---|"]
        for k in KINKS:
            if k.family == family:
                found = ", ".join(map(_number, k.gradient))
                same = "same" if k.torch else "-"
                lines.append(f"| `{k.text}` | {found} | {same} | {k.why} |")
    lines += ["", *EDGE.splitlines(), ""]
    lines += ["| Expression | Value | Derivative | PyTorch | Why |", "|---|---|---|---|---|"]
    for e in EDGES:
        found, same = ", ".join(map(_number, e.gradient)), "same" if e.torch else "-"
        lines.append(f"| `{e.text}` | {_number(e.value)} | {found} | {same} | {e.why} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    (HERE / "kinks.md").write_text(page(), encoding="utf-8")
