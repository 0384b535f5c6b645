"""TLS of our proxy as the openssl program, the Java clients and the PyPI client find it."""

from __future__ import annotations

import re
from contextlib import ExitStack
from functools import partial

from harness import frames as wire
from harness.exposition import parse
from harness.outcome import expect
from harness.process import Child
from harness.proxy import CppProxy, free_ports
from harness.scraper import Scraper

from .case import Case, Context
from .cases_java import java_row
from .certificates import Authority, Identity
from .checks import (
    expect_clients_values,
    expect_few_dials,
    expect_held,
    expect_one_page,
    expect_same_values,
    is_shown,
    scrape_count,
)
from .peers import tool
from .programs import JavaClient, PythonClient
from .raw_client import RawClient, introduction, trusting
from .tap import Tap
from .tls_tools import (
    SERVER_TLS,
    access_flags,
    asks_for_health,
    client_ca,
    proxy_with,
    s_client,
)

JAVA_VERSION = "1.1.5"

# OpenSSL itself is willing to speak the old versions with these alone.
OLD_VERSIONS = (("-tls1",), ("-tls1_1",))
OLD_CIPHERS = ("-cipher", "DEFAULT:@SECLEVEL=0")

# A page for which a client that does not answer is waited for. Its last line ends the header.
SLOW_PAGE = (
    "GET /metrics/connected HTTP/1.1\nHost: localhost\nX-Prometheus-Scrape-Timeout-Seconds: 2\n"
)

# Whom each kind of client_auth_type lets in, of those who show …
LET_IN = {
    "NoClientCert": {"none", "good", "foreign", "expired"},
    "RequestClientCert": {"none", "good", "foreign", "expired"},
    "RequireAnyClientCert": {"good", "foreign", "expired"},
    "VerifyClientCertIfGiven": {"none", "good"},
    "RequireAndVerifyClientCert": {"good"},
}
TLS_VERSIONS = ("-tls1_2", "-tls1_3")

TOKEN = "a-token-of-the-shop-itself"
CERTIFICATE_GRANTS = 'certificates:\n  - san: "*.shop.example"\n'


def _agreed(output: str) -> str:
    """The version and cipher suite that s_client tells."""
    found = re.search(r"^New, (.*), Cipher is (.*)$", output, re.MULTILINE)
    return f"{found[1]} {found[2]}" if found else ""


def _expect_served(output: str, version: str, what: str) -> None:
    expect(_agreed(output).startswith(f"{version} "), f"{what}: {version}:\n{output[-400:]}")
    expect("Verify return code: 0 (ok)" in output, f"{what}: the certificate to be good")


def _expect_refused(output: str, alert: str, what: str) -> None:
    expect(f"alert {alert}" in output, f"{what}: the alert {alert}:\n{output[-400:]}")


def versions(context: Context) -> None:
    """TLS 1.2 and 1.3 on every listener, nothing older; what the file restricts is restricted."""
    authority = Authority(context.log_dir)
    authority.issue("server")
    trusted = ("-CAfile", authority.certificate, "-verify_return_error")
    with ExitStack() as stack:
        proxy = stack.enter_context(proxy_with(context, SERVER_TLS, SERVER_TLS))
        for port in (proxy.ports.tcp, proxy.ports.websocket, proxy.ports.http):
            for old in OLD_VERSIONS:
                output = s_client(context, port, *old, *OLD_CIPHERS, *trusted)
                _expect_refused(output, "protocol version", f"port {port}, {old}")
            for option, version in (("-tls1_2", "TLSv1.2"), ("-tls1_3", "TLSv1.3")):
                output = s_client(context, port, option, *trusted)
                _expect_served(output, version, f"port {port}")
        output = s_client(context, proxy.ports.http, "-alpn", "h2,http/1.1")
        expect("\nALPN protocol: http/1.1\n" in output, "http/1.1 of h2 and http/1.1")
        _expect_refused(s_client(context, proxy.ports.http, "-alpn", "h2"),
                        "no application protocol", "h2 alone")  # fmt: skip
        _expect_no_renegotiation(context, proxy, authority)
    _restricted(context, "min_version: TLS13", ("-tls1_2",), "protocol version", (), "TLSv1.3 ")
    _restricted(
        context,
        "cipher_suites: [TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384]",
        ("-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-GCM-SHA256"),
        "handshake failure",
        ("-tls1_2",),
        "TLSv1.2 ECDHE-ECDSA-AES256-GCM-SHA384",
    )
    output = _restricted(
        context, "curve_preferences: [CurveP384]", ("-groups", "X25519"), "handshake failure",
        ("-groups", "X25519:P-384"), "TLSv1.3 ",
    )  # fmt: skip
    expect("Server Temp Key: ECDH, secp384r1" in output, f"the curve that is asked for: {output}")


def _restricted(
    context: Context,
    line: str,
    refused: tuple[str, ...],
    alert: str,
    served: tuple[str, ...],
    agreed: str,
) -> str:
    """With this line in the file one s_client is refused, and another one served: what it says."""
    with proxy_with(context, f"{SERVER_TLS}  {line}\n") as proxy:
        _expect_refused(s_client(context, proxy.ports.http, *refused), alert, line)
        output = s_client(context, proxy.ports.http, *served)
        expect(_agreed(output).startswith(agreed), f"{line}: {agreed}, not {_agreed(output)}")
        return output


def _expect_no_renegotiation(context: Context, proxy: CppProxy, authority: Authority) -> None:
    # The refusal goes out with what is written next, a page that is waited for.
    command = [tool("openssl", "openssl"), "s_client", "-crlf", "-tls1_2", "-connect"]
    tls = trusting(authority.certificate)
    with (
        RawClient(proxy.ports.tcp, "tcp", tls, introduction("silent")) as silent,
        Child("openssl", [*command, f"127.0.0.1:{proxy.ports.http}"], context.log_dir) as client,
    ):
        silent.wait_frame(wire.REQUEST_FNF, times=1, within_seconds=10.0)
        client.tell(SLOW_PAGE)
        silent.wait_frame(wire.REQUEST_RESPONSE, times=1, within_seconds=10.0)
        client.tell("R")
        client.wait_until(
            lambda lines: any(":no renegotiation:" in line for line in lines),
            "a renegotiation to be refused",
            within_seconds=10.0,
        )


def client_certificates(context: Context) -> None:
    """Each client_auth_type lets in whom Go's does, and client_allowed_sans some of these."""
    authority = Authority(context.log_dir)
    authority.issue("server")
    shown = {
        "none": None,
        "good": authority.issue("good", "DNS:app.shop.example"),
        "foreign": Authority(context.log_dir, "other").issue("foreign", "DNS:app.shop.example"),
        "expired": authority.issue("expired", "DNS:app.shop.example", days=-1),
    }
    for auth_type, let_in in LET_IN.items():
        # A list of authorities where nobody is asked is an error.
        asked = client_ca(auth_type) if auth_type != "NoClientCert" else ""
        with proxy_with(context, SERVER_TLS + asked) as proxy:
            for who, identity in shown.items():
                for version in TLS_VERSIONS:
                    what = f"{auth_type}, {who}, {version}"
                    is_in = _is_let_in(context, proxy, identity, version)
                    expect(is_in == (who in let_in), f"{what}: not {is_in}")
    named = client_ca("RequireAndVerifyClientCert") + "  client_allowed_sans: [app.shop.example]\n"
    with proxy_with(context, SERVER_TLS + named) as proxy:
        other = authority.issue("stranger", "DNS:other.shop.example")
        for version in TLS_VERSIONS:
            expect(_is_let_in(context, proxy, shown["good"], version), "the name that is allowed")
            expect(not _is_let_in(context, proxy, other, version), "another name to be refused")


def _is_let_in(context: Context, proxy: CppProxy, identity: Identity | None, version: str) -> bool:
    own = ("-cert", identity.certificate, "-key", identity.key) if identity else ()
    output = asks_for_health(context, proxy.ports.http, version, *own)
    # Whoever is neither let in nor told so has found something else.
    is_in = "\nhealthy" in output
    expect(is_in != (" alert " in output), f"an answer or an alert:\n{output[-400:]}")
    return is_in


def _java_flags(authority: Authority, identity: Identity | None = None) -> tuple[str, ...]:
    trusted = f"--tls-authority={authority.certificate}"
    if identity is None:
        return (trusted,)
    return (trusted, f"--tls-certificate={identity.certificate}", f"--tls-key={identity.key}")


def java(transport: str, context: Context) -> None:
    """Scraped, pushes, and is back after a restart with another certificate of the authority."""
    authority = Authority(context.log_dir)
    authority.issue("server")
    flags = access_flags(context, rsocket=SERVER_TLS)
    ports = free_ports()
    with ExitStack() as stack:
        proxy = stack.enter_context(context.cpp_proxy(*flags, at=ports))
        own = stack.enter_context(
            context.java_client(
                JAVA_VERSION, ports.of(transport), transport, clients=2,
                flags=_java_flags(authority),
            )
        )  # fmt: skip
        own.wait_keys()
        with Scraper(ports.http, "a") as scraper:
            page = scraper.connected()
            expect_clients_values(page, own)
            expect_one_page(page)
            _push(own, scraper)
        proxy.expect_clean_end()
        own.wait_event("disconnected", 1)
        keys_before = own.count("key", 1)
        authority.issue("server")
        proxy = stack.enter_context(context.cpp_proxy(*flags, at=ports))
        own.wait_event("key", 1, times=keys_before + 1)
        expect(own.count("connected", 1) == 2, "one connection after the restart")
        page = stack.enter_context(Scraper(ports.http)).connected()
        expect_same_values(page, own.text(1), "after the restart")


def _push(own: JavaClient, scraper: Scraper) -> None:
    own.tell("push-blocking 0")
    pushed = own.wait_event("pushed", 0)
    expect(own.count("push-answered") == 1, "the push to be answered")
    own.wait_event("disconnected", 0)
    scraper.wait_active(1)
    shown = scrape_count(scraper.connected(), own.label, 0)
    expect(shown == float(pushed["n"]), f"the pushed text {pushed['n']}, it was {shown:g}")
    expect(not is_shown(scraper.connected(), own.label, 0), "the push shown once")


def java_unreadable(context: Context) -> None:
    """Nothing of RSocket can be read on the way, and who speaks it in clear waits unanswered."""
    authority = Authority(context.log_dir)
    authority.issue("server")
    with ExitStack() as stack:
        proxy = stack.enter_context(proxy_with(context, rsocket=SERVER_TLS))
        tap = stack.enter_context(Tap(proxy.ports.tcp))
        sealed, clear = (
            stack.enter_context(
                context.java_client(JAVA_VERSION, tap.port, "tcp", name=name, flags=flags)
            )
            for name, flags in (("sealed", _java_flags(authority)), ("clear", ()))
        )
        sealed.wait_keys()
        expect_clients_values(stack.enter_context(Scraper(proxy.ports.http)).connected(), sealed)
        clear.wait_event("dialing")
        expect_few_dials(context, clear)
        expect(clear.count("connected") > 0, "a client in clear takes itself for connected")
        expect(clear.count("key") == 0, "no key for a client in clear")
        over_tls = [r for r in tap.recordings if r.from_client.startswith(b"\x16")]
        expect(len(over_tls) == 1, "one connection over TLS")
        expect(b"application/binary" not in over_tls[0].from_client, "nothing to be read on it")


def java_certificate(transport: str, context: Context) -> None:
    """A certificate that is granted lets a client in; without one it waits, and is not scraped."""
    authority = Authority(context.log_dir)
    authority.issue("server")
    granted = authority.issue("granted", "DNS:app.shop.example")
    other = authority.issue("other", "DNS:app.bank.example")
    demands = SERVER_TLS + client_ca("RequireAndVerifyClientCert") + CERTIFICATE_GRANTS
    with ExitStack() as stack:
        proxy = stack.enter_context(proxy_with(context, rsocket=demands))
        start = partial(
            context.java_client, JAVA_VERSION, proxy.ports.of(transport), transport,
            first_backoff_ms=1000,
        )  # fmt: skip
        clients = {
            name: stack.enter_context(start(name=name, flags=_java_flags(authority, identity)))
            for name, identity in (("granted", granted), ("other", other), ("bare", None))
        }
        clients["granted"].wait_keys()
        clients["other"].wait_event("connected")
        clients["bare"].wait_event("dialing")
        expect_few_dials(context, clients["other"], clients["bare"])
        page = stack.enter_context(Scraper(proxy.ports.http)).connected()
        expect_clients_values(page, clients["granted"])
        for name in ("other", "bare"):
            expect(clients[name].count("key") == 0, f"no key for {name}")
            expect(not is_shown(page, name, 0), f"nothing of {name} on the page")
        context.measured["who has no grant is held for"] = f"{expect_held(clients['other']):.1f} s"


def java_token(context: Context) -> None:
    """A token in the upgrade request lets a client in that says nothing else of itself."""
    authority = Authority(context.log_dir)
    authority.issue("server")
    (context.log_dir / "shop.token").write_text(f"{TOKEN}\n", "utf-8")
    tokens = "tokens:\n  - token_file: shop.token\n"
    with ExitStack() as stack:
        proxy = stack.enter_context(proxy_with(context, rsocket=SERVER_TLS + tokens))
        right, wrong = (
            stack.enter_context(
                context.java_client(
                    JAVA_VERSION, proxy.ports.websocket, "websocket", name=name,
                    flags=(*_java_flags(authority), f"--token={token}"),
                )
            )
            for name, token in (("right", TOKEN), ("wrong", TOKEN[::-1]))
        )  # fmt: skip
        right.wait_keys()
        wrong.wait_event("connected")
        page = stack.enter_context(Scraper(proxy.ports.http)).connected()
        expect_clients_values(page, right)
        expect(not is_shown(page, "wrong", 0), "nothing of the wrong token's client")
        expect(wrong.count("key") == 0, "no key for the wrong token's client")


def pypi(context: Context) -> None:
    """The PyPI client over TLS: key, scrape, and a push that is shown once."""
    directory = context.peers.path("python-peer")
    authority = Authority(context.log_dir)
    authority.issue("server")
    with ExitStack() as stack:
        proxy = stack.enter_context(proxy_with(context, rsocket=SERVER_TLS))
        client = stack.enter_context(
            PythonClient(
                directory,
                context.log_dir,
                proxy.ports.tcp,
                f"--authority={authority.certificate}",
            )
        )
        client.wait_event("key")
        scraper = stack.enter_context(Scraper(proxy.ports.http, "a"))
        own = parse('interop_value{app="pypi",text="gr\u00fc\u00dfe"} 1.0E-9\n')
        expect_same_values(scraper.connected(), own, "pypi")
        client.tell("push")
        client.wait_event("pushed")
        client.tell("quit")
        client.wait_exit(10.0)
        scraper.wait_active(0)
        expect_same_values(scraper.connected(), own, "pypi, pushed")
        expect(not scraper.connected().samples, "the push shown once")


def cases() -> list[Case]:
    """Every case of this module."""
    openssl = ("openssl s_client 3.0",)
    found = [
        Case("tls-openssl-versions", openssl, "TLS", versions, timeout_seconds=60),
        Case("tls-openssl-certificates", openssl, "client certificates", client_certificates,
             timeout_seconds=60),
        Case("tls-java-unreadable", (java_row(JAVA_VERSION, "tcp"),), "unreadable",
             java_unreadable, timeout_seconds=60),
        Case("tls-java-token-websocket", (java_row(JAVA_VERSION, "websocket"),), "token",
             java_token, timeout_seconds=60),
        Case("tls-pypi", ("PyPI rsocket 0.4.20, tcp",), "TLS", pypi, timeout_seconds=60),
    ]  # fmt: skip
    for transport in ("tcp", "websocket"):
        peer = (java_row(JAVA_VERSION, transport),)
        for name, behaviour, run in (
            ("java", "TLS", java),
            ("java-certificate", "client certificates", java_certificate),
        ):
            found.append(
                Case(f"tls-{name}-{transport}", peer, behaviour, partial(run, transport),
                     timeout_seconds=90)
            )  # fmt: skip
    return found
