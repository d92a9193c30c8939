"""Show the built site on this machine: ``make site-serve``."""

from __future__ import annotations

import argparse
from contextlib import suppress
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


class Handler(SimpleHTTPRequestHandler):
    """Serves files; those of the playground with two headers, so that it may interrupt its worker.

    Without them the playground works too: Stop then ends the worker and starts another one. The
    notebooks go without them: their kernel would stop answering.
    """

    isolated = True

    def end_headers(self) -> None:
        """Add the headers."""
        if self.isolated and "/playground/" in self.path:
            self.send_header("Cross-Origin-Opener-Policy", "same-origin")
            self.send_header("Cross-Origin-Embedder-Policy", "require-corp")
        self.send_header("Cache-Control", "no-cache")
        super().end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Print nothing for a file that was found."""


Handler.extensions_map = {
    **SimpleHTTPRequestHandler.extensions_map,
    ".js": "text/javascript",  # some systems say otherwise, and browsers refuse it then
    ".mjs": "text/javascript",
    ".bin": "application/octet-stream",
}


def server(folder: Path, port: int = 0, isolated: bool = True) -> ThreadingHTTPServer:
    """Return a server of a folder on this machine; port 0 takes a free one."""
    handler = type("Chosen", (Handler,), {"isolated": isolated})
    return ThreadingHTTPServer(("127.0.0.1", port), partial(handler, directory=str(folder)))


def main() -> None:
    """Serve until Ctrl-C."""
    made = argparse.ArgumentParser(prog="site/serve_site.py", description=__doc__)
    made.add_argument("folder", type=Path, nargs="?", default=Path(__file__).parent / "build")
    made.add_argument("--port", type=int, default=8000)
    options = made.parse_args()
    if not (options.folder / "index.html").is_file():
        made.error(f"{options.folder} is not built yet: run make site")
    serving = server(options.folder, options.port)
    print(f"http://127.0.0.1:{serving.server_address[1]}/  (Ctrl-C ends)", flush=True)
    with suppress(KeyboardInterrupt):
        serving.serve_forever()


if __name__ == "__main__":
    main()
