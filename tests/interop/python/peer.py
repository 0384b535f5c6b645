"""The PyPI peer of the interop suite: one client on the `rsocket` package.

It connects over TCP or TLS, keeps the proxy's key, answers each scrape with a sealed payload (the
bytes of --payload-file, if that is given), and obeys commands on standard input: `push` (sealed,
as a request that waits for its reply) and `quit`. Events go to standard output, one line each, in
the form of the Java peer: connected, key, scraped, pushed, closed.
"""

import argparse
import asyncio
import os
import ssl
import sys
from datetime import timedelta
from pathlib import Path

import cramjam
from rsocket.helpers import create_future, single_transport_provider
from rsocket.payload import Payload
from rsocket.request_handler import BaseRequestHandler
from rsocket.rsocket_client import RSocketClient
from rsocket.transports.tcp import TransportTCP

from harness.seal import seal


def say(event: str, **values: object) -> None:
    """Print one event line."""
    words = [f"event={event}", "client=0", *(f"{key}={value}" for key, value in values.items())]
    print(" ".join(words), flush=True)


def sealed(exposition: bytes, key_der: bytes) -> Payload:
    """The exposition as the Java parts send it."""
    return Payload(*seal(bytes(cramjam.snappy.compress_raw(exposition)), key_der))


class Application:
    """What the peer knows: the latest key, and how often it was scraped."""

    def __init__(self, payload: bytes | None) -> None:
        self.payload = payload
        self.key: bytes = b""
        self.scrapes = 0

    def exposition(self) -> bytes:
        """What was given, or a text whose values are known to the test."""
        if self.payload is not None:
            return self.payload
        text = (
            "# HELP interop_value A value that must arrive as it was sent\n"
            "# TYPE interop_value gauge\n"
            'interop_value{app="pypi",text="gr\u00fc\u00dfe"} 1.0E-9\n'
            'interop_value{app="pypi",text="interop-secret"} NaN\n'
            "# TYPE interop_scrapes gauge\n"
            f'interop_scrapes{{app="pypi"}} {self.scrapes}\n'
        )
        return text.encode()

    def store_key(self, payload: Payload) -> None:
        """Keep the key that came with a request."""
        self.key = bytes(payload.data or b"")
        say("key", bytes=len(self.key))

    def answer(self) -> Payload:
        """The sealed exposition, counted as one scrape."""
        self.scrapes += 1
        say("scraped", n=self.scrapes)
        return sealed(self.exposition(), self.key)


def handler_for(application: Application) -> type[BaseRequestHandler]:
    """A request handler class bound to `application`, as the package wants it."""

    class Handler(BaseRequestHandler):
        async def request_fire_and_forget(self, payload: Payload) -> None:
            application.store_key(payload)

        async def request_response(self, payload: Payload) -> asyncio.Future:
            application.store_key(payload)
            return create_future(application.answer())

    return Handler


async def run(host: str, port: int, tls: ssl.SSLContext | None, payload: bytes | None) -> None:
    """Connect, then obey commands until `quit` or the end of standard input."""
    application = Application(payload)
    reader, writer = await asyncio.open_connection(host, port, ssl=tls)
    loop = asyncio.get_running_loop()
    commands = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(commands), sys.stdin)
    async with RSocketClient(
        single_transport_provider(TransportTCP(reader, writer)),
        handler_factory=handler_for(application),
        data_encoding=b"application/binary",
        metadata_encoding=b"application/binary",
        keep_alive_period=timedelta(seconds=20),
        max_lifetime_period=timedelta(seconds=90),
    ) as client:
        say("connected")
        while (command := (await commands.readline()).decode().strip()) not in ("", "quit"):
            if command == "push":
                payload = sealed(application.exposition(), application.key)
                await client.request_response(payload)
                say("pushed", n=application.scrapes)
    say("closed")


def main() -> None:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--authority", help="over TLS: who signs the proxy's certificate, PEM")
    parser.add_argument("--payload-file", type=Path)
    arguments = parser.parse_args()
    payload = arguments.payload_file.read_bytes() if arguments.payload_file else None
    tls = ssl.create_default_context(cafile=arguments.authority) if arguments.authority else None
    asyncio.run(run(arguments.host, arguments.port, tls, payload))


if __name__ == "__main__":
    main()
