"""A scraper as Prometheus is one: it keeps its HTTP connection, and may have a name."""

from __future__ import annotations

import gzip
import http.client
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


class Scraper:
    """GETs over one kept connection to 127.0.0.1:`port`.

    The proxy takes a response for complete when the next request comes on the same connection.
    """

    def __init__(
        self, port: int, name: str = "", timeout_seconds: float = REQUEST_SECONDS
    ) -> None:
        self._query = f"?scraper={name}" if name else ""
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout_seconds)

    def get(self, path: str) -> Answer:
        """One GET; Failed when there is no complete answer."""
        raw = self.get_raw(path, {"Accept-Encoding": "gzip"})
        return Answer(raw.status, raw.headers, raw.decoded().decode("utf-8"))

    def get_raw(self, path: str, headers: dict[str, str]) -> RawAnswer:
        """One GET with these headers, and nothing done with what comes."""
        try:
            self._connection.request("GET", path, headers=headers)
            response = self._connection.getresponse()
            body = response.read()
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            raise Failed(f"GET {path}: {error!r}") from error
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

    def active_connections(self) -> int:
        """How many clients the proxy says it has."""
        page = parse(self.get("/metrics/proxy").text)
        values = page.of("prometheus_proxy_scrape_active_connections").values()
        if len(values) != 1:
            raise Failed("one prometheus_proxy_scrape_active_connections on /metrics/proxy")
        return int(float(next(iter(values))))

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
