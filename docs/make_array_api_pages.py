"""Write docs/array-api.md and docs/scipy-array-api.md from the calls that the tests run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).parent
TESTS = HERE.parent / "tests"
sys.path.insert(0, str(TESTS / "engine"))

STANDARD = """\
# The array API standard

`make pages` writes this page from the calls that the tests run.

`x.__array_namespace__()` of a Tensor, a Dual and every other traced value returns
`autograd_core.array_api`, the namespace of the
[array API standard](https://data-apis.org/array-api/2024.12/), version 2024.12, with the extensions
`linalg` and `fft`. Its functions are NumPy's own, which dispatch to the derivative rules. Two
things differ from NumPy. A function returns a constant Tensor where NumPy would return a plain
array, because code written for the standard allows one kind of array only. And `asarray` and `full`
keep the derivatives of what they get, also of lists of traced values.

SciPy runs on this namespace if `SCIPY_ARRAY_API=1` is set before SciPy is imported:
[which of its functions](scipy-array-api.md).

## What differs from the letter of the standard

- There is one device, `"cpu"`. Any other is an error.
- Operators take what NumPy's take: also mixtures of dtypes that the standard leaves open.
- `unique_all`, `unique_counts` and `unique_inverse` are refused under `vmap` and `compile`: their
  shapes follow from the numbers.
- `reshape(x, shape, copy=False)` is refused on a traced value.
- From where a run of `jvp` or `vmap` asks for the namespace to its end, constants in it, such as
  `x > 0`, are Tensors, as they always are in `grad`. Otherwise they are plain arrays.

## The public conformance suite

[array-api-tests](https://github.com/data-apis/array-api-tests), run by hand on 2026-11-29 with
version 2024.12 and three examples a test: 1337 tests pass and 29 fail. Of NumPy 2.4's own namespace
1321 pass and 45 fail. Two of the 29 want a list where NumPy returns a tuple (`meshgrid`,
`broadcast_arrays`), one wants the parameters of `__dlpack__` spelt out, and the others are NumPy's
`floor_divide` of infinities and `expm1` of complex infinities.

## Every function, in five modes

The value is compared with NumPy's, and derivatives with finite differences. "compile" also checks
that the program gives the value at a second argument.

"""
SCIPY = """\
# SciPy's functions on traced values

`make pages` writes this page from the calls that the tests run.

SciPy computes with any array of the [array API standard](array-api.md) if the environment variable
`SCIPY_ARRAY_API=1` is set before SciPy is imported. Its own code then runs on Tensors and on what
`grad`, `jvp` and the other transforms compute with, and the derivative goes through it:

    SCIPY_ARRAY_API=1 python -c "
    import numpy as np
    from scipy import stats
    from autograd_core import grad
    print(grad(stats.skew)(np.array([0.3, 1.2, 0.7, 2.1])))"

Without the variable, SciPy's ufuncs work, and [`autograd_core.scipy`](scipy.md) has more functions.

- **right**: the derivative agrees with finite differences.
- **refused**: SciPy computes this in compiled code, or writes into arrays in a way that cannot be
  followed. The error names the function, your line, and what to write instead.
- **SciPy's error**: SciPy catches the refusal and raises an error of its own.
- The last column: the same function in `autograd_core.scipy`, under `grad`. It needs no variable,
  and takes plain arrays beside a traced value.

The same calls with other engines, in one run on 2026-11-30
(`SCIPY_ARRAY_API=1 python tests/scipy_functions/array_api_calls.py jax`): of 242 functions JAX
0.10.2 gives 156 right derivatives in reverse and 157 in forward mode, PyTorch 2.13 134 and 131. One
of JAX's in reverse mode is a wrong number, and nine of PyTorch's in forward mode; here there is
none.

Arrays beside a traced value must be Tensors too: SciPy allows one kind of array only, and a plain
array is an error that says so. Write `Tensor(a)`, or `x.__array_namespace__().asarray(a)`.

"""


OTHERS = """
The same calls with other libraries, measured on 2026-11-29 with JAX and PyTorch 2.13 beside SciPy
1.17 (`tests/scipy_functions/array_api_calls.py jax`, `... torch`). "Wrong" means a number without
an error.

| library | reverse: right | wrong | forward: right | wrong |
|---|---|---|---|---|
| JAX | 156 | 1 | 157 | 0 |
| PyTorch | 134 | 0 | 131 | 9 |

Of what JAX has a gradient of here, nothing is refused both here and in `autograd_core.scipy`.
"""


def standard_page() -> str:
    """Return docs/array-api.md."""
    from array_api_functions import CALLS, MODES, outcomes

    lines = [STANDARD + f"| function | {' | '.join(MODES)} |", "|---" * (len(MODES) + 1) + "|"]
    with np.errstate(all="ignore"):
        for name in sorted(CALLS):
            found = outcomes(name)
            lines.append(f"| `{name}` | {' | '.join(found[mode] for mode in MODES)} |")
    return "\n".join(lines) + "\n"


@cache
def scipy_outcomes(kind: str = "ours", python: str = sys.executable) -> dict[str, Any]:
    """Return what each of SciPy's functions gives in each mode, from a process of its own."""
    environment = {**os.environ, "SCIPY_ARRAY_API": "1", "OMP_NUM_THREADS": "1"}
    environment["PYTHONPATH"] = str(HERE.parent)
    script = TESTS / "scipy_functions" / "array_api_calls.py"
    done = subprocess.run(
        [python, str(script), kind], capture_output=True, text=True, env=environment, check=False
    )
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def word(outcome: list[str]) -> str:
    """Return an outcome as the page says it."""
    return outcome[0] if outcome[0] in ("right", "refused", "wrong") else "SciPy's error"


def scipy_page() -> str:
    """Return docs/scipy-array-api.md."""
    found = scipy_outcomes()
    modes = ("by hand", "reverse", "forward")
    names = {"by hand": "`.backward()`", "reverse": "`grad`", "forward": "`jvp`"}
    counts = {mode: Counter(word(entry[mode]) for entry in found.values()) for mode in modes}
    lines = [SCIPY + f"Of {len(found)} functions:\n"]
    lines += [f"- {names[mode]}: {counts[mode]['right']} right." for mode in modes]
    more = [n for n, e in found.items() if e["here"][0] == "right" != e["reverse"][0]]
    lines.append(f"- `autograd_core.scipy` has {len(more)} of those that are refused.")
    lines.append(OTHERS)
    heads = [*names.values(), "`autograd_core.scipy`"]
    lines += [f"| function | {' | '.join(heads)} |", "|---|---|---|---|---|"]
    for name, entry in found.items():
        here = "right" if entry["here"][0] == "right" else ""
        lines.append(f"| `{name}` | {' | '.join(word(entry[mode]) for mode in modes)} | {here} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    (HERE / "array-api.md").write_text(standard_page(), encoding="utf-8")
    (HERE / "scipy-array-api.md").write_text(scipy_page(), encoding="utf-8")
