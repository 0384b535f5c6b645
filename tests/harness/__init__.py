"""What the suites of real processes share (tests/interop, tests/abuse): processes, pages, records.

Modules of the standard library's Python alone; a suite puts tests/ on its path and imports them.
"""
