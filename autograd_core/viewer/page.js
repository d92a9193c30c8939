"use strict";
// The stepping page.  Everything that is shown comes from the JSON in #data and is
// written as text, never as markup; a step's picture is a function of its number alone.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const $ = (id) => document.getElementById(id);
  const body = document.body, stage = $("stage"), slider = $("slider");
  const calm = matchMedia("(prefers-reduced-motion: reduce)");
  const NONE = "\u2014", PACE = 1300;
  const PHASES = { forward: "Forward", seed: "Backward", backward: "Backward", branch: "Backward", tangent: "Forward mode" };

  const element = (tag, text, className) => {
    const made = document.createElement(tag);
    if (text !== undefined) made.textContent = text;
    if (className) made.className = className;
    return made;
  };

  // --- what is known at which step ------------------------------------------
  for (const run of data.runs) {
    run.value = {}; run.grad = {};
    run.steps.forEach((step, k) => {
      for (const key of step.values) if (!(key in run.value)) run.value[key] = k;
      for (const key of step.gradients) if (!(key in run.grad)) run.grad[key] = k;
    });
    run.turn = run.steps.findIndex((step) => step.phase === "seed" || step.phase === "tangent");
  }
  let run = data.runs[0], now = 0, timer = null, picture = null;

  // --- the source and the table, once ----------------------------------------
  const lines = [];
  for (const block of data.source) {
    $("source").append(element("div", block.file, "file"));
    const list = element("ol");
    block.lines.forEach((text, k) => {
      const item = element("li"), number = element("span", "  " + (block.first + k));
      item.append(number, text || " ");
      item.dataset.number = block.first + k;
      lines.push(item);
      list.append(item);
    });
    $("source").append(list);
  }
  if (!lines.length) $("source").append(element("div", "The source is not at hand.", "file"));

  const rows = {};
  for (const [key, card] of Object.entries(data.cards)) {
    const row = element("tr"), name = element("th", card.name);
    name.scope = "row";
    row.append(name, element("td", NONE, "n value"), element("td", NONE, "n grad"));
    row.dataset.search = (card.title + " " + card.kind).toLowerCase();
    rows[key] = row;
    $("rows").append(row);
  }
  if (Object.keys(rows).length > 20) {
    $("filterlabel").hidden = false;
    $("filter").addEventListener("input", (event) => {
      const wanted = event.target.value.toLowerCase();
      for (const row of Object.values(rows)) row.hidden = !row.dataset.search.includes(wanted);
    });
  }
  if (data.notes.length) { $("notes").hidden = false; $("notes").textContent = data.notes.join(" "); }

  // --- the two pictures, and the one in use -----------------------------------
  const pictures = [...stage.querySelectorAll(":scope > svg")].map((svg) => {
    const found = { svg, cards: {}, junctions: {}, wires: {}, messages: {},
      width: +svg.dataset.width, height: +svg.dataset.height };
    for (const item of svg.querySelectorAll("[data-key]")) {
      const key = item.dataset.key;
      if (item.classList.contains("card")) found.cards[key] = item;
      else if (item.classList.contains("junction")) found.junctions[key] = item;
      else if (item.classList.contains("message")) found.messages[key] = item;
      else found.wires[key] = item;
    }
    for (const [key, item] of Object.entries(found.cards)) {
      if (!(key in data.cards)) { item.removeAttribute("role"); continue; }
      item.setAttribute("tabindex", "0");
      item.addEventListener("mouseenter", () => showDetail(key, item));
      item.addEventListener("mouseleave", hideSoon);
      item.addEventListener("focus", () => showDetail(key, item));
      item.addEventListener("blur", hideDetail);
      item.addEventListener("click", () => showDetail(key, item));
    }
    return found;
  });

  function choosePicture() {
    if (!pictures.length) return;
    const room = stage.clientWidth, rem = parseFloat(getComputedStyle(document.documentElement).fontSize);
    const unit = rem / 16, high = innerHeight * 0.62;
    const cost = (p) => Math.max(1, p.width * unit / room) * Math.max(1, Math.sqrt(p.height * unit / high));
    const best = pictures.reduce((a, b) => (cost(b) < cost(a) * 0.8 ? b : a));
    if (best !== picture) {
      for (const p of pictures) p.svg.classList.toggle("on", p === best);
      picture = best;
      drawOverview();
      render();
    }
    // Shrink a little rather than scroll a little; never below three quarters.
    const fit = Math.min(1, Math.max(0.75, room / (best.width * unit + 2)));
    best.svg.style.width = best.width / 16 * fit + "rem";
    best.svg.style.height = best.height / 16 * fit + "rem";
    const long = best.width * unit * fit > room * 1.25 || best.height * unit * fit > high * 1.4;
    $("overview").classList.toggle("on", long);
    follow(false);
    port();
  }

  // --- the overview of a long graph ---------------------------------------------
  const SVG = "http://www.w3.org/2000/svg";
  let marks = {}, portMark = null;
  function drawOverview() {
    const map = $("overview");
    map.replaceChildren();
    marks = {};
    const flat = picture.width >= picture.height;
    const w = flat ? picture.width : picture.height, h = flat ? picture.height : picture.width;
    map.setAttribute("viewBox", `0 0 ${w} ${h}`);
    map.setAttribute("preserveAspectRatio", "none");
    const place = (x, y, width, height) => {
      const rect = document.createElementNS(SVG, "rect");
      const [a, b, c, d] = flat ? [x, y, width, height] : [y, x, height, width];
      rect.setAttribute("x", a); rect.setAttribute("y", b);
      rect.setAttribute("width", c); rect.setAttribute("height", d);
      return rect;
    };
    for (const [key, item] of Object.entries(picture.cards)) {
      const shape = item.querySelector(".body");
      const [x, y, width, height] = ["x", "y", "width", "height"].map((n) => +shape.getAttribute(n));
      marks[key] = place(x, y, width, height);
      map.append(marks[key]);
    }
    portMark = place(0, 0, 1, 1);
    portMark.setAttribute("class", "port");
    map.append(portMark);
    map.flat = flat; map.place = place;
  }
  function port() {
    if (!picture || !portMark) return;
    const box = picture.svg.getBoundingClientRect(), scale = picture.width / (box.width || 1);
    const x = stage.scrollLeft * scale, y = stage.scrollTop * scale;
    const w = Math.min(stage.clientWidth * scale, picture.width), h = Math.min(stage.clientHeight * scale, picture.height);
    const [a, b, c, d] = $("overview").flat ? [x, y, w, h] : [y, x, h, w];
    portMark.setAttribute("x", a); portMark.setAttribute("y", b);
    portMark.setAttribute("width", c); portMark.setAttribute("height", d);
  }
  stage.addEventListener("scroll", port, { passive: true });
  const drag = (event) => {
    if (event.type !== "pointerdown" && !event.buttons) return;
    const box = $("overview").getBoundingClientRect();
    const u = (event.clientX - box.left) / box.width, v = (event.clientY - box.top) / box.height;
    const [x, y] = $("overview").flat ? [u, v] : [v, u];
    stage.scrollLeft = x * stage.scrollWidth - stage.clientWidth / 2;
    stage.scrollTop = y * stage.scrollHeight - stage.clientHeight / 2;
  };
  $("overview").addEventListener("pointerdown", drag);
  $("overview").addEventListener("pointermove", drag);

  // --- one step ---------------------------------------------------------------------
  const second = (key) => {
    const card = data.cards[key], forward = run !== data.runs[0];
    const value = run.value[key] <= now ? (card.bad ? "! " : "") + card.value.text : "";
    let grad = "", symbol = forward ? "t" : "\u2202";
    if (forward) {
      if (run.grad[key] <= now && key in run.tangents) grad = run.tangents[key].text;
    } else if (run.grad[key] <= now && card.grad) grad = (card.badgrad ? "! " : "") + card.grad.text;
    else if (!Object.keys(run.grad).length && card.earlier && card.grad) grad = card.grad.text + " (earlier sweep)";
    return { value, grad, symbol };
  };

  function render(smooth = false) {
    const step = run.steps[now], forward = run !== data.runs[0];
    body.classList.toggle("forward-mode", forward);
    body.classList.toggle("reverse-phase", ["seed", "backward", "branch"].includes(step.phase));
    const lit = new Set(step.lit), carried = new Map(step.messages);
    for (const key of Object.keys(data.cards)) {
      const { value, grad, symbol } = second(key), card = data.cards[key];
      rows[key].children[1].textContent = value || NONE;
      rows[key].children[2].textContent = grad || NONE;
      rows[key].classList.toggle("lit", lit.has(key));
      const item = picture && picture.cards[key];
      if (!item) continue;
      item.classList.toggle("lit", lit.has(key));
      item.classList.toggle("bad", card.bad && value !== "" || card.badgrad && grad !== "" && !forward);
      const marker = item.querySelector(".marker");
      if (marker) marker.textContent = lit.has(key) ? "\u25B8" : "";
      const spans = item.querySelectorAll(".row tspan");
      if (spans.length) {
        spans[0].textContent = value;
        spans[1].textContent = grad ? symbol + " " + grad : "";
        spans[1].setAttribute("class", forward ? "tangent" : "grad");
        spans[1].setAttribute("dx", grad && value ? 10 : 0);
      }
      const known = value ? `, value ${value}` : ", no value yet";
      const back = grad ? `, ${forward ? "tangent" : "gradient"} ${grad}` : "";
      item.setAttribute("aria-label", card.title + known + back);
      if (marks[key]) marks[key].setAttribute("class", lit.has(key) ? "lit" : "");
    }
    if (picture) {
      for (const [key, item] of Object.entries(picture.junctions)) {
        item.classList.toggle("lit", lit.has(key));
        item.querySelector(".sign").textContent = body.classList.contains("reverse-phase") ? "+" : "\u2022";
      }
      for (const [key, item] of Object.entries(picture.wires)) item.classList.toggle("faded", carried.has(key));
      for (const [key, item] of Object.entries(picture.messages)) {
        item.classList.toggle("on", carried.has(key));
        item.querySelector("text").textContent = carried.get(key) || "";
      }
    }
    lines.forEach((item, k) => {
      const here = k === step.line;
      item.classList.toggle("lit", here);
      item.firstChild.textContent = (here ? "\u25B8 " : "  ") + item.dataset.number;
    });
    caption(step);
    slider.max = run.steps.length - 1;
    slider.value = now;
    slider.setAttribute("aria-valuetext", `step ${now + 1} of ${run.steps.length}`);
    $("count").textContent = `${now + 1}/${run.steps.length}`;
    // Not `disabled`: a button that goes dead under the finger would lose the focus.
    for (const id of ["first", "back"]) $(id).setAttribute("aria-disabled", now === 0);
    for (const id of ["ahead", "last"]) $(id).setAttribute("aria-disabled", now === run.steps.length - 1);
    counter(step, forward);
    follow(smooth);
  }

  function caption(step) {
    $("phase").textContent = PHASES[step.phase];
    const made = step.pieces.map(([text, style]) =>
      style === "plain" ? document.createTextNode(text) : element(style === "code" ? "code" : "b", text));
    $("sentence").replaceChildren(...made);
  }

  const many = (n, word) => `${n.toLocaleString("en")} ${word}${n === 1 ? "" : "s"}`;
  function counter(step, forward) {
    const work = `${step.flops.toLocaleString("en")} FLOP`, inputs = data.inputs;
    $("counter").textContent = forward
      ? `Forward: 1 sweep for each input number, so ${many(inputs, "sweep")} for all; this one: ${work} so far.`
      : `Reverse: 1 sweep for ${inputs === 1 ? "the input number" : "all " + many(inputs, "input number")}: ${work} backward so far.`;
  }

  // Keep what lights up in sight, without moving the page.
  function follow(smooth) {
    const step = run.steps[now], item = picture && picture.cards[step.card || step.lit[0]];
    if (item) {
      const a = item.getBoundingClientRect(), b = stage.getBoundingClientRect();
      const out = a.left < b.left + 60 || a.right > b.right - 60 || a.top < b.top + 20 || a.bottom > b.bottom - 20;
      if (out) stage.scrollBy({ left: (a.left + a.right - b.left - b.right) / 2, top: (a.top + a.bottom - b.top - b.bottom) / 2,
        behavior: smooth && !calm.matches ? "smooth" : "auto" });
    }
    const scroll = (box, inside) => {
      if (!inside) return;
      const a = inside.getBoundingClientRect(), b = box.getBoundingClientRect();
      if (a.top < b.top + 30 || a.bottom > b.bottom - 10) box.scrollTop += a.top - b.top - b.height / 3;
    };
    scroll($("source"), lines[step.line]);
    scroll(document.querySelector(".table"), rows[step.card]);
  }

  function go(k) {
    const before = now;
    now = Math.min(Math.max(k, 0), run.steps.length - 1);
    hideDetail();
    render(Math.abs(now - before) === 1);
  }

  // --- play --------------------------------------------------------------------------
  function stop() {
    clearInterval(timer);
    timer = null;
    $("play").textContent = "Play";
    $("play").setAttribute("aria-pressed", "false");
    $("caption").setAttribute("aria-live", "polite");
  }
  function play() {
    if (timer) return stop();
    if (now === run.steps.length - 1) go(0);
    $("play").textContent = "Pause";
    $("play").setAttribute("aria-pressed", "true");
    $("caption").setAttribute("aria-live", "off");  // a reader would fall behind
    timer = setInterval(() => {
      go(now + 1);
      if (now === run.steps.length - 1) stop();
    }, PACE);
  }

  const by = (k) => () => { stop(); go(k()); };
  $("first").onclick = by(() => 0);
  $("back").onclick = by(() => now - 1);
  $("ahead").onclick = by(() => now + 1);
  $("last").onclick = by(() => run.steps.length - 1);
  $("seedstep").onclick = by(() => Math.max(run.turn, 0));
  $("play").onclick = play;
  slider.addEventListener("input", () => { stop(); go(+slider.value); });

  document.addEventListener("keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.key === "Escape") return hideDetail();
    const tag = event.target.tagName, type = event.target.type;
    if (tag === "SELECT" || (tag === "INPUT" && type !== "range")) return;
    if (tag === "INPUT" && event.key !== " ") return;  // the slider moves by itself
    if (event.key === " " && tag === "BUTTON") return;  // the button's own key
    const moves = { ArrowLeft: () => now - 1, ArrowRight: () => now + 1, Home: () => 0, End: () => run.steps.length - 1 };
    if (event.key in moves) { stop(); go(moves[event.key]()); event.preventDefault(); }
    else if (event.key === " ") { play(); event.preventDefault(); }
  });

  // --- reverse and forward -------------------------------------------------------------
  const radios = [...document.querySelectorAll("input[name=mode]")];
  for (const one of data.runs.slice(1)) {
    const option = element("option", one.seed);
    option.value = one.key;
    $("seed").append(option);
  }
  function setMode() {
    stop();
    const forward = radios.find((r) => r.checked).value === "forward" && data.runs.length > 1;
    run = forward ? data.runs.find((r, k) => k && r.key === $("seed").value) : data.runs[0];
    $("seedlabel").hidden = !forward;
    $("seedlabel").style.display = forward ? "" : "none";
    $("third").textContent = forward ? "tangent" : "gradient";
    $("seedstep").hidden = run.turn < 0;
    $("seedstep").textContent = forward ? "seed t = 1" : `\u2202${data.output.slice(0, 20)}/\u2202${data.output.slice(0, 20)} = 1`;
    go(0);
  }
  radios.forEach((r) => { r.checked = r.value === data.mode; r.addEventListener("change", setMode); });
  $("seed").addEventListener("change", setMode);
  $("modes").addEventListener("submit", (event) => event.preventDefault());
  if (data.runs.length < 2) $("modes").hidden = true;

  // --- one element of a gradient, as the sum that it is ------------------------------------
  for (const key of Object.keys(data.sums)) {
    const option = element("option", data.cards[key].name);
    option.value = key;
    $("of").append(option);
  }
  $("elements").hidden = !$("of").options.length;
  function showElements() {
    const sums = data.sums[$("of").value];
    if (!sums) return;
    $("cells").style.gridTemplateColumns = `repeat(${sums.columns}, max-content)`;
    const buttons = sums.values.map((value, k) => {
      const button = element("button", value);
      button.type = "button";
      button.setAttribute("aria-label", `${sums.names[k]}, ${value}`);
      button.setAttribute("aria-pressed", "false");
      button.addEventListener("click", () => {
        for (const other of buttons) other.setAttribute("aria-pressed", other === button);
        $("sum").textContent = sums.texts[k];
      });
      return button;
    });
    $("cells").replaceChildren(...buttons);
    $("sum").textContent = "";
  }
  $("of").addEventListener("change", showElements);
  showElements();

  // --- what a node is, on hover and focus ------------------------------------------------
  let hiding = null;
  function showDetail(key, item) {
    clearTimeout(hiding);
    const card = data.cards[key], box = $("detail"), list = element("dl");
    for (const [label, text] of card.detail) list.append(element("dt", label), element("dd", text));
    box.replaceChildren(list);
    if (run.value[key] <= now && card.value.cells) box.append(...heatmap("value", card.value, "--value"));
    const forward = run !== data.runs[0], back = forward ? run.tangents[key] : card.grad;
    if (run.grad[key] <= now && back && back.cells)
      box.append(...heatmap(forward ? "tangent" : "gradient", back, forward ? "--tangent" : "--grad"));
    box.hidden = false;
    item.setAttribute("aria-describedby", "detail");
    const at = item.getBoundingClientRect(), main = document.querySelector("main").getBoundingClientRect();
    const left = Math.min(Math.max(at.left, 8), innerWidth - box.offsetWidth - 8);
    const below = at.bottom + 8 + box.offsetHeight < innerHeight || at.top < box.offsetHeight + 8;
    box.style.left = Math.max(left - main.left, 0) + "px";
    box.style.top = (below ? at.bottom + 8 : at.top - box.offsetHeight - 8) - main.top + "px";
  }
  // Strength is size against the largest; the sign is a full or a hollow square.
  function heatmap(name, { cells, block }, color) {
    const most = Math.max(...cells.flat().map(Math.abs)) || 1, map = element("div", undefined, "map");
    map.style.gridTemplateColumns = `repeat(${cells[0].length}, max-content)`;
    for (const v of cells.flat()) {
      const cell = element("i"), part = Math.abs(v) / most;
      cell.style.opacity = 0.12 + 0.88 * part;
      cell.style.boxShadow = `inset 0 0 0 ${v < 0 ? ".22rem" : ".5rem"} var(${color})`;
      cell.title = v;
      map.append(cell);
    }
    const each = block ? `each square is the rms of ${block} numbers, ` : "";
    return [element("p", `${name}: ${each}strongest ${+most.toPrecision(4)}${block ? "" : "; hollow is negative"}`), map];
  }
  function hideDetail() { clearTimeout(hiding); $("detail").hidden = true; }
  function hideSoon() { hiding = setTimeout(() => { if (!$("detail").matches(":hover")) hideDetail(); }, 150); }
  $("detail").addEventListener("mouseleave", hideDetail);

  addEventListener("resize", choosePicture);
  choosePicture();
  setMode();
})();
