  // --- what a node is: a box beside it while it is pointed at, and for good when it is chosen --
  let hiding = null, detail = null;
  function describe(key) {
    const card = view.cards[key], list = element("dl"), parts = [list];
    const { value, grad } = second(key), forward = isForward(), hidden = practice && (!grad || grad === "?");
    for (const [label, text] of card.detail)
      if (!(hidden && label === "chain rule here")) list.append(element("dt", label), element("dd", text));
    list.append(element("dt", "value"), element("dd", value || "not known yet"));
    if (card.grad || forward) list.append(element("dt", forward ? "tangent" : "gradient"), element("dd", grad || "not known yet"));
    if (value && card.value.cells) parts.push(...heatmap("value", card.value, "--value"));
    const back = forward ? run.tangents[key] : card.grad;
    if (run.grad[key] <= now && !secret(key) && back && back.cells)
      parts.push(...heatmap(forward ? "tangent" : "gradient", back, forward ? "--tangent" : "--grad"));
    return parts;
  }
  function showTip(key, item) {
    clearTimeout(hiding);
    if (detail === key) return;
    const box = $("tip");
    box.replaceChildren(...describe(key));
    box.hidden = false;
    item.setAttribute("aria-describedby", "tip");
    const at = item.getBoundingClientRect(), main = document.querySelector("main").getBoundingClientRect();
    const left = Math.min(Math.max(at.left, 8), innerWidth - box.offsetWidth - 8);
    const below = at.bottom + 8 + box.offsetHeight < innerHeight || at.top < box.offsetHeight + 8;
    box.style.left = Math.max(left - main.left, 0) + "px";
    box.style.top = (below ? at.bottom + 8 : at.top - box.offsetHeight - 8) - main.top + "px";
  }
  function hideTip() { clearTimeout(hiding); $("tip").hidden = true; }
  function hideSoon() { hiding = setTimeout(() => { if (!$("tip").matches(":hover")) hideTip(); }, 150); }
  $("tip").addEventListener("mouseleave", hideTip);

  // The chosen node's details stay while one steps, and tell the state of each step.
  function openDetail(key) {
    hideTip();
    detail = key;
    fillDetail();
    $("detail").focus({ preventScroll: innerHeight > 500 && innerWidth > 960 });
    follow(false);
    tellHost({ selected: view.cards[key].name });
  }
  function fillDetail() {
    const box = $("detail");
    box.hidden = !detail;
    if (!detail) return;
    const head = element("h2", view.cards[detail].name), close = element("button", "Close");
    close.type = "button";
    close.id = "closedetail";
    close.onclick = () => closeDetail(true);
    const had = box.contains(document.activeElement) && document.activeElement.id;
    const bar = element("div", undefined, "bar");
    bar.append(head);
    if (detail in view.leads) {
      const open = element("button", "Open this group");
      open.type = "button";
      open.id = "opendetail";
      open.onclick = () => fold(detail);
      bar.append(open);
    }
    if (Object.keys(view.wires).length && !isForward()) bar.append(pathButton(detail));
    bar.append(close);
    box.replaceChildren(bar, ...(pinned === detail ? pathList() : []), ...describe(detail));
    if (had && $(had)) $(had).focus({ preventScroll: true });
  }
  function closeDetail(back) {
    const item = picture && picture.cards[detail];
    detail = null;
    if (pinned) { pinned = null; paintPaths(); }
    fillDetail();
    follow(false);
    tellHost({ selected: null });
    if (back && item) { item.focus({ preventScroll: true }); hideTip(); }
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

  // --- one element of a gradient, as the sum that it is ------------------------------------
  for (const key of Object.keys(data.sums)) {
    const card = views.map((one) => one.cards[key]).find(Boolean), option = element("option", card.name);
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
        say(sums.texts[k]);
      });
      return button;
    });
    $("cells").replaceChildren(...buttons);
    $("sum").textContent = "";
  }
  $("of").addEventListener("change", showElements);
  showElements();

  // --- search: names, computations, and what is inside of closed groups ---------------------
  const DIGITS = "\u2080\u2081\u2082\u2083\u2084\u2085\u2086\u2087\u2088\u2089";
  const plain = (text) => text.toLowerCase().replace(/[\u2080-\u2089]/g, (c) => DIGITS.indexOf(c));
  let hits = [], hit = -1;
  function search() {
    const wanted = plain($("find").value.trim());
    hits = !wanted ? [] : Object.entries(view.cards)
      .filter(([, c]) => plain([c.title, c.kind, c.inside || ""].join(" ")).includes(wanted)).map(([key]) => key);
    hit = -1;
    const found = new Set(hits);
    for (const [key, row] of Object.entries(rows)) {
      row.hidden = wanted !== "" && !found.has(key);
      const item = picture && picture.cards[key];
      if (item) item.classList.toggle("found", found.has(key));
    }
    $("found").textContent = wanted ? `${hits.length} found` : "";
    return wanted;
  }
  function nextHit(by) {
    if (!hits.length) return say("Nothing is found.");
    hit = (hit + by + hits.length) % hits.length;
    const item = picture && picture.cards[hits[hit]];
    $("found").textContent = `${hit + 1} of ${hits.length}`;
    say(`${hit + 1} of ${hits.length}: ${view.cards[hits[hit]].title}`);
    if (item) { bring(item.getBoundingClientRect(), true); showTip(hits[hit], item); }
  }
  $("find").addEventListener("input", () => {
    const wanted = search();
    if (hits.length && wanted && picture) bring(picture.cards[hits[0]].getBoundingClientRect(), false);
    if (wanted) say(`${hits.length} found`);
  });
  $("find").addEventListener("keydown", (event) => {
    if (event.key === "Enter") { nextHit(event.shiftKey ? -1 : 1); event.preventDefault(); }
    if (event.key === "Escape") { hideTip(); if ($("find").value) { $("find").value = ""; search(); } else stage.focus(); event.stopPropagation(); }
  });
