"""Attacks by number: storms of connections, resets, and more connections than are allowed."""

from __future__ import annotations

import socket
import time

from suite import wire
from suite.attack import KIB, Attack, connection_errors, connections, counted
from suite.peer import RSocketPeer
from suite.stage import Stage

from harness.outcome import eventually, expect

HELD_MAX = 1024  # server::kHeldMax
HOLD_SECONDS_MIN, HOLD_SECONDS_MAX = 5.0, 15.0


def reconnect_storm(stage: Stage) -> None:
    """6,000 connections one after the other: closed at once, after SETUP, or after the key."""
    for i in range(6000):
        peer = stage.stranger()
        if i % 3:
            peer.send_frame(wire.setup())
        if i % 3 == 2:
            peer.read_some()
        peer.close()
    stage.wait_metric("scrape_active_connections", 2)


def crowds(stage: Stage) -> None:
    """1,000 clients that come together and go together, four times."""
    for _ in range(4):
        peers = [stage.stranger() for _ in range(1000)]
        for peer in peers:
            peer.send_frame(wire.setup())
        for peer in peers:
            peer.read_some()
            peer.close()
        stage.wait_metric("scrape_active_connections", 2)


def resets(stage: Stage) -> None:
    """3,000 resets: before, in and after SETUP, and in a push; over both transports."""
    setup = wire.prefixed(wire.setup())
    says = (b"", setup[:20], setup, setup + wire.claim(1 << 20, wire.request(1) + bytes(4000)))
    for i in range(3000):
        if i % 6 == 0:
            peer: RSocketPeer = stage.upgraded()
            peer.send_frame(wire.setup())
        else:
            peer = stage.stranger()
            peer.send(says[i % 4])
        peer.reset()
    stage.wait_metric("scrape_active_connections", 2)
    stage.wait_metric("inflight_bytes", 0)


ALLOWED = 20


def beyond_max_connections(stage: Stage) -> None:
    """60 clients beyond --rsocket.max-connections: held for 5 to 15 s, then closed."""
    served = [stage.client() for _ in range(ALLOWED - 2)]
    started = time.monotonic()
    held = [stage.stranger() for _ in range(60)]
    for peer in held:
        peer.offer(wire.prefixed(wire.setup()))
    for peer in served:
        peer.probe()
    expect(all(peer.is_silent() for peer in held), "who is over the limit to be told nothing")
    ended: list[float] = []

    def all_ended() -> bool:
        for peer in [peer for peer in held if peer.has_ended()]:
            ended.append(time.monotonic() - started)
            held.remove(peer)
        return not held

    eventually(all_ended, "the end of all that are held", HOLD_SECONDS_MAX + 10.0)
    expect(min(ended) >= HOLD_SECONDS_MIN - 0.1, f"none before 5 s, it was {min(ended):.1f} s")
    expect(max(ended) - min(ended) > 2.0, "not all of them at once")
    stage.note("held for", f"{min(ended):.1f} to {max(ended):.1f} s")
    for peer in served:
        peer.probe()
        peer.close()
    eventually(lambda: _is_served(stage), "a client to be served once there is room", 15.0)


def _is_served(stage: Stage) -> bool:
    peer = stage.stranger()
    peer.send_frame(wire.setup())
    peer.socket.settimeout(1.0)
    try:
        return bool(peer.socket.recv(1))
    except OSError:
        return False


def too_many_held(stage: Stage) -> None:
    """1,500 beyond --rsocket.max-connections: 1,024 are held, the others not accepted."""
    before = stage.descriptors()
    for _ in range(1500):
        peer = stage.stranger()
        peer.offer(wire.prefixed(wire.setup()))
    eventually(lambda: stage.descriptors() >= before + HELD_MAX, "1,024 connections held", 5.0)
    stage.wait_pages(5)
    most = stage.descriptors() - before
    expect(most <= HELD_MAX + 8, f"no more than 1,024 connections held, there are {most}")
    stage.note("held", most)
    stage.wait_metric("scrape_active_connections", 2)


ALLOWED_EACH = 10


def beyond_per_address(stage: Stage) -> None:
    """Beyond --rsocket.max-connections-per-address one is held; those from elsewhere are served."""
    own = [stage.client(source="127.0.0.2") for _ in range(ALLOWED_EACH)]
    held = [stage.stranger("127.0.0.2") for _ in range(100)]
    for peer in held:
        peer.send_frame(wire.setup())
    others = [stage.client(source=f"127.0.0.{i}") for i in range(3, 13)]
    for peer in [*own, *others]:
        peer.probe()
    expect(all(peer.is_silent() for peer in held), "who is over the limit to be held, with no key")


def backlog(stage: Stage) -> None:
    """4,000 connects to each RSocket port at once, and no word: over in 10 s."""
    dialled = []
    for port in (stage.ports.tcp, stage.ports.websocket):
        for _ in range(2000):
            one = socket.socket()
            one.setblocking(False)
            one.connect_ex(("127.0.0.1", port))
            dialled.append(one)
    stage.wait_pages(10)
    stage.wait_dropped(30.0)
    for one in dialled:
        one.close()


def attacks() -> list[Attack]:
    """In the order of the table."""
    refused = "connections_refused_total"
    return [
        Attack(
            "reconnect-storm",
            "6,000 connections one after the other",
            reconnect_storm,
            connections(200, 16 * KIB, "those whose end has not been read yet"),
        ),
        Attack(
            "crowds",
            "1,000 clients together, four times",
            crowds,
            connections(1000, 16 * KIB, "a client and its session"),
        ),
        Attack(
            "resets",
            "3,000 resets at every stage of a connection",
            resets,
            connections(200, 16 * KIB, "those whose end has not been read yet"),
        ),
        Attack(
            "max-connections",
            "60 beyond --rsocket.max-connections",
            beyond_max_connections,
            counts=(counted(refused, 60, reason="max_connections"),),
            flags=(f"--rsocket.max-connections={ALLOWED}",),
            waits=True,
        ),
        Attack(
            "held-max",
            "1,500 beyond --rsocket.max-connections, where 1,024 are held",
            too_many_held,
            connections(HELD_MAX, 4 * KIB, "a socket and a timer"),
            (counted(refused, HELD_MAX, or_more=True, reason="max_connections"),),
            ("--rsocket.max-connections=2",),
            recovery_seconds_max=40.0,
            seconds_max=120,
            waits=True,
        ),
        Attack(
            "max-per-address",
            "100 beyond --rsocket.max-connections-per-address",
            beyond_per_address,
            counts=(counted(refused, 100, reason="max_connections_per_address"),),
            flags=(f"--rsocket.max-connections-per-address={ALLOWED_EACH}",),
            recovery_seconds_max=30.0,  # they are held for up to 15
            waits=True,
        ),
        Attack(
            "silent-crowd",
            "4,000 connections at once that say nothing",
            backlog,
            connections(4000, 8 * KIB, "a session, or Beast's stream and a parser"),
            (
                connection_errors("SetupTimeout", 2000),
                connection_errors("NotRSocket", 2000, "websocket"),
            ),
            waits=True,
        ),
    ]
