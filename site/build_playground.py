"""Build the playground into one folder that works on any web server.

Everything that the page runs is put into the folder, so nothing is loaded from elsewhere later.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import json
import shutil
import zipfile
from importlib.metadata import distribution
from pathlib import Path

from build_tools import OURS, ROOT, SITE, bundle, node, package_files, say
from pyodide_parts import LOCK, Parts

CORE = ("pyodide.mjs", "pyodide.asm.js", "pyodide.asm.wasm")


def build(parts: Parts, out: Path) -> None:
    """Build the playground into a folder, which is emptied first."""
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    say(f"packing NumPy and our packages with {parts.core}")
    ours = parts.scratch / "ours.zip"
    ours.write_bytes(our_packages())
    node("pack.mjs", parts.core, parts.file("numpy"), ours, out)
    put_pyodide(parts, out / "pyodide")
    say("bundling the page")
    put_page(out)
    total = sum(file.stat().st_size for file in out.rglob("*") if file.is_file())
    say(f"{out}: {total / 1e6:.1f} MB")


def our_packages() -> bytes:
    """Return our packages, what runs a program, and tqdm, as a zip."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in package_files(ROOT, OURS).items():
            archive.writestr(name, content)
        for file in sorted((SITE / "playground" / "python").glob("*.py")):
            archive.write(file, file.name)
        bar = distribution("tqdm")
        for path in bar.files or ():
            code = path.suffix == ".py" and path.parts[0] == "tqdm"
            if code or path.name.startswith("LICEN"):
                archive.write(str(path.locate()), path.as_posix())
    return made.getvalue()


def put_pyodide(parts: Parts, out: Path) -> None:
    """Put Pyodide itself there; its WebAssembly compressed, since not every server compresses."""
    out.mkdir()
    for name in CORE:
        content = (parts.core / name).read_bytes()
        if name.endswith(".wasm"):
            packed = gzip.compress(content, 9, mtime=0)
            (out / f"{name}.gz.bin").write_bytes(packed)  # no server unpacks this one itself
        else:
            (out / name).write_bytes(content)
    lock = parts.lock | {"packages": {}}  # nothing else is here to be loaded
    (out / LOCK).write_text(json.dumps(lock), encoding="utf-8")


def put_page(out: Path) -> None:
    """Bundle the page and the worker, and put the lessons beside them."""
    from autograd_core.viewer.palette import palette

    page = SITE / "playground" / "page"
    bundle(page / "main.js", out / "main.js")
    bundle(SITE / "playground" / "worker.js", out / "worker.js")
    bundle(SITE / "graphviz.js", out / "graphviz.js")
    style = palette() + (page / "style.css").read_text(encoding="utf-8")
    (out / "style.css").write_text(style, encoding="utf-8")
    text = (page / "index.html").read_text(encoding="utf-8")
    (out / "index.html").write_text(text.replace("%%policy%%", policy()), encoding="utf-8")
    (out / "lessons.json").write_text(json.dumps(lessons()), encoding="utf-8")


def policy() -> str:
    """Return what the page may do: run its own files and the stepping page's script, no more.

    A frame that is made of text has the policy of its page, so the script of the stepping page is
    named here by its checksum.
    """
    from autograd_core.viewer.animation import page_script

    digest = base64.b64encode(hashlib.sha256(page_script().encode()).digest()).decode()
    return (
        "default-src 'none'; connect-src 'self'; worker-src 'self'; img-src data: blob:; "
        f"script-src 'self' 'wasm-unsafe-eval' 'sha256-{digest}'; "
        "style-src 'self' 'unsafe-inline'; base-uri 'none'; form-action 'none'"
    )


def lessons() -> list[list[object]]:
    """Return the lessons by group: name, title and program."""
    folder = SITE / "playground" / "lessons"
    groups = json.loads((folder / "index.json").read_text(encoding="utf-8"))
    return [[group, [lesson(folder / f"{name}.py") for name in names]] for group, names in groups]


def lesson(file: Path) -> dict[str, str]:
    """Return a lesson; its title is the first line of its docstring."""
    source = file.read_text(encoding="utf-8")
    title = source.partition("\n")[0].removeprefix('"""').rstrip(".")
    return {"name": file.stem, "title": title, "source": source}
