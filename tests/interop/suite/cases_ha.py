"""A highly available pair of Prometheis, who else looks at the pages that they scrape, and a proxy
that is started anew between two scrapes.
"""

from __future__ import annotations

import signal
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from harness.exposition import Page, parse
from harness.outcome import eventually, expect
from harness.process import expect_success
from harness.proxy import CppProxy
from harness.scraper import Scraper

from .case import Case, Context
from .peers import tool
from .prometheus import Prometheus

VIEWS = ("connected", "pushes")
PUSHED = ("example_pi", "example_work_seconds")  # what the example `serverless` pushes
WITHIN_SECONDS = 15.0
LATER_SCRAPES = 3  # after these, what would be shown again has been

# Both come from one address and are the same program, so that their names alone tell them apart.
CONFIG = "global: {scrape_interval: 1s, scrape_timeout: 900ms}\nscrape_configs:\n" + "".join(
    f"""\
  - job_name: {view}
    honor_labels: true
    metrics_path: /metrics/{view}
    params: {{scraper: [SCRAPER]}}
    static_configs: [{{targets: ["127.0.0.1:PORT"]}}]
"""
    for view in VIEWS
)


def pushes(context: Context) -> None:
    """Both get each series of a push once, from both pages, however often a curl looks at them."""
    directory = context.peers.path("prometheus")
    curl = tool("curl", "curl")
    with ExitStack() as stack:
        proxy = stack.enter_context(context.cpp_proxy())
        pair = [
            stack.enter_context(
                Prometheus(
                    directory,
                    context.log_dir,
                    CONFIG.replace("SCRAPER", name).replace("PORT", str(proxy.ports.http)),
                    name=f"prometheus-{name}",
                )
            )
            for name in ("a", "b")
        ]
        for prometheus in pair:
            eventually(partial(_has_scraped, prometheus, 2), "regular scrapes", WITHIN_SECONDS)
        for prometheus in pair:
            prometheus.send_signal(signal.SIGSTOP)
            stack.callback(prometheus.send_signal, signal.SIGCONT)
        # Their requests that are under way come before this one.
        stack.enter_context(Scraper(proxy.ports.http, "c")).connected()

        example = stack.enter_context(context.cpp_example("serverless", proxy.ports.tcp, "tcp"))
        expect(example.wait_exit(WITHIN_SECONDS) == 0, "the push to be acknowledged")
        stack.enter_context(Scraper(proxy.ports.http)).wait_active(0, WITHIN_SECONDS)
        first = _curl(context, curl, proxy, "connected")
        expect({name for name, _ in first.samples} == set(PUSHED), "the push, shown to the curl")
        other = _curl(context, curl, proxy, "pushes")
        expect(other.samples == first.samples, "the push to be on both pages")
        pushed = {name: float(value) for (name, _), value in first.samples.items()}

        for prometheus in pair:
            prometheus.send_signal(signal.SIGCONT)
            eventually(
                partial(_has_all, prometheus, pushed),
                f"{prometheus.name} to have the push from both pages with the values that it had",
                WITHIN_SECONDS,
            )
            for view in VIEWS:
                again = _curl(context, curl, proxy, view).samples
                expect(not again, f"nothing for the curl the second time, there was {again}")
        for prometheus in pair:
            later = min(_scrapes(prometheus)) + LATER_SCRAPES
            eventually(partial(_has_scraped, prometheus, later), "later scrapes", WITHIN_SECONDS)
            for view in VIEWS:
                for name in PUSHED:
                    series = f'{name}{{job="{view}"}}'
                    times = prometheus.values(f"count_over_time({series}[5m])")
                    expect(times == ["1"], f"{series} once in {prometheus.name}, it was {times}")
                    still = prometheus.values(series)
                    expect(not still, f"{series} to be gone from {prometheus.name}: {still}")


def restart(context: Context) -> None:
    """What was on a proxy's last page before its orderly end is not on its first one after it."""
    directory = context.peers.path("prometheus")
    store = f"--push.store={context.log_dir / 'pushes'}"
    with ExitStack() as stack:
        proxy = stack.enter_context(context.cpp_proxy(store))
        config = CONFIG.replace("SCRAPER", "a").replace("PORT", str(proxy.ports.http))
        prometheus = stack.enter_context(Prometheus(directory, context.log_dir, config))
        eventually(partial(_has_scraped, prometheus, 2), "regular scrapes", WITHIN_SECONDS)
        example = stack.enter_context(context.cpp_example("serverless", proxy.ports.tcp, "tcp"))
        expect(example.wait_exit(WITHIN_SECONDS) == 0, "the push to be acknowledged")
        shown = f'{PUSHED[0]}{{job="connected"}}'
        eventually(lambda: prometheus.values(shown), "the push on a page", WITHIN_SECONDS)
        proxy.expect_clean_end()  # at once: it has no clients
        later = max(_scrapes(prometheus)) + LATER_SCRAPES
        proxy = stack.enter_context(context.cpp_proxy(store, at=proxy.ports))
        expect(any("held from before" in line for line in proxy.lines()), "the push to be held on")
        eventually(partial(_has_scraped, prometheus, later), "later scrapes", WITHIN_SECONDS)
        times = prometheus.values(f"count_over_time({shown}[5m])")
        expect(times == ["1"], f"{shown} once, it was {times}")


def _curl(context: Context, curl: str, proxy: CppProxy, view: str) -> Page:
    """What curl gets: without a name, so it is told from others by its User-Agent."""
    url = f"http://127.0.0.1:{proxy.ports.http}/metrics/{view}"
    command: list[str | Path] = [curl, "-sS", "--max-time", "10", url]
    return parse(expect_success("curl", command, context.log_dir, WITHIN_SECONDS))


def _scrapes(prometheus: Prometheus) -> list[int]:
    """How often it has scraped each view with success, as far as it has scraped it at all."""
    return [int(value) for value in prometheus.values("sum by (job) (sum_over_time(up[5m]))")]


def _has_scraped(prometheus: Prometheus, times: int) -> bool:
    scrapes = _scrapes(prometheus)
    return len(scrapes) == len(VIEWS) and min(scrapes) >= times


def _has_all(prometheus: Prometheus, pushed: dict[str, float]) -> bool:
    """Whether each pushed series has come from each view, whether or not it is still there."""
    return all(
        [float(value) for value in prometheus.values(f'last_over_time({name}{{job="{view}"}}[5m])')]
        == [value]
        for view in VIEWS
        for name, value in pushed.items()
    )


def cases() -> list[Case]:
    """Every case of this module."""
    peers = ("Prometheus 2.42",)
    return [
        Case("prometheus-ha-push", peers, "push to a pair", pushes, 60),
        Case("prometheus-restart-push", peers, "push, restart", restart, 60),
    ]
