"""The two trees that are compared: which commit is the base, and how both are built."""

from __future__ import annotations

import re
import shutil
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from .process import CannotCompare, output_of

# What the base is built with as the work tree is, whoever has configured that.
CACHED = ("CMAKE_BUILD_TYPE", "CMAKE_CXX_COMPILER", "CMAKE_CXX_FLAGS", "CMAKE_CXX_FLAGS_RELEASE")


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
            f"{missing}: this clone is shallow, its history of HEAD ends after {count}. "
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


def build(tree: Path, programs: Sequence[str], options: Sequence[str] = ()) -> Path:
    """Builds them with the release preset; where they are."""
    output_of(["cmake", "--preset", "release", *options], tree)
    if programs:
        output_of(["cmake", "--build", "--preset", "release", "--target", *programs], tree)
    return tree / "build" / "release" / "bench"


def options_like(root: Path, base: Path) -> list[str]:
    """With what the base is configured so that nothing differs but its sources.

    The compiler and its flags are those of the work tree's build; file names in CHECKs are as if the
    base stood there too, so that equal sources make equal programs.
    """
    text = (root / "build" / "release" / "CMakeCache.txt").read_text()
    cached = dict(re.findall(r"^(\w+):\w+=(.*)$", text, re.M))
    chosen = {name: cached[name] for name in CACHED if name in cached}
    flags = f"{chosen.get('CMAKE_CXX_FLAGS', '')} -fmacro-prefix-map={base}={root}"
    chosen["CMAKE_CXX_FLAGS"] = flags.strip()
    return [f"-D{name}={value}" for name, value in chosen.items()]
