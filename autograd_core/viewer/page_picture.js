  // --- the two pictures of each view, and the one in use ---------------------------
  const SVG = "http://www.w3.org/2000/svg";
  const made = new Map();
  function picturesOf(one) {
    if (made.has(one)) return made.get(one);
    const k = views.indexOf(one);
    if (k) stage.append($("view" + k).content.cloneNode(true));
    const wanted = k ? "v" + k : "";
    const found = [...stage.querySelectorAll(":scope > svg")]
      .filter((svg) => svg.id === wanted + "lr" || svg.id === wanted + "tb").map((svg) => takeUp(svg, one));
    made.set(one, found);
    return found;
  }
  function takeUp(svg, one) {
    const found = { svg, cards: {}, junctions: {}, wires: {}, messages: {}, carried: [], left: +svg.dataset.left,
      top: +svg.dataset.top, width: +svg.dataset.width, height: +svg.dataset.height };
    for (const item of svg.querySelectorAll("[data-key]")) {
      const key = item.dataset.key;
      if (item.classList.contains("card")) found.cards[key] = item;
      else if (item.classList.contains("junction")) found.junctions[key] = item;
      else if (item.classList.contains("message")) found.messages[key] = item;
      else found.wires[key] = item;
    }
    for (const [key, item] of Object.entries(found.cards)) {
      if (!(key in one.cards)) { item.removeAttribute("role"); item.removeAttribute("tabindex"); continue; }
      item.setAttribute("tabindex", "0");
      item.addEventListener("mouseenter", () => showTip(key, item));
      item.addEventListener("mouseleave", hideSoon);
      item.addEventListener("focus", () => showTip(key, item));
      item.addEventListener("blur", hideTip);
      item.addEventListener("click", () => openDetail(key, item));
    }
    for (const item of svg.querySelectorAll("[data-fold]"))
      item.addEventListener("click", (event) => { event.stopPropagation(); fold(item.dataset.fold); });
    return found;
  }

  let userZoom = 0, scale = 1;  // 0: as it fits
  const unitOf = () => parseFloat(getComputedStyle(document.documentElement).fontSize) / 16;
  function choosePicture() {
    const all = picturesOf(view);
    if (!all.length) { picture = null; return render(); }
    if (!stage.clientWidth) return;  // not shown yet: the observer comes again
    const room = stage.clientWidth, high = stage.clientHeight, unit = unitOf();
    const cost = (p) => Math.max(1, p.width * unit / room) * Math.max(1, Math.sqrt(p.height * unit / high));
    const best = all.reduce((a, b) => (cost(b) < cost(a) * 0.8 ? b : a));
    if (best !== picture) {
      picture = best;
      for (const svg of stage.querySelectorAll(":scope > svg")) svg.classList.toggle("on", svg === best.svg);
      drawOverview();
      for (const item of Object.values(best.cards)) item.state = "";
    }
    size(base());
    paintPaths();
    render();
  }
  // Shrink a little rather than scroll a little, and grow a little where there is room.
  function base() {
    if (userZoom) return userZoom;
    const unit = unitOf(), w = stage.clientWidth / (picture.width * unit + 2), h = stage.clientHeight / (picture.height * unit + 2);
    return Math.min(1.25, Math.max(0.8, Math.min(w, h)));
  }
  function size(wanted) {
    scale = wanted;
    picture.svg.style.width = picture.width / 16 * wanted + "rem";
    picture.svg.style.height = picture.height / 16 * wanted + "rem";
    const unit = unitOf() * wanted;
    $("overview").classList.toggle("shown",
      picture.width * unit > stage.clientWidth * 1.15 || picture.height * unit > stage.clientHeight * 1.15);
    port();
  }
  // Zoom around the middle of what is seen, or around the pointer.
  function zoom(wanted, x, y) {
    if (!picture) return;
    const box = stage.getBoundingClientRect();
    const px = x === undefined ? stage.clientWidth / 2 : x - box.left, py = y === undefined ? stage.clientHeight / 2 : y - box.top;
    const u = (stage.scrollLeft + px) / stage.scrollWidth, v = (stage.scrollTop + py) / stage.scrollHeight;
    userZoom = wanted && Math.min(3, Math.max(0.2, wanted));
    size(base());
    stage.scrollLeft = u * stage.scrollWidth - px;
    stage.scrollTop = v * stage.scrollHeight - py;
    if (!wanted) follow(false);
    say(`Zoom ${Math.round(scale * 100)} percent.`);
  }
  $("larger").onclick = () => zoom(scale * 1.25);
  $("smaller").onclick = () => zoom(scale / 1.25);
  $("fit").onclick = () => zoom(0);
  stage.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    zoom(scale * Math.exp(-event.deltaY / 400), event.clientX, event.clientY);
  }, { passive: false });

  // --- painting ------------------------------------------------------------------------
  function paintCard(key, shown, lit, forward) {
    const item = picture.cards[key], card = view.cards[key];
    item.classList.toggle("lit", lit);
    item.classList.toggle("bad", card.bad && shown.value !== "" || card.badgrad && shown.grad !== "" && !forward);
    const marker = item.querySelector(".marker");
    if (marker) marker.textContent = lit ? "\u25B8" : "";
    const spans = item.querySelectorAll(".row tspan");
    if (spans.length) {
      spans[0].textContent = shown.value;
      spans[1].textContent = shown.grad ? shown.symbol + " " + shown.grad : "";
      spans[1].setAttribute("class", forward ? "tangent" : "grad");
      spans[1].setAttribute("dx", shown.grad && shown.value ? 10 : 0);
    }
    const known = shown.value ? `, value ${shown.value}` : ", no value yet";
    const back = shown.grad ? `, ${forward ? "tangent" : "gradient"} ${shown.grad}` : "";
    const more = key in view.leads ? "; O opens it" : "";
    item.setAttribute("aria-label", card.title + known + back + more);
    if (marks[key]) marks[key].setAttribute("class", lit ? "lit" : "");
  }
  function paintWires(lit, carried) {
    for (const [key, item] of Object.entries(picture.junctions)) {
      item.classList.toggle("lit", lit.has(key));
      item.querySelector(".sign").textContent = body.classList.contains("reverse-phase") ? "+" : "\u2022";
    }
    for (const key of new Set([...picture.carried, ...carried.keys()])) {
      const wire = picture.wires[key], item = picture.messages[key], on = carried.has(key);
      if (wire) wire.classList.toggle("faded", on);
      if (!item) continue;
      item.classList.toggle("on", on);
      item.querySelector("text").textContent = carried.get(key) || "";
    }
    picture.carried = [...carried.keys()];
  }

  // --- the overview of a long graph ----------------------------------------------------
  let marks = {}, portMark = null;
  function drawOverview() {
    const map = $("overview"), flat = picture.width >= picture.height;
    map.replaceChildren();
    marks = {};
    const w = flat ? picture.width : picture.height, h = flat ? picture.height : picture.width;
    map.setAttribute("viewBox", `0 0 ${w} ${h}`);
    map.setAttribute("preserveAspectRatio", "none");
    map.flat = flat;
    const place = () => document.createElementNS(SVG, "rect");
    for (const [key, item] of Object.entries(picture.cards)) {
      const shape = item.querySelector(".body");
      const [x, y, width, height] = ["x", "y", "width", "height"].map((n) => +shape.getAttribute(n));
      marks[key] = place();
      lay(marks[key], x - picture.left, y - picture.top, width, height);
      map.append(marks[key]);
    }
    portMark = place();
    portMark.setAttribute("class", "port");
    map.append(portMark);
  }
  function lay(rect, x, y, width, height) {
    const [a, b, c, d] = $("overview").flat ? [x, y, width, height] : [y, x, height, width];
    rect.setAttribute("x", a); rect.setAttribute("y", b);
    rect.setAttribute("width", c); rect.setAttribute("height", d);
  }
  function port() {
    if (!picture || !portMark) return;
    const factor = picture.width / (picture.svg.getBoundingClientRect().width || 1);
    lay(portMark, stage.scrollLeft * factor, stage.scrollTop * factor,
      Math.min(stage.clientWidth * factor, picture.width), Math.min(stage.clientHeight * factor, picture.height));
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

  // The mouse drags the picture by its ground; a finger scrolls it anyway.
  let held = null;
  stage.addEventListener("pointerdown", (event) => {
    if (event.pointerType !== "mouse" || event.button || event.target.closest(".card, [data-fold]")) return;
    held = { x: event.clientX + stage.scrollLeft, y: event.clientY + stage.scrollTop };
    stage.setPointerCapture(event.pointerId);
    stage.classList.add("held");
  });
  stage.addEventListener("pointermove", (event) => {
    if (!held) return;
    stage.scrollLeft = held.x - event.clientX;
    stage.scrollTop = held.y - event.clientY;
  });
  for (const end of ["pointerup", "pointercancel"])
    stage.addEventListener(end, () => { held = null; stage.classList.remove("held"); });

  // --- what is at work stays in sight, without moving the page -------------------------
  const around = (boxes) => ({ left: Math.min(...boxes.map((b) => b.left)), right: Math.max(...boxes.map((b) => b.right)),
    top: Math.min(...boxes.map((b) => b.top)), bottom: Math.max(...boxes.map((b) => b.bottom)) });
  const MARGIN = 12;
  function wantedBoxes() {
    const step = run.steps[now], box = (item) => item && item.getBoundingClientRect();
    const card = box(picture.cards[step.card || step.lit[0]]);
    const said = step.messages.map(([key]) => box(picture.messages[key] && picture.messages[key].querySelector("text")));
    const near = step.lit.map((key) => box(picture.cards[key] || picture.junctions[key]));
    const some = (list) => list.filter((b) => b && b.width);
    // first everything that lights up; then the card and its messages; then the messages; then the card
    return [some([card, ...said, ...near]), some([card, ...said]), some(said), some([card])].filter((l) => l.length);
  }
  function follow(smooth) {
    if (picture && stage.clientWidth) {
      if (scale !== base()) size(base());
      let sets = wantedBoxes();
      const fits = (a) => a.right - a.left <= stage.clientWidth - 2 * MARGIN && a.bottom - a.top <= stage.clientHeight - 2 * MARGIN;
      let chosen = sets.findIndex((boxes) => fits(around(boxes)));
      if (!userZoom && sets.length > 2 && (chosen < 0 || chosen > 2)) {  // the messages are far apart
        const a = around(sets[2]);
        const wanted = scale * Math.min((stage.clientWidth - 2 * MARGIN) / (a.right - a.left), (stage.clientHeight - 2 * MARGIN) / (a.bottom - a.top));
        size(Math.max(0.35, Math.min(scale, wanted * 0.98)));
        sets = wantedBoxes();
        chosen = sets.findIndex((boxes) => fits(around(boxes)));
      }
      if (sets.length) bring(around(sets[chosen < 0 ? sets.length - 1 : chosen]), smooth);
    }
    const scroll = (box, inside, above) => {
      if (!inside) return;
      const a = inside.getBoundingClientRect(), b = box.getBoundingClientRect();
      if (a.top < b.top + above || a.bottom > b.bottom - 6) box.scrollTop += a.top - b.top - Math.max(above, b.height / 3);
      const c = inside.getBoundingClientRect();  // a long line in a low box: its end, then its start
      if (c.bottom > b.bottom) box.scrollTop += Math.min(c.bottom - b.bottom, c.top - b.top - above);
    };
    const step = run.steps[now];
    scroll($("source"), lines[step.line], 4);
    scroll(document.querySelector(".table"), rows[step.card], 32);
  }
  function bring(a, smooth) {
    const b = stage.getBoundingClientRect(), right = b.left + stage.clientWidth, bottom = b.top + stage.clientHeight;
    const out = a.left < b.left + MARGIN || a.right > right - MARGIN || a.top < b.top + MARGIN || a.bottom > bottom - MARGIN;
    if (out) stage.scrollBy({ left: (a.left + a.right - b.left - right) / 2, top: (a.top + a.bottom - b.top - bottom) / 2,
      behavior: smooth && !calm.matches ? "smooth" : "auto" });
  }

  // Where the focus goes when a scope was opened or closed: to what stands in its place.
  function foldPlace() {
    const active = document.activeElement;
    return stage.contains(active) || active === body || $("detail").contains(active);
  }
  function focusFold(scope) {
    if (scope === undefined || !picture) return;
    const key = Object.keys(view.scopes).find((k) => view.scopes[k] === scope);
    const item = key && (picture.cards[key] || picture.svg.querySelector(`.fold[data-fold="${key}"]`));
    (item || stage).focus({ preventScroll: true });
    hideTip();
    if (item) bring(item.getBoundingClientRect(), false);
  }
