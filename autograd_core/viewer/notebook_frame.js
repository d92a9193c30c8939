// Replaces the still of a stepping page by a frame with the page.  The frame has no origin of its
// own, so that its page reaches nothing outside: the two talk by messages.  A frame that is not
// shown yet has no size; its page lays itself out when it gets one.
(() => {
  const start = () => {
    const place = document.getElementById("%%id%%");
    if (!place) return;
    const inside = place.querySelector("template");
    if (!inside || place.querySelector(":scope > iframe")) return;
    const frame = inside.content.querySelector("iframe").cloneNode(true);
    const theme = () => {
      for (let e = place; e; e = e.parentElement) {
        const c = (getComputedStyle(e).backgroundColor.match(/[\d.]+/g) || []).map(Number);
        if (c.length === 4 && !c[3] || c.length < 3) continue;
        return .299 * c[0] + .587 * c[1] + .114 * c[2] < 128 ? "dark" : "light";
      }
      return "";
    };
    const tell = () => frame.contentWindow && frame.contentWindow.postMessage({ theme: theme() }, "*");
    frame.addEventListener("load", tell);
    addEventListener("message", (event) => {
      const high = event.source === frame.contentWindow && event.data && +event.data.height;
      if (high) frame.style.height = Math.min(high, 4000) + 2 + "px";
    });
    const watch = new MutationObserver(tell);
    for (const e of [document.documentElement, document.body])
      watch.observe(e, { attributes: true, attributeFilter: ["class", "style", "data-theme", "data-jp-theme-light", "data-jp-theme-name"] });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", tell);
    place.querySelector("figure").hidden = true;
    place.append(frame);
  };
  if (document.readyState === "loading") addEventListener("DOMContentLoaded", start); else start();
})();
