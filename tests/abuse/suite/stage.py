"""Where an attack runs: a proxy of its own, good clients that are scraped, and meters on it all."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from typing import TypeVar

from harness.exposition import Page, parse
from harness.frames import REQUEST_RESPONSE, Frame
from harness.outcome import Failed, eventually, expect
from harness.process import Child
from harness.proxy import CppProxy

from .access import PASSWORD, USER, client_flag, scraper_flag
from .attack import MIB, Attack
from .good import CLIENTS
from .meters import Meters, Reading
from .peer import Peer, RSocketPeer, WebSocketPeer, watch_ends
from .verdict import (
    judge_begun,
    judge_counters,
    judge_log,
    judge_memory,
    judge_pages,
    value_of,
)
from .watch import GoodScraper, PageJudge, Seen, Watcher

SHARDS = 2
WARM_PAGES = 10  # from then on the proxy's memory is what its clients take
AFTER_PAGES = 3
ASKED_WITHIN_SECONDS = 60.0  # pages with megabytes of an attacker take their time

# An end that a limit of the proxy's brings: a clock is read on both sides, and machines are slow.
EARLY_SECONDS, LATE_SECONDS = 0.1, 5.0

SomePeer = TypeVar("SomePeer", bound=Peer)


class Stage:
    """What an attack is given. Every peer made here is closed when the attack is over."""

    def __init__(
        self,
        proxy: CppProxy,
        watcher: Watcher,
        asking: GoodScraper,
        meters: Meters,
        measured: dict[str, str],
        http_tls: bool,
    ) -> None:
        self.ports = proxy.ports
        self.measured = measured
        self._watcher = watcher
        self._asking = asking
        self._meters = meters
        self._http_tls = http_tls
        self._peers: list[Peer] = []
        self._answering: list[threading.Thread] = []

    def _kept(self, peer: SomePeer) -> SomePeer:
        self._peers.append(peer)
        return peer

    # ---- Peers

    def http(self, source: str = "127.0.0.1") -> Peer:
        """A connection to the HTTP port, for bytes."""
        return self._kept(Peer(self.ports.http, source))

    def asker(self, source: str = "127.0.0.1") -> Peer:
        """The same for a request: behind the handshake where the proxy wants TLS there."""
        peer = self.http(source)
        if self._http_tls:
            peer.encrypt()
        return peer

    def websocket_bytes(self, source: str = "127.0.0.1") -> Peer:
        """A connection to the WebSocket port, for bytes."""
        return self._kept(Peer(self.ports.websocket, source))

    def stranger(self, source: str = "127.0.0.1") -> RSocketPeer:
        """A connection to the TCP port that has said nothing yet."""
        return self._kept(RSocketPeer(self.ports.tcp, source))

    def websocket(self) -> WebSocketPeer:
        """A connection to the WebSocket port that has said nothing yet."""
        return self._kept(WebSocketPeer(self.ports.websocket))

    def upgraded(self, *headers: str) -> WebSocketPeer:
        """A WebSocket connection that has said nothing of RSocket yet."""
        peer = self.websocket()
        peer.upgrade(*headers)
        return peer

    def client(
        self, setup: bytes | None = None, transport: str = "tcp", source: str = "127.0.0.1"
    ) -> RSocketPeer:
        """A client that has its key."""
        peer = self.stranger(source) if transport == "tcp" else self.upgraded()
        peer.greet(setup)
        return peer

    def websocket_client(self) -> WebSocketPeer:
        """A client over WebSocket that has its key."""
        peer = self.upgraded()
        peer.greet()
        return peer

    def answering(
        self, reply: Callable[[RSocketPeer, Frame], Iterable[bytes]], transport: str = "tcp"
    ) -> Answering:
        """A client that answers each scrape with the frames that `reply` gives."""
        answering = Answering(self.client(transport=transport), reply)
        thread = threading.Thread(target=answering.run, daemon=True)
        self._answering.append(thread)
        thread.start()
        return answering

    def leave(self) -> None:
        """Close every peer."""
        for peer in self._peers:
            peer.finish()  # wakes who reads
            peer.close()
        for thread in self._answering:
            thread.join(10.0)
        self._peers.clear()

    def wait_dropped(self, within_seconds: float) -> None:
        """Until the proxy has let go of every connection made here, though no peer closes."""
        eventually(
            self._meters.are_descriptors_back,
            "the proxy to have no more descriptors than before",
            within_seconds,
        )

    def expect_dropped(
        self,
        peers: Sequence[Peer],
        at_seconds: float,
        late_seconds: float = LATE_SECONDS,
        every_second: Callable[[Peer], object] = lambda _: None,
    ) -> None:
        """The proxy ends each of these so many seconds after its begin: not before, nor much later.

        `every_second` is done with each that is still open.
        """
        latest = max(peer.begun_at for peer in peers) + at_seconds + late_seconds
        lives = watch_ends(peers, latest - time.monotonic(), every_second)
        self.note("dropped after", f"{min(lives):.1f} to {max(lives):.1f} s")
        expect(
            min(lives) >= at_seconds - EARLY_SECONDS and max(lives) <= at_seconds + late_seconds,
            f"an end {at_seconds:g} s after the begin and {late_seconds:g} s later at most, "
            f"it was {min(lives):.2f} to {max(lives):.2f} s",
        )

    def expect_let_go(
        self, peers: Sequence[Peer], whole: int, at_seconds: float, late_seconds: float
    ) -> None:
        """The same, of who does not read and so may not see its end: by the proxy's descriptors.

        `whole`: how many it had with all of them.
        """
        begun = min(peer.begun_at for peer in peers)
        latest = begun + at_seconds + late_seconds
        ends = []
        for left, what in ((1, "the first"), (len(peers), "all")):
            eventually(
                lambda left=left: self.descriptors() <= whole - left,
                f"{what} of {len(peers)} to be let go",
                latest - time.monotonic(),
            )
            ends.append(time.monotonic() - begun)
        self.note("let go after", f"{ends[0]:.1f} to {ends[1]:.1f} s")
        first = ends[0]
        expect(first >= at_seconds - EARLY_SECONDS, f"{at_seconds:g} s, the first had {first:.1f}")

    def descriptors(self) -> int:
        """How many the proxy has open."""
        return self._meters.descriptors()

    # ---- Pages

    def wait_pages(self, count: int) -> None:
        """Until the good scraper has had so many more."""
        self._watcher.wait_pages(count)

    def page(self) -> bytes:
        """One more page of all clients, for another scraper than the good one."""
        answer = self._asking.get_page()
        expect(answer.status == 200, f"a page, it was {answer.status}")
        return answer.body

    def get(self, path: str) -> str:
        """What is there, answered with 200."""
        answer = self._asking.get(path)
        expect(answer.status == 200, f"{path}, it was {answer.status}")
        return answer.body.decode("utf-8")

    # ---- What the proxy says of itself

    def self_metrics(self) -> Page:
        """/metrics/proxy."""
        return parse(self.get("/metrics/proxy"))

    def metric(self, name: str, **labels: str) -> float:
        """One value of it."""
        return value_of(self.self_metrics(), f"prometheus_proxy_{name}", tuple(labels.items()))

    def wait_metric(self, name: str, value: float, within_seconds: float = 30.0) -> None:
        """Until it has this value."""
        eventually(lambda: self.metric(name) == value, f"{name} to be {value:g}", within_seconds)

    def wait_at_least(self, name: str, value: float, within_seconds: float = 10.0) -> None:
        """Until it has this value or more."""
        eventually(
            lambda: self.metric(name) >= value, f"{name} to be at least {value:g}", within_seconds
        )

    def note(self, what: str, value: object) -> None:
        """For the table."""
        self.measured[what] = str(value)


class Answering:
    """A client in a thread that answers scrapes."""

    def __init__(
        self, peer: RSocketPeer, reply: Callable[[RSocketPeer, Frame], Iterable[bytes]]
    ) -> None:
        self.peer = peer
        self._reply = reply
        self._changed = threading.Condition()
        self._asked = 0
        self._over = False

    def run(self) -> None:
        """Until the connection ends, by whomever."""
        try:
            while True:
                request = self.peer.wait_frame(REQUEST_RESPONSE, None, ASKED_WITHIN_SECONDS)
                self.peer.send_frame(*self._reply(self.peer, request))
                with self._changed:
                    self._asked += 1
                    self._changed.notify_all()
        except (Failed, OSError):
            pass  # nobody asks any more
        finally:
            with self._changed:
                self._over = True
                self._changed.notify_all()

    def wait_asked(self, times: int, within_seconds: float = 60.0) -> None:
        """Until it has answered so often; Failed when it was sent away before."""
        with self._changed:
            self._changed.wait_for(lambda: self._over or self._asked >= times, within_seconds)
            expect(self._asked >= times, f"{times} scrapes answered, there were {self._asked}")


def run_attack(attack: Attack, binary: Path, log_dir: Path, measured: dict[str, str]) -> None:
    """The attack from the proxy's start to the verdict; Failed when it did any harm."""
    offset_ms = round(1000 * attack.page_seconds_max / 5)
    flags = [f"--threads={SHARDS}", f"--scrape.timeout-offset={offset_ms}ms", *attack.flags]
    tls = attack.tls or attack.asks
    if tls:
        flags.append(client_flag(log_dir, attack.asks))
    if attack.http_tls or attack.asks:
        flags.append(scraper_flag(log_dir, attack.http_tls, attack.asks))
    user = f"{USER}:{PASSWORD}" if attack.asks else ""
    with ExitStack() as stack:
        proxy = stack.enter_context(CppProxy(binary, log_dir, *flags, log_level="info"))
        _start_good_clients(stack, proxy, log_dir, ["tls"] * tls + ["token"] * attack.asks)
        good, asking = (
            stack.enter_context(
                closing(
                    GoodScraper(
                        proxy.ports.http, name, attack.page_seconds_max, user, attack.http_tls
                    )
                )
            )
            for name in ("good", "asking")
        )
        eventually(lambda: _is_whole(good), "the good clients' first whole page", 30.0)
        watcher = stack.enter_context(Watcher(good.get_page, attack.page_seconds_max))
        meters = Meters(proxy.pid, SHARDS)
        stage = Stage(proxy, watcher, asking, meters, measured, attack.http_tls)
        stack.callback(stage.leave)
        before = stage.self_metrics()
        watcher.wait_pages(WARM_PAGES)
        with watcher.paused():
            meters.read_base(len(proxy.lines()))
            pages_before = watcher.seen.begun

        started = time.monotonic()
        attack.run(stage)
        ended = time.monotonic()
        pages_meanwhile = watcher.seen.begun - pages_before
        stage.leave()

        with watcher.paused():
            meters.wait_recovered(ended + attack.recovery_seconds_max)
            recovered = time.monotonic()
        watcher.wait_pages(AFTER_PAGES)
        with watcher.paused():
            reading = meters.read(proxy.lines())
            after = stage.self_metrics()
        seen = watcher.seen
        measured |= _told(attack, seen, reading)
        measured["recovery"] = f"{recovered - ended:.1f} s"
        measured["pages meanwhile"] = str(pages_meanwhile)
        measured["asked again"] = str(good.asked_again)
        judge_pages(seen)
        judge_begun(pages_meanwhile, ended - started, attack.page_seconds_max)
        judge_memory(reading, attack.growth)
        judge_log(reading, meters.log_lines_max(reading.seconds))
        judge_counters(before, after, attack.counts)
        proxy.expect_clean_end()


def _told(attack: Attack, seen: Seen, reading: Reading) -> dict[str, str]:
    """For the table."""
    return {
        "pages": f"{seen.pages}, the slowest {seen.seconds_max:.2f} s",
        "peak growth": f"{reading.peak_growth_bytes / MIB:.1f} MiB",
        "bound": f"{attack.growth.bytes / MIB:.0f} MiB",
        "kept": f"{reading.kept_growth_bytes / MIB:.1f} MiB",
        "private dirty": f"{reading.private_dirty_bytes / MIB:.1f} MiB",
    }


def _start_good_clients(
    stack: ExitStack, proxy: CppProxy, log_dir: Path, manners: Sequence[str]
) -> None:
    words = [*(str(proxy.ports.of(transport)) for transport in CLIENTS), *manners]
    good = stack.enter_context(
        Child(
            "good-clients",
            [sys.executable, "-B", "-m", "suite.good", *words],
            log_dir,
            {"PYTHONPATH": str(Path(__file__).resolve().parents[1])},
        )
    )
    good.wait_until(lambda lines: "ready" in lines, "both good clients to have a key", 30.0)


def _is_whole(scraper: GoodScraper) -> bool:
    answer = scraper.get_page()
    if answer.status != 200:
        raise Failed(f"a page, it was {answer.status}")
    PageJudge().judge(answer.body)
    return True
