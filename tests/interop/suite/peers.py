"""Gets the peers: built and downloaded once into the work directory, outside the source tree.

What came of it is kept there, so that each case knows it: a peer that cannot be had here makes its
cases Skipped, loudly; a peer that could be had but does not build makes them fail.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from harness.outcome import Failed, Skipped, TimedOut, Unanswered
from harness.process import run_to_end

SOURCE_DIR = Path(__file__).resolve().parent.parent
PARSER_DIR = SOURCE_DIR / "go" / "parser"
GO_VERSION = next(
    line.removeprefix("go ")
    for line in (PARSER_DIR / "go.mod").read_text("utf-8").splitlines()
    if line.startswith("go ")
)
RSOCKET_VERSIONS = ("1.1.3", "1.1.4", "1.1.5")

NOT_IN_EVERYBODYS_PATH = "/usr/sbin:/usr/local/go/bin"

# For one peer. A silent registry costs it once, for it is not asked again.
BUILD_SECONDS = 300.0

# What Maven, pip, apt and go say when they cannot reach or find what they need, or are too old.
UNREACHABLE = re.compile(
    r"Could not (transfer|resolve|find)|Cannot access|could not be resolved|Unknown host"
    r"|Connection (refused|timed out)|No matching distribution|Could not fetch|Failed to fetch"
    r"|NewConnectionError|Unable to locate package|Temporary failure|No route to host"
    r"|Network is unreachable|ensurepip is not available|ProxyError|Read timed out"
    r"|dial tcp|module lookup disabled"
    r"|requires go >=|toolchain not available|invalid go version"
)


@dataclass(frozen=True)
class Recipe:
    """How one peer is got, and what to name when it cannot be."""

    name: str
    registry: str
    packages: str  # told, with the registry, when they cannot be reached
    make: Callable[[Path, Path], None]  # (directory of its own, log directory)
    sources: str = ""  # the folder here that it is made from: made anew when that changes


def tool(name: str, package: str) -> str:
    """Where an installed program is; Skipped if it is not."""
    path = shutil.which(name) or shutil.which(name, path=NOT_IN_EVERYBODYS_PATH)
    if not path:
        raise Skipped(f"`{name}` is not installed (Debian package {package})")
    return path


def _run(what: str, command: list[str | Path], log_dir: Path) -> None:
    try:
        code, output = run_to_end(what, command, log_dir, BUILD_SECONDS)
    except TimedOut as error:  # what there is to compile takes seconds
        raise Unanswered(f"{error}: what it asks does not answer") from error
    if code == 0:
        return
    lines = re.sub(r"\x1b\[[0-9;]*m", "", output).splitlines()
    unreached = [line for line in lines if UNREACHABLE.search(line)]
    if unreached and "COMPILATION ERROR" not in output:
        raise Skipped(f"{what}:\n" + "\n".join(unreached[:4]))
    raise Failed(f"{what} ended with {code}:\n" + "\n".join(lines[-12:]))


def _maven(project: str, directory: Path, log_dir: Path, *options: str) -> None:
    tool("java", "openjdk-17-jdk-headless")
    command: list[str | Path] = [
        tool("mvn", "maven"),
        "-B",
        "-q",
        "-f",
        SOURCE_DIR / "java" / project / "pom.xml",
    ]
    command += [*options, f"-Dinterop.build={directory}", "compile"]
    _run(f"maven-{directory.name}", command, log_dir)


def _java_client(version: str) -> Recipe:
    def make(directory: Path, log_dir: Path) -> None:
        _maven("client", directory, log_dir, f"-Drsocket.version={version}")

    packages = (
        "io.micrometer.prometheus:prometheus-rsocket-client:1.5.3, "
        f"io.rsocket:rsocket-core and rsocket-transport-netty:{version}, their dependencies, "
        "and Maven's compiler, resources and dependency plugins"
    )
    return Recipe(f"java-client-{version}", "Maven Central", packages, make, "java/client")


def _java_proxy(directory: Path, log_dir: Path) -> None:
    _maven("proxy", directory, log_dir)


def _python_peer(directory: Path, log_dir: Path) -> None:
    _run("venv-python-peer", [sys.executable, "-m", "venv", directory], log_dir)
    requirements = SOURCE_DIR / "python" / "requirements.txt"
    command: list[str | Path] = [
        directory / "bin" / "pip",
        "install",
        "--disable-pip-version-check",
        "-q",
    ]
    _run("pip-python-peer", [*command, "-r", requirements], log_dir)


def _prometheus_parser(directory: Path, log_dir: Path) -> None:
    """Built where it stands by the shell: `-C` is not known to a Go that is too old to say so."""
    command: list[str | Path] = ["/bin/sh", "-c", 'cd "$0" && exec "$@"', PARSER_DIR]
    command += [tool("go", "golang-go"), "build", "-o", directory / "parser", "."]
    _run("go-prometheus-parser", command, log_dir)


def _prometheus(directory: Path, log_dir: Path) -> None:
    """The installed Prometheus, else Debian's package unpacked here: no service is started."""
    binaries = directory / "usr" / "bin"
    binaries.mkdir(parents=True, exist_ok=True)
    installed = {name: shutil.which(name) for name in ("prometheus", "promtool")}
    if all(installed.values()):
        for name, path in installed.items():
            (binaries / name).symlink_to(str(path))
        return
    download = f"cd '{directory}' && '{tool('apt-get', 'apt')}' download prometheus"
    _run("apt-download-prometheus", ["/bin/sh", "-c", download], log_dir)
    package = next(directory.glob("prometheus_*.deb"))
    _run("unpack-prometheus", [tool("dpkg", "dpkg"), "-x", package, directory], log_dir)
    package.unlink()


RECIPES = {
    recipe.name: recipe
    for recipe in (
        *(_java_client(version) for version in RSOCKET_VERSIONS),
        Recipe(
            "java-proxy",
            "Maven Central",
            "io.micrometer.prometheus:prometheus-rsocket-proxy-server:1.5.3 and "
            "prometheus-rsocket-spring:1.5.3 under org.springframework.boot:"
            "spring-boot-dependencies:2.7.17",
            _java_proxy,
            "java/proxy",
        ),
        Recipe(
            "python-peer", "PyPI", "rsocket==0.4.20, cryptography, cramjam", _python_peer, "python"
        ),
        Recipe(
            "prometheus-parser",
            "the Go module proxy",
            "github.com/prometheus/prometheus v0.316.0, github.com/prometheus/common v0.73.1, "
            f"their dependencies, and Go {GO_VERSION} or later",
            _prometheus_parser,
            "go/parser",
        ),
        Recipe("prometheus", "Debian", "the package prometheus (with promtool)", _prometheus),
    )
}


class Peers:
    """The peers under `work_dir`/peers. One process at a time gets them; the others wait for it."""

    def __init__(self, work_dir: Path) -> None:
        self._dir = work_dir / "peers"
        self._log_dir = work_dir / "logs" / "peers"
        self._unanswered: dict[str, str] = {}  # registry -> what was found out about it
        self._dir.mkdir(parents=True, exist_ok=True)
        self._log_dir.mkdir(parents=True, exist_ok=True)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        with (self._dir / ".lock").open("w", encoding="utf-8") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def path(self, name: str) -> Path:
        """The directory of a peer, made now if nobody has tried yet; Skipped or Failed if not."""
        with self._alone():
            return self._path(name, again=False)

    def prepare(self, name: str) -> Path:
        """As `path`, but a peer that could not be had before is tried again."""
        with self._alone():
            return self._path(name, again=True)

    def _path(self, name: str, again: bool) -> Path:
        recipe = RECIPES[name]
        directory = self._dir / name
        record = self._dir / f"{name}.json"
        stamp = _stamp(recipe)
        known = json.loads(record.read_text("utf-8")) if record.exists() else {}
        if known.get("stamp") != stamp or (again and known["outcome"] != "made"):
            shutil.rmtree(directory, ignore_errors=True)
            directory.mkdir()
            known = {"stamp": stamp, **self._attempt(recipe, directory)}
            record.write_text(json.dumps(known, indent=1), "utf-8")
        if known["outcome"] == "skipped":
            origin = f"From {recipe.registry}: {recipe.packages}."
            raise Skipped(f"{name} cannot be had.\n{origin}\n{known['reason']}")
        if known["outcome"] == "failed":
            raise Failed(f"{name} does not build: {known['reason']}")
        return directory

    def _attempt(self, recipe: Recipe, directory: Path) -> dict[str, str]:
        try:
            if recipe.registry in self._unanswered:
                raise Skipped(f"not asked again: {self._unanswered[recipe.registry]}")
            recipe.make(directory, self._log_dir)
        except Unanswered as unanswered:
            self._unanswered[recipe.registry] = str(unanswered)
            return {"outcome": "skipped", "reason": str(unanswered)}
        except Skipped as skipped:
            return {"outcome": "skipped", "reason": str(skipped)}
        except Failed as failed:
            return {"outcome": "failed", "reason": str(failed)}
        return {"outcome": "made", "reason": ""}


def _stamp(recipe: Recipe) -> str:
    """Changes when a source of the peer does."""
    digest = hashlib.sha256()
    for path in sorted((SOURCE_DIR / recipe.sources).rglob("*")) if recipe.sources else ():
        if path.suffix in (".java", ".xml", ".txt", ".go", ".mod", ".sum"):
            digest.update(path.read_bytes())
    return digest.hexdigest()
