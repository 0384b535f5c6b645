"""Attacks by what a client says unasked: pushes beyond what may be held or opened, and its name."""

from __future__ import annotations

import json
import re

from suite import snappy, wire
from suite.attack import KIB, MIB, Attack, bound, connections, counted, quarantined
from suite.peer import RSocketPeer
from suite.stage import Stage

from harness.frames import PAYLOAD, REQUEST_FNF, REQUEST_RESPONSE
from harness.outcome import expect
from harness.seal import seal, seal_key

from .payloads import AES_KEY, flipped

REJECTED = 0x202


def _push(peer: RSocketPeer, stream: int, text: bytes, kind: int = REQUEST_RESPONSE) -> None:
    data, metadata = seal(snappy.compress(text), peer.key)
    peer.send_frame(wire.request(stream, data, metadata, kind))


def _expect_stored(peer: RSocketPeer, stream: int) -> None:
    peer.wait_frame(PAYLOAD, stream)


PUSH_COUNT = 10


def too_many_pushes(stage: Stage) -> None:
    """30 pushes where --push.max-count=10 are held: the others are told 0x202."""
    peers = [stage.client() for _ in range(2 * PUSH_COUNT)]
    for number, peer in enumerate(peers):
        _push(peer, 1, b'pushed{n="%d"} 1\n' % number)
        if number < PUSH_COUNT:
            _expect_stored(peer, 1)
        else:
            peer.expect_error(REJECTED, 1)
    for peer in peers[PUSH_COUNT:]:
        _push(peer, 3, b"pushed 1\n", REQUEST_FNF)
        peer.probe()
    _push(peers[0], 3, b'pushed{n="again"} 1\n')  # in place of its first
    _expect_stored(peers[0], 3)
    expect(stage.metric("pushes_held") == PUSH_COUNT, "as many held as may be")
    for peer in peers:
        peer.close()
    stage.wait_metric("scrape_active_connections", 2)
    expect(stage.metric("pushes_held") == PUSH_COUNT, "held until they are shown")


PUSH_BYTES = MIB


def too_large_pushes(stage: Stage) -> None:
    """Pushes beyond --push.max-bytes=1MiB, each alone or together."""
    line = b'pushed{n="%04d",filler="' + b"f" * 1000 + b'"} 1\n'
    huge = b"".join(line % i for i in range(1200))
    part = b"".join(line % i for i in range(400))
    peers = [stage.client() for _ in range(6)]
    for peer, text, fits in zip(
        peers, (huge, part, part, part, huge, b"pushed 1\n"), (0, 1, 1, 0, 0, 1), strict=True
    ):
        _push(peer, 1, text)
        if fits:
            _expect_stored(peer, 1)
        else:
            peer.expect_error(REJECTED, 1)
    expect(stage.metric("pushes_held_bytes") <= PUSH_BYTES, "no more held than may be")


FLOODERS, FLOOD = 300, 30


def push_flood(stage: Stage) -> None:
    """30 pushes on each of 300 connections that each cost an RSA operation, and open nothing."""
    peers = [stage.client(transport=via) for via in ("tcp", "websocket") * (FLOODERS // 2)]
    junk = seal_key(AES_KEY, peers[0].key)
    push = wire.request(1, bytes(16), flipped(junk), REQUEST_FNF)
    for peer in peers:
        peer.send(FLOOD * peer.wrapped(push))
    stage.wait_metric("pushes_refused_total", FLOODERS * FLOOD, 120.0)
    stage.wait_pages(3)


# ---- Names


def identities(stage: Stage) -> None:
    """Names in SETUP that are none: deep, long, forged; and 200 claims of one name."""
    none = [stage.client(wire.introduced(name)) for name in NO_NAMES]
    for name in ODD_NAMES:
        stage.client(wire.introduced(json.dumps(name).encode()))
    for number in range(CLAIMS):
        claim = {"job": "claimed", "instance": "i", "incarnation": str(number)}
        stage.client(wire.introduced(json.dumps(claim).encode()))
    table, targets = stage.get("/api/v1/clients"), stage.get("/sd")
    for said in (table, targets):
        lines = said.splitlines()
        expect(all(line.isprintable() for line in lines), "no control characters in a list")
        expect("elsewhere" not in said, "no label that is none in a list")
    rows = json.loads(table)["data"]
    unnamed = [row for row in rows if "identity_error" in row]
    expect(len(unnamed) == len(none), f"{len(none)} names not taken, there are {len(unnamed)}")
    expect(not any("job" in row for row in unnamed), "no name of who has none")
    claims = [row for row in rows if row.get("job") == "claimed"]
    expect(len(claims) == CLAIMS and all(row["shares_name"] for row in claims), "claims flagged")
    labels = [target["labels"] for target in json.loads(targets)]
    jobs = sorted(one["job"] for one in labels if "job" in one)
    expected = sorted(["claimed", *(name["job"] for name in ODD_NAMES)])
    expect(jobs == expected, f"each name once in /sd, there were {jobs}")
    for one in labels:
        odd = [name for name in one if not LABEL_NAME.fullmatch(name)]
        expect(not odd, f"labels that Prometheus takes, not {odd}")
    stage.wait_pages(3)


CLAIMS = 200
LABEL_NAME = re.compile("job|instance|__metrics_path__|__meta_prometheus_rsocket_[a-z0-9_]+")
_START = b'{"job":"j","instance":"i","incarnation":"c",'
NO_NAMES = [
    b"",
    b"{",
    b"null",
    b"[" * 30_000,
    b'{"job":' * 4_000,
    b'{"job":"' + b"j" * 31_000 + b'"}',
    b'{"job":"' + b"j" * 1025 + b'","instance":"i","incarnation":"c"}',
    b'{"job":"\\ud800","instance":"i","incarnation":"c"}',
    b'{"job":"\xff","instance":"i","incarnation":"c"}',
    b'{"job":1e999999,"instance":"i","incarnation":"c"}',
    _START + b'"labels":{"__address__":"elsewhere"}}',
    _START + b'"labels":{"\\u001b[2J":"elsewhere"}}',
    _START + b'"labels":{"a\\" b":"elsewhere"}}',
    _START + b'"labels":{' + b",".join(b'"l%d":"elsewhere"' % i for i in range(65)) + b"}}",
    b'{"job":"j\\u0000","instance":"i","incarnation":"c"}',
    bytes(32_000),
]
# These are names, the oddest and the largest there may be.
ODD_NAMES = [
    {"job": "j\n\x1b[2J", "instance": 'i" level=error', "incarnation": "\x1f"},
    {"job": "j" * 1024, "instance": "i" * 1024, "incarnation": "c" * 1024},
    {
        "job": "labelled",
        "instance": "i",
        "incarnation": "c",
        "labels": {f"l{i}": "v" * 400 for i in range(64)},
    },
]


def attacks() -> list[Attack]:
    """In the order of the table."""
    return [
        Attack(
            "too-many-pushes",
            "30 pushes where 10 may be held",
            too_many_pushes,
            counts=(counted("pushes_refused_total", 20), counted("pushes_acknowledged_total", 11)),
            flags=(f"--push.max-count={PUSH_COUNT}",),
        ),
        Attack(
            "too-large-pushes",
            "pushes beyond the bytes that may be held",
            too_large_pushes,
            bound(16 * MIB, "texts of 1.2 MiB, opened and refused; 1 MiB held and shown"),
            (counted("pushes_refused_total", 3),),
            (f"--push.max-bytes={PUSH_BYTES // MIB}MiB",),
        ),
        Attack(
            "push-flood",
            f"{FLOODERS * FLOOD:,} pushes that each cost an RSA operation, from {FLOODERS} clients",
            push_flood,
            connections(FLOODERS, 16 * KIB, "a client, its session and a reader's buffer"),
            (
                counted("pushes_refused_total", FLOODERS * FLOOD),
                quarantined("envelope", FLOODERS * FLOOD),
            ),
            seconds_max=240,
        ),
        Attack(
            "identities",
            f"{len(NO_NAMES)} names in SETUP that are none, {len(ODD_NAMES)} odd; 200 claims of one",
            identities,
        ),
    ]
