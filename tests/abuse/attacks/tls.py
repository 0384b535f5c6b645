"""Attacks on TLS in front of RSocket: handshakes cut, slow and many, and what is no TLS at all."""

from __future__ import annotations

import random
import ssl
import threading
from contextlib import suppress

from suite import wire
from suite.attack import KIB, Attack, connection_errors, connections, counted
from suite.certificate import trusting
from suite.peer import Peer, RSocketPeer, WebSocketPeer
from suite.stage import Stage

from .frames import FIRST_FRAME_SECONDS, FOREIGN
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
    ]
