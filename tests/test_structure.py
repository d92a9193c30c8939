"""The shape of the project: who may import whom, what is public, how big files may grow."""

import ast
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("autograd_core", "nn", "optim")

# What each part must not import at all, not even inside of a function.
FORBIDDEN = {
    "autograd_core/rules": ("autograd_core.engine.tensor", "autograd_core.engine.dual", "autograd_core.engine.traced",
                            "nn", "optim"),
    "autograd_core": ("nn", "optim"),
    "optim": ("nn",),
}  # fmt: skip
CORE_DEPENDENCIES = {"numpy", "graphviz"}


def imports(path, top_level_only=False):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    nodes = tree.body if top_level_only else ast.walk(tree)
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def sources():
    return [p for package in PACKAGES for p in sorted((ROOT / package).rglob("*.py"))]


@pytest.mark.parametrize("path", sources(), ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_run_one_way(path):
    place = str(path.relative_to(ROOT))
    for part, banned in FORBIDDEN.items():
        if place.startswith(part + "/"):
            for name in imports(path):
                assert not any(name == b or name.startswith(b + ".") for b in banned), name


@pytest.mark.parametrize("path", sources(), ids=lambda p: str(p.relative_to(ROOT)))
def test_core_needs_numpy_alone_when_imported(path):
    if path.parent.name == "scipy" or path.name.startswith("scipy_"):
        pytest.skip("loaded only when SciPy is there (test_import_is_fast_and_lean holds it to it)")
    if path.parent.name == "compiled":
        pytest.skip("loaded only when numba is there (test_nn_kernels.py holds it to it)")
    for name in imports(path, top_level_only=True):
        head = name.partition(".")[0]
        known = {*sys.stdlib_module_names, *PACKAGES, *CORE_DEPENDENCIES}
        assert head in known, f"{head} is an extra: import it where it is used"


@pytest.mark.parametrize("package", ["nn", "optim"])
def test_built_on_the_public_interface(package):
    """nn and optim use autograd_core's public names, and modules without a leading underscore."""
    for path in sorted((ROOT / package).rglob("*.py")):
        for name in imports(path):
            if name.startswith("autograd_core"):
                assert not any(part.startswith("_") for part in name.split(".")), f"{path}: {name}"


def test_public_names():
    import autograd_core

    fixed = [
        "Tensor",
        "Dual",
        "no_grad",
        "enable_grad",
        "grad",
        "value_and_grad",
        "vjp",
        "jvp",
        "jacobian",
        "hessian",
        "hvp",
        "linearize",
        "checkpoint",
        "gradients",
        "branch",
        "plus",
        "stop_gradient",
        "primitive",
        "elementwise",
        "linear",
        "bilinear",
        "gradcheck",
        "Graph",
        "draw",
    ]
    for name in fixed:
        assert hasattr(autograd_core, name), name
        assert name in autograd_core.__all__


def test_public_names_are_documented_with_an_example():
    import autograd_core

    for name in autograd_core.__all__:
        thing = getattr(autograd_core, name)
        assert thing.__doc__, name
        if not (isinstance(thing, type) and issubclass(thing, Exception)):
            assert ">>>" in thing.__doc__, name


@pytest.mark.alone
def test_import_is_fast_and_lean(tmp_path):
    code = (
        "import sys, time, numpy\n"
        "start = time.process_time()\n"
        "import autograd_core\n"
        "heavy = {'scipy', 'matplotlib', 'sklearn', 'torch', 'graphviz', 'tqdm'}\n"
        "heavy &= set(sys.modules)\n"
        "print(time.process_time() - start, sorted(heavy))"
    )
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    environment["PYTHONPYCACHEPREFIX"] = str(tmp_path)  # compiled once, as where it is installed
    times = []
    for _ in range(5):
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True,
                              check=True, env=environment)  # fmt: skip
        seconds, _, heavy = done.stdout.partition(" ")
        assert heavy.strip() == "[]"
        times.append(float(seconds))
    assert sorted(times)[2] < 0.1


@pytest.mark.slow
def test_a_wheel_builds_and_works_outside_the_checkout(tmp_path):
    checkout = tmp_path / "checkout"
    checkout.mkdir()
    # a copy, so that building leaves nothing behind
    for part in (*PACKAGES, "pyproject.toml", "README.md", "LICENSE"):
        source = ROOT / part
        if source.is_dir():
            shutil.copytree(source, checkout / part, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, checkout)
    subprocess.run(
        [
            sys.executable,
            "-m",
            "pip",
            "wheel",
            "-q",
            "--no-deps",
            "-w",
            str(tmp_path),
            str(checkout),
        ],
        check=True,
        capture_output=True,
    )
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        archive.extractall(tmp_path / "site")
    for package in PACKAGES:
        assert f"{package}/py.typed" in names
    assert not any(n.startswith(("tests/", "benchmarks/", "examples/")) for n in names)
    code = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "import autograd_core, nn, optim\n"
        "assert autograd_core.__file__.startswith(sys.argv[1]), autograd_core.__file__\n"
        "print(autograd_core.grad(lambda x: x * x)(3.0))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "site")],
        capture_output=True, text=True, check=True, cwd=tmp_path,
    )  # fmt: skip
    assert done.stdout.strip() == "6.0"
