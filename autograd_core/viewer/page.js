  // The stepping page.  Everything that is shown comes from the JSON in #data and is
  // written as text, never as markup; a step's picture is a function of its number alone.
  const data = JSON.parse(document.getElementById("data").textContent);
  const $ = (id) => document.getElementById(id);
  const body = document.body, stage = $("stage"), slider = $("slider");
  const calm = matchMedia("(prefers-reduced-motion: reduce)");
  const NONE = "\u2014";
  const PHASES = { forward: "Forward", seed: "Backward", backward: "Backward", branch: "Backward", tangent: "Forward mode" };
  const BACK = ["seed", "backward", "branch"];

  const element = (tag, text, className) => {
    const made = document.createElement(tag);
    if (text !== undefined) made.textContent = text;
    if (className) made.className = className;
    return made;
  };
  const many = (n, word) => `${n.toLocaleString("en")} ${word}${n === 1 ? "" : "s"}`;

  // --- what is known at which step, in each view ------------------------------
  const views = [data, ...data.views];
  for (const one of views) {
    const whole = (items, other) => {
      for (const [key, item] of Object.entries(items)) if (typeof item === "number") items[key] = other(views[item])[key];
    };
    whole(one.cards, (v) => v.cards);
    whole(one.wires, (v) => v.wires);
    for (const run of one.runs) {
      if (run.tangents) whole(run.tangents, (v) => v.runs[one.runs.indexOf(run)].tangents);
      run.steps = run.steps.map(([phase, card, lit, messages, values, gradients, text, flops, line, at]) =>
        ({ phase, card, lit, messages, values, gradients, pieces: data.texts[text], flops, line, at }));
      run.value = {}; run.grad = {};
      run.steps.forEach((step, k) => {
        for (const key of step.values) if (!(key in run.value)) run.value[key] = k;
        for (const key of step.gradients) if (!(key in run.grad)) run.grad[key] = k;
      });
      run.turn = run.steps.findIndex((step) => step.phase === "seed" || step.phase === "tangent");
    }
  }
  let view = data, run = data.runs[0], now = 0, timer = null, picture = null;
  const isForward = () => run !== view.runs[0];

  // The one place that a screen reader reads out; silent while the page plays.
  const say = (text) => { if (!timer) $("live").textContent = text; };

  // --- the source, once; the table, for each view ------------------------------
  const lines = [];
  for (const block of data.source) {
    $("source").append(element("div", block.file, "file"));
    const list = element("ol");
    block.lines.forEach((text, k) => {
      const item = element("li"), number = element("span", "  " + (block.first + k));
      item.append(number, text || " ");
      item.dataset.number = block.first + k;
      item.dataset.file = block.file;
      lines.push(item);
      list.append(item);
    });
    $("source").append(list);
  }
  if (!lines.length) $("source").append(element("div", "The source is not at hand.", "file"));
  if (data.notes.length) { $("notes").hidden = false; $("notes").textContent = data.notes.join(" "); }

  let rows = {};
  function fillTable() {
    rows = {};
    for (const [key, card] of Object.entries(view.cards)) {
      const row = element("tr"), name = element("th", card.name);
      name.scope = "row";
      row.append(name, element("td", NONE, "n value"), element("td", NONE, "n grad"));
      rows[key] = row;
    }
    $("rows").replaceChildren(...Object.values(rows));
  }

  // --- one step -----------------------------------------------------------------
  const second = (key) => {
    const card = view.cards[key], forward = isForward();
    const value = run.value[key] <= now ? (card.bad ? "! " : "") + card.value.text : "";
    let grad = "";
    if (forward) {
      if (run.grad[key] <= now && key in run.tangents) grad = run.tangents[key].text;
    } else if (run.grad[key] <= now && card.grad) grad = (card.badgrad ? "! " : "") + card.grad.text;
    else if (!Object.keys(run.grad).length && card.earlier && card.grad) grad = card.grad.text + " (earlier sweep)";
    if (grad && secret(key)) grad = "?";
    return { value, grad, symbol: forward ? "t" : "\u2202" };
  };

  let line = null;
  const changed = (item, shown, here, forward) => {
    const state = [shown.value, shown.grad, here, forward].join("|");
    return item.state !== state && (item.state = state, true);
  };
  function render(smooth = false) {
    const step = run.steps[now], forward = isForward();
    body.classList.toggle("forward-mode", forward);
    body.classList.toggle("reverse-phase", BACK.includes(step.phase));
    const lit = new Set(step.lit);
    for (const key of Object.keys(view.cards)) {
      const shown = second(key), here = lit.has(key), row = rows[key];
      if (changed(row, shown, here, forward)) {
        row.children[1].textContent = shown.value || NONE;
        row.children[2].textContent = shown.grad || NONE;
        row.classList.toggle("lit", here);
      }
      if (picture && picture.cards[key] && changed(picture.cards[key], shown, here, forward)) paintCard(key, shown, here, forward);
    }
    const carried = hiddenAt() ? step.messages.map(([key]) => [key, "?"]) : step.messages;
    if (picture) paintWires(lit, new Map(carried));
    for (const k of [line, step.line]) {
      const item = lines[k], here = k === step.line;
      if (!item) continue;
      item.classList.toggle("lit", here);
      item.firstChild.textContent = (here ? "\u25B8 " : "  ") + item.dataset.number;
    }
    line = step.line;
    caption(step);
    slider.max = run.steps.length - 1;
    slider.value = now;
    slider.setAttribute("aria-valuetext", `step ${now + 1} of ${run.steps.length}`);
    $("count").textContent = `${now + 1}/${run.steps.length}`;
    // Not `disabled`: a button that goes dead under the finger would lose the focus.
    for (const id of ["first", "back"]) $(id).setAttribute("aria-disabled", now === 0);
    for (const id of ["ahead", "last"]) $(id).setAttribute("aria-disabled", now === run.steps.length - 1);
    counter(step, forward);
    fillDetail();
    ask();
    follow(smooth);
    tellHost();
  }

  function caption(step) {
    $("phase").textContent = PHASES[step.phase];
    const made = (hiddenAt() ? asking(step) : step.pieces).map(([text, style]) =>
      style === "plain" ? document.createTextNode(text) : element(style === "code" ? "code" : "b", text));
    $("sentence").replaceChildren(...made);
    say($("phase").textContent + ". " + $("sentence").textContent);
  }

  function counter(step, forward) {
    const work = `${step.flops.toLocaleString("en")} FLOP`, inputs = data.inputs;
    $("counter").textContent = forward
      ? `Forward: 1 sweep for each input number, so ${many(inputs, "sweep")} for all; this one: ${work} so far.`
      : `Reverse: 1 sweep for ${inputs === 1 ? "the input number" : "all " + many(inputs, "input number")}: ${work} backward so far.`;
  }

  function go(k) {
    const before = now;
    now = within(Math.min(Math.max(k, 0), run.steps.length - 1));
    hideTip();
    render(Math.abs(now - before) === 1);
  }

  // --- opening and closing: another view, at the same place of the program --------
  function nearest(steps, step) {
    const back = BACK.includes(step.phase);
    let best = 0, least = Infinity;
    steps.forEach((other, k) => {
      if (BACK.includes(other.phase) !== back || (other.phase === "seed") !== (step.phase === "seed")) return;
      const apart = Math.abs(other.at - step.at);
      if (apart < least || (apart === least && !back)) { best = k; least = apart; }
    });
    return best;
  }
  function fold(key) {
    const target = view.leads[key];
    if (target === undefined) return;
    const name = key in view.cards ? view.cards[key].name : view.frames[key];
    const opened = key in view.cards, step = run.steps[now], index = view.runs.indexOf(run);
    const scope = foldPlace() ? view.scopes[key] : undefined;
    view = views[target];
    run = view.runs[index] || view.runs[0];
    now = nearest(run.steps, step);
    if (detail && !(detail in view.cards)) closeDetail(false);
    if (pinned && !(pinned in view.cards)) pinned = null;
    fillTable();
    choosePicture();
    say(`${name} is ${opened ? "open" : "closed"}: ${many(Object.keys(view.cards).length, "node")}.`);
    search();
    focusFold(scope);
  }
