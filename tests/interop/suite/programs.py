"""The programs under test and their peers, as objects: start, tell, wait for what they say."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from pathlib import Path

from harness.exposition import Page, parse
from harness.outcome import Failed, expect
from harness.process import Child
from harness.proxy import START_SECONDS, Ports, free_ports

from .peers import SOURCE_DIR

EVENT_SECONDS = 60.0

# Many small virtual machines at once on few cores: quick to start, small to keep.
JAVA_FLAGS = ("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xmx192m", "-Xshare:auto")

# To measure with: compiled as well as can be.
LOAD_FLAGS = ("-XX:+UseSerialGC", "-Xmx4g", "-Xshare:auto")


def _java(directory: Path, flags: Sequence[str]) -> list[str | Path]:
    return ["java", *flags, "-cp", f"{directory}/classes:{directory}/lib/*"]


class JavaProxy(Child):
    """The real Java proxy, ready to serve when this returns."""

    def __init__(
        self,
        directory: Path,
        log_dir: Path,
        *flags: str,
        at: Ports | None = None,
        java_flags: Sequence[str] = JAVA_FLAGS,
    ) -> None:
        self.ports = at or free_ports()
        command = [
            *_java(directory, java_flags),
            "interop.proxy.JavaProxy",
            "--server.address=127.0.0.1",
            f"--server.port={self.ports.http}",
            f"--micrometer.prometheus-proxy.tcp-port={self.ports.tcp}",
            f"--micrometer.prometheus-proxy.websocket-port={self.ports.websocket}",
            # Without this the proxy's own Spring module is a client of port 7001, too.
            "--management.metrics.export.prometheus.rsocket.enabled=false",
            *flags,
        ]
        super().__init__("java-proxy", command, log_dir)
        try:
            self.wait_until(
                lambda lines: any("Started JavaProxy" in line for line in lines),
                "ready",
                START_SECONDS,
            )
        except Failed:
            self.stop()
            raise


class Peer(Child):
    """A client that tells its life in event lines."""

    def count(self, event: str, client: int | None = None) -> int:
        """How often it has told an event, by one client or by all."""
        return sum(1 for line in self.lines() if _tells(line, event, client))

    def told_at(self, event: str) -> float:
        """When it told an event for the first time, of time.monotonic()."""
        return next(at for at, line in self.timed_lines() if _tells(line, event, None))

    def wait_event(
        self,
        event: str,
        client: int | None = None,
        times: int = 1,
        within_seconds: float = EVENT_SECONDS,
    ) -> dict[str, str]:
        """Wait until the event has been told `times` times; the words of the last of these."""
        told: list[str] = []

        def holds(lines: list[str]) -> bool:
            told[:] = [line for line in lines if _tells(line, event, client)]
            return len(told) >= times

        self.wait_until(holds, f"event {event} x {times}", within_seconds)
        words = (word.partition("=") for word in told[times - 1].split(" "))
        return {key: value for key, _, value in words}

    def happens_within(self, event: str, within_seconds: float) -> bool:
        """Whether the event is told before the deadline."""
        return self.holds_within(
            lambda lines: any(_tells(line, event, None) for line in lines), within_seconds
        )


def _tells(line: str, event: str, client: int | None) -> bool:
    words = line.split(" ")
    if words[0] != f"event={event}":
        return False
    return client is None or f"client={client}" in words


class JavaClient(Peer):
    """`clients` Micrometer clients in one process."""

    def __init__(
        self,
        directory: Path,
        log_dir: Path,
        port: int,
        transport: str,
        name: str = "java",
        clients: int = 1,
        series: int = 14,
        first_backoff_ms: int = 200,
        flags: Sequence[str] = (),
        clock: bool = False,
    ) -> None:
        self.label = name
        self.clients = clients
        command = [
            *_java(directory, JAVA_FLAGS),
            "interop.client.JavaClient",
            f"--port={port}",
            f"--transport={transport}",
            f"--name={name}",
            f"--clients={clients}",
            f"--series={series}",
            f"--first-backoff-ms={first_backoff_ms}",
            f"--clock={int(clock)}",
            *flags,
        ]
        super().__init__(f"java-client-{name}", command, log_dir)

    def wait_keys(self, within_seconds: float = EVENT_SECONDS) -> None:
        """Wait until each of its clients has had a key."""
        for client in range(self.clients):
            self.wait_event("key", client, within_seconds=within_seconds)

    def text(self, client: int) -> Page:
        """What this client would answer now, not counted as a scrape."""
        told = self.count("text", client)
        self.tell(f"text {client}")
        words = self.wait_event("text", client, times=told + 1)
        return parse(base64.b64decode(words["base64"]).decode("utf-8"))


class JavaLoad(Peer):
    """`clients` Micrometer clients with `series` samples each in one process, to measure with."""

    def __init__(
        self, directory: Path, log_dir: Path, port: int, name: str, clients: int, series: int
    ) -> None:
        self.client_names = [f"{name}-{number}" for number in range(clients)]
        command = [
            *_java(directory, LOAD_FLAGS),
            "interop.client.JavaLoad",
            f"--port={port}",
            f"--name={name}",
            f"--clients={clients}",
            f"--series={series}",
        ]
        super().__init__(f"java-load-{name}", command, log_dir)


class PythonClient(Peer):
    """The PyPI client."""

    def __init__(
        self,
        directory: Path,
        log_dir: Path,
        port: int,
        *flags: str,
        payload: Path | None = None,
    ) -> None:
        script = SOURCE_DIR / "python" / "peer.py"
        command: list[str | Path] = [directory / "bin" / "python", script, f"--port={port}", *flags]
        if payload is not None:
            command.append(f"--payload-file={payload}")
        with_harness = {"PYTHONPATH": str(SOURCE_DIR.parent)}
        super().__init__("python-client", command, log_dir, with_harness)


class CppExample(Child):
    """One of the example programs of our SDK."""

    def __init__(
        self, example_dir: Path, log_dir: Path, name: str, port: int, transport: str, *flags: str
    ) -> None:
        command: list[str | Path] = [
            example_dir / name,
            "--host=127.0.0.1",
            f"--port={port}",
            f"--transport={transport}",
            *flags,
        ]
        super().__init__(f"cpp-{name}", command, log_dir)
