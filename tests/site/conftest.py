"""The playground's own Python on the path, as in the browser."""

import sys
from pathlib import Path

SITE = Path(__file__).resolve().parents[2] / "site"
sys.path.insert(0, str(SITE / "playground" / "python"))
sys.path.insert(0, str(SITE))
