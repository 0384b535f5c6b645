"""The programs under test and their peers, as objects: start, tell, wait for what they say."""

from __future__ import annotations

import base64
import re
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from .exposition import Page, parse
from .outcome import Failed, expect
from .peers import SOURCE_DIR
from .process import Child

START_SECONDS = 90.0
EVENT_SECONDS = 60.0

# Many small virtual machines at once on few cores: quick to start, small to keep.
JAVA_FLAGS = ("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xmx192m", "-Xshare:auto")

# To measure with: compiled as well as can be.
LOAD_FLAGS = ("-XX:+UseSerialGC", "-Xmx4g", "-Xshare:auto")

_LISTENING = re.compile(r'msg="?listening"? .*?kind=(\w+) .*?address="?[^ "]*:(\d+)')


@dataclass(frozen=True)
class Ports:
    """Where a proxy listens, on 127.0.0.1."""

    tcp: int
    websocket: int
    http: int

    def of(self, transport: str) -> int:
        """The RSocket port of a transport."""
        return self.tcp if transport == "tcp" else self.websocket


def free_ports() -> Ports:
    """Three ports that were free just now, for who must be told its ports before it starts."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(3)]
    numbers = [listener.getsockname()[1] for listener in sockets]
    for listener in sockets:
        listener.close()
    return Ports(*numbers)


class CppProxy(Child):
    """Our proxy; `ports` are told by its log."""

    def __init__(
        self,
        binary: Path,
        log_dir: Path,
        *flags: str,
        at: Ports = Ports(0, 0, 0),
        log_level: str = "debug",
    ) -> None:
        command: list[str | Path] = [
            binary,
            f"--web.listen-address=127.0.0.1:{at.http}",
            f"--rsocket.tcp-address=127.0.0.1:{at.tcp}",
            f"--rsocket.websocket-address=127.0.0.1:{at.websocket}",
            f"--log.level={log_level}",
            "--shutdown.grace=2s",
            *flags,
        ]
        super().__init__("cpp-proxy", command, log_dir)
        try:
            self.wait_until(
                lambda lines: len(_listening(lines)) == 3, "three listeners", START_SECONDS
            )
        except Failed:
            self.stop()
            raise
        self.ports = Ports(**_listening(self.lines()))

    def expect_clean_end(self) -> None:
        """SIGTERM, and exit code 0."""
        code = self.terminate(15.0)
        expect(code == 0, f"the proxy to end with 0 on SIGTERM, it was {code}")


def _java(directory: Path, flags: Sequence[str]) -> list[str | Path]:
    return ["java", *flags, "-cp", f"{directory}/classes:{directory}/lib/*"]


def _listening(lines: list[str]) -> dict[str, int]:
    found = (_LISTENING.search(line) for line in lines)
    return {match[1]: int(match[2]) for match in found if match}


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
        self, directory: Path, log_dir: Path, port: int, payload: Path | None = None
    ) -> None:
        script = SOURCE_DIR / "python" / "peer.py"
        command: list[str | Path] = [directory / "bin" / "python", script, f"--port={port}"]
        if payload is not None:
            command.append(f"--payload-file={payload}")
        super().__init__("python-client", command, log_dir)


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
