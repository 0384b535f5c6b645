"""A highly available pair of Prometheis, and who else looks at the pages that they scrape."""

from __future__ import annotations

import signal
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from .case import Case, Context
from .exposition import Page, parse
from .outcome import eventually, expect
from .peers import tool
from .process import expect_success
from .programs import CppProxy
from .prometheus import Prometheus
from .scraper import Scraper

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
    return [Case("prometheus-ha-push", ("Prometheus 2.42",), "push to a pair", pushes, 60)]
