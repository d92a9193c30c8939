"""The shape of the project: who may import whom, what is public, how big files may grow."""

import ast
import base64
import functools
import importlib
import importlib.util
import os
import pickle
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("autograd_core", "nn", "optim")

# The rooms of autograd_core, from the ground up: a file imports from its own room and from the
# rooms before it.  `workers` knows nothing of the engine, and any room may use it; the public
# files at the top of the package know every room.
ROOMS = ("base", "operations", "rules", "engine", "costs", "transforms", "lab", "viewer",
         "compiling", "scipy", "numpy", "compat", "onnx")  # fmt: skip
LONGEST, MOST_BRANCHES = 80, 25  # of a function: lines of code, places where it can go two ways
CORE_DEPENDENCIES = {"numpy", "graphviz"}


@functools.cache
def parsed(path):
    return ast.parse(path.read_text(encoding="utf-8"))


def module_of(path):
    name = str(path.relative_to(ROOT).with_suffix("")).replace(os.sep, ".")
    return name.removesuffix(".__init__")


def source_of(node, path):
    """The module that an import-from statement names, also where it does so relatively."""
    package = module_of(path).split(".")
    if path.name != "__init__.py":
        package.pop()
    above = package[: len(package) - node.level + 1] if node.level else []
    return ".".join([*above, *([node.module] if node.module else [])])


def imports(path, top_level_only=False):
    """The modules that a file names in its imports, those inside of functions too."""
    tree = parsed(path)
    nodes = tree.body if top_level_only else ast.walk(tree)
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            source = source_of(node, path)
            yield source
            yield from (f"{source}.{alias.name}" for alias in node.names)


def sources():
    return [p for package in PACKAGES for p in sorted((ROOT / package).rglob("*.py"))]


@functools.cache
def graph():
    """From each module of the three packages to those that it imports."""
    modules = {module_of(path): path for path in sources()}
    found = {}
    for module, path in modules.items():
        named = set(imports(path))
        # `from package import name` names the package itself only for what is no module
        inner = {n for n in named if n in modules and n != module}
        for node in ast.walk(parsed(path)):
            if isinstance(node, ast.ImportFrom) and source_of(node, path) in inner:
                source = source_of(node, path)
                if {f"{source}.{alias.name}" for alias in node.names} <= modules.keys():
                    inner.discard(source)
        found[module] = inner
    # only for type checkers: at run time whoever asks for them imports them (_short_names.py)
    found["autograd_core"] -= {"nn", "optim"}
    return found


def circles(edges):
    """The modules that lead back to themselves."""

    def reached(start):
        seen, stack = set(), [*edges[start]]
        while stack:
            module = stack.pop()
            if module not in seen:
                seen.add(module)
                stack.extend(edges[module])
        return seen

    return sorted(module for module in edges if module in reached(module))


def room_of(module):
    package, _, rest = module.partition(".")
    room = rest.partition(".")[0]
    return room if package == "autograd_core" and room in (*ROOMS, "workers") else package


def allowed(importer, imported):
    """Whether a room may import from another one."""
    if importer == imported:
        return True
    if importer in ROOMS:
        return imported in (*ROOMS[: ROOMS.index(importer)], "workers")
    return (
        imported
        in {
            "workers": (),
            "autograd_core": ROOMS,
            "optim": ("autograd_core", "workers"),
            "nn": ("autograd_core", "workers", "optim"),
        }[importer]
    )


def test_rooms_import_downwards():
    up = [
        f"{module} imports {other}"
        for module, others in graph().items()
        for other in others
        if not allowed(room_of(module), room_of(other))
    ]
    assert up == []


def test_a_room_that_imports_upwards_would_be_seen():
    assert not allowed("engine", "transforms")
    assert not allowed("autograd_core", "nn")
    assert not allowed("rules", "autograd_core")
    assert not allowed("nn", "engine")
    assert not allowed("workers", "base")
    assert allowed("rules", "workers")
    assert allowed("compiling", "engine")


def test_no_circle_of_imports():
    assert circles(graph()) == []
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"b"}}) == ["b", "c"]


def size(function):
    """A function's lines of code, without its docstring, and its branches."""
    body = function.body[1:] if ast.get_docstring(function) else function.body
    lines = function.end_lineno - body[0].lineno + 1 if body else 0
    branches = 0
    for node in ast.walk(function):
        one = (ast.If, ast.For, ast.While, ast.IfExp, ast.ExceptHandler, ast.match_case)
        branches += isinstance(node, one)
        if isinstance(node, ast.comprehension):
            branches += 1 + len(node.ifs)
        if isinstance(node, ast.BoolOp):
            branches += len(node.values) - 1
    return lines, branches


# Larger than that for a measured reason, and held to a clear twin (test_fast_twins.py).
SPELT_OUT = {  # decisions 163 and 195
    "autograd_core.engine.fast.loop.run": (106, 54),
    "autograd_core.engine.fast.operators.binary": (65, 27),
    "autograd_core.engine.fast.operators.method": (59, 27),
}


def test_no_function_is_too_long():
    """Kernels aside, which numba compiles: they are loops in loops on purpose."""
    long = {}
    for path in sources():
        if "compiled" in path.parts:
            continue
        for node in ast.walk(parsed(path)):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                lines, branches = size(node)
                if lines > LONGEST or branches > MOST_BRANCHES:
                    long[f"{module_of(path)}.{node.name}"] = lines, branches
    assert long.keys() == SPELT_OUT.keys()
    for name, (lines, branches) in SPELT_OUT.items():
        assert long[name][0] <= lines
        assert long[name][1] <= branches


@pytest.mark.parametrize("path", sources(), ids=lambda p: str(p.relative_to(ROOT)))
def test_core_needs_numpy_alone_when_imported(path):
    if "scipy" in path.parts or path.name.startswith("scipy_"):
        pytest.skip("loaded only when SciPy is there (test_import_is_fast_and_lean holds it to it)")
    if path.parent.name == "compiled":
        pytest.skip("loaded only when numba is there (test_nn_kernels.py holds it to it)")
    for name in imports(path, top_level_only=True):
        head = name.partition(".")[0]
        known = {*sys.stdlib_module_names, *PACKAGES, *CORE_DEPENDENCIES}
        assert head in known, f"{head} is an extra: import it where it is used"


@pytest.mark.parametrize("package", ["nn", "optim"])
def test_built_on_the_public_interface(package):
    """nn and optim take from the engine its public names, `extend` and `workers`."""
    import autograd_core

    public = {
        "autograd_core",
        "autograd_core.nn",
        "autograd_core.optim",
        *(f"autograd_core.{name}" for name in autograd_core.__all__),
    }
    for path in sorted((ROOT / package).rglob("*.py")):
        for name in imports(path):
            if name.partition(".")[0] == "autograd_core":
                inner = name.startswith(("autograd_core.extend", "autograd_core.workers"))
                assert name in public or inner, f"{path}: {name}"


def test_old_paths_still_import():
    """Tensors pickled before the modules had rooms name the old ones."""
    from autograd_core import _moved

    before = set(sys.modules)
    for old, new in _moved.MOVED.items():
        sys.modules.pop(f"autograd_core.{old}", None)
        with pytest.warns(DeprecationWarning, match=f"autograd_core.{new} now"):
            module = importlib.import_module(f"autograd_core.{old}")
        assert module is sys.modules[f"autograd_core.{new}"]
    for name in set(sys.modules) - before:
        if name.removeprefix("autograd_core.") in _moved.MOVED:
            del sys.modules[name]
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("autograd_core.no_such_module")


def test_a_tensor_pickled_by_the_first_version_loads():
    written = (
        "gASVCQEAAAAAAACMFGF1dG9ncmFkX2NvcmUudGVuc29ylIwIX3JlYnVpbGSUk5QoaACMBlRlbnNvcpST"
        "lIwWbnVtcHkuX2NvcmUubXVsdGlhcnJheZSMDF9yZWNvbnN0cnVjdJSTlIwFbnVtcHmUjAduZGFycmF5"
        "lJOUSwCFlEMBYpSHlFKUKEsBSwKFlGgIjAVkdHlwZZSTlIwCZjiUiYiHlFKUKEsDjAE8lE5OTkr/////"
        "Sv////9LAHSUYolDEAAAAAAAAPg/AAAAAAAABECUdJRiiGgCKGgEaAdoCksAhZRoDIeUUpQoSwFLAoWU"
        "aBSJQxAAAAAAAAAIQAAAAAAAABRAlHSUYolOdJRSlHSUUpQu"
    )
    sys.modules.pop("autograd_core.tensor", None)
    with pytest.warns(DeprecationWarning, match="engine.tensor"):
        x = pickle.loads(base64.b64decode(written))
    sys.modules.pop("autograd_core.tensor", None)
    assert x.requires_grad
    assert x.data.tolist() == [1.5, 2.5]
    assert x.grad.data.tolist() == [3.0, 5.0]
    assert type(x) is type(pickle.loads(pickle.dumps(x)))


def public(thing):
    return sorted(name for name in dir(thing) if not name.startswith("_"))


@pytest.mark.parametrize("name", ["autograd_core", "autograd_core.Tensor", "nn", "optim"])
def test_public_names(name):
    """One more, or one less, is a decision: write it into tests/public_names.txt."""
    package, _, inner = name.partition(".")
    thing = importlib.import_module(package)
    thing = getattr(thing, inner) if inner else thing
    text = (ROOT / "tests" / "public_names.txt").read_text(encoding="utf-8")
    listed = dict(part.split(":", 1) for part in text.strip().split("\n\n"))
    names = thing.__all__ if name in ("nn", "optim") else public(thing)
    assert sorted(names) == listed[name].split()


def test_the_package_shows_its_public_names_and_nothing_else():
    import autograd_core

    shown = {*autograd_core.__all__, *autograd_core._MODULES, "nn", "optim", "__version__"}
    assert set(dir(autograd_core)) == shown
    for name in autograd_core._MODULES:
        assert importlib.import_module(f"autograd_core.{name}").__doc__
    importlib.import_module("autograd_core.operations.primitive")
    assert callable(autograd_core.primitive)  # no module has taken its place
    assert callable(autograd_core.gradients)


@pytest.mark.parametrize("name", ["nn", "optim"])
def test_nn_and_optim_show_their_public_names_and_nothing_else(name):
    package = importlib.import_module(name)
    assert dir(package) == sorted(package.__all__)


def test_exceptions_of_nn_and_optim_are_found_where_they_were():
    import autograd_core
    from autograd_core.extend import errors

    for name, package in (("DataError", "nn"), ("StateDictError", "optim")):
        home = getattr(importlib.import_module(package), name)
        assert home.__module__ == f"{package}.errors"
        assert issubclass(home, autograd_core.AutogradError)
        for place in (autograd_core, errors):
            with pytest.warns(DeprecationWarning, match=f"autograd_core.{package}.{name} now") as w:
                assert getattr(place, name) is home
            assert w[0].filename == __file__
    with pytest.raises(AttributeError, match="no attribute 'NoSuchError'"):
        errors.NoSuchError  # noqa: B018


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


def test_an_operation_stays_as_it_was_declared():
    from autograd_core import RuleError, elementwise, grad

    cube = elementwise(lambda x: x**3, lambda y, x: 3 * x**2, name="cube")
    for name in (*type(cube).__slots__, "anything"):
        with pytest.raises(RuleError, match=rf"cube.{name}: an operation is declared once"):
            setattr(cube, name, None)
    tenfold = elementwise(lambda x: x**3, lambda y, x: 3 * x**2, name="tenfold",
                          vjps=(lambda g, y, x: 10 * g,))  # fmt: skip
    assert grad(cube)(2.0) == 12.0
    assert grad(tenfold)(2.0) == 10.0
    assert tenfold.vjp_reads()[0].of(1) == []


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A folder with what a wheel of the project installs."""
    folder = tmp_path_factory.mktemp("wheel")
    checkout = folder / "checkout"
    checkout.mkdir()
    # a copy, so that building leaves nothing behind
    for part in (*PACKAGES, "pyproject.toml", "setup.py", "README.md", "LICENSE"):
        source = ROOT / part
        if source.is_dir():
            shutil.copytree(source, checkout / part, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, checkout)
    command = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", str(folder)]
    subprocess.run([*command, str(checkout)], check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


def in_site(site, code):
    """What a program prints that finds the installed packages, and not this checkout."""
    start = f"import sys; sys.path.insert(0, {str(site)!r})\n"
    done = subprocess.run([sys.executable, "-c", start + code], capture_output=True, text=True,
                          cwd=site.parent)  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.strip(), done.stderr


@pytest.mark.slow
def test_a_wheel_works_outside_the_checkout(site):
    for package in ("autograd_core", "autograd_core/nn", "autograd_core/optim", "nn", "optim"):
        assert (site / package / "py.typed").exists()
    assert not any((site / part).exists() for part in ("tests", "benchmarks", "examples"))
    code = (
        "import autograd_core, nn, optim, pickle\n"
        f"assert autograd_core.__file__.startswith({str(site)!r}), autograd_core.__file__\n"
        "import autograd_core.nn.linear, nn.linear\n"
        "from autograd_core import nn as by_its_own_name\n"
        "assert nn is by_its_own_name and nn.linear is autograd_core.nn.linear\n"
        "assert type(pickle.loads(pickle.dumps(nn.Linear(2, 1)))) is nn.Linear\n"
        "assert optim.lr_scheduler is autograd_core.optim.lr_scheduler\n"
        "print(autograd_core.grad(lambda x: x * x)(3.0))"
    )
    assert in_site(site, code) == ("6.0", "")


@pytest.mark.slow
def test_another_package_of_the_same_name_breaks_nothing_silently(site, tmp_path):
    """pip install nn (an old package of that name exists), then ours, then pip uninstall nn."""
    place = tmp_path / "site"
    (place / "nn").mkdir(parents=True)
    theirs = [place / "nn" / "__init__.py", place / "nn" / "networks.py"]
    for file in theirs:
        file.write_text("VALUE = 1\n")
    shutil.copytree(site, place, dirs_exist_ok=True)  # as pip does: over what was there
    for file in theirs:  # those that the other distribution says are its own
        file.unlink()
    ours = "from autograd_core import nn, optim; print(nn.Sequential.__name__, optim.SGD.__name__)"
    assert in_site(place, ours) == ("Sequential SGD", "")
    out, err = in_site(place, "import nn, autograd_core.nn; print(nn is autograd_core.nn)")
    assert out == "True"
    assert "another project's package 'nn'" in err
    assert "import it by that name, or install autograd-core again" in err


def test_nn_and_optim_are_one_package_under_two_names(monkeypatch):
    import autograd_core
    import nn.linear
    import optim.lr_scheduler
    from autograd_core import _short_names

    for module in (nn, nn.linear, optim, optim.lr_scheduler):
        assert importlib.import_module(f"autograd_core.{module.__name__}") is module
    assert autograd_core.nn is nn
    assert autograd_core.optim is optim
    monkeypatch.setitem(sys.modules, "nn", pytest)
    with pytest.raises(ImportError, match="belongs to another project"):
        _short_names.check_ours("autograd_core.nn.linear", "nn.linear")


def test_a_finished_installation_takes_the_short_name_for_a_stand_in(monkeypatch):
    from autograd_core import _short_names

    finder = _short_names.FINDER
    monkeypatch.setattr(_short_names, "INSTALLED", True)
    assert _short_names.own("nn.linear") == "autograd_core.nn.linear"
    assert _short_names.own("autograd_core.nn") == "autograd_core.nn"
    monkeypatch.setitem(sys.modules, "nn", sys.modules["pytest"])  # another project's package
    assert finder.find_spec("nn.linear") is None
    monkeypatch.setitem(sys.modules, "autograd_core.nn", sys.modules["pytest"])
    spec = finder.find_spec("nn.linear")
    assert spec.name == "nn.linear"
    monkeypatch.setitem(sys.modules, "autograd_core.nn.linear", sys.modules["ast"])
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "nn.linear", module)
    spec.loader.exec_module(module)
    assert sys.modules["nn.linear"] is ast


def test_a_reader_guesses_where_a_test_is():
    """Each test stands in the folder of what it tests; no name tells history instead."""
    files = list((ROOT / "tests").rglob("test_*.py"))
    assert not [p.name for p in files if p.parent == ROOT / "tests"]
    names = [p.name for p in files]
    assert len(set(names)) == len(names)  # pytest imports them by their names alone
    history = re.compile(r"_(edges|more|neighbours|review|special|misc|new|old)\b")
    assert not [n for n in names if history.search(n.removesuffix(".py"))]


def test_what_libraries_import_stands_in_its_table():
    from autograd_core import extend

    told = set(re.findall(r"`(\w+)`", extend.__doc__))
    assert not set(extend.__all__) - told
