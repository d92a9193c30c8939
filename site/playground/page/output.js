// What a program printed, as a terminal shows it: a carriage return writes over the line.
export class Output {
  constructor(box) { this.box = box; this.clear(); }

  clear() {
    this.box.replaceChildren();
    this.line = null;
    this.text = "";
    this.at = 0;
  }

  write(text, kind = "out") {
    const low = this.box.scrollHeight - this.box.scrollTop - this.box.clientHeight < 30;
    for (const part of text.split(/(\r\n|\n|\r|\x1b\[A)/)) {
      if (part === "\n" || part === "\r\n") { if (!this.line) this.put("", kind); this.line = null; }
      else if (part === "\r") this.at = 0;
      else if (part && part !== "\x1b[A") this.put(part.replaceAll(/\x1b\[[0-9;]*[A-Za-z]/g, ""), kind);
    }
    if (low) this.box.scrollTop = this.box.scrollHeight;
  }

  put(text, kind) {
    if (!this.line) {
      this.line = document.createElement("div");
      this.line.className = kind;
      this.box.append(this.line);
      this.text = "";
      this.at = 0;
    }
    this.text = this.text.slice(0, this.at) + text + this.text.slice(this.at + text.length);
    this.at += text.length;
    if (this.text) this.line.textContent = this.text;
    else this.line.replaceChildren(document.createElement("br"));  // an empty line is copied as one
  }

  // An error: its text, and the whole traceback for those who want it.
  error(text, trace) {
    this.line = null;
    const box = document.createElement("div");
    box.className = "wrong";
    box.textContent = text;
    this.box.append(box);
    if (trace) {
      const more = document.createElement("details"), head = document.createElement("summary"), whole = document.createElement("pre");
      head.textContent = "Traceback";
      whole.textContent = trace;
      more.append(head, whole);
      this.box.append(more);
    }
    this.box.scrollTop = this.box.scrollHeight;
  }
}
