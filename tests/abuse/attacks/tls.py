"""Attacks on TLS: handshakes cut, slow and many, hellos that claim much, and what is no TLS."""

from __future__ import annotations

import hashlib
import os
import random
import ssl
import threading
import time
from collections.abc import Callable
from contextlib import suppress

from suite import wire
from suite.attack import KIB, Attack, connection_errors, connections, counted
from suite.certificate import trusting
from suite.peer import Peer, RSocketPeer, WebSocketPeer, watch_ends
from suite.stage import LATE_SECONDS, Stage

from harness.outcome import expect

from .frames import FIRST_FRAME_SECONDS, FOREIGN
from .http import ELSEWHERE, HEALTHY, SERVED_SECONDS, serve
from .websocket import STEP_SECONDS, UPGRADE

STEP = 7  # bytes: a hello has about 500


def client_hello() -> bytes:
    """As the ssl module begins."""
    outgoing = ssl.MemoryBIO()
    half = trusting().wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname="proxy")
    with suppress(ssl.SSLWantReadError):
        half.do_handshake()
    return outgoing.read()


def cut_hellos(stage: Stage) -> None:
    """The ClientHello cut by FIN or RST, changed in one byte, and what is no hello.

    Who speaks no TLS is held for a while: all of them at once.
    """
    peers = []
    hello = client_hello()
    source = random.Random(3)
    for size in range(0, len(hello), STEP):
        changed = bytearray(hello)
        changed[size] ^= 1 << source.randrange(8)
        for said in (hello[:size], bytes(changed)):
            peer = _dial(stage, size)
            peer.offer(said)
            if source.random() < 0.5:
                peer.reset()
            else:
                peer.finish()
                peers.append(peer)
    for said in (*FOREIGN.values(), wire.prefixed(wire.setup()), UPGRADE, *_alerts()):
        peer = _dial(stage, len(said))
        peer.offer(said)
        peer.finish()
        peers.append(peer)
    for peer in peers:
        peer.expect_end()
        peer.close()


def _dial(stage: Stage, number: int) -> Peer:
    return stage.websocket_bytes() if number % 2 else stage.stranger()


def _alerts() -> list[bytes]:
    record = b"\x16\x03\x03"
    return [
        b"\x15\x03\x03\0\2\2\x28",  # an alert first
        b"\x17\x03\x03\0\5hello",  # application data first
        record + b"\0\0" + record + b"\0\0",  # empty records
        record + b"\xff\xff" + bytes(65535),  # one too long
        record + b"\0\4\1\xff\xff\xff",  # a hello of 16 MiB
        1000 * (record + b"\0\1\1"),  # a hello in pieces of a byte
    ]


def slow_handshakes(stage: Stage) -> None:
    """300 stop in their hello, 60 say nothing once it is over: gone in 10 s."""
    hello = client_hello()
    peers = []
    for i in range(300):
        peer = _dial(stage, i)
        peer.send(hello[: i * len(hello) // 300])
        peers.append(peer)
    for i in range(60):
        peer = _dial(stage, i)
        peer.encrypt()
        if i % 4 == 0:
            peer.send(wire.claim(60_000, wire.setup()[:20]))
        peers.append(peer)
    stage.expect_dropped(peers, FIRST_FRAME_SECONDS)


def slow_steps(stage: Stage) -> None:
    """Each step is in time, with 3 s before it: TLS, the upgrade, half of SETUP; gone in 10 s."""
    peers: list[RSocketPeer] = [stage.websocket() if i % 2 else stage.stranger() for i in range(20)]
    step = threading.Event()
    step.wait(STEP_SECONDS)
    for peer in peers:
        peer.encrypt()
    step.wait(STEP_SECONDS)
    for peer in peers:
        if isinstance(peer, WebSocketPeer):
            peer.upgrade()
    step.wait(STEP_SECONDS / 2)
    for peer in peers:
        peer.send(peer.wrapped(wire.setup())[:40])
    stage.expect_dropped(peers, FIRST_FRAME_SECONDS)


def handshake_storm(stage: Stage) -> None:
    """600 whole handshakes one after the other, closed or reset at once."""
    for i in range(600):
        peer = _dial(stage, i)
        peer.encrypt()
        if i % 4 == 0:
            peer.reset()
        else:
            peer.close()


HANDSHAKE_BYTES = 96 * KIB
HANDSHAKE_WHY = (
    "45 KiB of OpenSSL's state and buffers, and as much again for the holes that many have left "
    "when they are gone; 128 KiB more each if they had what they claim"
)


# ---- Hellos that claim much

# A record of four bytes that begins a ClientHello of 131,068: OpenSSL would make room for it.
LONG_HELLO = bytes.fromhex("1603010004 0101fffc")
PIECES = ((0, 5), (5, 8))  # the record's header, and all but the last byte; 128 KiB is said by now
PIECE_SECONDS = 0.5
LONG_HELLOS, HTTP_LONG_HELLOS = 4000, 480  # at once
RETRIED = 20


def refused_hellos(
    stage: Stage, count: int, dial: Callable[[int], Peer], others_wait: Callable[[], float]
) -> None:
    """Hellos that claim 128 KiB, in one piece, in three, and as a second one: refused at once.

    `dial` makes the connection of a number; `others_wait` says how long another one now has waited.
    """
    waits, refused = [], []
    for pieces in ((), PIECES):
        peers = [dial(i) for i in range(count)]
        for begin, end in pieces:
            for peer in peers:
                peer.send(LONG_HELLO[begin:end])
            waits.append(others_wait())
            threading.Event().wait(PIECE_SECONDS)
            expect(all(peer.is_silent() for peer in peers), "nobody to be refused before it claims")
        told = time.monotonic()
        for peer in peers:
            peer.send(LONG_HELLO[pieces[-1][1] if pieces else 0 :])
        waits.append(others_wait())
        refused.append(_refused_after(peers, told))
    peers = [dial(i) for i in range(RETRIED)]
    for peer in peers:
        peer.send(without_key_shares(client_hello()))
        expect(peer.read_some() and RETRY in peer.received, "to be asked for a key share")
    told = time.monotonic()
    for peer in peers:
        peer.send(LONG_HELLO)
    refused.append(_refused_after(peers, told))
    stage.note("refused within", f"{max(refused):.2f} s")
    stage.note("others waited", f"{max(waits):.2f} s")


RETRY = hashlib.sha256(b"HelloRetryRequest").digest()  # as its random number: RFC 8446, 4.1.3


def _refused_after(peers: list[Peer], told: float) -> float:
    watch_ends(peers, SERVED_SECONDS + told - time.monotonic())
    for peer in peers:
        peer.close()
    return time.monotonic() - told


def without_key_shares(hello: bytes) -> bytes:
    """The same hello with an empty list of key shares: it is answered by a HelloRetryRequest."""
    at = 9 + 2 + 32  # behind both headers, the version and what is random
    for size_bytes in (1, 2, 1):  # session, suites, compressions
        at += size_bytes + int.from_bytes(hello[at : at + size_bytes], "big")
    before, at, extensions = hello[9:at], at + 2, b""
    while at < len(hello):
        kind, end = hello[at : at + 2], at + 4 + int.from_bytes(hello[at + 2 : at + 4], "big")
        extensions += kind + b"\0\2\0\0" if kind == KEY_SHARE else hello[at:end]
        at = end
    message = before + len(extensions).to_bytes(2, "big") + extensions
    message = b"\1" + len(message).to_bytes(3, "big") + message
    return hello[:3] + len(message).to_bytes(2, "big") + message


KEY_SHARE = b"\0\x33"


def long_hellos(stage: Stage) -> None:
    """… on the ports of RSocket, where others are clients that have come for their key."""
    refused_hellos(stage, LONG_HELLOS, lambda i: _dial(stage, i), lambda: _key_after(stage))
    for i in range(RETRIED):
        client = stage.websocket() if i % 2 else stage.stranger()
        client.encrypt()
        if isinstance(client, WebSocketPeer):
            client.upgrade()
        client.greet()
        _say_hello_again(client)


def _key_after(stage: Stage) -> float:
    peer = stage.stranger()
    peer.encrypt()
    peer.greet()
    waited = time.monotonic() - peer.begun_at
    peer.close()
    expect(waited <= SERVED_SECONDS, f"a key within {SERVED_SECONDS:g} s, it was {waited:.2f}")
    return waited


def _say_hello_again(peer: Peer) -> None:
    """A long hello in clear, once there is a connection: its end, at once."""
    begun = time.monotonic()
    os.write(peer.socket.fileno(), LONG_HELLO)
    peer.expect_end(SERVED_SECONDS)
    expect(time.monotonic() - begun <= SERVED_SECONDS, "the end at once")


def http_long_hellos(stage: Stage) -> None:
    """… on the port of scrapers, where others are those."""
    from_there = "127.0.0.2"
    for _ in range(4):
        refused_hellos(
            stage, HTTP_LONG_HELLOS, lambda _: stage.http(from_there), lambda: serve(stage)[0]
        )
    for _ in range(RETRIED):
        peer = stage.asker(from_there)
        peer.send(HEALTHY)
        expect(peer.read_some(), "an answer")
        _say_hello_again(peer)


HTTP_HANDSHAKE_SECONDS = 10.0  # http::kHandshakeTime
HTTP_STOPPED, HTTP_WAVES, HTTP_TOO_MANY = 400, 3, 600


def _stopped_hellos(stage: Stage, count: int) -> list[Peer]:
    hello = client_hello()
    peers = []
    for i in range(count):
        peer = stage.http("127.0.0.2")
        peer.send(hello[: i * len(hello) // count])
        peers.append(peer)
    return peers


def http_stopped_hellos(stage: Stage) -> None:
    """400 stop in their hello, three times: gone in 10 s each time; 600: others find room.

    The memory is that of one time: what the others held has come back.
    """
    waits = []
    for _ in range(HTTP_WAVES):
        peers = _stopped_hellos(stage, HTTP_STOPPED)
        waits += [serve(stage)[0] for _ in range(5)]
        stage.expect_dropped(peers, HTTP_HANDSHAKE_SECONDS)
        for peer in peers:
            peer.close()
    _stopped_hellos(stage, HTTP_TOO_MANY)
    waits += [serve(stage, source=source)[0] for source in 5 * ("127.0.0.2", ELSEWHERE)]
    stage.note("others waited", f"{max(waits):.2f} s")
    stage.wait_dropped(HTTP_HANDSHAKE_SECONDS + LATE_SECONDS)


def attacks() -> list[Attack]:
    """In the order of the table."""
    refused = counted("connections_refused_total", 300, reason="tls_handshake")
    # Who only ends or is reset has looked whether we are here, and is not counted.
    refused_for_content = counted(
        "connections_refused_total", 20, or_more=True, reason="tls_handshake"
    )
    return [
        Attack(
            "tls-cut-hellos",
            "a ClientHello cut or changed at every seventh byte, and what is none",
            cut_hellos,
            connections(50, 64 * KIB, "OpenSSL's buffers of those whose end is not read yet"),
            (refused_for_content,),
            tls=True,
        ),
        Attack(
            "tls-slow-handshakes",
            "300 handshakes that stop, 60 that are followed by no SETUP",
            slow_handshakes,
            connections(360, 64 * KIB, "OpenSSL's buffers, a handshake or a session"),
            (refused, connection_errors("SetupTimeout", 30)),
            waits=True,
            tls=True,
        ),
        Attack(
            "tls-slow-steps",
            "20 that wait before each step: TLS, the upgrade, SETUP",
            slow_steps,
            connections(20, 64 * KIB, "OpenSSL's buffers and a session"),
            (
                connection_errors("SetupTimeout", 10),
                connection_errors("SetupTimeout", 10, "websocket"),
            ),
            waits=True,
            tls=True,
        ),
        Attack(
            "tls-storm",
            "600 whole handshakes, closed or reset at once",
            handshake_storm,
            connections(50, 64 * KIB, "OpenSSL's buffers of those whose end is not read yet"),
            tls=True,
        ),
        Attack(
            "tls-long-hellos",
            f"{LONG_HELLOS:,} hellos of 9 bytes that claim 128 KiB: whole, in pieces, second ones",
            long_hellos,
            connections(LONG_HELLOS, HANDSHAKE_BYTES, HANDSHAKE_WHY),
            (
                counted(
                    "connections_refused_total", 2 * LONG_HELLOS + RETRIED, reason="tls_handshake"
                ),
            ),
            tls=True,
        ),
        Attack(
            "http-tls-long-hellos",
            f"the same on the HTTP port, {HTTP_LONG_HELLOS} at a time",
            http_long_hellos,
            connections(HTTP_LONG_HELLOS, HANDSHAKE_BYTES, HANDSHAKE_WHY),
            http_tls=True,
        ),
        Attack(
            "http-tls-stopped-hellos",
            f"{HTTP_STOPPED} hellos that stop half-way on the HTTP port, three times; then 600",
            http_stopped_hellos,
            connections(512, HANDSHAKE_BYTES, HANDSHAKE_WHY),
            waits=True,
            http_tls=True,
        ),
    ]
