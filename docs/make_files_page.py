"""Write docs/files.md, one line for each file, from its docstring; and docs/pictures/rooms.svg."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "files.md"
TESTS = ROOT / "tests" / "README.md"
PICTURE = ROOT / "docs" / "pictures" / "rooms.svg"
HEAD = """# Every file, in one line

`make pages` generates this page from the first line of each file. Rooms are listed from the bottom
up: a file imports only from its own room and from the rooms before it. [design.md](design.md)
explains how they work together.
"""
TESTS_HEAD = """# What tests what

`make pages` generates this page from the first line of each file. One table of operations, in
`cases/`, drives the tests of values, both modes, second order, broadcasting, dtypes, `vmap` and
`compile`. `table.py` has the numerical derivatives that they are compared with. Tests that measure
time or memory are marked `alone`. `make test-fast` skips what is marked `slow`, and the functions
that `slow_tests.txt` lists, which `pytest -n auto --write-slow` measures and writes anew. Of a walk
marked `part`, `make test` does a part (`parts.py`); `make exhaustive` does the rest, and what is
marked `exhaustive`.
"""
# From the ground up, each with what stands beside it.
LAYERS = [
    ["base"],
    ["operations"],
    ["rules"],
    ["engine"],
    ["costs"],
    ["transforms"],
    ["lab", "viewer", "scipy", "numpy"],
    ["compiling", "compat"],
    ["onnx"],
]
INSIDE = [name for layer in LAYERS for name in layer]
PACKAGES = [
    "autograd_core",
    *(f"autograd_core/{room}" for room in [*INSIDE[:4], "engine/fast", *INSIDE[4:]]),
    *(f"autograd_core/compat/autograd{inner}" for inner in ("", "/misc", "/numpy", "/scipy")),
    "autograd_core/scipy/optimize",
    "autograd_core/scipy/sparse",
    "autograd_core/workers",
    "optim",
    "optim/lr_scheduler",
    "nn",
    "nn/distributed",
    "nn/functional",
    "nn/models",
]


def first_line(path: Path) -> str:
    """Return what a file says of itself; a sentence may run over two lines."""
    text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return " ".join(text.split("\n\n")[0].split()).replace("|", r"\|")


def page() -> str:
    """Return the page."""
    parts = [HEAD]
    for package in PACKAGES:
        folder = ROOT / package
        parts.append(
            f"\n## `{package}/`\n\n{first_line(folder / '__init__.py')}\n\n| | |\n|---|---|\n"
        )
        for path in sorted(folder.glob("*.py")):
            if path.name != "__init__.py":
                parts.append(f"| `{path.name}` | {first_line(path)} |\n")
    return "".join(parts)


FOLDERS = {
    "engine": "Tensor, the sweep, in-place changes, modes, threads, values from elsewhere, errors.",
    "rules": "The derivative rules over the whole table, at kinks and at the edges of numbers.",
    "transforms": "grad, vmap, Jacobians, checkpoints, adjoints, sparsity.",
    "compiling": "`compile`: what it writes, what it watches, when it records again.",
    "viewer": "Pictures, stepping pages and explanations.",
    "compat": "The names of HIPS autograd.",
    "costs": "The ledger of operations and memory.",
    "lab": "Elimination orders, matrix chains, rounding.",
    "scipy_functions": "SciPy's functions under autograd_core.scipy.",
    "networks": "nn: layers, losses, training, checkpoints, kernels.",
    "onnx_files": "ONNX files: what is written, what is read, and what is refused.",
    "optimizers": "optim: update rules, schedules, minimizers.",
    "programs": "The demo, the examples and the notebooks run, and reach their bars.",
    "pages": "README and docs: every code block runs, every generated page is up to date.",
    "robustness": "Fuzzers, attacks, planted faults, stress.",
    "project": "Who imports whom, public names, the wheel.",
    "cases": "The table of operations, one module a family.",
    "crosscheck": "Beside PyTorch, where it is installed: `make crosscheck`.",
    "fuzzing": "What the general fuzzer is made of.",
    "fuzzing_compile": "What the fuzzer of `compile` is made of.",
    "fuzzing_cross": "What the fuzzer beside PyTorch and JAX is made of.",
    "typing": "What type checkers accept and reject.",
}


def tests_page() -> str:
    """Return the map of the tests."""
    parts = [TESTS_HEAD]
    folders = [ROOT / "tests", *sorted(p for p in (ROOT / "tests").iterdir() if p.is_dir())]
    for folder in folders:
        files = sorted(folder.glob("*.py" if folder == ROOT / "tests" else "test_*.py"))
        if not files:
            continue
        about = f"{FOLDERS[folder.name]}\n\n" if folder.name in FOLDERS else ""
        parts.append(f"\n## `{folder.relative_to(ROOT)}/`\n\n{about}| | |\n|---|---|\n")
        parts += [f"| `{path.name}` | {first_line(path)} |\n" for path in files]
    return "".join(parts)


def picture() -> str:
    """Return the rooms as a drawing: what lies above may import what lies below."""
    rows = [["nn"], ["optim"], ["autograd_core, extend: the public names"], *LAYERS[::-1]]
    width, high, gap = 640, 34, 6
    tall = len(rows) * (high + gap) + gap
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {tall}" width="{width}" '
        f'height="{tall}" font-family="sans-serif" font-size="14" text-anchor="middle">\n'
        "<title>The rooms: each imports only from those below it</title>\n"
        "<style>rect{fill:#e8f1fa;stroke:#0072b2}text{fill:#111}.out rect{fill:#fdf3e0;"
        "stroke:#b37400}@media(prefers-color-scheme:dark){rect{fill:#12283a}text{fill:#eee}"
        ".out rect{fill:#3a2c10}}</style>\n"
    ]
    for k, row in enumerate(rows):
        each = (width - gap) / len(row)
        kind = ' class="out"' if k < 3 else ""
        for j, name in enumerate(row):
            x, y = gap + j * each, gap + k * (high + gap)
            parts.append(
                f'<g{kind}><rect x="{x:g}" y="{y:g}" width="{each - gap:g}" height="{high}" '
                'rx="5"/>'
                f'<text x="{x + (each - gap) / 2:g}" y="{y + 22:g}">{name}</text></g>\n'
            )
    return "".join(parts) + "</svg>\n"


def main() -> None:
    """Write all three."""
    TESTS.write_text(tests_page(), encoding="utf-8")
    PAGE.write_text(page(), encoding="utf-8")
    PICTURE.write_text(picture(), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
