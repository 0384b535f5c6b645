"""Who may connect: passwords, certificates and tokens, and the files that say so."""

from __future__ import annotations

import json
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from harness import frames as wire
from harness.outcome import eventually, expect
from harness.proxy import CppProxy
from harness.scraper import Scraper

from .case import Case, Context
from .certificates import Authority
from .prometheus import Prometheus
from .raw_client import RawClient, introduction, trusting
from .tls_tools import SERVER_TLS, CurlAnswer, client_ca, curl, proxy_with

# bcrypt at cost 10 of PASSWORD.
PASSWORD = "open sesame"
USERS = """\
basic_auth_users:
  prometheus: "$2b$10$VAv1vBiPkEtLEwRQz6aqOeWmL5Ouwk6h4ieNykMLa0NHpaGKKR4TK"
"""
HEADERS = """\
http_server_config:
  headers:
    Strict-Transport-Security: max-age=31536000
    X-Content-Type-Options: nosniff
"""
RATE_LIMIT = "rate_limit:\n  interval: 1h\n  burst: 3\n"

TOKEN = "a-token-of-the-batch-jobs"
WRONG_TOKEN = "a-token-of-somebody-else"
GRANTS = """\
tokens:
  - token_file: batch.token
    name: batch jobs
    job: nightly-*
certificates:
  - san: "*.shop.example"
    job: shop
"""

# Refused clients are held for 5 to 15 s; a little for the way.
HELD_SECONDS = (4.9, 16.5)
HELD_WITHIN_SECONDS = 25.0
REFUSED_METRIC = "prometheus_proxy_connections_refused_total"
REJECTED_SETUP = 0x00000003  # RSocket 1.0, "Error Codes"

PROMETHEUS_CONFIG = """\
global:
  scrape_interval: 1s
  scrape_timeout: 900ms
scrape_configs:
  - job_name: password
    scheme: https
    metrics_path: /metrics/connected
    tls_config: {ca_file: CA}
    basic_auth: {username: prometheus, password: "PASSWORD"}
    static_configs: [{targets: ["127.0.0.1:BY_PASSWORD"]}]
  - job_name: wrong-password
    scheme: https
    metrics_path: /metrics/connected
    tls_config: {ca_file: CA}
    basic_auth: {username: prometheus, password: wrong}
    static_configs: [{targets: ["127.0.0.1:BY_PASSWORD"]}]
  - job_name: certificate
    scheme: https
    metrics_path: /metrics/proxy
    tls_config: {ca_file: CA, cert_file: CERTIFICATE, key_file: KEY}
    static_configs: [{targets: ["127.0.0.1:BY_CERTIFICATE"]}]
  - job_name: no-certificate
    scheme: https
    metrics_path: /metrics/proxy
    tls_config: {ca_file: CA}
    static_configs: [{targets: ["127.0.0.1:BY_CERTIFICATE"]}]
  - job_name: clients
    scheme: https
    tls_config: {ca_file: CA}
    basic_auth: {username: prometheus, password: "PASSWORD"}
    http_sd_configs:
      - url: "https://127.0.0.1:BY_PASSWORD/sd"
        refresh_interval: 1s
        tls_config: {ca_file: CA}
        basic_auth: {username: prometheus, password: "PASSWORD"}
"""
# A client, and the pushes.
UPS = {
    "password": ["1"],
    "wrong-password": ["0"],
    "certificate": ["1"],
    "no-certificate": ["0"],
    "clients": ["1", "1"],
}


def by_curl(context: Context) -> None:
    """Users, certificates, headers, the rate limit and the health pages, as curl finds them."""
    authority = Authority(context.log_dir)
    authority.issue("server")
    _passwords(context, authority)
    _health_and_headers(context, authority)
    _certificates(context, authority)
    with proxy_with(context, SERVER_TLS + RATE_LIMIT) as proxy:
        ask = partial(_curl, context, authority, proxy, "/metrics/proxy")
        statuses = [ask().status for _ in range(5)]
        expect(statuses == [200, 200, 200, 429, 429], f"the rate limit, not {statuses}")


def _curl(
    context: Context, authority: Authority, proxy: CppProxy, path: str, *options: str | Path
) -> CurlAnswer:
    url = f"https://127.0.0.1:{proxy.ports.http}{path}"
    return curl(context, url, "--cacert", authority.certificate, *options)


def _passwords(context: Context, authority: Authority) -> None:
    with proxy_with(context, SERVER_TLS + USERS) as proxy:
        ask = partial(_curl, context, authority, proxy)
        for user in ("prometheus:wrong", f"nobody:{PASSWORD}", "prometheus:", ""):
            for path in ("/metrics/connected", "/sd", "/-/healthy", "/no-such-page"):
                answer = ask(path, *(("--user", user) if user else ()))
                expect(answer.status == 401, f"{path} as {user!r}: 401, not {answer.status}")
                asked = answer.headers.get("www-authenticate")
                expect(asked == "Basic", f"to be asked for a password, not {asked}")
        for path in ("/metrics/connected", "/metrics/connected", "/-/healthy"):
            answer = ask(path, "--user", f"prometheus:{PASSWORD}")
            expect(answer.status == 200, f"{path} with the password: {answer.status}")
        plain = curl(context, f"http://127.0.0.1:{proxy.ports.http}/metrics/proxy")
        expect(plain.code != 0 and plain.status == 0, f"no page in clear, it was {plain.status}")
        said = "\n".join(proxy.lines())
        expect(PASSWORD not in said and "$2b$" not in said, "no password in the log")


def _health_and_headers(context: Context, authority: Authority) -> None:
    web = SERVER_TLS + HEADERS + USERS
    with proxy_with(context, web, "", "--web.health-without-auth") as proxy:
        ask = partial(_curl, context, authority, proxy)
        for path, status in (("/-/healthy", 200), ("/-/ready", 200), ("/metrics/proxy", 401)):
            for options in ((), ("--head",)):
                answer = ask(path, *options)
                expect(answer.status == status, f"{path} {options}: {answer.status}")
                expect(not (options and answer.body), f"{path}: no body after HEAD")
                for name, value in (
                    ("strict-transport-security", "max-age=31536000"),
                    ("x-content-type-options", "nosniff"),
                ):
                    expect(answer.headers.get(name) == value, f"{path}: the header {name}")
        for path in ("/-/reload", "/-/quit"):
            answer = ask(path, "--request", "POST", "--user", f"prometheus:{PASSWORD}")
            expect(answer.status == 404, f"no {path} unless asked for, it was {answer.status}")


def _certificates(context: Context, authority: Authority) -> None:
    own = authority.issue("scraper", "DNS:prometheus.example")
    with proxy_with(context, SERVER_TLS + client_ca("RequireAndVerifyClientCert")) as proxy:
        ask = partial(_curl, context, authority, proxy, "/metrics/proxy")
        shown = ask("--cert", own.certificate, "--key", own.key)
        expect(shown.status == 200, f"a page for the certificate, not {shown.status}")
        bare = ask()
        expect(bare.code != 0 and bare.status == 0, f"no page without, it was {bare.status}")


def prometheus(context: Context) -> None:
    """Scrapes and finds clients over https, by password and by certificate; `up` says who may."""
    directory = context.peers.path("prometheus")
    authority = Authority(context.log_dir)
    authority.issue("server")
    own = authority.issue("scraper", "DNS:prometheus.example")
    with ExitStack() as stack:
        by_password = stack.enter_context(proxy_with(context, SERVER_TLS + USERS))
        mutual = SERVER_TLS + client_ca("RequireAndVerifyClientCert")
        by_certificate = stack.enter_context(proxy_with(context, mutual))
        stack.enter_context(context.cpp_example("simplest", by_password.ports.tcp, "tcp"))
        configuration = PROMETHEUS_CONFIG
        for word, value in (
            ("BY_PASSWORD", by_password.ports.http),
            ("BY_CERTIFICATE", by_certificate.ports.http),
            ("PASSWORD", PASSWORD),
            ("CERTIFICATE", own.certificate),
            ("CA", authority.certificate),
            ("KEY", own.key),
        ):
            configuration = configuration.replace(word, str(value))
        server = stack.enter_context(Prometheus(directory, context.log_dir, configuration))
        for job, ups in UPS.items():
            eventually(
                partial(_are_values, server, f'up{{job="{job}"}}', ups),
                f"up of {job} to be {ups}",
                within_seconds=20.0,
            )
        ticks = 'example_ticks_total{job="password"}'
        eventually(partial(server.query, ticks), "the client's metrics", within_seconds=20.0)
        refused = server.query('{job="wrong-password", __name__!~"up|scrape_.*"}')
        expect(not refused, f"nothing for the wrong password, not {refused[:1]}")


def _are_values(server: Prometheus, expression: str, values: list[str]) -> bool:
    return server.values(expression) == values


def grants(context: Context) -> None:
    """A token or a certificate lets in whom it names; others wait, and get nothing."""
    authority = Authority(context.log_dir)
    authority.issue("server")
    own = authority.issue("own", "DNS:app.shop.example")
    (context.log_dir / "batch.token").write_text(f"{TOKEN}\n", "utf-8")
    with ExitStack() as stack:
        may_show = SERVER_TLS + client_ca("VerifyClientCertIfGiven")
        proxy = stack.enter_context(proxy_with(context, "", may_show + GRANTS))
        bare = trusting(authority.certificate)
        shows_own = trusting(authority.certificate, own)

        def connect(
            transport: str, job: str, token: str = "", bearer: str = "", certified: bool = False
        ) -> RawClient:
            tls = shows_own if certified else bare
            said = introduction(job, token)
            client = RawClient(proxy.ports.of(transport), transport, tls, said, bearer)
            return stack.enter_context(client)

        served = {
            "nightly-report": connect("tcp", "nightly-report", TOKEN),
            "nightly-backup": connect("websocket", "nightly-backup", TOKEN),
            "nightly-mail": connect("websocket", "nightly-mail", bearer=TOKEN),
            "shop": connect("tcp", "shop", certified=True),
        }
        refused = {
            "tcp, another name": connect("tcp", "bank", TOKEN),
            "tcp, wrong": connect("tcp", "nightly-a", WRONG_TOKEN),
            "tcp, none": connect("tcp", "nightly-b"),
            "header, another name": connect("websocket", "bank", bearer=TOKEN),
            "header, wrong": connect("websocket", "nightly-c", bearer=WRONG_TOKEN),
            "header, none": connect("websocket", "nightly-d"),
            "certificate, another name": connect("tcp", "nightly-e", certified=True),
        }
        scraper = stack.enter_context(Scraper(proxy.ports.http))
        for client in served.values():
            client.wait_frame(wire.REQUEST_FNF, times=1, within_seconds=10.0)
        scraper.wait_active(len(served))
        for what, client in refused.items():
            _expect_held(what, client)
        counted = scraper.own_metric(REFUSED_METRIC, reason="not_allowed")
        expect(counted == len(refused), f"{len(refused)} to be counted, not {counted:g}")
        listed = json.loads(scraper.get("/api/v1/clients").text)["data"]
        jobs = sorted(client["job"] for client in listed)
        expect(jobs == sorted(served), f"those who may to be listed, not {jobs}")
        expect(all(client.is_open() for client in served.values()), "those who may to stay")
        said = "\n".join(proxy.lines())
        expect(TOKEN not in said and WRONG_TOKEN not in said, "no token in the log")


def _expect_held(what: str, client: RawClient) -> None:
    held = client.wait_end(HELD_WITHIN_SECONDS)
    shortest, longest = HELD_SECONDS
    expect(shortest <= held <= longest, f"{what}: held for 5 to 15 s, not {held:.1f} s")
    heard = client.frames()
    kinds = [frame.type for frame in heard]
    expect(kinds == [wire.ERROR], f"{what}: nothing but an error, not frames of types {kinds}")
    code = int.from_bytes(heard[0].data[:4], "big")
    expect(code == REJECTED_SETUP, f"{what}: REJECTED_SETUP, not {code:#x}")


def cases() -> list[Case]:
    """Every case of this module."""
    return [
        Case("access-curl", ("curl 7.88",), "access", by_curl, timeout_seconds=60),
        Case("access-prometheus", ("Prometheus 2.42",), "access", prometheus, timeout_seconds=60),
        Case("access-grants", ("a client by hand, TLS and wss",), "access", grants,
             timeout_seconds=60, waits=True),
    ]  # fmt: skip
