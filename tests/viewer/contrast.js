// Returns [text, contrast] for every text on the page against what lies behind it.
() => {
  const rgb = t => t.match(/[\d.]+/g).slice(0, 3).map(Number);
  const light = c => { const [r, g, b] = c.map(v => (v /= 255) <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4);
    return .2126 * r + .7152 * g + .0722 * b };
  const ratio = (a, b) => { const [x, y] = [light(a), light(b)]; return (Math.max(x, y) + .05) / (Math.min(x, y) + .05) };
  const found = [];
  for (const c of document.querySelectorAll('svg.on .card')) {
    const ground = rgb(getComputedStyle(c.querySelector('.body')).fill);
    for (const s of c.querySelectorAll('tspan')) if (s.textContent)
      found.push([s.textContent, ratio(rgb(getComputedStyle(s).fill), ground)]);
  }
  const page = rgb(getComputedStyle(document.body).backgroundColor);
  for (const m of document.querySelectorAll('.message.on text'))
    found.push([m.textContent, ratio(rgb(getComputedStyle(m).fill), page)]);
  for (const s of document.querySelectorAll('#phase, #sentence, #sentence b, button:not([aria-disabled=true]), .source li, td, th, legend, .legend span, h1, h2')) {
    let e = s, ground = null;
    while (e && !ground) { const b = getComputedStyle(e).backgroundColor; if (!/, 0\)$/.test(b)) ground = rgb(b); e = e.parentElement }
    if (s.textContent) found.push([s.textContent, ratio(rgb(getComputedStyle(s).color), ground || page)]);
  }
  return found;
}
