// Search shows no extracts where pages are files: a browser lets no page read another one there.
if (location.protocol === "file:" && typeof DOCUMENTATION_OPTIONS !== "undefined")
  DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;

// The graph of the front page plays by itself, unless the reader asked for less motion. Its page
// lives in a frame without an origin, so it is told by a message; its own button stops it.
addEventListener("DOMContentLoaded", () => setTimeout(() => {
  if (matchMedia("(prefers-reduced-motion: reduce)").matches) return;
  for (const frame of document.querySelectorAll(".plays iframe"))
    frame.addEventListener("load", () => frame.contentWindow.postMessage({ play: true }, "*"));
}));
