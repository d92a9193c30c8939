"""What the tests of the built site share: where it is, and how it is served."""

import contextlib
import importlib
import os
import sys
import threading
from pathlib import Path

import pytest

SITE = Path(__file__).resolve().parents[1] / "site"
BUILT = Path(os.environ.get("AUTOGRAD_SITE", SITE / "build")).resolve()
PATIENCE = 120_000  # milliseconds: a machine may be busy with other things


def needs(part):
    """Skip where a part of the site is not built."""
    there = (BUILT / part / "index.html").is_file()
    return pytest.mark.skipif(not there, reason=f"{BUILT}/{part} is not built: make site")


@contextlib.contextmanager
def served(folder, isolated):
    """Serve a folder on this machine; give the address."""
    if str(SITE) not in sys.path:
        sys.path.insert(0, str(SITE))
    server = importlib.import_module("serve_site").server(folder, isolated=isolated)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}/"
    server.shutdown()
    server.server_close()
