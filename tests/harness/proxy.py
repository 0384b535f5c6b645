"""Our proxy as a child process, and where it listens."""

from __future__ import annotations

import re
import socket
from dataclasses import dataclass
from pathlib import Path

from .outcome import Failed, expect
from .process import Child

START_SECONDS = 90.0

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
        name: str = "cpp-proxy",
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
        super().__init__(name, command, log_dir)
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


def _listening(lines: list[str]) -> dict[str, int]:
    found = (_LISTENING.search(line) for line in lines)
    return {match[1]: int(match[2]) for match in found if match}
