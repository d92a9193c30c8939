  // --- play --------------------------------------------------------------------------
  function stop() {
    if (!timer) return;
    clearInterval(timer);
    timer = null;
    $("play").textContent = "Play";
    $("play").setAttribute("aria-pressed", "false");
    caption(run.steps[now]);  // what it has come to is read out again
  }
  function tick() {
    go(now + 1);
    if (now === run.steps.length - 1 || hiddenAt()) stop();
  }
  function play() {
    if (timer) return stop();
    timer = setInterval(tick, +$("pace").value);
    $("live").textContent = "";  // a reader would fall behind
    if (now === run.steps.length - 1) go(0);
    $("play").textContent = "Pause";
    $("play").setAttribute("aria-pressed", "true");
  }
  $("pace").addEventListener("change", () => {
    if (timer) { clearInterval(timer); timer = setInterval(tick, +$("pace").value); }
  });

  const by = (k) => () => { stop(); go(k()); };
  const moves = { Home: () => 0, End: () => run.steps.length - 1, ArrowLeft: () => now - 1, ArrowRight: () => now + 1 };
  $("first").onclick = by(moves.Home);
  $("back").onclick = by(moves.ArrowLeft);
  $("ahead").onclick = by(moves.ArrowRight);
  $("last").onclick = by(moves.End);
  $("seedstep").onclick = by(() => Math.max(run.turn, 0));
  $("play").onclick = play;
  slider.addEventListener("input", () => { stop(); go(+slider.value); });

  // --- keys: left and right step, whatever has the focus, but for a text that is written ----
  document.addEventListener("keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const at = event.target, tag = at.tagName, key = event.key;
    if (tag === "INPUT" && (at.type === "search" || at.type === "text")) return;
    const card = at.closest && at.closest(".card[data-key]"), grip = at.closest && at.closest(".fold");
    const act = (action) => { action(); event.preventDefault(); };
    if (event.shiftKey && key.startsWith("Arrow") && at === stage) {
      const far = { ArrowLeft: [-80, 0], ArrowRight: [80, 0], ArrowUp: [0, -80], ArrowDown: [0, 80] }[key];
      return act(() => stage.scrollBy(...far));
    }
    if (key in moves && !(tag === "SELECT" && (key === "Home" || key === "End"))) return act(() => { stop(); go(moves[key]()); });
    if (at === $("divider") && (key === "ArrowUp" || key === "ArrowDown")) return act(() => divide(share + (key === "ArrowUp" ? 4 : -4)));
    if (key === "Escape") { if (!$("tip").hidden) hideTip(); else if (detail) closeDetail(true); return; }
    if (key === "Enter" && card) return act(() => openDetail(card.dataset.key));
    if ((key === "Enter" || key === " ") && grip) return act(() => fold(grip.dataset.fold));
    if (key === " ") { if (tag !== "BUTTON" && tag !== "SELECT" && at.type !== "radio") act(play); return; }
    if (tag === "SELECT") return;
    if (key === "o" || key === "O") { const known = card ? card.dataset.key : grip ? grip.dataset.fold : detail; if (known) act(() => fold(known)); }
    else if (key === "p" || key === "P") { const known = card ? card.dataset.key : detail; if (known && !isForward()) act(() => { openDetail(known); pinPaths(pinned === known ? null : known); }); }
    else if (key === "+" || key === "=") act(() => zoom(scale * 1.25));
    else if (key === "-") act(() => zoom(scale / 1.25));
    else if (key === "0") act(() => zoom(0));
    else if (key === "/") act(() => $("find").focus());
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
    const forward = radios.find((r) => r.checked).value === "forward" && view.runs.length > 1;
    run = forward ? view.runs.find((r, k) => k && r.key === $("seed").value) : view.runs[0];
    $("seedlabel").hidden = !forward;
    $("third").textContent = forward ? "tangent" : "gradient";
    $("seedstep").hidden = run.turn < 0;
    $("seedstep").textContent = forward ? "seed t = 1" : `\u2202${data.output.slice(0, 20)}/\u2202${data.output.slice(0, 20)} = 1`;
    go(0);
  }
  radios.forEach((r) => { r.checked = r.value === data.mode; r.addEventListener("change", setMode); });
  $("seed").addEventListener("change", setMode);
  $("modes").addEventListener("submit", (event) => event.preventDefault());
  if (data.runs.length < 2) $("modes").hidden = true;

  // --- the divider between the graph and the code ----------------------------------------
  let share = 62;
  function divide(wanted) {
    share = Math.round(Math.min(80, Math.max(25, wanted)));
    $("work").style.setProperty("--share", share + "%");
    $("divider").setAttribute("aria-valuenow", share);
    choosePicture();
  }
  $("divider").addEventListener("pointerdown", (event) => { $("divider").setPointerCapture(event.pointerId); event.preventDefault(); });
  $("divider").addEventListener("pointermove", (event) => {
    if (!event.buttons || !$("divider").hasPointerCapture(event.pointerId)) return;
    const box = $("work").getBoundingClientRect();
    divide((event.clientX - box.left) / box.width * 100);
  });
  $("divider").addEventListener("dblclick", () => divide(62));

  // --- in a frame: as high as the page, in the colours of what is around -------------------
  if (window.parent !== window) {
    body.classList.add("framed");
    const tell = () => window.parent.postMessage({ height: document.documentElement.offsetHeight }, "*");
    new ResizeObserver(tell).observe(document.documentElement);
    addEventListener("message", (event) => {
      const said = event.source === window.parent && event.data || {};
      if (said.theme === "light" || said.theme === "dark") document.documentElement.dataset.theme = said.theme;
      if (said.play === true && !timer) play();
      listenToHost(said.host);
    });
  }

  $("practice").onclick = () => setPractice(!practice);
  $("practice").hidden = !Object.values(view.wires).some((wire) => wire.sent !== null);

  // The stage gets another size when the window does, and when a hidden frame is shown.
  let seen = "";
  new ResizeObserver(() => {
    const size = `${stage.clientWidth} ${stage.clientHeight} ${unitOf()}`;
    if (size !== seen) { seen = size; choosePicture(); }
  }).observe(stage);
  addEventListener("resize", choosePicture);
  fillTable();
  choosePicture();
  setMode();
