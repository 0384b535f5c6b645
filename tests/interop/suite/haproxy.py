"""HAProxy in mode tcp before proxies of ours: who is sent where, as it logs it, and its state."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from harness.outcome import Failed, eventually
from harness.process import Child
from harness.proxy import START_SECONDS, Ports

from .peers import tool

REQUEST_SECONDS = 5.0

# A proxy that is not ready gets nobody new; who is connected stays. A dial that is refused before
# that is known goes to another proxy.
SERVER = "check port {http} inter 500ms rise 1 fall 1 send-proxy-v2"
# One thread: two that log at once lose a line.
CONFIG = """\
global
  nbthread 1
  stats socket ipv4@127.0.0.1:{stats} level admin
  log stdout format raw local0 info
defaults
  mode tcp
  log global
  option logasap
  log-format "session at=%Ts.%ms door=%ft proxy=%s connect-ms=%Tc"
  timeout connect 2s
  timeout client 10m
  timeout server 10m
  retries 3
  option redispatch 1
backend proxies
  balance leastconn
  option httpchk GET /-/ready
"""

_SESSION = re.compile(r"session at=([\d.]+) door=(\w+) proxy=(\w+) connect-ms=(\d+)$")


@dataclass(frozen=True)
class Session:
    """A client's connection that reached a proxy."""

    at: float  # of the wall clock, when the proxy's system had taken it
    door: str
    proxy: str


def session(line: str) -> Session | None:
    """What a line of the log tells; nothing: it is of something else, or no proxy was reached."""
    match = _SESSION.match(line)
    if match is None:
        return None
    return Session(float(match[1]) + int(match[4]) / 1000, match[2], match[3])


class HAProxy(Child):
    """Listens with a door for each kind of client, so that its log tells them apart.

    All of them lead to the same proxies: to the one with the fewest connections.
    """

    def __init__(self, log_dir: Path, doors: Iterable[str], proxies: Mapping[str, Ports]) -> None:
        numbers = _free_ports(["stats", *doors])
        self._stats = numbers.pop("stats")
        self.doors = numbers
        text = CONFIG.format(stats=self._stats)
        for name, ports in proxies.items():
            text += f"  server {name} {_server(ports)}\n"
        for door, port in numbers.items():
            text += f"frontend {door}\n  bind 127.0.0.1:{port}\n  default_backend proxies\n"
        config = log_dir / "haproxy.cfg"
        config.write_text(text, "utf-8")
        super().__init__("haproxy", [tool("haproxy", "haproxy"), "-db", "-f", config], log_dir)
        try:
            for name in proxies:
                self.wait_up(name, START_SECONDS)
        except Failed:
            self.stop()
            raise

    def sessions(self) -> list[Session]:
        """All so far, in the order of its log."""
        dropped = re.search(r"^DroppedLogs: (\d+)$", self._command("show info"), re.MULTILINE)
        if dropped is None or dropped[1] != "0":
            raise Failed("HAProxy has not logged every session")
        return [found for line in self.lines() if (found := session(line)) is not None]

    def add(self, name: str, ports: Ports) -> None:
        """One more proxy, while it runs."""
        for command in ("add server", "enable health", "enable server"):
            server = _server(ports) if command == "add server" else ""
            self._command(f"{command} proxies/{name} {server}")
        self.wait_up(name)

    def is_up(self, name: str) -> bool:
        """Whether it sends anybody there, by its health check."""
        lines = self._command("show stat").splitlines()
        columns = lines[0].removeprefix("# ").split(",")
        for line in lines[1:]:
            row = dict(zip(columns, line.split(","), strict=True))
            if row["pxname"] == "proxies" and row["svname"] == name:
                return row["status"] == "UP" and row["check_status"] == "L7OK"
        raise Failed(f"HAProxy knows no {name}")

    def wait_up(self, name: str, within_seconds: float = 10.0) -> None:
        """Wait until it sends clients there."""
        eventually(lambda: self.is_up(name), f"HAProxy to find {name} up", within_seconds)

    def wait_down(self, name: str, within_seconds: float = 10.0) -> None:
        """Wait until it sends nobody there."""
        eventually(lambda: not self.is_up(name), f"HAProxy to find {name} down", within_seconds)

    def _command(self, command: str) -> str:
        """What its runtime API answers."""
        address = ("127.0.0.1", self._stats)
        try:
            with socket.create_connection(address, REQUEST_SECONDS) as connection:
                connection.sendall(f"{command}\n".encode())
                return b"".join(iter(lambda: connection.recv(65536), b"")).decode().strip()
        except OSError as error:
            raise Failed(f"HAProxy does not answer: {error!r}") from error


def _server(ports: Ports) -> str:
    return f"127.0.0.1:{ports.tcp} {SERVER.format(http=ports.http)}"


def _free_ports(names: Iterable[str]) -> dict[str, int]:
    """A port for each name that was free just now."""
    listeners = {name: socket.create_server(("127.0.0.1", 0)) for name in names}
    numbers = {name: listener.getsockname()[1] for name, listener in listeners.items()}
    for listener in listeners.values():
        listener.close()
    return numbers
