"""What the site is built from: Python for the browser and its packages, each one checked."""

import hashlib
import importlib
import json
import shutil
import zipfile

import pytest
from built_site import BUILT, SITE, needs

parts = importlib.import_module("pyodide_parts")
playground = importlib.import_module("build_playground")
lite = importlib.import_module("build_lite")


def entry(name, depends=(), content=None):
    digest = "0" * 64 if content is None else hashlib.sha256(content).hexdigest()
    return {"file_name": f"{name}-1.whl", "sha256": digest, "depends": list(depends)}


def distribution(folder, packages):
    lock = {"info": {"version": "0.27.7", "python": "3.12.7"}, "packages": packages}
    (folder / "pyodide-lock.json").write_text(json.dumps(lock))
    return parts.Parts(folder, folder)


def test_a_package_with_another_checksum_is_refused(tmp_path):
    made = distribution(tmp_path, {"numpy": entry("numpy"), "six": entry("six", content=b"six")})
    with pytest.raises(SystemExit, match=r"has no numpy-1\.whl.*0\.27\.7, as PYODIDE"):
        made.file("numpy")
    (tmp_path / "numpy-1.whl").write_bytes(b"something else")
    with pytest.raises(SystemExit, match="lock file states 0000"):
        made.file("numpy")
    (tmp_path / "six-1.whl").write_bytes(b"six")
    assert made.file("six") == tmp_path / "six-1.whl"
    assert made.python == "3.12"


def test_a_folder_without_a_lock_file_is_refused(tmp_path):
    with pytest.raises(SystemExit, match=r"has no pyodide-lock\.json"):
        parts.Parts(tmp_path, tmp_path)


def test_what_a_package_needs_is_found_however_its_name_is_spelt(tmp_path):
    packages = {"a": entry("a", ["B_c", "d"]), "b-c": entry("b"), "d": entry("d", ["A"])}
    made = distribution(tmp_path, {**packages, "other": entry("other")})
    assert made.needed(["a"]) == ["a", "b-c", "d"]


def test_our_wheels_are_wheels(tmp_path):
    """Their record lists each file with its checksum, and the lock file what can be imported."""
    files = lite.package_files(lite.NOTEBOOKS, lite.SHARED)
    path = lite.wheel(tmp_path, lite.PAGES, "0.1.0", files)
    with zipfile.ZipFile(path) as archive:
        record = archive.read(f"{lite.PAGES}-0.1.0.dist-info/RECORD").decode().splitlines()
        names = archive.namelist()
        for name, digest, size in (line.rsplit(",", 2) for line in record[:-1]):
            content = archive.read(name)
            assert digest == "sha256=" + lite.urlsafe(content)
            assert int(size) == len(content)
    assert [line.rsplit(",", 2)[0] for line in record] == names
    described, same = lite.described(path)
    assert same == path
    assert described["imports"] == ["answers", "page", "pictures"]
    assert described["depends"] == ["autograd-core", "ipython", "matplotlib"]
    first = path.read_bytes()
    assert lite.wheel(tmp_path, lite.PAGES, "0.1.0", files).read_bytes() == first


def test_notebooks_go_without_outputs_and_with_what_they_link_to():
    linked = set()
    for path in sorted(lite.NOTEBOOKS.glob("*.ipynb")):
        text = lite.notebook(path)
        cells = json.loads(text)["cells"]
        assert all(isinstance(cell["source"], str) for cell in cells)
        assert not any(cell.get("outputs") for cell in cells)
        linked |= set(lite.files_linked(text))
    assert lite.ROOT / "docs" / "pictures" / "page-light.png" in linked
    assert lite.ROOT / "autograd_core" / "rules" / "elementwise.py" in linked


@pytest.mark.slow
@needs("playground")
@needs("lite")
@pytest.mark.skipif(shutil.which("node") is None, reason="Node.js is not installed")
def test_a_folder_with_pyodide_gives_the_same_playground(tmp_path):
    """`make site PYODIDE=folder`: the folder is laid from npm's core and the built packages."""
    core, packages = SITE / "node_modules" / "pyodide", BUILT / "lite" / "static" / "pyodide"
    if not core.is_dir():
        pytest.skip("the packages of npm are not there: make site")
    folder, out = tmp_path / "pyodide", tmp_path / "playground"
    shutil.copytree(packages, folder)
    shutil.copytree(core, folder, dirs_exist_ok=True)
    made = parts.Parts(folder, tmp_path)
    known = {parts.canonical(name) for name in made.lock["packages"]}
    for name in made.needed(n for n in lite.PACKAGES if parts.canonical(n) in known):
        assert made.file(name).parent == folder
    playground.build(made, out)
    built = BUILT / "playground"
    names = {path.relative_to(out) for path in out.rglob("*") if path.is_file()}
    assert names == {path.relative_to(built) for path in built.rglob("*") if path.is_file()}
    for path in [out / "numpy.zip.gz.bin", *(out / "pyodide").iterdir()]:
        assert path.read_bytes() == (built / path.relative_to(out)).read_bytes(), path.name
