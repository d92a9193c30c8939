// Python in the browser: loads Pyodide, NumPy and autograd-core, and runs one program at a time.
// Nothing is asked of any other server than the one that this file came from.

const base = new URL("./", self.location.href);
const began = performance.now();
const send = (message) => self.postMessage(message);

// What is large lies here compressed, because not every server compresses: 8 MB instead of 36.
// Pyodide asks for some of it by the plain name.
const PACKED = /\/(pyodide\.asm\.wasm|\w+\.zip)$/;
const plainFetch = self.fetch.bind(self);
self.fetch = async (wanted, options) => {
  const address = String(wanted && wanted.url ? wanted.url : wanted);
  if (!PACKED.test(address)) return plainFetch(wanted, options);
  const packed = await plainFetch(address + ".gz.bin", options);
  if (!packed.ok) return packed;
  const stream = packed.body.pipeThrough(new DecompressionStream("gzip"));
  const type = address.endsWith(".wasm") ? "application/wasm" : "application/zip";
  return new Response(stream, { headers: { "Content-Type": type } });
};

async function bytes(name) {
  const found = await self.fetch(new URL(name, base));
  if (!found.ok) throw new Error(`${name}: ${found.status} ${found.statusText}`);
  return found.arrayBuffer();
}

// --- what the program prints: in pieces of at least 40 ms ----------------------------------------
const MOST = 100000;  // characters of one run
let current = null, waiting = "", kind = "out", last = 0, written = 0;
function flush() {
  if (waiting && current !== null) send({ id: current, text: waiting, kind });
  waiting = "";
  last = performance.now();
}
function writer(which) {
  const decoder = new TextDecoder();
  return {
    isatty: true,
    write(buffer) {
      const text = decoder.decode(buffer, { stream: true });
      if (written > MOST) return buffer.length;
      written += text.length;
      if (kind !== which) { flush(); kind = which; }
      waiting += written > MOST ? text + "\n… more was printed than is shown here.\n" : text;
      if (performance.now() - last > 40) flush();
      return buffer.length;
    },
  };
}

async function load() {
  const wanted = [
    bytes("numpy.zip"), bytes("autograd.zip"),
    import(new URL("graphviz.js", base).href).then(({ Graphviz }) => new Graphviz())];
  const { loadPyodide } = await import(new URL("pyodide/pyodide.mjs", base).href);
  const python = await loadPyodide({
    indexURL: new URL("pyodide/", base).href,
    stdLibURL: new URL("python_stdlib.zip", base).href,
  });
  const [numpy, ours, graphviz] = await Promise.all(wanted);
  await graphviz.ready;
  const packages = python.runPython(
    "import sys; next(p for p in sys.path if p.endswith('site-packages'))");
  python.unpackArchive(numpy, "zip", { extractDir: packages });
  python.FS.writeFile("/lib/autograd.zip", new Uint8Array(ours));
  python.setStdout(writer("out"));
  python.setStderr(writer("error"));
  python.registerJsModule("playground_page", {
    layOut: graphviz.layOut,
    show: (what, text) => { flush(); if (current !== null) send({ id: current, show: what, data: text }); } });
  python.runPython(`
import sys
import warnings
sys.path.insert(0, "/lib/autograd.zip")
warnings.filterwarnings("ignore", message="tqdm:disabling monitor")  # it would be a thread
import playground_page
import playground_runner
from autograd_core.viewer import use_layout
use_layout(playground_page.layOut)
`);
  return { python, graphviz };
}

const loaded = load();
loaded.then(({ python }) => send({ ready: performance.now() - began, python: python.version }),
  (error) => send({ failed: String((error && error.message) || error) }));

self.onmessage = async ({ data }) => {
  const { python, graphviz } = await loaded;
  if (data.interrupts) { python.setInterruptBuffer(data.interrupts); return; }
  await graphviz.ready;
  current = data.id;
  written = 0;
  if (data.quiet) { current = null; }
  const run = python.globals.get("playground_runner").run;
  const show = python.globals.get("playground_page").show;
  let result = null;
  try {
    result = run(data.source, JSON.stringify(data.settings || {}), data.quiet ? undefined : show);
  } catch (error) {  // Python itself is at its end: memory, recursion
    send({ id: data.id, broken: String((error && error.message) || error) });
    return;
  } finally {
    flush();
    run.destroy();
    current = null;
  }
  send({ id: data.id, result, heap: python._module.HEAP8.length });
};
