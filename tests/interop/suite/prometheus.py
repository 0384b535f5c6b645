"""A real Prometheus that scrapes our proxy, and what it has stored."""

from __future__ import annotations

import json
import urllib.parse
from pathlib import Path
from typing import Any

from harness.outcome import Failed
from harness.process import Child
from harness.proxy import START_SECONDS, free_ports
from harness.scraper import Scraper


class Prometheus(Child):
    """One Prometheus under `directory`/usr/bin, ready to serve when this returns."""

    def __init__(
        self,
        directory: Path,
        log_dir: Path,
        configuration: str,
        *flags: str,
        name: str = "prometheus",
    ) -> None:
        home = log_dir / f"{name}-home"
        home.mkdir()
        config = home / "prometheus.yml"
        config.write_text(f"# Written by the interop suite.\n{configuration}", "utf-8")
        port = free_ports().http
        command: list[str | Path] = [
            directory / "usr" / "bin" / "prometheus",
            f"--config.file={config}",
            f"--storage.tsdb.path={home / 'tsdb'}",
            f"--web.listen-address=127.0.0.1:{port}",
            *flags,
        ]
        super().__init__(name, command, log_dir)
        self._http = Scraper(port)
        ready = "ready to receive web requests"
        try:
            self.wait_until(
                lambda lines: any(ready in line for line in lines), "ready", START_SECONDS
            )
        except Failed:
            self.stop()
            raise

    def query(self, expression: str) -> list[dict[str, Any]]:
        """The series of an instant query, each with its `metric` and its `value`.

        Of a range (`up[5m]`) each with its `values` as they were stored.
        """
        return self._get("query", {"query": expression})

    def query_range(
        self, expression: str, begin: float, end: float, step: float
    ) -> list[dict[str, Any]]:
        """The series of a range query, each with its `metric` and its `values`."""
        return self._get(
            "query_range",
            {"query": expression, "start": str(begin), "end": str(end), "step": str(step)},
        )

    def _get(self, what: str, parameters: dict[str, str]) -> list[dict[str, Any]]:
        answer = self._http.get(f"/api/v1/{what}?" + urllib.parse.urlencode(parameters))
        if answer.status != 200:
            raise Failed(f"{self.name} answered {answer.status}: {answer.text[:200]}")
        result: list[dict[str, Any]] = json.loads(answer.text)["data"]["result"]
        return result

    def values(self, expression: str) -> list[str]:
        """The values alone of an instant query."""
        return [series["value"][1] for series in self.query(expression)]

    def stop(self) -> None:
        """End it, as every Child."""
        self._http.close()
        super().stop()
