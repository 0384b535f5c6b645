"""A wire tap on loopback: forwards connections to the proxy and keeps the bytes of both ways."""

from __future__ import annotations

import socket
import threading
from dataclasses import dataclass, field
from typing import Self


@dataclass
class Recording:
    """One connection: the bytes that the client sent, and those that the proxy sent."""

    from_client: bytearray = field(default_factory=bytearray)
    from_proxy: bytearray = field(default_factory=bytearray)


class Tap:
    """Listens on a free port of 127.0.0.1 and forwards each connection to 127.0.0.1:`target`."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.recordings: list[Recording] = []
        self._sockets: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            try:
                proxy = socket.create_connection(("127.0.0.1", self._target))
            except OSError:
                client.close()
                continue
            recording = Recording()
            self.recordings.append(recording)
            self._sockets += [client, proxy]
            for source, sink, kept in (
                (client, proxy, recording.from_client),
                (proxy, client, recording.from_proxy),
            ):
                threading.Thread(target=_forward, args=(source, sink, kept), daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.close()
        for connection in self._sockets:
            connection.close()


def _forward(source: socket.socket, sink: socket.socket, kept: bytearray) -> None:
    try:
        while chunk := source.recv(65536):
            kept += chunk
            sink.sendall(chunk)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        pass
