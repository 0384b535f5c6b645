"""The files about access: a wrong one never means open, and a new one needs no restart."""

from __future__ import annotations

import os
import re
import signal
import socket
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from harness import frames as wire
from harness.outcome import Failed, eventually, expect
from harness.process import run_to_end
from harness.proxy import CppProxy
from harness.scraper import Scraper

from .case import Case, Context, built
from .certificates import Authority
from .raw_client import RawClient, introduction, trusting
from .tls_tools import SERVER_TLS, access_flags, client_ca, proxy_with

EXIT_USAGE = 2
END_SECONDS = 10.0

# Files are looked at every 5 s, and read once they stay the same.
BY_ITSELF_SECONDS = 22.0
ON_SIGHUP_SECONDS = 5.0

LOADED_METRIC = "prometheus_proxy_config_last_reload_successful"
TOKEN = "a-token-of-the-batch-jobs"
TOKENS = "tokens:\n  - token_file: batch.token\n"


@dataclass(frozen=True)
class Wrong:
    """A file that must end the proxy; `place` is what its one line names after the file."""

    what: str
    text: str
    place: str  # LINE:COLUMN, or nothing where only all of it together is wrong
    schema: str = "web"


BCRYPT = "$2b$10$VAv1vBiPkEtLEwRQz6aqOeWmL5Ouwk6h4ieNykMLa0NHpaGKKR4TK"
DIGEST = "0" * 64

WRONG = (
    Wrong("no YAML", "tls_server_config: {", "1:"),
    Wrong("an unknown section", "basic_auth_user:\n", "1:1"),
    Wrong("an unknown key", f"{SERVER_TLS}  client_auth: RequireAndVerifyClientCert\n", "4:3"),
    Wrong("a key twice", f"{SERVER_TLS}  cert_file: server.crt\n", "4:3"),
    Wrong("no certificate", "tls_server_config:\n  key_file: server.key\n", "1:1"),
    Wrong("no key", "tls_server_config:\n  cert_file: server.crt\n", "1:1"),
    Wrong("a file that is not there",
          "tls_server_config:\n  cert_file: server.crt\n  key_file: no.key\n", "3:13"),
    Wrong("a file that is empty",
          "tls_server_config:\n  cert_file: empty\n  key_file: server.key\n", "2:14"),
    Wrong("a key of another certificate",
          "tls_server_config:\n  cert_file: server.crt\n  key_file: other.key\n", ""),
    Wrong("a certificate that is none",
          "tls_server_config:\n  cert_file: server.key\n  key_file: server.key\n", ""),
    Wrong("a CA that is empty", SERVER_TLS + "  client_ca_file: empty\n"
          "  client_auth_type: RequireAndVerifyClientCert\n", "4:19"),
    Wrong("a CA that holds none", SERVER_TLS + "  client_ca_file: server.key\n"
          "  client_auth_type: RequireAndVerifyClientCert\n", ""),
    Wrong("verification by nobody", f"{SERVER_TLS}  client_auth_type: VerifyClientCertIfGiven\n",
          "4:21"),
    Wrong("a CA, and nobody is asked", f"{SERVER_TLS}  client_ca_file: authority.crt\n", "4:19"),
    Wrong("a client_auth_type that is none", f"{SERVER_TLS}  client_auth_type: require\n", "4:21"),
    Wrong("names that nobody vouches for",
          f"{SERVER_TLS}  client_auth_type: RequireAnyClientCert\n"
          "  client_allowed_sans: [a.example]\n", "5:25"),
    Wrong("no name is allowed", SERVER_TLS + client_ca("RequireAndVerifyClientCert")
          + "  client_allowed_sans: []\n", "6:24"),
    Wrong("an old version", f"{SERVER_TLS}  min_version: TLS11\n", "4:16"),
    Wrong("versions the wrong way", f"{SERVER_TLS}  min_version: TLS13\n  max_version: TLS12\n",
          "4:16"),
    Wrong("a weak cipher suite", f"{SERVER_TLS}  cipher_suites: [TLS_RSA_WITH_RC4_128_SHA]\n",
          "4:19"),
    Wrong("a curve that is none", f"{SERVER_TLS}  curve_preferences: [P256]\n", "4:23"),
    Wrong("a password in clear", "basic_auth_users:\n  me: secret\n", "2:7"),
    Wrong("a user twice", f'basic_auth_users:\n  me: "{BCRYPT}"\n  me: "{BCRYPT}"\n', "3:3"),
    Wrong("a rate that is none", "rate_limit:\n  interval: 1s\n", "1:1"),
    Wrong("a header on two lines", 'http_server_config:\n  headers:\n    X-A: "b\\r\\nc"\n', "3:5"),
    Wrong("tokens for scrapers", f"{SERVER_TLS}{TOKENS}", "4:1"),
    Wrong("tokens in clear", f"tokens:\n  - sha256: {DIGEST}\n", "1:1", "rsocket"),
    Wrong("no tokens", f"{SERVER_TLS}tokens: []\n", "4:9", "rsocket"),
    Wrong("a token that is too short", f"{SERVER_TLS}tokens:\n  - token_file: short\n", "5:17",
          "rsocket"),
    Wrong("grants without verification",
          f'{SERVER_TLS}certificates:\n  - san: "*"\n', "4:1", "rsocket"),
    Wrong("an empty glob", f'{SERVER_TLS}tokens:\n  - sha256: {DIGEST}\n    job: ""\n', "6:10",
          "rsocket"),
    Wrong("users for clients", "basic_auth_users: {}\n", "1:1", "rsocket"),
)  # fmt: skip


def wrong_files(context: Context) -> None:
    """Each ends the proxy with 2 and one line that names its place, and so it does checked."""
    authority = Authority(context.log_dir)
    for name in ("server", "other"):
        authority.issue(name)
    for name, text in (("empty", ""), ("short", "short\n")):
        (context.log_dir / name).write_text(text, "utf-8")
    for wrong in WRONG:
        (flag,) = access_flags(context, **{wrong.schema: wrong.text})
        for check in ((), ("--config.check",)):
            _expect_refused(context, wrong, flag, *check)
    (flag,) = access_flags(context, web=SERVER_TLS)
    code, said = _run(context, flag, "--config.check")
    expect((code, said) == (0, ""), f"a good file to check, not {code}: {said}")
    code, said = _run(context, f"--rsocket.config.file={context.log_dir / 'no-such-file'}")
    expect(code == EXIT_USAGE and len(said.splitlines()) == 1, f"no file: {code}: {said}")
    context.measured["wrong files"] = str(len(WRONG))


def _run(context: Context, *flags: str) -> tuple[int, str]:
    binary = built(context.binaries.proxy, "--proxy-binary")
    listeners = ("web.listen-address", "rsocket.tcp-address", "rsocket.websocket-address")
    command = [binary, *(f"--{name}=127.0.0.1:0" for name in listeners), *flags]
    return run_to_end("wrong", command, context.log_dir, END_SECONDS)


def _expect_refused(context: Context, wrong: Wrong, flag: str, *more: str) -> None:
    code, said = _run(context, flag, *more)
    expect(code == EXIT_USAGE, f"{wrong.what}: to end with 2, not {code}: {said}")
    line = re.escape(f"prometheus-rsocket-proxy: {flag.partition('=')[2]}:{wrong.place}")
    # The column of what is no YAML at all is yaml-cpp's to say.
    line += r"[^\n]*" if not wrong.place or wrong.place.endswith(":") else r": [^\n]+"
    expect(re.fullmatch(line, said), f"{wrong.what}: one line {line}, not:\n{said}")


class Watched:
    """Our proxy with a client and a scraper that stay, and files that change under it."""

    def __init__(self, context: Context, stack: ExitStack) -> None:
        self._context = context
        self._authority = Authority(context.log_dir)
        self._authority.issue("server")
        (context.log_dir / "batch.token").write_text(f"{TOKEN}\n", "utf-8")
        self.proxy: CppProxy = stack.enter_context(
            proxy_with(context, SERVER_TLS, SERVER_TLS + TOKENS, "--web.enable-lifecycle")
        )
        self._tls = trusting(self._authority.certificate)
        said = introduction("batch", TOKEN)
        self.client = stack.enter_context(RawClient(self.proxy.ports.tcp, "tcp", self._tls, said))
        self.client.wait_frame(wire.REQUEST_FNF, times=1, within_seconds=10.0)
        self.scraper = stack.enter_context(Scraper(self.proxy.ports.http, tls=self._tls))
        self.scraper.wait_active(1)
        self._local_port = self.scraper.local_port

    def renew(self) -> None:
        """Another certificate in place of the last one."""
        renewed = self._authority.issue("renewed")
        os.replace(renewed.key, self._context.log_dir / "server.key")
        os.replace(renewed.certificate, self._context.log_dir / "server.crt")

    def write(self, text: str) -> None:
        """Another --web.config.file."""
        access_flags(self._context, web=text)

    def served(self) -> list[bytes]:
        """The certificates of the listeners, to who connects now."""
        return [self._served(port) for port in (self.proxy.ports.http, self.proxy.ports.tcp)]

    def _served(self, port: int) -> bytes:
        try:
            with (
                socket.create_connection(("127.0.0.1", port), END_SECONDS) as plain,
                self._tls.wrap_socket(plain, server_hostname="localhost") as connection,
            ):
                return connection.getpeercert(binary_form=True) or b""
        except OSError as error:
            raise Failed(f"a TLS connection to port {port}: {error}") from error

    def wait_other(self, before: list[bytes], within_seconds: float) -> None:
        """Wait until each listener has another certificate."""
        eventually(
            lambda: all(a != b for a, b in zip(self.served(), before, strict=True)),
            "the renewed certificate on both listeners",
            within_seconds,
        )

    def wait_loaded(self, loaded: float) -> None:
        """Wait until the proxy says that it could, or could not, read its files again."""
        eventually(
            lambda: self.scraper.own_metric(LOADED_METRIC) == loaded,
            f"{LOADED_METRIC} to be {loaded:g}",
            ON_SIGHUP_SECONDS,
        )

    def expect_untouched(self) -> None:
        """The client and the scraper have the connections that they came with."""
        expect(self.client.is_open(), "the client's connection to stay")
        expect(self.scraper.active_connections() == 1, "the client to be connected")
        expect(self.scraper.local_port == self._local_port, "the scraper's connection to stay")


def reload(context: Context) -> None:
    """Renewed by itself, on SIGHUP and by POST; a broken file changes nothing, and is told."""
    with ExitStack() as stack:
        watched = Watched(context, stack)
        before = watched.served()
        watched.renew()
        watched.wait_other(before, BY_ITSELF_SECONDS)
        watched.expect_untouched()

        before = watched.served()
        watched.renew()
        watched.proxy.send_signal(signal.SIGHUP)
        watched.wait_other(before, ON_SIGHUP_SECONDS)
        watched.expect_untouched()

        before = watched.served()
        watched.write("tls_server_configs:\n")
        watched.proxy.send_signal(signal.SIGHUP)
        watched.wait_loaded(0.0)
        place = f"{context.log_dir / 'web.yml'}:1:1: "
        watched.proxy.wait_until(
            lambda lines: any("level=error" in line and place in line for line in lines),
            "a line that names what is wrong",
            ON_SIGHUP_SECONDS,
        )
        expect(watched.served() == before, "the settings from before")
        answer = watched.scraper.ask("POST", "/-/reload")
        expect(answer.status == 500 and place in answer.text, f"POST to fail: {answer}")

        watched.write(SERVER_TLS)
        answer = watched.scraper.ask("POST", "/-/reload")
        expect(answer.status == 200, f"POST to be done: {answer}")
        watched.wait_loaded(1.0)
        watched.expect_untouched()
        expect(watched.scraper.ask("GET", "/-/quit").status == 405, "GET to quit nothing")
        expect(watched.scraper.ask("POST", "/-/quit").status == 200, "POST to quit")
        code = watched.proxy.wait_exit(END_SECONDS)
        expect(code == 0, f"the proxy to end with 0 on POST, it was {code}")


def cases() -> list[Case]:
    """Every case of this module."""
    peer = ("an operator's files",)
    return [
        Case("access-wrong-files", peer, "refused", wrong_files, timeout_seconds=60),
        Case("access-reload", peer, "reload", reload, timeout_seconds=90, waits=True),
    ]
