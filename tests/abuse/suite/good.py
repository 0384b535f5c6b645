"""The good clients: one over TCP, one over WebSocket, in a process that no attack slows down.

    python3 -m suite.good TCP-PORT WEBSOCKET-PORT [tls] [token]

Each answers every scrape with SERIES series and the number of the scrape, sealed with the latest
key. They never reconnect: a good client that is sent away is missed on the next page. Told on
standard output: `ready` once both have a key, `lost` when a connection ended.
"""

from __future__ import annotations

import asyncio
import json
import sys

from harness.frames import (
    FLAG_RESPOND,
    JAVA_SETUP,
    KEEPALIVE,
    REQUEST_FNF,
    REQUEST_RESPONSE,
    Frame,
    split_frames,
)
from harness.seal import seal

from . import snappy, wire
from .access import TOKEN
from .certificate import trusting
from .peer import WebSocketPeer

CLIENTS = ("tcp", "websocket")
SERIES = 40
KEEPALIVE_SECONDS = 20.0
_UPGRADE = (
    b"GET / HTTP/1.1\r\nHost: proxy\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)


def text(client: str, scrape: int) -> str:
    """What this client answers its n-th scrape."""
    lines = ["# TYPE good_value gauge"]
    lines += [f'good_value{{client="{client}",series="{i}"}} {i}.5' for i in range(SERIES)]
    lines += ["# TYPE good_scrapes gauge", f'good_scrapes{{client="{client}"}} {scrape}', ""]
    return "\n".join(lines)


class GoodClient:
    """One connection; WebSocket messages are short enough for one frame each way."""

    def __init__(
        self, name: str, port: int, has_key: asyncio.Event, tls: bool, setup: bytes
    ) -> None:
        self._name = name
        self._port = port
        self._tls = trusting() if tls else None
        self._setup = setup
        self._has_key = has_key
        self._scrapes = 0
        self._left = b""

    async def run(self) -> None:
        """Until the proxy ends the connection."""
        reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port, ssl=self._tls)
        if self._name == "websocket":
            self._writer.write(_UPGRADE)
            await reader.readuntil(b"\r\n\r\n")
        self._send(self._setup)
        beating = asyncio.create_task(self._beat())
        try:
            while chunk := await reader.read(1 << 16):
                self._left += chunk
                for frame in self._frames():
                    self._answer(frame)
        except OSError:
            pass
        beating.cancel()

    def _frames(self) -> list[Frame]:
        if self._name == "tcp":
            frames, self._left = split_frames(self._left)
            return frames
        messages, self._left = WebSocketPeer.split(self._left)
        return [
            frame
            for opcode, content in messages
            if opcode == WebSocketPeer.BINARY
            for frame in split_frames(wire.prefixed(content))[0]
        ]

    def _send(self, raw: bytes) -> None:
        wrap = wire.prefixed if self._name == "tcp" else WebSocketPeer.message
        self._writer.write(wrap(raw))

    def _answer(self, frame: Frame) -> None:
        if frame.type == REQUEST_FNF:
            self._has_key.set()
        elif frame.type == REQUEST_RESPONSE:
            self._scrapes += 1
            block = snappy.compress(text(self._name, self._scrapes).encode())
            data, metadata = seal(block, frame.data)
            self._send(wire.payload(frame.stream, data, metadata))
        elif frame.type == KEEPALIVE and frame.flags & FLAG_RESPOND:
            self._send(wire.keepalive(data=frame.data))

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(KEEPALIVE_SECONDS)
            self._send(wire.keepalive(respond=True))


async def main(ports: list[int], tls: bool, token: bool) -> None:
    """Both clients, until one is lost."""
    setup = wire.introduced(json.dumps({"token": TOKEN}).encode()) if token else JAVA_SETUP
    keys = [asyncio.Event() for _ in CLIENTS]
    running = [
        asyncio.create_task(GoodClient(name, port, key, tls, setup).run())
        for name, port, key in zip(CLIENTS, ports, keys, strict=True)
    ]
    for key in keys:
        await key.wait()
    print("ready", flush=True)
    await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
    print("lost", flush=True)


if __name__ == "__main__":
    ports, manners = [int(word) for word in sys.argv[1:3]], sys.argv[3:]
    asyncio.run(main(ports, "tls" in manners, "token" in manners))
