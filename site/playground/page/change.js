// What the reader changes on the page: a leaf's value, by typing or dragging; and "what if".
const $ = (id) => document.getElementById(id);
const short = (number) => String(+Number(number).toPrecision(5)).replace("-", "\u2212");

export class ChangePanel {
  constructor({ again, whatIf }) {
    this.tell = { again, whatIf };
    this.changes = new Map();  // "leaf element" -> value
    this.clear();
    $("change").onsubmit = (event) => event.preventDefault();
    $("element").onchange = () => this.fill();
    $("value").onchange = () => this.set(+$("value").value);
    $("range").oninput = () => { $("value").value = $("range").value; this.set(+$("range").value); };
    $("reset").onclick = () => this.reset();
    $("whatif").onclick = () => this.ask();
    $("nudge").onkeydown = (event) => { if (event.key === "Enter" && !event.ctrlKey) { event.preventDefault(); this.ask(); } };
  }

  clear() {
    this.changes.clear();
    this.first = new Map();
    this.leaves = {};
    this.name = null;
    this.output = null;
    $("change").hidden = true;
  }

  // A new result: its leaves, and the value at the end of the graph.
  know({ leaves, output, name }) {
    this.leaves = leaves;
    this.output = output;
    this.outputName = name;
    if (this.name && this.name in leaves) this.fill(false);
    else if (this.name) this.select(null);
  }

  select(name) {
    this.name = name && name in this.leaves ? name : null;
    $("change").hidden = !this.name;
    if (!this.name) return;
    const { shape, values } = this.leaves[name];
    $("changed").textContent = `Change ${name}`;
    const options = values.map((_, k) => {
      const option = document.createElement("option");
      option.value = k;
      option.textContent = `[${placeOf(k, shape).join(", ")}]`;
      return option;
    });
    $("element").replaceChildren(...options);
    $("element").parentElement.hidden = shape.length === 0;
    this.fill();
  }

  get element() { return +($("element").value || 0); }
  get leaf() { return this.leaves[this.name]; }
  get key() { return `${this.leaf.leaf} ${this.element}`; }
  get label() { return this.leaf.shape.length ? `${this.name}[${placeOf(this.element, this.leaf.shape).join(", ")}]` : this.name; }

  fill(whole = true) {
    // what the reader asked for last, though an earlier run may have answered only now
    const value = this.changes.get(this.key) ?? this.leaf.values[this.element];
    if (!this.first.has(this.key)) this.first.set(this.key, value);
    const start = this.first.get(this.key), reach = Math.max(1, 2 * Math.abs(start));
    if (whole) {
      $("range").min = start - reach;
      $("range").max = start + reach;
      $("range").step = reach / 100;
      $("answer").replaceChildren();
    }
    $("range").value = value;
    if (document.activeElement !== $("value") || whole) $("value").value = +value.toPrecision(7);
    $("reset").setAttribute("aria-disabled", String(!this.changes.has(this.key)));
  }

  set(value) {
    if (!Number.isFinite(value) || !this.name || $("value").value === "") return;
    this.changes.set(this.key, value);
    $("answer").replaceChildren();
    this.tell.again(this.list());
  }

  reset() {
    if (!this.name || !this.changes.delete(this.key)) return;
    $("answer").replaceChildren();
    this.tell.again(this.list());
  }

  list(extra) {
    const all = new Map(this.changes);
    if (extra) all.set(...extra);
    return [...all].map(([key, value]) => [...key.split(" ").map(Number), value]);
  }

  said() {
    const value = this.output === null ? "" : ` ${this.outputName} = ${short(this.output)}.`;
    return this.name ? `${this.label} = ${short(this.leaf.values[this.element])}.${value}` : value.trim();
  }

  // Nudge an input by h: does the output move as the gradient told?
  async ask() {
    const h = +$("nudge").value, name = this.label, at = this.leaf.values[this.element];
    const slope = this.leaf.gradients && this.leaf.gradients[this.element];
    if (!Number.isFinite(h) || h === 0) return this.answer("Give a number other than 0.");
    if (this.output === null) return this.answer("The end of this graph is not one number, so it has no one direction to move in.");
    if (slope === null || slope === undefined) return this.answer(`${this.outputName} has no gradient for ${name}.`);
    let moved;
    try {
      const result = await this.tell.whatIf(this.list([this.key, at + h]));
      if (result.error) return this.answer(`With ${name} = ${short(at + h)} the program stops: ${result.error.text}`);
      if (result.output === null) return this.answer(`With ${name} = ${short(at + h)} the end is no finite number.`);
      moved = result.output - this.output;
    } catch (error) {
      return this.answer(`Python ended: ${error.message}`);
    }
    const told = slope * h;
    const text = `${name} moves by ${short(h)}: ${this.outputName} moves by ${short(moved)}. ` +
      `Gradient × h = ${short(slope)} × ${short(h)} = ${short(told)}. Off by ${short(moved - told)}: the curve bends.`;
    this.answer(Math.abs(moved - told) <= 1e-9 * Math.max(1, Math.abs(moved)) ? text.replace(/Off by .*/, "They agree.") : text);
    $("answer").append(arrows(moved, told, this.outputName));
  }

  answer(text) {
    const line = document.createElement("p");
    line.textContent = text;
    $("answer").replaceChildren(line);
  }
}

function placeOf(k, shape) {
  const place = [];
  for (const n of [...shape].reverse()) { place.unshift(k % n); k = Math.floor(k / n); }
  return place;
}

// Two arrows from one point: the way that the value went, and the way that the gradient told.
function arrows(moved, told, name) {
  const SVG = "http://www.w3.org/2000/svg", make = (tag, attributes, text) => {
    const made = document.createElementNS(SVG, tag);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    if (text) made.textContent = text;
    return made;
  };
  const most = Math.max(Math.abs(moved), Math.abs(told)) || 1;
  const svg = make("svg", { viewBox: "0 0 520 72", role: "img", "aria-label": `${name} moved by ${short(moved)}, gradient times h is ${short(told)}` });
  const middle = 260;
  svg.append(make("line", { x1: middle, x2: middle, y1: 4, y2: 68, class: "axis" }));
  for (const [row, amount, kind, text] of [[20, moved, "moved", "moved"], [50, told, "told", "gradient × h"]]) {
    const x = middle + 200 * amount / most, back = Math.sign(amount || 1) * Math.min(10, Math.abs(x - middle));
    svg.append(make("line", { x1: middle, x2: x - back * 0.6, y1: row, y2: row, class: kind }));
    svg.append(make("path", { d: `M${x},${row}L${x - back},${row - 6}L${x - back},${row + 6}Z`, class: kind }));
    svg.append(make("text", { x: middle + (amount < 0 ? 8 : -8), y: row + 5, "text-anchor": amount < 0 ? "start" : "end" }, `${text} ${short(amount)}`));
  }
  return svg;
}
