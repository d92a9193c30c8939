  // --- the paths that carry a gradient: from a chosen node to the output, use by use -----------
  const FEW_PATHS = 12;
  let pinned = null;

  // From each card the wires that sent something back, and the number of paths to the output.
  function carriers() {
    const out = {}, paths = {};
    for (const [key, wire] of Object.entries(view.wires)) if (wire.sent !== null) (out[wire.from] ??= []).push(key);
    const count = (key) => {  // cards stand in topological order: no recursion deeper than a chain is long
      const stack = [key];
      while (stack.length) {
        const at = stack[stack.length - 1];
        if (at in paths) { stack.pop(); continue; }
        const left = (out[at] || []).map((k) => view.wires[k].to).filter((to) => !(to in paths));
        if (left.length) { stack.push(...left); continue; }
        paths[at] = (out[at] || []).reduce((sum, k) => sum + paths[view.wires[k].to], view.cards[at]?.output ? 1n : 0n);
        stack.pop();
      }
      return paths[key];
    };
    return { out, paths, count };
  }
  function pinPaths(key) {
    pinned = key;
    paintPaths();
    fillDetail();
    tellHost();
    if (key) say(pathText(key).join(" "));
  }
  function paintPaths() {
    if (!picture) return;
    const wires = new Set(), cards = new Set();
    if (pinned) {
      const { out, paths, count } = carriers(), stack = [pinned];
      count(pinned);
      while (stack.length) {
        const at = stack.pop();
        if (cards.has(at) || !paths[at]) continue;
        cards.add(at);
        for (const key of out[at] || []) if (paths[view.wires[key].to]) { wires.add(key); stack.push(view.wires[key].to); }
      }
    }
    for (const [key, item] of Object.entries(picture.cards)) {
      item.classList.toggle("beside", pinned !== null && !cards.has(key));
      item.classList.toggle("pinned-card", key === pinned);
    }
    for (const [key, item] of Object.entries(picture.wires)) {
      const trunk = view.junctions[key];
      const on = trunk === undefined ? wires.has(key) : cards.has(trunk);
      item.classList.toggle("carries", on);
      item.classList.toggle("beside", pinned !== null && !on);
    }
    for (const [key, item] of Object.entries(picture.junctions))
      item.classList.toggle("beside", pinned !== null && !cards.has(view.junctions[key]));
  }

  // What the paths of a node are, in words: each with its product where all of it are numbers.
  function pathText(key) {
    const { out, paths, count } = carriers(), card = view.cards[key], total = count(key);
    const what = `\u2202${data.output}/\u2202${card.name}`;
    if (!total) return [`No path carries a gradient from ${data.output} to ${card.name}.`];
    const head = `${total.toLocaleString("en")} ${total === 1n ? "path carries" : "paths carry"} ${what}` +
      (card.grad && card.grad.text ? ` = ${card.grad.text}` : "") + (total > 1n ? ", their sum:" : ":");
    const found = [], stack = [[key, [], 1]];
    while (stack.length && found.length < FEW_PATHS) {
      const [at, way, product] = stack.pop();
      if (view.cards[at].output) found.push([way, product]);
      for (const k of [...(out[at] || [])].reverse()) {
        const wire = view.wires[k];
        if (!paths[wire.to]) continue;
        stack.push([wire.to, [...way, k], product === null || wire.local === null ? null : product * wire.local]);
      }
    }
    const number = (v) => (v < 0 ? `(${+v.toPrecision(4)})` : `${+v.toPrecision(4)}`);
    const rows = found.map(([way, product]) => {
      const names = [card.name, ...way.map((k) => view.cards[view.wires[k].to].name)].join(" \u2192 ");
      if (!way.length) return `${names}: 1`;
      if (product !== null) {
        const locals = way.map((k) => number(view.wires[k].local)).join(" \u00d7 ");
        return way.length === 1 ? `${names}: ${locals}` : `${names}: ${locals} = ${+product.toPrecision(4)}`;
      }
      return `${names}; its first use sends ${view.wires[way[0]].text}`;
    });
    if (total > BigInt(rows.length)) rows.push(`and ${(total - BigInt(rows.length)).toLocaleString("en")} more.`);
    return [head, ...rows];
  }
  function pathButton(key) {
    const button = element("button", pinned === key ? "Unpin" : "Pin its paths");
    button.type = "button";
    button.id = "pinpaths";
    button.setAttribute("aria-pressed", String(pinned === key));
    button.onclick = () => pinPaths(pinned === key ? null : key);
    return button;
  }
  function pathList() {
    if (!pinned || !(pinned in view.cards)) return [];
    const list = element("ul", undefined, "paths"), [head, ...rows] = pathText(pinned);
    for (const row of rows) list.append(element("li", row));
    return [element("p", head), list];
  }
