// Steps from the first step to the last, and returns for each step what is not wholly in view.
() => {
  const stage = document.getElementById('stage'), source = document.getElementById('source');
  const box = e => e.getBoundingClientRect();
  const inside = (a, b) => a.left >= b.left - 1 && a.right <= b.right + 1 && a.top >= b.top - 1 && a.bottom <= b.bottom + 1;
  const screen = { left: 0, top: 0, right: innerWidth, bottom: innerHeight };
  const missing = [], count = +document.getElementById('slider').max + 1;
  let lines = 0, messages = 0;
  document.getElementById('first').click();
  for (let k = 0; k < count; k++) {
    const line = document.querySelector('#source li.lit');
    if (line) { lines++; if (!inside(box(line), screen) || !inside(box(line), box(source))) missing.push([k, 'line']); }
    const texts = [...document.querySelectorAll('svg.on .message.on text')].filter(t => t.textContent);
    for (const text of texts) {
      messages++;
      if (!inside(box(text), screen) || !inside(box(text), box(stage))) missing.push([k, text.textContent]);
      const said = document.getElementById('caption').textContent;
      if (/[×+−] .* = /.test(text.textContent) && !/^sum of/.test(text.textContent) && !said.includes(text.textContent))
        missing.push([k, 'not said: ' + text.textContent]);
    }
    if (!inside(box(document.getElementById('caption')), screen)) missing.push([k, 'caption']);
    document.getElementById('ahead').click();
  }
  return [lines, messages, missing];
}
