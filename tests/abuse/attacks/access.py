"""Attacks on who may come in: wrong passwords and wrong tokens, by the hundred."""

from __future__ import annotations

import base64
import json
import time
from collections import Counter

from suite import wire
from suite.access import PASSWORD, USER
from suite.attack import KIB, Attack, connections, counted
from suite.stage import LATE_SECONDS, Stage

from harness.frames import ERROR
from harness.outcome import expect

from .crowd import HOLD_SECONDS_MAX, HOLD_SECONDS_MIN
from .http import get, statuses

ROUNDS, ADDRESSES, EACH = 2, 6, 8


def _basic(user: str, password: str) -> bytes:
    return b"Authorization: Basic " + base64.b64encode(f"{user}:{password}".encode())


# For each one of these is asked with. The passwords take the time of bcrypt each, the rest none.
WRONG = [
    lambda number: _basic(USER, f"guess {number}"),
    lambda number: _basic(f"user{number}", PASSWORD),
    lambda number: _basic(USER, "\0" * number),
    lambda number: _basic(USER, PASSWORD + "a" * number),
    lambda _: b"Authorization: Basic !!!",
    lambda _: b"Authorization: Bearer " + base64.b64encode(PASSWORD.encode()),
    lambda _: b"X: no password",
]


def wrong_passwords(stage: Stage) -> None:
    """96 wrong passwords from 6 addresses, eight at a time from each: 401, or 503 for too many."""
    found: Counter[int] = Counter()
    for turn in range(ROUNDS):
        peers = [stage.http(f"127.0.0.{2 + i % ADDRESSES}") for i in range(ADDRESSES * EACH)]
        for i, peer in enumerate(peers):
            wrong = WRONG[i % len(WRONG)](1 + turn)
            peer.send(get(b"/metrics/connected", wrong, b"Connection: close"))
        for peer in peers:
            said = peer.read_to_end(60.0)
            expect(b"good_value" not in said, "no page without the password")
            found.update(statuses(said))
            peer.close()
    stage.note("answers", dict(found))
    expect(found[401] > 0, "passwords to be looked at")
    expect(found[401] + found[503] == ROUNDS * ADDRESSES * EACH, f"401 or 503 each, not {found}")
    for status, reason in ((401, "unauthorized"), (503, "busy")):
        counted_so = stage.metric("http_requests_refused_total", reason=reason)
        expect(counted_so == found[status], f"{found[status]} {reason}, there were {counted_so:g}")


NO_TOKENS = [
    b"{}",
    b'{"token":""}',
    b'{"token":"what-the-good-clients-sho"}',
    b'{"token":"what-the-good-clients-show\\n"}',
    json.dumps({"token": "w" * 5000}).encode(),
    b'{"token":["what-the-good-clients-show"]}',
    b'{"token":"a wrong one, long enough","job":"j","instance":"i","incarnation":"c"}',
]
TOKENLESS = 70


def wrong_tokens(stage: Stage) -> None:
    """70 clients with no token or a wrong one: held for 5 to 15 s, refused, and given no key."""
    peers = []
    for i in range(TOKENLESS):
        peer = stage.stranger()
        peer.encrypt()
        peer.send_frame(wire.introduced(NO_TOKENS[i % len(NO_TOKENS)]), wire.request(1, b"junk"))
        peers.append(peer)
    for peer in peers:
        told = peer.read_frame(HOLD_SECONDS_MAX + LATE_SECONDS)
        waited = time.monotonic() - peer.begun_at
        expect(waited >= HOLD_SECONDS_MIN, f"no quick refusal, it came after {waited:.1f} s")
        right = told.type == ERROR and int.from_bytes(told.raw[6:10], "big") == REJECTED_SETUP
        expect(right, f"ERROR {REJECTED_SETUP} before anything else, it was {told.raw[:40]!r}")
        peer.expect_goodbye()


REJECTED_SETUP = 3


def attacks() -> list[Attack]:
    """In the order of the table."""
    return [
        Attack(
            "wrong-passwords",
            f"{ROUNDS * ADDRESSES * EACH} wrong passwords for the page, from {ADDRESSES} addresses",
            wrong_passwords,
            connections(ADDRESSES * EACH, 16 * KIB, "a connection's coroutine and buffers"),
            asks=True,
        ),
        Attack(
            "wrong-tokens",
            f"{TOKENLESS} clients with no token or a wrong one",
            wrong_tokens,
            connections(TOKENLESS, 64 * KIB, "OpenSSL's buffers and a session"),
            (counted("connections_refused_total", TOKENLESS, reason="not_allowed"),),
            asks=True,
            waits=True,
        ),
    ]
