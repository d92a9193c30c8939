// What the kernel of JupyterLite loads in place of pyodide.js: the same function, with Graphviz.
// It stands beside pyodide.js. The packages that it imports are those that the site preloads.
import { Graphviz } from "../graphviz.js";

const graphviz = new Graphviz();

self.loadPyodide = async (options) => {
  importScripts(`${options.indexURL}pyodide.js`);  // it puts its own function in this one's place
  const [python] = await Promise.all([self.loadPyodide(options), graphviz.ready]);
  python.registerJsModule("graphviz_in_browser", { layOut: graphviz.layOut });
  python.runPython(`
import logging
import warnings

import graphviz_in_browser
from autograd_core.viewer import use_layout

use_layout(graphviz_in_browser.layOut)
warnings.filterwarnings("ignore", message="tqdm:disabling monitor")  # it would be a thread
# It says in each session, whose files are new, that it looks for fonts.
logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)
del graphviz_in_browser, logging, use_layout, warnings
`);
  return python;
};
