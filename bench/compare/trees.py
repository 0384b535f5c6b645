"""The two trees that are compared: which commit is the base, and how both are built."""

from __future__ import annotations

import os
import platform
import re
import shutil
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from .process import CannotCompare, output_of

# Without these, code that nobody has touched becomes up to 40 % faster or slower when it moves by a
# few bytes: by where its loops begin, and which of its jumps cross a multiple of 32 bytes.
FLAGS = ["-falign-functions=64"]
if platform.machine() == "x86_64":
    FLAGS.append("-Wa,-mbranches-within-32B-boundaries")


@dataclass(frozen=True)
class Base:
    commit: str  # its whole hash
    title: str  # for people: the hash in short, and the subject


def git(root: Path, *words: str | Path) -> str:
    """What git says there. Hooks of the repository do not run."""
    return output_of(["git", "-C", root, "-c", "core.hooksPath=/dev/null", *words]).strip()


def choose_base(root: Path, reference: str | None) -> Base:
    """The commit that is named, or HEAD where the work tree has changes, or HEAD's parent."""
    try:
        git(root, "rev-parse", "--verify", "HEAD")
    except (CannotCompare, OSError) as failure:
        raise CannotCompare(f"{root} is no git work tree with a commit: {failure}") from failure
    if reference is None:
        reference = "HEAD" if _has_changes(root) else "HEAD^"
    try:
        commit = git(root, "rev-parse", "--verify", "--end-of-options", reference + "^{commit}")
    except CannotCompare:
        raise CannotCompare(_why_missing(root, reference)) from None
    return Base(commit, _title(root, commit))


def describe(root: Path) -> str:
    """What the work tree is."""
    changes = ", with changes" if _has_changes(root) else ""
    return f"the work tree of {_title(root, 'HEAD')}{changes}"


def _title(root: Path, commit: str) -> str:
    return git(root, "log", "-1", "--format=%h %s", commit)


def _has_changes(root: Path) -> bool:
    return git(root, "status", "--porcelain") != ""


def _why_missing(root: Path, reference: str) -> str:
    missing = f"there is no commit {reference} here"
    if git(root, "rev-parse", "--is-shallow-repository") == "true":
        count = git(root, "rev-list", "--count", "HEAD")
        return (
            f"{missing}: this clone is shallow, of HEAD's history it has {count} commit{'s' * (count != '1')}. "
            "`git fetch --deepen=1` brings the parent, `git fetch --unshallow` everything; "
            "--base=COMMIT compares with one that is here"
        )
    if reference == "HEAD^":
        return f"{missing}: HEAD is the first commit. --base=COMMIT names another one"
    return missing


@contextmanager
def worktree(root: Path, path: Path, commit: str) -> Iterator[Path]:
    """The commit's files at `path`, for as long as the context lasts.

    Git knows nothing of it afterwards, whatever ended it; what a killed run has left is taken away by
    the next one.
    """
    _forget(root, path)
    try:
        git(root, "worktree", "add", "--detach", path, commit)
        yield path
    finally:
        # Once is enough: this is soon done.
        ends = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        handlers = [signal.signal(end, signal.SIG_IGN) for end in ends]
        _forget(root, path)
        for end, handler in zip(ends, handlers, strict=True):
            signal.signal(end, handler)


def _forget(root: Path, path: Path) -> None:
    with suppress(CannotCompare):  # it is none
        git(root, "worktree", "remove", "--force", "--force", path)
    shutil.rmtree(path, ignore_errors=True)


def programs_of(tree: Path) -> list[str]:
    """The programs of Google Benchmark in it, as bench/CMakeLists.txt has them."""
    lists = tree / "bench" / "CMakeLists.txt"
    if not lists.exists():
        return []
    return [f"{name}_bench" for name in re.findall(r"^house_bench\((\w+)", lists.read_text(), re.M)]


def build(tree: Path, folder: Path, programs: Sequence[str], root: Path) -> Path:
    """Builds them in `folder` with the release preset, and FLAGS; where they are.

    File names in CHECKs are as if the tree stood at `root`, so that equal sources make equal programs.
    """
    flags = [os.environ.get("CXXFLAGS", ""), *FLAGS]
    if tree != root:
        flags.append(f"-fmacro-prefix-map={tree}={root}")
    flags_option = f"-DCMAKE_CXX_FLAGS={' '.join(flags).strip()}"
    output_of(["cmake", "--preset", "release", "-B", folder, flags_option], tree)
    if programs:
        output_of(["cmake", "--build", folder, "--target", *programs], tree)
    return folder / "bench"
