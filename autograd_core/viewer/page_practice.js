  // --- practice: what travels is hidden until the reader has said it -----------------------------
  let practice = false;
  const told = new Set(), score = { first: 0, asked: 0 };
  let tries = 0;

  const askedAt = (k) => `${views.indexOf(view)} ${k}`;

  // The questions of a step: what an edge carries back, or the sum at a branch.
  function questions(step) {
    if (isForward() || !BACK.includes(step.phase) || step.phase === "seed") return [];
    const found = [];
    for (const [key] of step.messages) {
      const wire = view.wires[key];
      if (step.phase === "branch") {
        const card = view.cards[view.junctions[key]];
        if (card && card.grad && card.grad.number !== undefined && !card.grad.cells) found.push({ key, sum: true, to: card.name, number: card.grad.number });
      } else if (wire && wire.sent !== null) {
        const to = view.cards[wire.from].name;
        if (view.cards[wire.to].kind === "module" && !wire.shape) continue;
        if (typeof wire.sent === "number") found.push({ key, to, number: wire.sent });
        else if (wire.shape) found.push({ key, to, shape: wire.shape });
      }
    }
    return found;
  }
  const open = (k) => practice && k in run.steps && questions(run.steps[k]).length > 0 && !told.has(askedAt(k));
  const hiddenAt = () => open(now);

  // What is not known yet at a step whose question is open: the gradients that it brings.
  const secret = (key) => hiddenAt() && run.grad[key] === now;

  // The sentence of a step without its answer.
  function asking(step) {
    const branch = step.phase === "branch";
    const end = step.pieces.findIndex(([text, style]) => (branch ? style === "number" : text === ". "));
    return [...step.pieces.slice(0, end + !branch), [branch ? "?" : "What goes back?", "strong"]];
  }
  function ask() {
    $("elements").hidden = practice || !$("of").options.length;
    const box = $("question"), here = hiddenAt();
    box.hidden = !here;
    if (!here) { box.dataset.step = ""; return; }
    if (box.dataset.step === askedAt(now)) return;
    box.dataset.step = askedAt(now);
    tries = 0;
    const step = run.steps[now], asked = questions(step);
    const rows = asked.map((q, k) => {
      const label = element("label"), input = element("input");
      const what = q.sum ? `the sum of what comes back to ${q.to}` : q.shape ? `shape of what goes back to ${q.to}` : `what goes back to ${q.to}`;
      input.type = "text";
      input.id = `say${k}`;
      input.autocomplete = "off";
      input.spellcheck = false;
      label.append(`${what} = `, input);
      return label;
    });
    const check = element("button", "Check"), give = element("button", "Show"), verdict = element("p");
    check.type = give.type = "button";  // a frame that may only run scripts submits no form
    check.onclick = () => judge(asked);
    give.onclick = () => { score.asked += 1; reveal("The answer is shown."); };
    verdict.id = "verdict";
    box.replaceChildren(...rows, check, give, verdict);
    box.onkeydown = (event) => { if (event.key === "Enter" && event.target.type === "text") { event.preventDefault(); judge(asked); } };
  }
  function judge(asked) {
    const wrong = asked.filter((q, k) => !right(q, $(`say${k}`).value));
    if (!wrong.length) {
      score.asked += 1;
      if (!tries) score.first += 1;
      return reveal("Right.");
    }
    tries += 1;
    const hint = wrong[0].sum ? "A branch adds what comes back." : wrong[0].shape
      ? "A gradient has the shape of its value." : "The chain rule: local derivative times upstream.";
    $("verdict").textContent = `Not yet, for ${wrong.map((q) => q.to).join(" and ")}. ${hint}`;
    say($("verdict").textContent);
    $(`say${asked.indexOf(wrong[0])}`).focus();
  }
  function reveal(word) {
    told.add(askedAt(now));
    const text = `${word} ${score.first} of ${many(score.asked, "question")} at the first try.`;
    render();
    say(`${text} ${$("sentence").textContent}`);
    $("score").textContent = text;
    $("ahead").focus({ preventScroll: true });
  }
  function right({ number, shape }, text) {
    if (shape) return (text.match(/\d+/g) || []).join("\u00d7") === shape;
    const value = arithmetic(text);
    return value !== null && Math.abs(value - number) <= Math.max(2e-3 * Math.abs(number), 1e-9);
  }

  // A number, or numbers with + - * / ( ) and powers: 3*2^2*11.  Null if it is neither.
  function arithmetic(text) {
    const tokens = text.replaceAll("\u2212", "-").replaceAll("\u00d7", "*").replaceAll("**", "^").replaceAll(",", ".")
      .match(/\d*\.?\d+(?:e[+-]?\d+)?|[-+*/^()]|\S/gi) || [];
    let at = 0;
    const fail = () => { throw new SyntaxError(text); };
    const take = (...these) => (these.includes(tokens[at]) ? tokens[at++] : null);
    const chain = (next, signs, apply) => () => {
      let value = next();
      for (let sign = take(...signs); sign; sign = take(...signs)) value = apply(sign, value, next());
      return value;
    };
    const atom = () => {
      if (take("(")) { const value = sum(); return take(")") ? value : fail(); }
      const value = Number(tokens[at++]);
      return Number.isFinite(value) ? value : fail();
    };
    const power = () => { const value = atom(); return take("^") ? value ** signed() : value; };
    const signed = () => (take("-") ? -signed() : take("+") ? signed() : power());
    const product = chain(signed, ["*", "/"], (sign, a, b) => (sign === "*" ? a * b : a / b));
    const sum = chain(product, ["+", "-"], (sign, a, b) => (sign === "+" ? a + b : a - b));
    try {
      const value = sum();
      return at === tokens.length && Number.isFinite(value) ? value : null;
    } catch { return null; }
  }

  function setPractice(on) {
    practice = on;
    $("practice").setAttribute("aria-pressed", String(on));
    $("score").textContent = on ? "Step backward: each message waits for your answer." : "";
    if (on) { told.clear(); score.first = score.asked = 0; }
    stop();
    if (picture) for (const item of Object.values(picture.cards)) item.state = "";
    for (const row of Object.values(rows)) row.state = "";
    render();
    say(on ? "Practice is on. Step backward: each message waits for your answer." : "Practice is off.");
  }
  // How far one may step: to the first question that is open.
  function within(k) {
    if (!practice || k <= now) return k;
    for (let j = now; j < k; j++) if (open(j)) return j;
    return k;
  }
