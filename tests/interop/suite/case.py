"""What a case is, what it is given, and the table of all of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from harness.outcome import Failed, expect
from harness.proxy import CppProxy, Ports

from .peers import Peers
from .programs import CppExample, JavaClient, JavaProxy


@dataclass(frozen=True)
class Binaries:
    """Ours, where they were built."""

    proxy: Path | None = None
    client_examples: Path | None = None  # the directory
    differential: Path | None = None
    peers: Path | None = None  # the directory of tests/interop/cpp


@dataclass
class Context:
    """Where a case finds the programs, and where it notes what it has measured."""

    binaries: Binaries
    peers: Peers
    log_dir: Path
    measured: dict[str, str] = field(default_factory=dict)

    def cpp_proxy(self, *flags: str, at: Ports = Ports(0, 0, 0)) -> CppProxy:
        """Start our proxy, on free ports unless told which."""
        binary = built(self.binaries.proxy, "--proxy-binary")
        return CppProxy(binary, self.log_dir, *flags, at=at)

    def cpp_example(self, name: str, port: int, transport: str, *flags: str) -> CppExample:
        """Start an example program of our SDK."""
        directory = built(self.binaries.client_examples, "--client-example-dir")
        expect((directory / name).is_file(), f"the example {name}")
        return CppExample(directory, self.log_dir, name, port, transport, *flags)

    def java_proxy(self, at: Ports | None = None) -> JavaProxy:
        """Start the real Java proxy."""
        return JavaProxy(self.peers.path("java-proxy"), self.log_dir, at=at)

    def java_client(
        self,
        version: str,
        port: int,
        transport: str,
        name: str = "java",
        clients: int = 1,
        series: int = 14,
        first_backoff_ms: int = 200,
        flags: Sequence[str] = (),
    ) -> JavaClient:
        """Start Java clients on this RSocket version."""
        directory = self.peers.path(f"java-client-{version}")
        return JavaClient(
            directory, self.log_dir, port, transport, name, clients, series, first_backoff_ms, flags
        )


def built(path: Path | None, option: str) -> Path:
    """What an option names, which must be there."""
    if path is None or not path.exists():
        raise Failed(f"expected {option} to name what was built, it is {path}")
    return path


@dataclass(frozen=True)
class Case:
    """One behaviour with one peer (or with several at once: each has a row of the table)."""

    name: str
    peers: tuple[str, ...]  # rows of the table
    behaviour: str  # its column
    run: Callable[[Context], None]
    timeout_seconds: int = 120
    waits: bool = False  # spends its time waiting: others may run beside it
    tabled: bool = False  # what it has measured is a row of a table, with others that measure it
