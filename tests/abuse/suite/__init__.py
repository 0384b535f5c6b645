"""The abuse suite's own parts: what an attack is, and the stage on which it runs and is judged.

What it shares with the other suites of real processes is in tests/harness, found from here.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
