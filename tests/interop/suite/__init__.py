"""The interop suite: real peers against the C++ parts, and ours against the real Java proxy.

What it shares with the other suites of real processes is in tests/harness, found from here.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
