"""Attacks with PROXY headers: broken ones, late ones, and of who is no load balancer."""

from __future__ import annotations

import json
import time

from suite import wire
from suite.attack import KIB, Attack, connection_errors, connections, counted
from suite.peer import Peer
from suite.stage import LATE_SECONDS, Stage

from harness.frames import REQUEST_FNF
from harness.outcome import expect

from .crowd import HOLD_SECONDS_MAX, HOLD_SECONDS_MIN
from .frames import FIRST_FRAME_SECONDS, FOREIGN
from .http import SERVED_SECONDS
from .tls import client_hello
from .websocket import UPGRADE

BALANCER, STRANGER = "127.0.0.2", "127.0.0.3"
FLAGS = ("--rsocket.proxy-protocol", f"--rsocket.trusted-proxies={BALANCER}")
HEADER_BYTES_MAX = 4096  # transport::kProxyHeaderBytesMax

SIGNATURE = bytes.fromhex("0d0a0d0a000d0a515549540a")


def line(address: str = "10.9.8.7", protocol: str = "TCP4") -> bytes:
    """A header of version 1."""
    return f"PROXY {protocol} {address} 10.0.0.2 56324 7001\r\n".encode()


def binary(
    command: int = 0x21, family: int = 0x11, more: bytes = b"", length: int | None = None
) -> bytes:
    """A header of version 2: of TCP over IPv4, and what follows the addresses."""
    block = bytes([10, 9, 8, 7, 10, 0, 0, 2]) + (56324).to_bytes(2, "big") + b"\x1b\x59" + more
    size = len(block) if length is None else length
    return SIGNATURE + bytes([command, family]) + size.to_bytes(2, "big") + block


SOUND = {
    "v1": line(),
    "v1 of IPv6": line("::ffff:10.9.8.7", "TCP6").replace(b"10.0.0.2", b"::1"),
    "v2": binary(),
    "v2 with TLVs": binary(more=b"\x04\x0f\xf0" + bytes(0xFF0 - 32)),
}
# Each begins a header, and is none.
MALFORMED = {
    "bare LF": line().replace(b"\r\n", b"\n"),
    "bare CR": line().replace(b"\n", b"x"),
    "no protocol": b"PROXY \r\n",
    "no addresses": b"PROXY TCP4\r\n",
    "another protocol": line(protocol="UDP4"),
    "lower case": line(protocol="tcp4"),
    "IPv6 as TCP4": line("::1"),
    "IPv4 as TCP6": line(protocol="TCP6"),
    "no address": line("10.9.8"),
    "a name": line("localhost"),
    "a NUL": line("10.9.8.7\0"),
    "two spaces": line().replace(b"TCP4 ", b"TCP4  "),
    "a space at the end": line().replace(b"\r\n", b" \r\n"),
    "a port too large": line().replace(b"7001", b"65536"),
    "a port below zero": line().replace(b"7001", b"-1"),
    "too few": line().replace(b" 7001", b""),
    "too many": line().replace(b"7001", b"7001 1"),
    "a line too long": line("1" * 107),
    "a line without end": b"PROXY TCP4 " + b"1" * HEADER_BYTES_MAX,
    "version 1 in binary": binary(0x11),
    "version 3": binary(0x31),
    "an unknown command": binary(0x22),
    "an unknown family": binary(family=0x41),
    "an unknown transport": binary(family=0x13),
    "too short for IPv4": binary(length=11),
    "too short for IPv6": binary(family=0x21),
    "beyond 4 KiB": binary(more=bytes(8192)),
    "64 KiB claimed": binary(length=0xFFFF),
}
# These begin no header.
MISSING = {
    **{what: said for what, said in FOREIGN.items() if not what.startswith("PROXY")},
    "RSocket": wire.prefixed(wire.setup()),
    "TLS": client_hello(),
    "an upgrade": UPGRADE,
    "another case": line().lower(),
    "a space before": b" " + line(),
    "the signature broken": b"\r\n\r\n\0\r\nQUIT\r",
}
EACH = 3  # of these, to either port


def _dial(stage: Stage, number: int, source: str) -> Peer:
    return stage.websocket_bytes(source) if number % 2 else stage.stranger(source)


def _key_after(stage: Stage, header: bytes) -> float:
    """A client behind the balancer has its key, and the address that the balancer says."""
    peer = stage.stranger(BALANCER)
    peer.send(header + wire.prefixed(wire.setup()))
    peer.wait_frame(REQUEST_FNF)
    waited = time.monotonic() - peer.begun_at
    expect(waited <= SERVED_SECONDS, f"a key within {SERVED_SECONDS:g} s, it was {waited:.2f}")
    expect("10.9.8.7:56324" in _addresses(stage), "its own address for who is behind the balancer")
    peer.close()
    stage.wait_metric("scrape_active_connections", 2)
    return waited


def _addresses(stage: Stage) -> list[str]:
    return [row["address"] for row in json.loads(stage.get("/api/v1/clients"))["data"]]


def _expect_others_served(stage: Stage) -> None:
    waits = [_key_after(stage, header) for header in SOUND.values()]
    stage.note("others waited", f"{max(waits):.2f} s")


def _expect_held(stage: Stage, peers: list[Peer]) -> None:
    """They are told nothing, and ended after 5 to 15 s."""
    expect(all(peer.is_silent() for peer in peers), "who is refused to be held, and told nothing")
    late = HOLD_SECONDS_MAX - HOLD_SECONDS_MIN + LATE_SECONDS
    stage.expect_dropped(peers, HOLD_SECONDS_MIN, late)


def broken(stage: Stage) -> None:
    """A balancer's headers that are none, and none where one has to be: held for 5 to 15 s."""
    peers = []
    for said in (*MALFORMED.values(), *MISSING.values()):
        for number in range(2 * EACH):
            peer = _dial(stage, number, BALANCER)
            peer.offer(said)
            peers.append(peer)
    _expect_others_served(stage)
    _expect_held(stage, peers)


def _starts() -> list[bytes]:
    """Every part of a header, nothing of it among them."""
    whole = (line(), binary(), SOUND["v1 of IPv6"])
    return [said[:size] for said in whole for size in range(len(said))]


TRICKLING = 40


def late(stage: Stage) -> None:
    """A balancer's headers that stop, or come byte by byte: over in 10 s. Cut ones at once."""
    peers = []
    for i, said in enumerate(_starts()):
        peer = _dial(stage, i, BALANCER)
        peer.send(said)
        peers.append(peer)
    trickling = set()
    for i in range(TRICKLING):
        peer = _dial(stage, i // 2, BALANCER)
        peer.send(b"PROXY TCP4 " if i % 2 else binary(length=4000))
        trickling.add(peer)
    for i, said in enumerate(_starts()):
        cut = _dial(stage, i, BALANCER)
        cut.send(said)
        cut.finish()
        cut.expect_end(SERVED_SECONDS)
        cut.close()
    _expect_others_served(stage)
    stage.expect_dropped(
        [*peers, *trickling],
        FIRST_FRAME_SECONDS,
        every_second=lambda peer: peer in trickling and peer.offer(b"1"),
    )


PARTS = (b"P", b"PROXY", SIGNATURE[:-1])


def untrusted(stage: Stage) -> None:
    """Headers from who may send none: held. The first bytes of one are none: over in 10 s."""
    peers = []
    for said in PARTS:
        for number in range(2 * EACH):
            peer = _dial(stage, number, STRANGER)
            peer.send(said)
            peers.append(peer)
    stage.expect_dropped(peers, FIRST_FRAME_SECONDS)
    peers = []
    for said in (b"PROXY ", SIGNATURE, *SOUND.values(), *MALFORMED.values()):
        for number in range(2 * EACH):
            peer = _dial(stage, number, STRANGER)
            peer.offer(said + wire.prefixed(wire.setup()))
            peers.append(peer)
    expect("10.9.8.7:56324" not in _addresses(stage), "nobody to be believed who is no balancer")
    _expect_others_served(stage)
    _expect_held(stage, peers)


def attacks() -> list[Attack]:
    """In the order of the table."""
    refused = "connections_refused_total"
    both = 2 * EACH
    begun = len(_starts()) - 3  # with a byte of it: who ends without has looked if we are here
    return [
        Attack(
            "proxy-broken",
            f"{both * (len(MALFORMED) + len(MISSING))} connections of a balancer with broken PROXY "
            "headers, or without",
            broken,
            connections(
                both * (len(MALFORMED) + len(MISSING)), 16 * KIB, "a header of 4 KiB and a timer"
            ),
            (
                counted(refused, both * len(MALFORMED), reason="proxy_header_malformed"),
                counted(refused, both * len(MISSING), reason="proxy_header_missing"),
            ),
            FLAGS,
            waits=True,
        ),
        Attack(
            "proxy-late",
            f"{len(_starts()) + TRICKLING} PROXY headers that stop or come byte by byte, "
            f"{len(_starts())} cut",
            late,
            connections(len(_starts()) + TRICKLING, 16 * KIB, "a header of 4 KiB and a timer"),
            (
                counted(refused, len(_starts()) + TRICKLING, reason="proxy_header_late"),
                counted(refused, begun, reason="proxy_header_malformed"),
            ),
            FLAGS,
            waits=True,
        ),
        Attack(
            "proxy-untrusted",
            "PROXY headers from who is no balancer, whole, broken, and the first bytes of one",
            untrusted,
            connections(
                both * (2 + len(SOUND) + len(MALFORMED) + len(PARTS)),
                16 * KIB,
                "a header of 4 KiB and a timer",
            ),
            (
                counted(
                    refused,
                    both * (2 + len(SOUND) + len(MALFORMED)),
                    reason="proxy_header_untrusted",
                ),
                connection_errors("SetupTimeout", EACH * len(PARTS)),
                connection_errors("NotRSocket", EACH * len(PARTS), "websocket"),
            ),
            FLAGS,
            waits=True,
        ),
    ]
