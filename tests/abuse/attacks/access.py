"""Attacks on who may come in: wrong passwords and wrong tokens, by the hundred."""

from __future__ import annotations

import base64
import json
import select
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Self

from suite import wire
from suite.access import NEWCOMERS, PASSWORD, USER
from suite.attack import KIB, Attack, connections, counted
from suite.peer import Peer
from suite.stage import LATE_SECONDS, Stage

from harness.frames import ERROR
from harness.outcome import eventually, expect

from .crowd import HOLD_SECONDS_MAX, HOLD_SECONDS_MIN
from .http import get, serve, statuses

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
    _expect_refusals_counted(stage, found)


def _expect_refusals_counted(stage: Stage, found: Counter[int]) -> None:
    expect(not found.keys() - {401, 503}, f"401 and 503 alone, there were {dict(found)}")
    for status, reason in ((401, "unauthorized"), (503, "busy")):
        counted_so = stage.metric("http_requests_refused_total", reason=reason)
        expect(counted_so == found[status], f"{found[status]} {reason}, there were {counted_so:g}")


GUESSERS = (9, 40)  # addresses
GUESSES_EACH = 4  # server::kPasswordsPerAddressMax
GUESS_AGAIN_SECONDS = 0.1  # where too many were being looked at; else at once
FIRST_TIMES = 3
PASSWORD_SECONDS_MAX = 0.5  # of bcrypt at this cost, on a slow machine: some 70 ms elsewhere


class Guessing:
    """Who guesses from so many addresses all the time, with as many guesses as each may have."""

    def __init__(self, stage: Stage, addresses: int) -> None:
        sources = [f"127.0.0.{2 + i}" for i in range(addresses)]
        self._peers = [stage.http(source) for source in GUESSES_EACH * sources]
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.found: Counter[int] = Counter()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def _run(self) -> None:
        ask = get(b"/metrics/connected", _basic(USER, "guess"))
        asked = {peer.socket.fileno(): peer for peer in self._peers}
        again: list[tuple[float, Peer]] = []  # when
        poll = select.poll()
        for number, peer in asked.items():
            poll.register(number, select.POLLIN)
            peer.send(ask)
        waiting = len(asked)
        while waiting:
            for number, _ in poll.poll(20):
                peer = asked[number]
                peer.read_some()
                for status in statuses(peer.received):
                    self.found[status] += 1
                    waiting -= 1
                    wait = 0.0 if status == 401 else GUESS_AGAIN_SECONDS
                    again.append((time.monotonic() + wait, peer))
                peer.received = b""
            if self._over.is_set():
                continue
            now = time.monotonic()
            for _, peer in [due for due in again if due[0] <= now]:
                peer.send(ask)
                waiting += 1
            again = [due for due in again if due[0] > now]

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join(60.0)  # until the last are answered


def first_password(addresses: int, stage: Stage) -> None:
    """Guesses from so many addresses all the time: who comes for the first time waits for one each.

    That is for one password of every address, the one that is being looked at among them; counted,
    for how long one takes is the machine's.
    """
    unauthorized = "http_requests_refused_total"
    waits, before = [], []
    with Guessing(stage, addresses) as guessing:
        eventually(lambda: guessing.found[401] > addresses, "guesses to be looked at", 60.0)
        for user in NEWCOMERS[:FIRST_TIMES]:
            looked_at = stage.metric(unauthorized, reason="unauthorized")
            headers = (_basic(user, PASSWORD), b"X-Prometheus-Scrape-Timeout-Seconds: 60")
            waited, said = serve(
                stage,
                b"/metrics/connected",
                "127.0.1.1",
                headers,
                (addresses + 2) * PASSWORD_SECONDS_MAX,
            )
            before.append(stage.metric(unauthorized, reason="unauthorized") - looked_at)
            waits.append(waited)
            expect(b"good_value" in said, "a page for the right password")
    stage.note("let in after", f"{max(waits):.2f} s, {max(before):g} passwords")
    # One may be done between a reading of the counter and the request, on either side of it.
    right = addresses / 2 <= min(before) and max(before) <= addresses + 2
    expect(right, f"one password of {addresses} addresses before each, there were {before}")
    stage.note("answers", dict(guessing.found))
    _expect_refusals_counted(stage, guessing.found)


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
    with ThreadPoolExecutor(len(peers)) as waiters:  # each is refused at a time of its own
        for _ in waiters.map(_expect_refusal, peers):
            pass


def _expect_refusal(peer: Peer) -> None:
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
        *(
            Attack(
                f"first-password-{addresses}",
                f"wrong passwords from {addresses} addresses all the time, {GUESSES_EACH} at once "
                "from each; others have the right one for the first time",
                partial(first_password, addresses),
                connections(
                    GUESSES_EACH * addresses, 16 * KIB, "a connection's coroutine and buffers"
                ),
                asks=True,
            )
            for addresses in GUESSERS
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
