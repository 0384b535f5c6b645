"""Attacks inside the payloads: replies that are late, sealed wrongly, bombs, or poison."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterable, Iterator

from suite import snappy, wire
from suite.attack import (
    KIB,
    MIB,
    Attack,
    bound,
    counted,
    quarantined,
)
from suite.good import SERIES
from suite.peer import RSocketPeer
from suite.stage import ASKED_WITHIN_SECONDS, Stage

from harness.frames import (
    CANCEL,
    FLAG_FOLLOWS,
    FRAME_BYTES_MAX,
    PAYLOAD,
    REQUEST_FNF,
    REQUEST_RESPONSE,
    Frame,
)
from harness.outcome import Failed, expect
from harness.seal import AES_BLOCK_BYTES, encrypt, pad, seal, seal_key

REJECTED, INVALID = 0x202, 0x204
QUARANTINES = ("envelope", "snappy", "too_large", "utf8", "malformed", "page_full", "inflight")
AES_KEY = bytes(range(16))

Maker = Callable[[bytes], tuple[bytes, bytes | None]]  # of data and metadata, for the proxy's key


def sealed_text(text: bytes, key: bytes) -> tuple[bytes, bytes]:
    """An honest payload."""
    return seal(snappy.compress(text), key)


def _reply(asked: Frame, text: bytes) -> bytes:
    return wire.payload(asked.stream, *sealed_text(text, asked.data))


def _in_turn(makers: Iterable[Maker]) -> Callable[[RSocketPeer, Frame], list[bytes]]:
    """Answers each scrape with the next of these payloads, round and round."""
    turn: Iterator[Maker] = itertools.cycle(list(makers))

    def reply(_: RSocketPeer, asked: Frame) -> list[bytes]:
        return [wire.payload(asked.stream, *next(turn)(asked.data))]

    return reply


# ---- When and how often a reply comes


def duplicate_replies(stage: Stage) -> None:
    """Each reply ten times, before and after others on streams of the past and the future."""

    def reply(_: RSocketPeer, asked: Frame) -> list[bytes]:
        own = _reply(asked, b"twice_value 1\n")
        around = [
            _reply(Frame(stream, 0, 0, None, asked.data, b""), b"stray_value 1\n")
            for stream in (2, asked.stream - 2, asked.stream + 2, asked.stream + 1, 0x7FFFFFFE)
        ]
        return [*around, *10 * [own], wire.error(asked.stream), wire.cancel(asked.stream), *around]

    answering = [stage.answering(reply, transport) for transport in ("tcp", "websocket")]
    for client in answering:
        client.wait_asked(20)
    page = stage.page()
    expect(b"twice_value 1\n" in page, "the first reply on the page")
    expect(b"stray_value" not in page, "no reply that nobody waits for on a page")


def late_replies(stage: Stage) -> None:
    """Each reply after it was given up, on the heels of the next scrape's question."""

    def reply(peer: RSocketPeer, asked: Frame) -> list[bytes]:
        peer.wait_frame(CANCEL, asked.stream)
        return [_reply(asked, b"late_value 1\n")]

    late = [stage.answering(reply) for _ in range(3)]
    for client in late:
        client.wait_asked(6)
    for _ in range(5):
        expect(b"late_value" not in stage.page(), "no late reply on another page")


def no_replies(stage: Stage) -> None:
    """20 clients that never answer, or begin to and never end."""
    clients = [stage.client() for _ in range(20)]
    first = [client.wait_frame(REQUEST_RESPONSE, None, ASKED_WITHIN_SECONDS) for client in clients]
    for number, (client, asked) in enumerate(zip(clients, first, strict=True)):
        if number % 2:
            client.send_frame(wire.keepalive())
        else:
            client.send_frame(wire.fragment(asked.stream, b"# begun", b"m"))
    for client, asked in zip(clients, first, strict=True):
        client.wait_frame(CANCEL, asked.stream, ASKED_WITHIN_SECONDS)
    stage.wait_pages(5)


# ---- What is in it


def _with(data: bytes) -> Maker:
    """Sealed with a good key: what is wrong is the data."""
    return lambda key: (data, seal_key(AES_KEY, key))


def _block(block: bytes) -> Maker:
    return lambda key: seal(block, key)


def _text(text: bytes) -> Maker:
    return lambda key: sealed_text(text, key)


def _one_block() -> bytes:
    return encrypt(pad(snappy.compress(b"a 1\n")), AES_KEY)


def _block_with_key(metadata: bytes | None) -> Maker:
    """A good block: what is wrong is its key."""
    return lambda _: (_one_block(), metadata)


def _padded(plain: bytes) -> Maker:
    """Sealed with a good key, as it is: with this padding."""
    return lambda key: (encrypt(plain, AES_KEY), seal_key(AES_KEY, key))


BAD_ENVELOPES: list[Maker] = [
    *(_block_with_key(metadata) for metadata in (None, b"", b"plaintext")),
    *(_block_with_key(bytes(n)) for n in (1, 255, 256, 257, 4096)),
    _block_with_key(b"\xff" * 256),  # beyond the modulus
    lambda _: (b"", b""),
    lambda _: (b"a 1\n", b"plaintext"),
    lambda key: (_one_block(), flipped(seal_key(AES_KEY, key))),
    *(lambda key, n=n: (_one_block(), seal_key(bytes(n), key)) for n in (0, 1, 15, 17, 24, 32)),
    *(_with(data) for data in (b"", bytes(1), bytes(15), bytes(17), bytes(16))),
    lambda key: (_one_block()[:-1], seal_key(AES_KEY, key)),
    *(_padded(bytes(15) + bytes([last])) for last in (0, 2, 16, 17, 255)),
    _padded(bytes(16)),
]


def bad_envelopes(stage: Stage) -> None:
    """Keys that do not open, blocks that are none, padding of every wrong kind."""
    _expect_all_refused(stage, BAD_ENVELOPES)


def flipped(data: bytes) -> bytes:
    return bytes([data[0] ^ 1]) + data[1:]


def _expect_all_refused(stage: Stage, makers: list[Maker]) -> None:
    """As pushes both ways, as replies over both transports: refused, and the client stays."""
    pusher = stage.client()
    for number, make in enumerate(makers):
        data, metadata = make(pusher.key)
        stream = 4 * number + 1
        pusher.send_frame(wire.request(stream, data, metadata))
        try:
            pusher.expect_error(INVALID, stream)
        except Failed as failed:
            raise Failed(f"payload {number}: {failed}") from failed
        pusher.send_frame(wire.request(stream + 2, data, metadata, REQUEST_FNF))
    pusher.probe()
    pusher.close()  # else scrapes would wait for it
    for client in [stage.answering(_in_turn(makers), via) for via in ("tcp", "websocket")]:
        client.wait_asked(len(makers))


_LARGEST = 64 * MIB  # --rsocket.max-uncompressed
_LINE = snappy.literals(b"a 1\n")

BEYOND_LARGEST = [
    snappy.preamble((1 << 32) - 1),
    snappy.preamble(_LARGEST + 1) + _LINE,
]
NO_SNAPPY = [
    b"",
    b"\x80",
    b"\xff" * 10,
    snappy.preamble(1 << 35),
    snappy.preamble((1 << 64) - 1) + _LINE,
    snappy.preamble(_LARGEST),
    snappy.preamble(_LARGEST) + _LINE,
    snappy.preamble(_LARGEST) + 16 * snappy.literals(bytes(65536)),
    snappy.preamble(3) + _LINE,
    snappy.preamble(5) + _LINE,
    snappy.preamble(4) + _LINE[:-1],
    snappy.preamble(68) + _LINE + bytes([63 << 2 | 2, 0, 0]),
    snappy.preamble(68) + _LINE + bytes([63 << 2 | 2, 5, 0]),
    snappy.preamble(68) + _LINE + b"\xff\xff\xff\xff\xff",
    snappy.preamble(1 << 20) + b"\xfc\xff\xff\xff\xff",
]


def bad_snappy(stage: Stage) -> None:
    """Preambles of up to 64 bits, copies from before the start, cut and endless blocks."""
    _expect_all_refused(stage, [_block(block) for block in BEYOND_LARGEST + NO_SNAPPY])


UNCOMPRESSED = 8 * MIB
PAGE_BYTES = 64 * MIB
BOMBERS = 6


def _bomb_of_lines(line: bytes) -> bytes:
    """8 MiB of text of this line in 384 KiB."""
    lines = -(-4096 // len(line)) * line
    size = UNCOMPRESSED // len(lines) * len(lines)
    return snappy.bomb(lines, size, len(lines))


def refused_bombs(stage: Stage) -> None:
    """Blocks that become 8 MiB of what is no exposition, at each scrape of 6 clients."""
    makers = [
        _block(snappy.bomb(b"a", UNCOMPRESSED, 1)),
        _block(snappy.bomb(b"\n \xff", UNCOMPRESSED, 1)),
        _block(_bomb_of_lines(b"a 1\na\n")),
        _block(_bomb_of_lines(b'a{b="')),
        _block(snappy.bomb(b"a" * 64, UNCOMPRESSED + 64, 64)),
    ]
    _throw(stage, makers)


def valid_bombs(stage: Stage) -> None:
    """384 KiB each that become 8 MiB of exposition: 350,000 samples, too many, comments, blanks."""
    makers = [
        _block(_bomb_of_lines(b"abcd 1\n")),
        _block(_bomb_of_lines(b"\n")),
        _block(_bomb_of_lines(b"# HELP a b\n")),
        _block(_bomb_of_lines(b'a{b="c",d="e",f="g"} 1\n')),
    ]
    _throw(stage, makers)


def _throw(stage: Stage, makers: list[Maker]) -> None:
    """Each of them by every bomber, at scrape after scrape."""
    bombers = [stage.answering(_in_turn(makers[i % 4 :] + makers[: i % 4])) for i in range(BOMBERS)]
    for bomber in bombers:
        bomber.wait_asked(2 * len(makers), 90.0)


DEFAULT_BOMBERS = 8
_FAMILIES = 1_500_000


def _bomb_of_families() -> bytes:
    """A text of that many families, eight bytes of text and six of the block for each."""
    literal, back = bytes([3 << 2]), bytes([1, 8])  # four bytes; and four, from eight before
    digits = b"abcdefghijklmnopqrstuvwxyz0123456789"
    names = itertools.islice(itertools.product(digits, repeat=4), _FAMILIES - 2)
    first, last = b"____ 1\nx", b"____ 1\n"  # x: of the next name
    between = b"".join(literal + bytes(name) + back for name in names)
    size = 8 * (_FAMILIES - 1) + len(last)
    return snappy.preamble(size) + snappy.literals(first) + between + snappy.literals(last)


def default_bombs(stage: Stage) -> None:
    """3 MiB that become 64 MiB of exposition, or 1,500,000 families, with all limits as they are."""

    def lines(line: bytes) -> bytes:
        many = -(-4096 // len(line)) * line
        return snappy.bomb(many, _LARGEST // len(many) * len(many), len(many))

    makers = [
        _block(lines(b"abcd 1\n")),
        _block(lines(b'a{b="c",d="e"} 1\n')),
        _block(lines(b"\n")),
        _block(lines(b"# HELP a b\n")),
        _block(lines(b"ab_a 1\nab_b 1\n")),
        _block(_bomb_of_families()),
    ]
    turns = [makers[i % 6 :] + makers[: i % 6] for i in range(DEFAULT_BOMBERS)]
    bombers = [stage.answering(_in_turn(turn)) for turn in turns]
    for bomber in bombers:
        bomber.wait_asked(len(makers), 200.0)


def oversized_replies(stage: Stage) -> None:
    """Good texts in replies beyond 16 MiB: each is cancelled. One that just fits is on the page."""
    beyond = snappy.compress(_filled(b"beyond", 16 * MIB + 1))
    fits = snappy.compress(_filled(b"fits", FRAME_BYTES_MAX - 4096))

    def in_fragments(peer: RSocketPeer, asked: Frame) -> list[bytes]:
        data, metadata = seal(beyond, asked.data)
        pieces = [data[i : i + MIB] for i in range(0, len(data), MIB)]
        peer.send_frame(
            wire.fragment(asked.stream, pieces[0], metadata),
            *(wire.fragment(asked.stream, piece) for piece in pieces[1:-1]),
            wire.payload(asked.stream, pieces[-1]),
        )
        peer.wait_frame(CANCEL, asked.stream)
        return []

    def in_one_frame(_: RSocketPeer, asked: Frame) -> list[bytes]:
        return [wire.payload(asked.stream, *seal(fits, asked.data))]

    clients = [stage.answering(in_fragments, via) for via in ("tcp", "websocket")]
    clients.append(stage.answering(in_one_frame))
    for client in clients:
        client.wait_asked(OVERSIZED)
    page = stage.page()
    expect(b"\nfits{" in page, "a reply that fits on the page")
    expect(b"beyond" not in page, "no reply beyond 16 MiB on a page")
    timeouts = stage.metric("scrape_seconds_count", outcome="timeout", exception="Timeout")
    expect(timeouts == 0, f"replies to be given up for their size, {timeouts:g} came too late")


OVERSIZED = 4


def _filled(name: bytes, size: int) -> bytes:
    """A text of this size or a little less, in lines of a KiB."""
    line = name + b'{n="%06d",filler="' + b"f" * 1000 + b'"} 1\n'
    return b"".join(line % i for i in range(size // len(line % 0)))


SMALL_BYTES = 64 * KIB
TRANSPORTS = ("tcp", "websocket")


def _sealed_of(size: int, name: bytes, key: bytes) -> tuple[bytes, bytes]:
    """A good text of a single sample, in a payload of this size: a multiple of AES's blocks."""
    around = len(snappy.compress(bytes(size - KIB))) - (size - KIB)
    start, end = name + b'{filler="', b'"} 1\n'
    room = size - len(seal_key(AES_KEY, key)) - AES_BLOCK_BYTES // 2 - around
    return sealed_text(start + b"f" * (room - len(start + end)) + end, key)


def small_payloads(stage: Stage) -> None:
    """Pushes and replies of just --rsocket.max-payload, and of 16 bytes more, whole and in pieces."""
    for transport in TRANSPORTS:
        peer = stage.client(transport=transport)
        for stream, size in ((1, SMALL_BYTES), (5, SMALL_BYTES + AES_BLOCK_BYTES)):
            data, metadata = _sealed_of(size, b"pushed", peer.key)
            found = len(data) + len(metadata)
            expect(found == size, f"a payload of {size} bytes, it has {found}")
            peer.send_frame(
                wire.request(stream, data, metadata),
                wire.request(stream + 2, data[:1000], metadata, flags=FLAG_FOLLOWS),
                wire.fragment(stream + 2, data[1000:-1]),
                wire.payload(stream + 2, data[-1:]),
            )
            for each in (stream, stream + 2):
                if size == SMALL_BYTES:
                    peer.wait_frame(PAYLOAD, each)
                else:
                    peer.expect_error(REJECTED, each)
        peer.close()

    def beyond(peer: RSocketPeer, asked: Frame) -> list[bytes]:
        sealed = _sealed_of(SMALL_BYTES + AES_BLOCK_BYTES, b"beyond", asked.data)
        peer.send_frame(wire.payload(asked.stream, *sealed))
        peer.wait_frame(CANCEL, asked.stream)
        return []

    def fits(_: RSocketPeer, asked: Frame) -> list[bytes]:
        return [wire.payload(asked.stream, *_sealed_of(SMALL_BYTES, b"fits", asked.data))]

    clients = [stage.answering(reply, via) for via in TRANSPORTS for reply in (beyond, fits)]
    for client in clients:
        client.wait_asked(5)
    page = stage.page()
    expect(b"\nfits{" in page, "a reply that fits on the page")
    expect(b"\nbeyond{" not in page, "no reply that is too large on the page")


def error_replies(stage: Stage) -> None:
    """60 KiB of control characters and forged log lines in each ERROR, with codes of all kinds."""
    text = b'\n\x1b[2J\x07time=2026 msg="forged"\r\0\xff\xe2\x80\xae\xc2\x9b2J' * 1400
    codes = itertools.cycle((0, 1, 0x101, 0x201, 0x202, 0x203, 0x204, 0x301, 0xFFFFFFFF))

    def reply(_: RSocketPeer, asked: Frame) -> list[bytes]:
        return [wire.error(asked.stream, next(codes), text)]

    clients = [stage.answering(reply, via) for via in ("tcp", "websocket", "tcp")]
    for client in clients:
        client.wait_asked(30)
    for _ in range(30):
        peer = stage.client()
        peer.send_frame(wire.error(0, 0x101, text))
        peer.expect_end()
    table = stage.get("/api/v1/clients")
    reasons = [
        row["last_scrape"]["reason"]
        for row in json.loads(table)["data"]
        if row.get("last_scrape", {}).get("outcome") == "error"
    ]
    expect(reasons and all(reason.isprintable() for reason in reasons), f"reasons, not {reasons}")
    expect(len(table) < 64 * KIB, "a short table of clients")


# Each is no exposition, for another reason.
POISON = [
    b"\xff\xfe 1\n",
    b'a{b="\xc0\x80"} 1\n',
    b"a 1\n\0",
    b"a\n",
    b"a{ 1\n",
    b'a{b="c} 1\n',
    b'a{b="c"\n} 1\n',
    b'a{b="c\\',
    b"1a 1\n",
    b"a 1 2 3\n",
    b"a 1e\n",
    b"a 0x\n",
    b"# TYPE a nonsense\na 1\n",
    b'a{b="1",b="2"} 1\n',
    b"a" * MIB,
    b"a{" + b'b="c",' * 200_000,
    b"<html>\n",
    b'{"json": 1}\n',
]
# Each is one, and as large or as odd as can be.
ODD = [
    b"",
    b"\n\n\n",
    b"# TYPE a gauge\n# TYPE a counter\na 1\n",
    b"# a comment of the attacker\n",
    b"a" * MIB + b" 1\n",
    b'a{b="' + b"c" * MIB + b'"} 1\n',
    b"a{" + b",".join(b'l%d="v"' % i for i in range(50_000)) + b"} 1\n",
    b"".join(b'm%d{x="y"} 1\n' % i for i in range(50_000)),
    b"# HELP a " + b"\\n" * 100_000 + b"\na NaN\n",
    b'a{b="\\"\\\\\\n} 666\\ngood_value 666\\n"} -Inf\n',
]


def poison(stage: Stage) -> None:
    """Texts that are no exposition in 18 ways: each is refused, and costs its own client alone."""
    _expect_all_refused(stage, [_text(text) for text in POISON])


def odd_texts(stage: Stage) -> None:
    """Valid texts of megabytes: one line, one name, 50,000 labels, 50,000 families."""
    clients = [stage.answering(_in_turn(_text(text) for text in ODD)) for _ in range(2)]
    for client in clients:
        client.wait_asked(2 * len(ODD), 90.0)


def impostor(stage: Stage) -> None:
    """The good clients' own series and families, with other values, types and help."""
    series = [
        f'good_value{{client="{name}",series="{i}"}} 666'
        for name in ("tcp", "websocket")
        for i in range(SERIES)
    ]
    texts = [
        "\n".join([f"# HELP good_value a lie\n# TYPE good_value {kind}", *series, ""]).encode()
        for kind in ("gauge", "counter", "untyped", "gauge")
    ]
    texts.append(b'# TYPE good_value histogram\ngood_value_bucket{le="1"} 1\n')
    texts.append(b'# TYPE good summary\ngood_value 1\ngood{quantile="0.5"} 1\n')
    texts.append(b'good_scrapes{client="tcp"} 0\ngood_scrapes{client="websocket"} 99999999\n')
    clients = [stage.answering(_in_turn(_text(text) for text in texts)) for _ in range(3)]
    for client in clients:
        client.wait_asked(2 * len(texts))


def attacks() -> list[Attack]:
    """In the order of the table."""
    bombs_flags = (
        f"--rsocket.max-uncompressed={UNCOMPRESSED // MIB}MiB",
        f"--scrape.max-bytes={PAGE_BYTES // MIB}MiB",
    )
    return [
        Attack(
            "duplicate-replies", "each reply ten times, and on others' streams", duplicate_replies
        ),
        Attack("late-replies", "each reply after it was given up", late_replies, waits=True),
        Attack(
            "no-replies",
            "20 clients that never answer, or begin and never end",
            no_replies,
            counts=(
                counted(
                    "scrape_seconds_count", 40, or_more=True, outcome="timeout", exception="Timeout"
                ),
            ),
            waits=True,
        ),
        Attack(
            "bad-envelopes",
            f"{len(BAD_ENVELOPES)} payloads that do not open, as replies and pushes",
            bad_envelopes,
            counts=(
                quarantined("envelope", 4 * len(BAD_ENVELOPES), or_more=True),
                counted("pushes_refused_total", 2 * len(BAD_ENVELOPES)),
            ),
        ),
        Attack(
            "bad-snappy",
            "17 blocks that are no Snappy, or claim up to 2^64 bytes",
            bad_snappy,
            bound(4 * MIB, "the largest of these blocks is 1 MiB, in a few copies"),
            (
                quarantined("snappy", 4 * len(NO_SNAPPY), or_more=True),
                quarantined("too_large", 4 * len(BEYOND_LARGEST), or_more=True),
                counted("pushes_refused_total", 2 * len(NO_SNAPPY + BEYOND_LARGEST)),
            ),
        ),
        Attack(
            "refused-bombs",
            "384 KiB that become 8 MiB of no exposition, from 6 clients at each scrape",
            refused_bombs,
            bound(
                2 * 2 * UNCOMPRESSED + 2 * BOMBERS * MIB,
                "2 shards x 8 MiB of text twice (--rsocket.max-uncompressed), 6 replies",
            ),
            (
                quarantined("malformed", 30, or_more=True),
                quarantined("too_large", 10, or_more=True),
            ),
            bombs_flags,
        ),
        Attack(
            "valid-bombs",
            "384 KiB that become 8 MiB of exposition, from 6 clients at each scrape",
            valid_bombs,
            bound(
                BOMBERS * 2 * UNCOMPRESSED,
                "6 texts of 8 MiB with as much of index (--rsocket.max-uncompressed), which is "
                "more than --scrape.max-bytes=64MiB and a quarter of it, with 2 being opened",
            ),
            (quarantined("too_large", 10, or_more=True),),
            bombs_flags,
            seconds_max=180,
            page_seconds_max=15.0,
        ),
        Attack(
            "default-bombs",
            "3 MiB that become 64 MiB, or 1,500,000 families, from 8 clients, at default limits",
            default_bombs,
            bound(
                DEFAULT_BOMBERS * 2 * _LARGEST,
                "8 texts of 64 MiB with as much of index (--rsocket.max-uncompressed), which is "
                "within --scrape.max-bytes=1GiB and the quarter that is remembered",
            ),
            (quarantined("too_large", 8, or_more=True),),
            seconds_max=420,
            page_seconds_max=30.0,
        ),
        Attack(
            "oversized-replies",
            "good texts in replies of more than 16 MiB, and one that just fits",
            oversized_replies,
            bound(
                3 * 3 * 16 * MIB + 4 * 16 * MIB,
                "3 x 16 MiB, in buffers of twice that, half while one grows; of the one that fits "
                "a block and a text being opened, and two texts: remembered, and on a page",
            ),
            (
                counted(
                    "scrape_seconds_count",
                    2 * OVERSIZED,
                    or_more=True,
                    outcome="error",
                    exception="ErrorReply",
                ),
                *(quarantined(reason, 0) for reason in QUARANTINES),
            ),
        ),
        Attack(
            "max-payload",
            "pushes and replies of just --rsocket.max-payload, and a block more",
            small_payloads,
            counts=(
                counted("pushes_acknowledged_total", 4),
                counted("pushes_refused_total", 4),
                counted(
                    "scrape_seconds_count",
                    10,
                    or_more=True,
                    outcome="error",
                    exception="ErrorReply",
                ),
                counted("scrape_seconds_count", 0, outcome="timeout", exception="Timeout"),
            ),
            flags=(f"--rsocket.max-payload={SMALL_BYTES // KIB}KiB",),
        ),
        Attack(
            "error-replies",
            "ERROR with 60 KiB of control characters and forged log lines",
            error_replies,
            counts=(
                counted(
                    "scrape_seconds_count",
                    90,
                    or_more=True,
                    outcome="error",
                    exception="ErrorReply",
                ),
            ),
        ),
        Attack(
            "poison",
            f"{len(POISON)} texts that are no exposition",
            poison,
            bound(8 * MIB, "the largest text has 1 MiB, in a few copies on two shards"),
            (
                quarantined("malformed", 4 * (len(POISON) - 2), or_more=True),
                quarantined("utf8", 4 * 2, or_more=True),
                counted("pushes_refused_total", 2 * len(POISON)),
            ),
        ),
        Attack(
            "odd-texts",
            "valid texts with a line, a name or a label of 1 MiB, 50,000 labels or families",
            odd_texts,
            bound(4 * 9 * MIB, "2 texts of up to 1.1 MiB with an index of seven times that, twice"),
            tuple(quarantined(reason, 0) for reason in QUARANTINES),
            seconds_max=180,
        ),
        Attack("impostor", "the good clients' series and families with other values", impostor),
    ]
