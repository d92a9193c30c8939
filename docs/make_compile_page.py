"""Put the sources that `compile` writes into docs/compile.md.

The page is prose with marked blocks; what stands between a mark and its end is generated.
"""

from __future__ import annotations

import inspect
import re
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from autograd_core import compile  # noqa: A004 - its public name

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

from model import clipped, network, recurrent  # noqa: E402

PAGE = HERE / "compile.md"
rng = np.random.default_rng(0)


def _network(n: int, hidden: int) -> Any:
    params = {"w1": rng.normal(size=(5, hidden)), "b1": np.zeros(hidden),
              "w2": rng.normal(size=(hidden, 2))}  # fmt: skip
    return compile(network), (params, rng.normal(size=(n, 5)), rng.normal(size=(n, 2)))


def blocks() -> dict[str, str]:
    """Return the generated parts of the page by name."""
    found = {}
    for name, f in (("network", network), ("recurrent", recurrent), ("clipped", clipped)):
        found[name] = inspect.getsource(f)
    for name, n, hidden in (("small", 10, 4), ("large", 500, 100)):
        f, args = _network(n, hidden)
        f(*args)
        found[name] = f.source
    unrolled = compile(recurrent, argnums=(0, 1))
    unrolled(rng.normal(size=(4, 3)), rng.normal(size=(4, 4)), rng.normal(size=(3, 3)))
    found["unrolled"] = unrolled.source
    branching = compile(clipped)
    branching(np.ones(3))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        branching(np.zeros(3))
    found["notice"] = f"RecordedAgain: {caught[0].message}\n"
    found["branch"] = branching.recordings[0].source
    return found


def rendered(text: str) -> str:
    """Return the page with its generated parts made anew."""
    made = blocks()

    def block(match: re.Match[str]) -> str:
        name, kind = match["name"], match["kind"]
        return f"<!-- {name} -->\n```{kind}\n{made.pop(name).rstrip()}\n```\n<!-- end -->"

    pattern = r"<!-- (?P<name>\w+) -->\n```(?P<kind>\w*)\n.*?```\n<!-- end -->"
    text = re.sub(pattern, block, text, flags=re.DOTALL)
    if made:
        raise ValueError(f"docs/compile.md has no place for {', '.join(made)}")
    return text


if __name__ == "__main__":
    PAGE.write_text(rendered(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
