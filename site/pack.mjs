// Runs Pyodide once, in Node.js, to pack for the browser what a page of it loads: Python's library,
// NumPy and our own packages, compiled to bytecode by the very Python that will read it, so that a
// page need not compile a thousand files. Of Python's library, which is smaller as text, only what
// these packages import is compiled.
//   node pack.mjs <Pyodide's folder> <NumPy's wheel> <our packages as a zip> <out>
// The archives are not compressed inside. Each is compressed as a whole: that is smaller, and the
// browser unpacks it faster than Python would.
import { readFileSync, writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { gzipSync } from "node:zlib";

const [folder, wheel, ours, out] = process.argv.slice(2);
const { loadPyodide } = await import(pathToFileURL(`${folder}/pyodide.mjs`));
const python = await loadPyodide({ indexURL: `${folder}/` });
const archives = { python_stdlib: `${folder}/python_stdlib.zip`, numpy: wheel, autograd: ours };
for (const [name, file] of Object.entries(archives)) {
  python.unpackArchive(new Uint8Array(readFileSync(file)), "zip", { extractDir: `/${name}` });
}
python.runPython(`
import importlib, pathlib, py_compile, re, sys, zipfile

def modules():
    """Import what a page imports when it starts and runs a lesson; return the names of all."""
    sys.path[:0] = ["/autograd", "/numpy"]
    sys.modules["playground_page"] = type(sys)("playground_page")
    for name in ("numpy", "playground_runner", "playground", "nn", "optim", "tqdm"):
        importlib.import_module(name)
    runner = sys.modules["playground_runner"]
    runner.run("from autograd_core import Tensor\\nx = Tensor(2.0, True)\\nF = x * x\\n1 / 0")
    return set(sys.modules)

def is_used(inside):
    name = inside.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
    return name in known

def compiled(file, place):
    target = "/tmp/module.pyc"
    unchecked = py_compile.PycInvalidationMode.UNCHECKED_HASH
    py_compile.compile(str(file), target, place, doraise=True, invalidation_mode=unchecked)
    return pathlib.Path(target).read_bytes()

def pack(name, place, leave_out=r"^$", chosen=lambda inside: True):
    root = pathlib.Path("/", name)
    files = [p for p in root.rglob("*") if p.is_file()]
    with zipfile.ZipFile(f"/tmp/{name}.zip", "w") as archive:
        for file in sorted(files, key=lambda p: (p.suffix, p)):  # like beside like packs better
            inside = file.relative_to(root).as_posix()
            if re.search(leave_out, inside):
                continue
            code = inside.endswith(".py") and chosen(inside)
            content = compiled(file, f"{place}/{inside}") if code else file.read_bytes()
            info = zipfile.ZipInfo(inside + "c" * code, (2020, 1, 1, 0, 0, 0))
            archive.writestr(info, content)

def place(ending):
    return next(p for p in sys.path if p.endswith(ending))

known = modules()
pack("python_stdlib", place(".zip"), chosen=is_used)
pack("numpy", place("site-packages"),
     r"(^|/)(tests|_pyinstaller|distutils)/|[.]pyi$|[.]h$|[.]a$|^numpy/f2py/|conftest[.]py$")
pack("autograd", "/lib/autograd.zip")
`);
for (const name of Object.keys(archives)) {
  const packed = gzipSync(python.FS.readFile(`/tmp/${name}.zip`), { level: 9 });
  writeFileSync(`${out}/${name}.zip.gz.bin`, packed);
}
