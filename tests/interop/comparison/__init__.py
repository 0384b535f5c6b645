"""The Java proxy and ours under the same Java load (compare_java.py)."""
