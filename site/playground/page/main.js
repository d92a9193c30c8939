// The playground: an editor, Python in a worker, and the stepping page of what ran.
import { Editor } from "./editor.js";
import { Frame } from "./frame.js";
import { Output } from "./output.js";
import { Python, Stopped } from "./python.js";
import { fragmentOf, readFragment } from "./share.js";
import { drawSurface } from "./surface.js";
import { ChangePanel } from "./change.js";

const $ = (id) => document.getElementById(id);
const dark = matchMedia("(prefers-color-scheme: dark)");
const say = (text) => { $("status").textContent = text; };
const seconds = (ms) => `${(ms / 1000).toFixed(ms < 10000 ? 2 : 0)} s`;

let lessons = {};
let latest = null;     // the result of the last run that the reader asked for
let ranSource = "";    // its program: what is changed on the page belongs to this one
let lastSurface = null;

let running = false;   // what the reader asked for runs; the same program again is `repeating`
let repeating = false;
let wanted = null;     // the changed values that the next repetition takes

let unread = "";       // what is said of a program that came with a link, until it runs

say("Python is loading.");
const output = new Output($("output"));
const editor = new Editor($("editor"), { run: () => run(), changed: () => {} });
const frame = new Frame($("frame"), {
  selected: (name) => change.select(name),
  stepped: ({ file, line, phase }) => { if (file === "program.py" && editor.source === ranSource) editor.showStep(line, phase); },
});
const change = new ChangePanel({
  again: (changes) => again(changes),
  whatIf: (changes) => python.run(ranSource, { changes, page: false }, true),
});

const python = new Python({
  ready: ({ python: version }) => {
    document.documentElement.dataset.ready = Math.round(performance.now());
    if (!python.busy) say(unread || `Ready. Python ${version} runs in this page.`);
  },
  failed: (why) => say(`Python could not be loaded: ${why}`),
  text: (text, kind) => output.write(text, kind),
  show: (what, data) => { if (what === "surface") showSurface(data); },
});

function showSurface(data) {
  lastSurface = data;
  $("surface").hidden = false;
  drawSurface($("canvas"), data, dark.matches);
  $("surfacetitle").textContent = data.title;
  $("canvas").setAttribute("aria-label", `Decision surface of ${data.classes} classes. ${data.title}`);
}
dark.addEventListener("change", () => { if (lastSurface) showSurface(lastSurface); });

// --- running ---------------------------------------------------------------------------------
function setBusy() {
  $("stop").setAttribute("aria-disabled", String(!running && !repeating));
  $("run").setAttribute("aria-disabled", String(running));
}

async function run() {
  if (running) return;
  const source = editor.source, began = performance.now();
  output.clear();
  editor.clearErrors();
  change.clear();
  $("surface").hidden = true;
  lastSurface = wanted = null;
  unread = "";
  running = true;
  setBusy();
  say("Running.");
  try {
    const result = await python.run(source);
    ranSource = source;
    await show(result, false);
    say(finished(result, performance.now() - began));
  } catch (error) {
    if (error instanceof Stopped) say("Stopped. Python starts anew.");
    else { output.error(`Python ended: ${error.message}`); say("Python ended and starts anew."); }
  } finally {
    running = false;
    setBusy();
  }
}

function finished({ error }, ms) {
  if (!error) return `Done in ${seconds(ms)}.`;
  if (error.kind === "KeyboardInterrupt") return "Stopped. What there was is shown.";
  return `${error.kind}.${error.place ? ` Line ${error.place[0]} is marked.` : ""}`;
}

async function show(result, keep) {
  latest = result;
  document.documentElement.dataset.heap = python.heap;
  if (result.error) {
    const { kind, text, trace } = result.error;
    output.error(kind === "KeyboardInterrupt" ? "Stopped." : text, trace);
    if (result.error.place) editor.showError(result.error.text, result.error.place);
  }
  for (const note of result.notes) output.write(note + "\n", "error");
  $("download").setAttribute("aria-disabled", String(!result.page));
  if (result.page) await frame.show(result.page, "Stepping page", keep);
  else if (!keep) frame.clear();
  if (!result.error) change.know(result);
}

// The program runs again, with other numbers in its leaves; what it prints is printed anew.
async function again(changes) {
  wanted = changes;
  if (repeating || running) return;
  repeating = true;
  setBusy();
  try {
    while (wanted) {
      const now = wanted;
      wanted = null;
      output.clear();
      editor.clearErrors();
      const result = await python.run(ranSource, { changes: now });
      if (running) break;  // Run was said meanwhile
      await show(result, true);
      say(result.error ? result.error.kind : change.said());
    }
  } catch (error) {
    wanted = null;
    say(error instanceof Stopped ? "Stopped. Python starts anew." : `Python ended: ${error.message}`);
  } finally {
    repeating = false;
    setBusy();
  }
}

$("run").onclick = () => run();
$("stop").onclick = () => { if (python.busy) { say("Stopping."); python.stop(); } };
addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && !event.defaultPrevented) { event.preventDefault(); run(); }
});

// --- links, files --------------------------------------------------------------------------------
$("share").onclick = async () => {
  const fragment = await fragmentOf(editor.source);
  history.replaceState(null, "", fragment);
  try {
    await navigator.clipboard.writeText(location.href);
    say("The link is copied. It carries the program itself.");
  } catch {
    say("The address bar has the link: copy it from there.");
  }
};
$("download").onclick = () => {
  if (!latest || !latest.page) return;
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([latest.page], { type: "text/html" }));
  link.download = `${(latest.name || "graph").replace(/[^\w-]+/g, "_")}.html`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  say("The stepping page is saved: one file that works offline.");
};

// --- lessons -----------------------------------------------------------------------------------------
async function begin() {
  const list = await (await fetch(new URL("./lessons.json", import.meta.url))).json();
  for (const [group, items] of list) {
    const heading = document.createElement("optgroup");
    heading.label = group;
    for (const { name, title, source } of items) {
      lessons[name] = source;
      const option = document.createElement("option");
      option.value = name;
      option.textContent = title;
      heading.append(option);
    }
    $("lesson").append(heading);
  }
  const own = document.createElement("option");
  own.value = "";
  own.textContent = "(the program of a link)";
  own.hidden = true;
  $("lesson").prepend(own);
  $("lesson").onchange = () => {
    if (!$("lesson").value) return;
    history.replaceState(null, "", `#lesson=${$("lesson").value}`);
    follow();
  };
  addEventListener("hashchange", follow);
  await follow();
}

// Ours runs at once; a program from a link waits until the reader says Run.
async function follow() {
  const { source, lesson, problem } = await readFragment(location.hash);
  if (python.busy) {
    python.end();
    await new Promise((resolve) => setTimeout(resolve));  // what ended says so first
  }
  if (source !== undefined) {
    editor.source = source;
    $("lesson").value = "";
    output.clear();
    frame.clear();
    change.clear();
    unread = "This program came with the link. Read it, then run it.";
    say(unread);
    return;
  }
  const name = lesson in lessons ? lesson : Object.keys(lessons)[0];
  $("lesson").value = name;
  editor.source = lessons[name];
  await run();
  if (problem) say(problem);
  else if (lesson && !(lesson in lessons)) say(`There is no lesson ${lesson}; this is the first one.`);
}

begin().catch((error) => say(`The lessons could not be loaded: ${error.message}`));
