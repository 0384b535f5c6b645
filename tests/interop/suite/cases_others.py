"""Prometheus, promtool and Prometheus' parsers against our proxy, and the PyPI client."""

from __future__ import annotations

import signal
from collections import Counter
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from harness.exposition import Page, parse
from harness.outcome import Failed, eventually, expect
from harness.process import expect_success, run_to_end
from harness.proxy import CppProxy
from harness.scraper import Scraper

from . import wire
from .case import Case, Context, built
from .checks import expect_clients_values, expect_same_values
from .programs import JavaClient, PythonClient
from .prometheus import Prometheus
from .tap import Tap

DIFFERENTIAL_TEXTS = 20_000  # each, and a mutation of it
# A MetricFamily of one native histogram: 2 of its 6 observations are in the bucket of zero.
NATIVE_HISTOGRAM = (
    Path(__file__).parents[3] / "fuzz" / "corpus" / "exposition" / "protobuf_native_histogram"
)
NATIVE_VALUES = {
    "histogram_count(h)": "6",
    "histogram_sum(h)": "1.5",
    "histogram_fraction(-0.1, 0.1, h) * 6": "2",
}
PROMTOOL_LINT = 3  # promtool's exit code for findings about names; a parse error is 1

PROMETHEUS_CONFIG = """\
global:
  scrape_interval: 1s
  scrape_timeout: 900ms
scrape_configs:
  - job_name: connected
    honor_labels: true
    metrics_path: /metrics/connected
    static_configs:
      - targets: ["127.0.0.1:{port}"]
  - job_name: proxy
    metrics_path: /metrics/proxy
    static_configs:
      - targets: ["127.0.0.1:{port}"]
"""

DISCOVERY_CONFIG = """\
global:
  scrape_interval: 1s
  scrape_timeout: 900ms
scrape_configs:
  - job_name: clients
    http_sd_configs:
      - url: "http://127.0.0.1:{port}/sd"
        refresh_interval: 1s
"""


def _everybody(context: Context, stack: ExitStack) -> tuple[CppProxy, list[JavaClient]]:
    """Our proxy with Java clients and C++ clients, over both transports."""
    proxy = stack.enter_context(context.cpp_proxy())
    java = [
        stack.enter_context(
            context.java_client("1.1.5", proxy.ports.of(transport), transport, transport, clients=2)
        )
        for transport in ("tcp", "websocket")
    ]
    flags = ("--clients=3", "--series=5")
    stack.enter_context(context.cpp_example("many_clients", proxy.ports.tcp, "tcp", *flags))
    stack.enter_context(context.cpp_example("simplest", proxy.ports.websocket, "websocket"))
    scraper = stack.enter_context(Scraper(proxy.ports.http, "setting-up"))
    scraper.wait_active(8)
    for program in java:
        program.wait_keys()
    return proxy, java


def prometheus(context: Context) -> None:
    """Prometheus finds the proxy up, and its values are those of the clients."""
    directory = context.peers.path("prometheus")
    with ExitStack() as stack:
        proxy, java = _everybody(context, stack)
        configuration = PROMETHEUS_CONFIG.format(port=proxy.ports.http)
        server = stack.enter_context(Prometheus(directory, context.log_dir, configuration))
        for job in ("connected", "proxy"):
            eventually(partial(_is_up, server, job), f"up of {job} to be 1", 20.0)
        for program in java:
            for client in range(program.clients):
                # Who was late for the first scrape is on the next.
                scrapes = f'interop_scrapes{{app="{program.label}", client="{client}"}}'
                eventually(partial(server.query, scrapes), f"{scrapes} in Prometheus", 20.0)
                _expect_stored(server, program, client)
        stored = server.query('{instance!="", job="connected", app="", __name__!="up"}')
        names = [sample["metric"]["__name__"] for sample in stored]
        ours = [name for name in names if not name.startswith("scrape_")]
        context.measured["series of C++ clients"] = str(len(ours))
        expect(len(ours) >= 16, f"the series of four C++ clients, there were {len(ours)}")


def discovery(context: Context) -> None:
    """By http_sd each client has an `up` of its own: a hung one 0, and all others 1."""
    directory = context.peers.path("prometheus")
    with ExitStack() as stack:
        proxy, java = _everybody(context, stack)
        configuration = DISCOVERY_CONFIG.format(port=proxy.ports.http)
        server = stack.enter_context(Prometheus(directory, context.log_dir, configuration))
        # Eight clients, and the pushes.
        eventually(partial(_ups_are, server, {"1": 9}), "everybody to be up", 30.0)
        hung = java[0]
        hung.send_signal(signal.SIGSTOP)
        stack.callback(hung.send_signal, signal.SIGCONT)
        ups = {"0": hung.clients, "1": 9 - hung.clients}
        eventually(partial(_ups_are, server, ups), "the hung clients alone to be down", 30.0)
        hung.send_signal(signal.SIGCONT)
        eventually(partial(_ups_are, server, {"1": 9}), "everybody to be up again", 30.0)


def native_histograms(context: Context) -> None:
    """A client's protobuf reaches Prometheus with its native histogram whole."""
    prometheus_directory = context.peers.path("prometheus")
    python_directory = context.peers.path("python-peer")
    with ExitStack() as stack:
        proxy = stack.enter_context(context.cpp_proxy())
        python = PythonClient(
            python_directory, context.log_dir, proxy.ports.tcp, payload=NATIVE_HISTOGRAM
        )
        stack.enter_context(python).wait_event("key")
        configuration = PROMETHEUS_CONFIG.format(port=proxy.ports.http)
        server = stack.enter_context(
            Prometheus(
                prometheus_directory,
                context.log_dir,
                configuration,
                "--enable-feature=native-histograms",
            )
        )
        for expression, value in NATIVE_VALUES.items():
            wanted = f"{expression} to be {value}"
            eventually(partial(_is_value, server, expression, value), wanted, 20.0)


def _is_value(server: Prometheus, expression: str, value: str) -> bool:
    return server.values(expression) == [value]


def _ups_are(server: Prometheus, expected: dict[str, int]) -> bool:
    return Counter(server.values('up{job="clients"}')) == expected


def _is_up(server: Prometheus, job: str) -> bool:
    return _is_value(server, f'up{{job="{job}"}}', "1")


def _expect_stored(server: Prometheus, java: JavaClient, client: int) -> None:
    """What Prometheus has of this client is what the client has."""
    selector = f'{{app="{java.label}", client="{client}", __name__!="interop_scrapes"}}'
    stored = {
        (
            sample["metric"].pop("__name__"),
            frozenset(
                (key, value)
                for key, value in sample["metric"].items()
                if key not in ("job", "instance")
            ),
        ): sample["value"][1]
        for sample in server.query(selector)
    }
    own = java.text(client).samples
    for series, value in own.items():
        if series[0] == "interop_scrapes":
            continue
        name, labels = series
        # Prometheus writes `le` as it came in.
        expect((name, labels) in stored, f"{name}{dict(labels)} in Prometheus")
        # Another notation, the same number; NaN is not itself.
        same = repr(float(stored[series])) == repr(float(value))
        expect(same, f"{name}{dict(labels)} to be {value}, Prometheus has {stored[series]}")


def promtool(context: Context) -> None:
    """promtool parses the clients' page, and has nothing to say about the proxy's own."""
    directory = context.peers.path("prometheus")
    with ExitStack() as stack:
        proxy, java = _everybody(context, stack)
        scraper = stack.enter_context(Scraper(proxy.ports.http))
        page = scraper.connected_text()
        for program in java:
            expect_clients_values(parse(page), program)
        code, output = _promtool(context, directory, "connected", page)
        expect(code in (0, PROMTOOL_LINT), f"the clients' page to parse, not {code}:\n{output}")
        context.measured["promtool on /metrics/connected"] = "clean" if code == 0 else "lint only"
        own = scraper.get("/metrics/proxy").text
        code, output = _promtool(context, directory, "proxy", own)
        expect(code == 0, f"nothing about /metrics/proxy, not {code}:\n{output}")


def _promtool(context: Context, directory: Path, name: str, page: str) -> tuple[int, str]:
    kept = context.log_dir / f"{name}.txt"
    kept.write_text(page, "utf-8", newline="\n")
    command = f"'{directory}/usr/bin/promtool' check metrics < '{kept}'"
    return run_to_end(f"promtool-{name}", ["/bin/sh", "-c", command], context.log_dir, 30.0)


def parsers(context: Context) -> None:
    """Prometheus' own parsers take what we let in, refuse what we refuse, and read our pages."""
    parser = context.peers.path("prometheus-parser") / "parser"
    binary = built(context.binaries.differential, "--differential-binary")
    command = [binary, parser, str(DIFFERENTIAL_TEXTS)]
    for line in expect_success("differential", command, context.log_dir, 240.0).splitlines():
        count, what = line.split("\t")
        context.measured[what] = count


def pypi(context: Context) -> None:
    """The PyPI client: SETUP, key, scrapes, an answered push, shown once."""
    directory = context.peers.path("python-peer")
    with ExitStack() as stack:
        proxy = stack.enter_context(context.cpp_proxy())
        tap = stack.enter_context(Tap(proxy.ports.tcp))
        scraper = stack.enter_context(Scraper(proxy.ports.http, "a"))
        client = stack.enter_context(PythonClient(directory, context.log_dir, tap.port))
        client.wait_event("key")
        page = scraper.connected()
        expect_same_values(page, _pypi_page(), "pypi")
        expect(list(page.of("interop_scrapes", app="pypi").values()) == ["1"], "the first scrape")
        scrapes = wire.expect_sealed_scrapes(tap.recordings[0], "tcp", None)
        expect(scrapes == 1, f"one scrape over the wire, not {scrapes}")
        client.tell("push")
        client.wait_event("pushed")
        client.tell("quit")
        client.wait_exit(10.0)
        scraper.wait_active(0)
        expect_same_values(scraper.connected(), _pypi_page(), "pypi, pushed")
        expect(not scraper.connected().samples, "the push shown once")


def _pypi_page() -> Page:
    return parse(
        'interop_value{app="pypi",text="gr\u00fc\u00dfe"} 1.0E-9\n'
        'interop_value{app="pypi",text="interop-secret"} NaN\n'
    )


def cases() -> list[Case]:
    """Every case of this module."""
    scrapers = ("Prometheus 2.42",)
    return [
        Case("prometheus-scrape", scrapers, "scrape", prometheus),
        Case("prometheus-discovery", scrapers, "http_sd", discovery),
        Case(
            "prometheus-native-histograms",
            (*scrapers, "PyPI rsocket 0.4.20, tcp"),
            "protobuf",
            native_histograms,
        ),
        Case("promtool-check", scrapers, "promtool", promtool),
        Case(
            "prometheus-parser-differential",
            ("Prometheus 3.16's parsers",),
            "differential",
            parsers,
            timeout_seconds=300,
        ),
        Case(
            "pypi-rsocket-tcp-scrape",
            ("PyPI rsocket 0.4.20, tcp",),
            "scrape",
            pypi,
        ),
    ]
