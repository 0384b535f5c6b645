"""The interop suite: real peers against the C++ parts, and ours against the real Java proxy."""
