"""One command for a release: `make release VERSION=0.2.0`.

Writes the version where it stands, turns the fragments in changes/ into CHANGELOG.md, builds
sdist and wheel, checks both, installs the wheel in an empty environment and trains the demo
there.  Only then are the files committed and tagged.  Nothing is uploaded.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
# The version stands in the first; the second must agree, for who reads it without Python.
PLACES = {
    "autograd_core/__init__.py": r'^__version__ = "(.*)"$',
    "CITATION.cff": r"^version: (.*)$",
}


def version_in(text: str, pattern: str) -> str:
    r"""Return the version that a file's text states.

    Examples
    --------
    >>> version_in("a\nversion: 0.1.0\n", PLACES["CITATION.cff"])
    '0.1.0'
    """
    found = re.search(pattern, text, re.M)
    if found is None:
        raise SystemExit(f"there is no line like {pattern}")
    return found[1]


def with_version(text: str, pattern: str, version: str) -> str:
    r"""Return a file's text with another version.

    Examples
    --------
    >>> with_version("version: 0.1.0\nkeywords:\n", PLACES["CITATION.cff"], "0.2.0")
    'version: 0.2.0\nkeywords:\n'
    """
    old = version_in(text, pattern)
    line = re.search(pattern, text, re.M)
    assert line is not None
    return text.replace(line[0], line[0].replace(old, version), 1)


def newer(version: str, than: str) -> bool:
    """Whether a version follows another one.

    Examples
    --------
    >>> newer("0.10.0", "0.9.1"), newer("0.9.1", "0.9.1")
    (True, False)
    """
    return [int(part) for part in version.split(".")] > [int(part) for part in than.split(".")]


def run(*command: str, cwd: Path = ROOT) -> str:
    """Run a command and return what it printed; stop the release where it fails."""
    print("$", " ".join(command), flush=True)
    done = subprocess.run(command, cwd=cwd, text=True, stdout=subprocess.PIPE)
    if done.returncode:
        raise SystemExit(f"{command[0]} failed ({done.returncode}): {done.stdout}")
    return done.stdout


def check(dist: Path) -> None:
    """Check what was built: its metadata, and the demo in an empty environment."""
    run(sys.executable, "-m", "twine", "check", "--strict", *map(str, sorted(dist.iterdir())))
    (wheel,) = dist.glob("*.whl")
    with tempfile.TemporaryDirectory() as folder:
        empty = Path(folder)
        run(sys.executable, "-m", "venv", str(empty / "venv"))
        python = str(empty / "venv" / "bin" / "python")
        run(python, "-m", "pip", "install", "--quiet", f"{wheel}[demo]")
        shutil.copytree(ROOT / "examples", empty / "examples")  # they are not in the wheel
        run(python, "-m", "examples.digits", "--out", str(empty / "out"), cwd=empty)


def main() -> None:
    """Do it."""
    parser = argparse.ArgumentParser(description="Build, check and tag a release.")
    parser.add_argument("version", help="for instance 0.2.0")
    parser.add_argument("--check", action="store_true", help="build and check; change nothing")
    options = parser.parse_args()
    dist = ROOT / "dist"
    shutil.rmtree(dist, ignore_errors=True)
    if not options.check:
        if run("git", "status", "--porcelain"):
            raise SystemExit("there are changes that are not committed")
        for name, pattern in PLACES.items():
            text = (ROOT / name).read_text(encoding="utf-8")
            if not newer(options.version, version_in(text, pattern)):
                raise SystemExit(f"{name} has version {version_in(text, pattern)} already")
            (ROOT / name).write_text(with_version(text, pattern, options.version), encoding="utf-8")
        run(sys.executable, "-m", "towncrier", "build", "--yes", "--version", options.version)
    run(sys.executable, "-m", "build", "--outdir", str(dist))
    check(dist)
    if not options.check:
        run("git", "commit", "--all", "--message", f"release {options.version}")
        run("git", "tag", "--annotate", f"v{options.version}", "--message", options.version)
    print(f"{', '.join(p.name for p in sorted(dist.iterdir()))} in {dist}")


if __name__ == "__main__":
    main()
