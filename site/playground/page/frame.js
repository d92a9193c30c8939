// The stepping page, in a frame that can do nothing but run it.  A new page takes the old one's
// place when it is ready, and goes on at the same step.
export class Frame {
  constructor(parent, { selected, stepped }) {
    this.parent = parent;
    this.tell = { selected, stepped };
    this.shown = null;
    this.coming = null;
    this.state = null;
    addEventListener("message", (event) => this.hear(event));
  }

  // Show a page; `keep` goes on where the reader was.
  show(html, title, keep) {
    if (this.coming) this.coming.remove();
    if (!keep) this.state = null;
    const frame = document.createElement("iframe");
    frame.setAttribute("sandbox", "allow-scripts");
    frame.title = title;
    frame.className = "coming";
    frame.srcdoc = html;
    frame.onload = () => frame.contentWindow.postMessage({ host: { state: this.state } }, "*");
    this.coming = frame;
    this.parent.append(frame);
    return new Promise((resolve) => { this.swapped = resolve; });
  }

  clear() {
    for (const frame of [this.shown, this.coming]) if (frame) frame.remove();
    this.shown = this.coming = this.state = null;
  }

  hear({ source, data }) {
    if (!data || typeof data !== "object") return;
    if (this.coming && source === this.coming.contentWindow && data.ready) {
      if (this.shown) this.shown.remove();
      this.shown = this.coming;
      this.coming = null;
      this.shown.className = "";
      this.swapped();
    }
    if (!this.shown || source !== this.shown.contentWindow) return;
    if (typeof data.height === "number") this.shown.style.setProperty("--height", `${data.height}px`);
    if (data.state) { this.state = data.state; this.tell.stepped(data); }
    if (data.selected !== undefined) this.tell.selected(data.selected);
  }
}
