"""The Java proxy and ours under the same Java load (compare_java.py)."""

import suite  # noqa: F401  (from it tests/harness is found)
