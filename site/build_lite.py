"""Build the notebooks as a JupyterLite site: they run in the browser, and no server computes.

JupyterLite itself comes from PyPI (the extra `site`). Python, the packages and the notebooks are
put beside it, with a lock file that names these and no others; nothing is loaded from elsewhere.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from build_tools import OURS, ROOT, SITE, bundle, package_files, pip_download, say
from pyodide_parts import LOCK, Parts, canonical

EXTENSION = Path("extensions", "@jupyterlite", "pyodide-kernel-extension")
NOTEBOOKS = ROOT / "notebooks"
CORE = ("pyodide.js", "pyodide.asm.js", "pyodide.asm.wasm", "python_stdlib.zip")
# What the kernel asks for when it starts. What is preloaded it does not look up elsewhere.
KERNEL = ("ipykernel", "comm", "pyodide_kernel", "piplite", "micropip", "jedi", "ipython",
          "sqlite3", "ssl")  # fmt: skip
PURE = ("comm==0.2.3", "tqdm==4.67.1")  # of PyPI
SHARED = ("answers", "page", "pictures")  # by the notebooks
PAGES = "autograd_core_notebooks"
DEPENDS = {
    "autograd_core": ["numpy", "tqdm"],
    PAGES: ["autograd-core", "ipython", "matplotlib"],
    "pyodide_kernel": ["comm", "ipython"],
    "piplite": ["micropip"],
}
PACKAGES = (*KERNEL, "numpy", "matplotlib", "scikit-learn")  # of Pyodide's distribution, mostly
LINK = re.compile(r"(?:\]\(|<img [^>]*?src=\")([^)\s\"#]+)")


def build(parts: Parts, out: Path) -> None:
    """Build the site of the notebooks into a folder, which is emptied first."""
    shutil.rmtree(out, ignore_errors=True)
    contents, settings = parts.scratch / "contents", parts.scratch / "lite"
    contents.mkdir()
    settings.mkdir()
    for path in sorted(NOTEBOOKS.glob("*.ipynb")):
        text = notebook(path)
        (contents / path.name).write_text(text, encoding="utf-8")
        for linked in files_linked(text):
            copy = contents / linked.relative_to(ROOT)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(linked, copy)
    (settings / "jupyter-lite.json").write_text(json.dumps(configuration()), encoding="utf-8")
    jupyterlite(settings, contents, out)
    for picture in contents.rglob("*.png"):
        # JupyterLab asks for it beside its own page first, then among the notebooks.
        copy = out / picture.relative_to(contents)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(picture, copy)
    shutil.copytree(out / EXTENSION / "static" / "pypi", parts.scratch / "kernel")
    say("packing the notebooks' packages")
    put_python(parts, out / "static" / "pyodide")
    total = sum(file.stat().st_size for file in out.rglob("*") if file.is_file())
    say(f"{out}: {total / 1e6:.1f} MB")


def notebook(path: Path) -> str:
    """Return a notebook as JupyterLite takes it: without outputs, its texts in one piece."""
    made = json.loads(path.read_text(encoding="utf-8"))
    made["metadata"]["kernelspec"] = {
        "display_name": "Python (Pyodide)", "language": "python", "name": "python",
    }  # fmt: skip
    for cell in made["cells"]:
        cell["source"] = "".join(cell["source"])
        if cell["cell_type"] == "code":
            cell["outputs"], cell["execution_count"] = [], None
    return json.dumps(made, ensure_ascii=False)


def files_linked(text: str) -> list[Path]:
    """Return the files of the repository that a notebook's texts link to or show."""
    cells = [c["source"] for c in json.loads(text)["cells"] if c["cell_type"] == "markdown"]
    targets = [target for cell in cells for target in LINK.findall(cell) if ":" not in target]
    found = [(NOTEBOOKS / target).resolve() for target in targets]
    return [path for path in found if path.is_file() and path.suffix != ".ipynb"]


def configuration() -> dict[str, Any]:
    """Return JupyterLite's settings: Python and all packages lie beside it."""
    kernel = {
        "pyodideUrl": "./static/pyodide/start.js",
        "loadPyodideOptions": {"packages": [*KERNEL, *OURS[:1]]},
        "disablePyPIFallback": True,
    }
    return {
        "jupyter-lite-schema-version": 0,
        "jupyter-config-data": {
            "appName": "autograd-core: the notebooks",
            "exposeAppInBrowser": True,  # the tests run the notebooks through it
            "litePluginSettings": {"@jupyterlite/pyodide-kernel-extension:kernel": kernel},
        },
    }


def jupyterlite(settings: Path, contents: Path, out: Path) -> None:
    """Run JupyterLite's own builder."""
    try:
        say(f"building JupyterLite {version('jupyterlite-core')}")
        version("jupyterlite-pyodide-kernel")
        version("jupyter-server")  # it lists the notebooks
    except PackageNotFoundError as missing:
        sys.exit(f'{missing}. It builds the notebooks: pip install ".[site]"')
    command = [
        sys.executable, "-m", "jupyterlite_core", "build", "--lite-dir", settings,
        "--contents", contents, "--output-dir", out, "--apps", "lab", "--apps", "notebooks",
        "--no-sourcemaps", "--no-unused-shared-packages",
    ]  # fmt: skip
    done = subprocess.run(list(map(str, command)), cwd=settings, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"JupyterLite's builder failed:\n{done.stdout}\n{done.stderr}")


# --- Python and its packages -------------------------------------------------------------


def put_python(parts: Parts, out: Path) -> None:
    """Put Pyodide, the packages and a lock file that names them into a folder."""
    out.mkdir(parents=True, exist_ok=True)
    for name in CORE:
        shutil.copyfile(parts.core / name, out / name)
    entries = {canonical(path.name.split("-")[0]): described(path) for path in pure_wheels(parts)}
    for name in parts.needed(name for name in PACKAGES if canonical(name) not in entries):
        entries[name] = (parts.entry(name), parts.file(name))
    for _, path in entries.values():
        shutil.copyfile(path, out / path.name)
    packages = {name: entry for name, (entry, _) in sorted(entries.items())}
    lock = {"info": parts.lock["info"], "packages": packages}
    (out / LOCK).write_text(json.dumps(lock), encoding="utf-8")
    bundle(SITE / "lite" / "start.js", out / "start.js", "iife")


def pure_wheels(parts: Parts) -> Iterator[Path]:
    """Yield the wheels that are in no distribution of Pyodide: the kernel's own, and ours."""
    for name in ("ipykernel", "piplite", "pyodide_kernel"):
        yield from parts.scratch.glob(f"kernel/{name}-*.whl")
    for requirement in PURE:
        yield pip_download(requirement, parts.scratch)
    from autograd_core import __version__

    yield wheel(parts.scratch, "autograd_core", __version__, package_files(ROOT, OURS))
    yield wheel(parts.scratch, PAGES, __version__, package_files(NOTEBOOKS, SHARED))


def wheel(folder: Path, name: str, number: str, files: dict[str, bytes]) -> Path:
    """Write a wheel of files and return it; the same files are the same bytes."""
    about = f"{name}-{number}.dist-info"
    title = f"Metadata-Version: 2.1\nName: {name.replace('_', '-')}\nVersion: {number}\n"
    tags = "Wheel-Version: 1.0\nGenerator: site\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    files = files | {f"{about}/METADATA": title.encode(), f"{about}/WHEEL": tags.encode()}
    record = [f"{one},sha256={urlsafe(content)},{len(content)}" for one, content in files.items()]
    files[f"{about}/RECORD"] = "\n".join([*record, f"{about}/RECORD,,", ""]).encode()
    path = folder / f"{name}-{number}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for one, content in files.items():
            info = zipfile.ZipInfo(one, (2020, 1, 1, 0, 0, 0))
            archive.writestr(info, content, compress_type=zipfile.ZIP_DEFLATED)
    return path


def urlsafe(content: bytes) -> str:
    """Return a checksum as a wheel's record has it."""
    digest = hashlib.sha256(content).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def described(path: Path) -> tuple[dict[str, Any], Path]:
    """Return a lock file's entry for a wheel of pure Python, and the wheel."""
    name, number = path.name.split("-")[:2]
    with zipfile.ZipFile(path) as archive:
        tops = {entry.partition("/")[0] for entry in archive.namelist()}
    imports = sorted(top.removesuffix(".py") for top in tops if not top.endswith(".dist-info"))
    entry = {
        "name": canonical(name), "version": number, "file_name": path.name,
        "install_dir": "site", "package_type": "package", "unvendored_tests": False,
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "imports": imports, "depends": DEPENDS.get(name, []),
    }  # fmt: skip
    return entry, path
