  // --- in a page that runs the program (a host): it is told where the reader is, and a page that
  // takes the place of another goes on there ------------------------------------------------
  let hosted = false;
  function tellHost(more) {
    if (!hosted) return;
    const step = run.steps[now], item = lines[step.line];
    const state = { step: now, mode: isForward() ? "forward" : "reverse", seed: $("seed").value, zoom: userZoom,
      detail: detail ? view.cards[detail].name : null, pinned: pinned ? view.cards[pinned].name : null, practice };
    const place = item ? { file: item.dataset.file, line: +item.dataset.number } : { file: null, line: 0 };
    window.parent.postMessage({ state, phase: PHASES[step.phase], ...place, ...more }, "*");
  }
  const keyOf = (name) => Object.keys(view.cards).find((key) => view.cards[key].name === name);
  function takeUpState(state) {
    const radio = radios.find((r) => r.value === state.mode);
    if (radio && data.runs.length > 1) {
      radio.checked = true;
      if ([...$("seed").options].some((option) => option.value === state.seed)) $("seed").value = state.seed;
      setMode();
    }
    if (state.practice) setPractice(true);
    userZoom = state.zoom || 0;
    const open = state.detail && keyOf(state.detail), pin = state.pinned && keyOf(state.pinned);
    if (pin) pinPaths(pin);
    if (open) { detail = open; fillDetail(); }
    go(state.step);
  }
  function listenToHost(message) {
    if (!message || typeof message !== "object" || hosted) return;
    hosted = true;
    body.classList.add("hosted");
    choosePicture();
    if (message.state) takeUpState(message.state);
    tellHost({ ready: true, selected: detail ? view.cards[detail].name : null });
  }
