"""That the judges can fail: each finds the harm that it is there to find, and only that."""

from __future__ import annotations

import os
import socket
import struct
import threading
import time
import unittest
from collections.abc import Sequence

from suite.attack import MIB, Bound, connection_errors, counted
from suite.good import CLIENTS, SERIES, text
from suite.meters import LOG_LINE_BYTES_MAX, Meters, Reading
from suite.verdict import (
    judge_begun,
    judge_counters,
    judge_log,
    judge_memory,
    judge_pages,
)
from suite.watch import GoodScraper, PageJudge, Seen, Watcher

from harness.exposition import parse
from harness.outcome import Failed
from harness.scraper import RawAnswer


def _page(scrape: int = 1, clients: tuple[str, ...] = CLIENTS) -> bytes:
    """As the proxy merges it: the families of both clients together."""
    texts = [text(client, scrape) for client in clients]
    lines = [line for one in texts for line in one.splitlines() if not line.startswith("#")]
    return "\n".join([*sorted(lines), ""]).encode()


def _reading(growth_bytes: int = 0, log_lines: tuple[str, ...] = ()) -> Reading:
    return Reading(growth_bytes, 0, 0, list(log_lines), 1.0)


class PageJudgeTest(unittest.TestCase):
    def setUp(self) -> None:
        self.judge = PageJudge()

    def expect_bad(self, page: bytes, why: str) -> None:
        with self.assertRaisesRegex(Failed, why):
            self.judge.judge(page)

    def test_whole_pages_are_good_and_may_be_of_one_pull(self) -> None:
        for scrape in (1, 2, 2, 7):
            self.judge.judge(_page(scrape))

    def test_a_page_without_one_of_the_good_clients_is_bad(self) -> None:
        for client in CLIENTS:
            others = tuple(name for name in CLIENTS if name != client)
            self.expect_bad(_page(clients=others), f"series 0 of the good client {client}")

    def test_a_page_that_lacks_a_single_series_is_bad(self) -> None:
        last = f'good_value{{client="tcp",series="{SERIES - 1}"}} {SERIES - 1}.5\n'.encode()
        self.assertIn(last, _page())
        self.expect_bad(_page().replace(last, b""), f"series {SERIES - 1} of the good client tcp")

    def test_another_value_is_bad(self) -> None:
        self.expect_bad(_page().replace(b" 3.5\n", b" 666\n"), "it was 666")

    def test_a_series_that_is_there_twice_is_bad(self) -> None:
        again = b'good_value{client="tcp",series="3"} 3.5\n'
        self.expect_bad(_page() + again, "each good series once")

    def test_a_page_that_is_older_than_the_last_is_bad(self) -> None:
        self.judge.judge(_page(5))
        self.expect_bad(_page(4), "no older than the last")

    def test_a_page_that_cannot_be_parsed_is_bad(self) -> None:
        self.expect_bad(_page() + b"not a sample line\n", "a line that is no sample")

    def test_another_series_that_is_there_twice_is_bad(self) -> None:
        self.expect_bad(_page() + b"other 1\nother 1\n", "no series twice")


class WatcherTest(unittest.TestCase):
    def watch(self, answers: list[RawAnswer | Exception], page_seconds_max: float = 60.0) -> Seen:
        """What a watcher makes of these answers; the last is repeated."""

        def get_page() -> RawAnswer:
            answer = answers.pop(0) if len(answers) > 1 else answers[0]
            if isinstance(answer, Exception):
                raise answer
            return answer

        count = len(answers)
        with Watcher(get_page, page_seconds_max) as watcher:
            watcher.wait_pages(count)
        return watcher.seen

    def test_whole_pages_are_no_problem(self) -> None:
        seen = self.watch([RawAnswer(200, {}, _page()) for _ in range(5)])
        judge_pages(seen)

    def test_a_single_bad_page_fails_the_attack(self) -> None:
        good = RawAnswer(200, {}, _page())
        for bad in (
            RawAnswer(503, {}, b""),
            RawAnswer(200, {}, b""),
            RawAnswer(200, {}, _page() + b"# \xff\n"),
            Failed("it broke off"),
            ValueError("what nobody has thought of"),
        ):
            seen = self.watch([good, good, bad, good, good, good])
            self.assertEqual(seen.problem_count, 1)
            with self.assertRaisesRegex(Failed, f"1 of {seen.pages} were not: page 3"):
                judge_pages(seen)

    def test_a_page_beyond_its_deadline_fails_the_attack(self) -> None:
        seen = self.watch([RawAnswer(200, {}, _page())], page_seconds_max=0.0)
        with self.assertRaisesRegex(Failed, "page after"):
            judge_pages(seen)

    def test_too_few_pages_during_the_attack_say_nothing(self) -> None:
        for begun, seconds, least in ((0, 0.3, 1), (1, 5.2, 2), (2, 11.0, 3), (2, 500.0, 3)):
            with self.assertRaisesRegex(Failed, f"at least {least} pages begun"):
                judge_begun(begun, seconds, 5.0)
            judge_begun(least, seconds, 5.0)

    def test_an_attack_that_is_over_before_a_page_is_due_says_nothing_of_pages(self) -> None:
        judge_begun(0, 0.1, 5.0)

    def test_pages_are_counted_from_their_begin(self) -> None:
        asked, goes_on = threading.Event(), threading.Event()

        def get_page() -> RawAnswer:
            asked.set()
            goes_on.wait(30.0)
            return RawAnswer(200, {}, _page())

        with Watcher(get_page, 60.0) as watcher:
            self.assertTrue(asked.wait(30.0))
            self.assertEqual((watcher.seen.begun, watcher.seen.pages), (1, 0))
            goes_on.set()
            watcher.wait_pages(1)

    def test_nobody_scrapes_while_it_is_paused(self) -> None:
        scraped = threading.Event()

        def get_page() -> RawAnswer:
            scraped.set()
            return RawAnswer(200, {}, _page())

        with Watcher(get_page, 60.0) as watcher:
            watcher.wait_pages(1)
            with watcher.paused():
                before = watcher.seen.pages
                scraped.clear()
                self.assertFalse(scraped.wait(0.3))
                self.assertEqual(watcher.seen.pages, before)
            self.assertTrue(scraped.wait(30.0))


WHOLE = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\na 1"


class GoodScraperTest(unittest.TestCase):
    """Against a server that plays a script."""

    def scrape(self, *connections: Sequence[bytes], by_reset: bool) -> GoodScraper:
        """Two pages. Each connection answers so many requests, and is ended at the next one."""
        listener = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(listener.close)
        thread = threading.Thread(target=self.serve, args=(listener, connections, by_reset))
        thread.start()
        self.addCleanup(thread.join, 10.0)
        self.addCleanup(listener.shutdown, socket.SHUT_RDWR)
        scraper = GoodScraper(listener.getsockname()[1], "good", 5.0)
        self.addCleanup(scraper.close)
        for _ in range(2):
            scraper.get_page()
        return scraper

    @staticmethod
    def serve(
        listener: socket.socket, connections: Sequence[Sequence[bytes]], by_reset: bool
    ) -> None:
        for answers in connections:
            try:
                accepted, _ = listener.accept()
            except OSError:
                return  # nobody has asked again
            with accepted:
                for answer in answers:
                    if not accepted.recv(1 << 16):
                        return
                    accepted.sendall(answer)
                if answers[-1:] == [WHOLE]:
                    accepted.recv(1 << 16)
                if by_reset:
                    time.sleep(0.05)  # or it would overtake what was sent
                    linger = struct.pack("ii", 1, 0)
                    accepted.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)

    def test_a_kept_connection_that_has_ended_is_renewed_and_that_is_counted(self) -> None:
        for by_reset in (False, True):
            self.assertEqual(self.scrape([WHOLE], [WHOLE], by_reset=by_reset).asked_again, 1)

    def test_a_kept_connection_that_serves_is_not_renewed(self) -> None:
        self.assertEqual(self.scrape([WHOLE, WHOLE], by_reset=False).asked_again, 0)

    def test_a_page_that_breaks_off_is_not_asked_for_again(self) -> None:
        sizes = {False: (1, len(WHOLE) - 1), True: (1, 20, len(WHOLE) - 1)}
        for by_reset in (False, True):
            for size in sizes[by_reset]:
                for before in ([], [WHOLE]):
                    with self.subTest(by_reset=by_reset, size=size, before=before):
                        connections = [*before, WHOLE[:size]], [WHOLE, WHOLE]
                        with self.assertRaises(Failed):
                            self.scrape(*connections, by_reset=by_reset)

    def test_a_new_connection_that_ends_at_once_is_no_page(self) -> None:
        for by_reset in (False, True):
            with self.assertRaises(Failed):
                self.scrape([b""], [WHOLE, WHOLE], by_reset=by_reset)


class MemoryJudgeTest(unittest.TestCase):
    def test_growth_up_to_the_bound_is_good_and_beyond_it_bad(self) -> None:
        growth = Bound(8 * MIB, "the limits")
        judge_memory(_reading(8 * MIB), growth)
        with self.assertRaisesRegex(Failed, "at most 8 MiB.*the limits"):
            judge_memory(_reading(8 * MIB + 1), growth)


class LogJudgeTest(unittest.TestCase):
    def test_few_short_lines_are_good(self) -> None:
        judge_log(_reading(log_lines=("level=warn",) * 3), 3)

    def test_too_many_lines_are_bad(self) -> None:
        with self.assertRaisesRegex(Failed, "at most 3 lines"):
            judge_log(_reading(log_lines=("level=warn",) * 4), 3)

    def test_a_long_line_is_bad(self) -> None:
        with self.assertRaisesRegex(Failed, "no long line"):
            judge_log(_reading(log_lines=("a" * (LOG_LINE_BYTES_MAX + 1),)), 3)

    def test_what_a_terminal_obeys_is_bad(self) -> None:
        for odd in ("\x1b[2J", "\x07", "\x9b2J", "\u202e", "\u2028"):
            with self.assertRaisesRegex(Failed, "no control characters"):
                judge_log(_reading(log_lines=(f"level=warn {odd}",)), 3)


class CounterJudgeTest(unittest.TestCase):
    NAME = "prometheus_proxy_connection_error_total"

    def page(self, value: int) -> str:
        labels = 'exception="ProtocolError",transport="tcp"'
        return f"{self.NAME}{{{labels}}} {value}\nprometheus_proxy_pushes_held 1\n"

    def test_a_counter_that_has_grown_enough_is_good(self) -> None:
        counts = (connection_errors("ProtocolError", 3), counted("pushes_held", 0))
        judge_counters(parse(self.page(2)), parse(self.page(5)), counts)

    def test_a_counter_that_has_grown_less_is_bad(self) -> None:
        counts = (connection_errors("ProtocolError", 4),)
        with self.assertRaisesRegex(Failed, "to grow by 4, it was 3"):
            judge_counters(parse(self.page(2)), parse(self.page(5)), counts)

    def test_a_counter_that_does_not_exist_is_bad(self) -> None:
        page = parse(self.page(1))
        with self.assertRaisesRegex(Failed, "there are 0"):
            judge_counters(page, page, (connection_errors("Nonsense", 0),))

    def test_a_counter_that_has_grown_more_is_bad_unless_that_depends_on_chance(self) -> None:
        before, after = parse(self.page(2)), parse(self.page(5))
        with self.assertRaisesRegex(Failed, "to grow by 2, it was 3"):
            judge_counters(before, after, (connection_errors("ProtocolError", 2),))
        judge_counters(before, after, (connection_errors("ProtocolError", 2, or_more=True),))
        with self.assertRaisesRegex(Failed, "to grow by 4 or more, it was 3"):
            judge_counters(before, after, (connection_errors("ProtocolError", 4, or_more=True),))


class MetersTest(unittest.TestCase):
    def test_the_peak_is_found_though_the_memory_has_been_given_back(self) -> None:
        meters = Meters(os.getpid(), 1)
        meters.read_base(0)
        much = bytearray(64 * MIB)
        much[::4096] = b"a" * len(much[::4096])
        del much
        meters.wait_recovered(time.monotonic() + 30.0)
        reading = meters.read([])
        self.assertGreater(reading.peak_growth_bytes, 60 * MIB)
        self.assertLess(reading.kept_growth_bytes, 16 * MIB)

    def test_a_descriptor_that_stays_open_is_no_recovery(self) -> None:
        meters = Meters(os.getpid(), 1)
        meters.read_base(0)
        kept = os.open("/dev/null", os.O_RDONLY)
        try:
            with self.assertRaisesRegex(Failed, "descriptors as before"):
                meters.wait_recovered(time.monotonic() + 0.1)
        finally:
            os.close(kept)

    def test_a_process_that_keeps_working_is_no_recovery(self) -> None:
        meters = Meters(os.getpid(), 1)
        meters.read_base(0)
        over = threading.Event()
        working = threading.Thread(target=_work_until, args=(over,))
        working.start()
        try:
            with self.assertRaisesRegex(Failed, "an idle proxy"):
                meters.wait_recovered(time.monotonic() + 0.1)
        finally:
            over.set()
            working.join()

    def test_a_log_may_have_so_many_lines_a_period_and_shard(self) -> None:
        self.assertEqual(Meters(os.getpid(), 2).log_lines_max(5.0), 40)
        self.assertEqual(Meters(os.getpid(), 2).log_lines_max(25.0), 80)


def _work_until(over: threading.Event) -> None:
    while not over.is_set():
        sum(range(1000))


if __name__ == "__main__":
    unittest.main()
