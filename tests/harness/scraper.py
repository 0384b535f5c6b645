"""A scraper as Prometheus is one: it keeps its HTTP connection, and may have a name."""

from __future__ import annotations

import base64
import gzip
import http.client
import ssl
from dataclasses import dataclass
from typing import Self

from .exposition import Page, parse
from .outcome import Failed, eventually

REQUEST_SECONDS = 15.0


@dataclass
class RawAnswer:
    """One response, its body as it was sent."""

    status: int
    headers: dict[str, str]
    body: bytes

    def decoded(self) -> bytes:
        """The body without its coding."""
        if self.headers.get("content-encoding") == "gzip":
            return gzip.decompress(self.body)
        return self.body


@dataclass
class Answer:
    """One response, its body decoded."""

    status: int
    headers: dict[str, str]
    text: str


class KeptConnectionEnded(Failed):
    """A connection that had served before has ended before the answer's first byte."""


class _Response(http.client.HTTPResponse):
    """One that tells an end before its first byte from any other."""

    def begin(self) -> None:
        try:
            is_there = bool(self.fp.peek(1))
        except ConnectionError as error:
            raise http.client.RemoteDisconnected(repr(error)) from error
        if not is_there:
            raise http.client.RemoteDisconnected("FIN")
        super().begin()


class Scraper:
    """GETs over one kept connection to 127.0.0.1:`port`.

    The proxy takes a response for complete when the next request comes on the same connection.
    """

    def __init__(
        self,
        port: int,
        name: str = "",
        timeout_seconds: float = REQUEST_SECONDS,
        tls: ssl.SSLContext | None = None,
        user: str = "",
    ) -> None:
        self._query = f"?scraper={name}" if name else ""
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout_seconds)
        if tls is not None:
            self._connection = http.client.HTTPSConnection(
                "127.0.0.1", port, timeout=timeout_seconds, context=tls
            )
        self._connection.response_class = _Response
        self._own_headers: dict[str, str] = {}
        if user:  # and password: `NAME:PASSWORD`
            encoded = base64.b64encode(user.encode()).decode()
            self._own_headers["Authorization"] = f"Basic {encoded}"

    @property
    def local_port(self) -> int | None:
        """Our end of the connection, another one for each; None when there is none."""
        kept = self._connection.sock
        return kept.getsockname()[1] if kept else None

    def get(self, path: str) -> Answer:
        """One GET; Failed when there is no complete answer."""
        return self.ask("GET", path)

    def ask(self, method: str, path: str) -> Answer:
        """One request; Failed when there is no complete answer."""
        raw = self._ask(method, path, {"Accept-Encoding": "gzip"})
        return Answer(raw.status, raw.headers, raw.decoded().decode("utf-8"))

    def get_raw(self, path: str, headers: dict[str, str]) -> RawAnswer:
        """One GET with these headers, and nothing done with what comes."""
        return self._ask("GET", path, headers)

    def _ask(self, method: str, path: str, headers: dict[str, str]) -> RawAnswer:
        is_kept, is_asked = self._connection.sock is not None, False
        try:
            self._connection.request(method, path, headers={**self._own_headers, **headers})
            is_asked = True
            response = self._connection.getresponse()
            body = response.read()
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            not_taken = isinstance(error, ConnectionError) and not is_asked
            ended = not_taken or isinstance(error, http.client.RemoteDisconnected)
            kind = KeptConnectionEnded if is_kept and ended else Failed
            raise kind(f"{method} {path}: {error!r}") from error
        got = {name.lower(): value for name, value in response.getheaders()}
        return RawAnswer(response.status, got, body)

    def connected(self) -> Page:
        """The page of all clients, parsed."""
        return parse(self.connected_text())

    def connected_text(self) -> str:
        """The page of all clients."""
        path = f"/metrics/connected{self._query}"
        answer = self.get(path)
        if answer.status != 200:
            raise Failed(f"GET {path} was answered {answer.status}")
        return answer.text

    def own_metric(self, name: str, **labels: str) -> float:
        """One sample that the proxy has about itself."""
        values = parse(self.get("/metrics/proxy").text).of(name, **labels).values()
        if len(values) != 1:
            raise Failed(f"one {name}{labels} on /metrics/proxy")
        return float(next(iter(values)))

    def active_connections(self) -> int:
        """How many clients the proxy says it has."""
        return int(self.own_metric("prometheus_proxy_scrape_active_connections"))

    def wait_active(self, connections: int, within_seconds: float = 60.0) -> None:
        """Wait until the proxy has just so many clients."""
        eventually(
            lambda: self.active_connections() == connections,
            f"{connections} connections counted by the proxy",
            within_seconds,
        )

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
