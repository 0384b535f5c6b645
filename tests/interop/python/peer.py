"""The PyPI peer of the interop suite: one client on the `rsocket` package.

It connects over TCP, keeps the proxy's key, answers each scrape with a sealed payload (the bytes of
--payload-file, if that is given), and obeys
commands on standard input: `push` (sealed, as a request that waits for its reply) and `quit`.
Events go to standard output, one line each, in the form of the Java peer:
connected, key, scraped, pushed, closed.
"""

import argparse
import asyncio
import os
import sys
from datetime import timedelta
from pathlib import Path

import cramjam
from cryptography.hazmat.primitives import hashes, padding, serialization
from cryptography.hazmat.primitives.asymmetric import padding as rsa_padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from rsocket.helpers import create_future, single_transport_provider
from rsocket.payload import Payload
from rsocket.request_handler import BaseRequestHandler
from rsocket.rsocket_client import RSocketClient
from rsocket.transports.tcp import TransportTCP


def say(event: str, **values: object) -> None:
    """Print one event line."""
    words = [f"event={event}", "client=0", *(f"{key}={value}" for key, value in values.items())]
    print(" ".join(words), flush=True)


def seal(exposition: bytes, key_der: bytes) -> Payload:
    """Snappy, then AES-128/ECB/PKCS#7 under a fresh key, which goes under RSA-OAEP."""
    compressed = bytes(cramjam.snappy.compress_raw(exposition))
    padder = padding.PKCS7(128).padder()
    padded = padder.update(compressed) + padder.finalize()
    aes_key = os.urandom(16)
    encryptor = Cipher(algorithms.AES(aes_key), modes.ECB()).encryptor()  # noqa: S305
    data = encryptor.update(padded) + encryptor.finalize()
    # The Java parts mean SHA-256 for the label and SHA-1 for the mask.
    oaep = rsa_padding.OAEP(
        mgf=rsa_padding.MGF1(algorithm=hashes.SHA1()),  # noqa: S303
        algorithm=hashes.SHA256(),
        label=None,
    )
    metadata = serialization.load_der_public_key(key_der).encrypt(aes_key, oaep)
    return Payload(data, metadata)


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
        return seal(self.exposition(), self.key)


def handler_for(application: Application) -> type[BaseRequestHandler]:
    """A request handler class bound to `application`, as the package wants it."""

    class Handler(BaseRequestHandler):
        async def request_fire_and_forget(self, payload: Payload) -> None:
            application.store_key(payload)

        async def request_response(self, payload: Payload) -> asyncio.Future:
            application.store_key(payload)
            return create_future(application.answer())

    return Handler


async def run(host: str, port: int, payload: bytes | None) -> None:
    """Connect, then obey commands until `quit` or the end of standard input."""
    application = Application(payload)
    reader, writer = await asyncio.open_connection(host, port)
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
                payload = seal(application.exposition(), application.key)
                await client.request_response(payload)
                say("pushed", n=application.scrapes)
    say("closed")


def main() -> None:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--payload-file", type=Path)
    arguments = parser.parse_args()
    payload = arguments.payload_file.read_bytes() if arguments.payload_file else None
    asyncio.run(run(arguments.host, arguments.port, payload))


if __name__ == "__main__":
    main()
