"""An RSocket client by hand, over TLS: it says who it is as it likes, and keeps what it is told."""

from __future__ import annotations

import base64
import json
import os
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Self

from harness import frames as wire
from harness.outcome import Failed

from .certificates import Identity
from .wire import frames as frames_of

CONNECT_SECONDS = 10.0
IDENTITY_MIME_TYPE = b"application/json"
DATA_MIME_TYPE = b"application/binary"
KEEPALIVE_MS = 20_000
LIFETIME_MS = 90_000


def trusting(authority: Path, own: Identity | None = None) -> ssl.SSLContext:
    """Settings of a TLS client that trusts this authority alone, and may have a certificate."""
    context = ssl.create_default_context(cafile=str(authority))
    if own is not None:
        context.load_cert_chain(own.certificate, own.key)
    return context


def introduction(job: str, token: str = "") -> dict[str, str]:
    """What a client says of itself, and the token that it shows with it, if it has one."""
    said = {"job": job, "instance": f"{job}-1", "incarnation": os.urandom(8).hex()}
    return {**said, "token": token} if token else said


def setup(metadata: Mapping[str, str]) -> bytes:
    """A SETUP frame, without its length."""
    text = json.dumps(metadata).encode()
    header = struct.pack(">IH", 0, wire.SETUP << 10 | wire.FLAG_METADATA)
    times = struct.pack(">HHII", 1, 0, KEEPALIVE_MS, LIFETIME_MS)
    types = b"".join(
        bytes([len(name)]) + name for name in (IDENTITY_MIME_TYPE, DATA_MIME_TYPE)
    )
    return header + times + types + len(text).to_bytes(3, "big") + text


class RawClient:
    """One connection to 127.0.0.1:`port`: sends SETUP, and says nothing more."""

    def __init__(
        self,
        port: int,
        transport: str,
        tls: ssl.SSLContext,
        metadata: Mapping[str, str],
        bearer: str = "",
    ) -> None:
        self._transport = transport
        self._received = bytearray()
        self._changed = threading.Condition()
        self._ended_at: float | None = None
        plain = socket.create_connection(("127.0.0.1", port), CONNECT_SECONDS)
        self._socket = tls.wrap_socket(plain, server_hostname="127.0.0.1")
        self._send(setup(metadata), bearer)
        self._asked_at = time.monotonic()
        self._socket.settimeout(None)
        threading.Thread(target=self._read, daemon=True).start()

    def _send(self, frame: bytes, bearer: str) -> None:
        if self._transport == "tcp":
            self._socket.sendall(len(frame).to_bytes(3, "big") + frame)
            return
        lines = [
            "GET / HTTP/1.1",
            "Host: 127.0.0.1",
            "Connection: Upgrade",
            "Upgrade: websocket",
            "Sec-WebSocket-Version: 13",
            f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}",
        ]
        if bearer:
            lines.append(f"Authorization: Bearer {bearer}")
        self._socket.sendall("\r\n".join([*lines, "", ""]).encode())
        while b"\r\n\r\n" not in self._received:
            received = self._socket.recv(4096)
            if not received:
                raise Failed("the WebSocket's upgrade to be answered")
            self._received += received
        # One binary message, masked by zeros; its length in two bytes.
        self._socket.sendall(struct.pack(">BBH", 0x82, 0xFE, len(frame)) + bytes(4) + frame)

    def _read(self) -> None:
        with suppress(OSError, ValueError):  # a reset is an end, too, and so is our own
            while received := self._socket.recv(65536):
                with self._changed:
                    self._received += received
                    self._changed.notify_all()
        with self._changed:
            self._ended_at = time.monotonic()
            self._changed.notify_all()

    def frames(self) -> list[wire.Frame]:
        """What the proxy has sent so far."""
        with self._changed:
            return frames_of(self._received, self._transport)

    def is_open(self) -> bool:
        """Whether the proxy has not ended it."""
        with self._changed:
            return self._ended_at is None

    def wait_frame(self, kind: int, times: int, within_seconds: float) -> wire.Frame:
        """Wait for the `times`-th frame of a type."""
        found: list[wire.Frame] = []

        def has_come() -> bool:
            found[:] = [frame for frame in self.frames() if frame.type == kind]
            return len(found) >= times

        self._wait(has_come, f"{times} frames of type {kind}", within_seconds)
        return found[times - 1]

    def wait_end(self, within_seconds: float) -> float:
        """Wait until the proxy has ended it; how many seconds after SETUP that was."""
        self._wait(lambda: not self.is_open(), "the end of the connection", within_seconds)
        assert self._ended_at is not None
        return self._ended_at - self._asked_at

    def _wait(self, holds: Callable[[], bool], what: str, within_seconds: float) -> None:
        with self._changed:
            if not self._changed.wait_for(holds, within_seconds):
                raise Failed(f"{what} not within {within_seconds:g} s; so far {self.frames()}")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)  # wakes the reader
        self._socket.close()
