// The worker in which Python runs, seen from the page: start, run, stop.
const PATIENCE = 5000;  // milliseconds that an interrupted program has to end by itself

export class Stopped extends Error {}

export class Python {
  constructor({ ready, failed, text, show }) {
    this.tell = { ready, failed, text, show };
    this.pending = new Map();
    this.stopping = 0;
    this.count = 0;
    this.start();
  }

  start() {
    this.worker = new Worker(new URL("./worker.js", import.meta.url), { type: "module" });
    this.worker.onmessage = ({ data }) => this.hear(data);
    this.worker.onerror = (event) => this.tell.failed(event.message || "the worker could not start");
    this.interrupts = null;
    if (globalThis.crossOriginIsolated) {  // only then may a program be interrupted from outside
      this.interrupts = new Uint8Array(new SharedArrayBuffer(1));
      this.worker.postMessage({ interrupts: this.interrupts });
    }
  }

  hear(data) {
    if (data.ready !== undefined) return this.tell.ready(data);
    if (data.failed !== undefined) return this.tell.failed(data.failed);
    const waiting = this.pending.get(data.id);
    if (!waiting) return;
    if (data.text !== undefined) return this.tell.text(data.text, data.kind);
    if (data.show !== undefined) return this.tell.show(data.show, JSON.parse(data.data));
    this.pending.delete(data.id);
    if (data.broken !== undefined) {
      this.restart();
      return waiting.reject(new Error(data.broken));
    }
    this.heap = data.heap;
    waiting.resolve(JSON.parse(data.result));
  }

  get busy() { return this.pending.size > 0; }

  run(source, settings = {}, quiet = false) {
    const id = ++this.count;
    return new Promise((resolve, reject) => {
      this.pending.set(id, { resolve, reject });
      if (this.interrupts) this.interrupts[0] = 0;
      this.worker.postMessage({ id, source, settings, quiet });
    });
  }

  // Interrupts the program.  Where that is not possible, where it does not listen, or where the
  // reader says Stop again, its worker ends.
  stop() {
    if (!this.busy) return;
    if (!this.interrupts) return this.end();
    const { worker, count } = this;
    if (this.stopping === count) return this.end();
    this.stopping = count;
    this.interrupts[0] = 2;  // SIGINT
    setTimeout(() => { if (this.pending.has(count) && this.worker === worker) this.end(); }, PATIENCE);
  }

  end() {
    this.restart();
    const waiting = [...this.pending.values()];
    this.pending.clear();
    for (const one of waiting) one.reject(new Stopped("stopped"));
  }

  restart() {
    this.worker.terminate();
    this.start();
  }
}
