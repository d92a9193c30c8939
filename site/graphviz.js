// Graphviz in the browser, as the function that `use_layout` takes.
import { instance } from "@viz-js/viz";

export class Graphviz {
  constructor() {
    this.viz = null;
    this.ready = this.start();
    this.layOut = (source) => this.render(source);
  }

  async start() { this.viz = await instance(); }

  render(source) {
    let made;
    try {
      made = this.viz.render(source, { format: "json0" });
    } catch (error) {  // it is at its end (memory, an assertion): the next run gets a new one
      this.ready = this.start();
      throw error;
    }
    if (made.status !== "success") throw new Error(made.errors.map((e) => e.message).join("; "));
    return made.output;
  }
}
