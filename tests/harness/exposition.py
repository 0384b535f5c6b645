"""Reads text exposition 0.0.4 just far enough to compare series and their values, byte by byte."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field

from .outcome import Failed

_SAMPLE = re.compile(
    r"^(?P<name>[A-Za-z_:][A-Za-z0-9_:]*)"
    r'(?:\{(?P<labels>(?:[^"{}]|"(?:[^"\\]|\\.)*")*)\})?'
    r" (?P<value>[^ ]+)(?: (?P<timestamp>-?\d+))?$"
)
_LABEL = re.compile(r'([A-Za-z_][A-Za-z0-9_]*)="((?:[^"\\]|\\.)*)"(?:,|$)')
_ESCAPES = {r"\\": "\\", r"\"": '"', r"\n": "\n"}

Labels = frozenset[tuple[str, str]]
Series = tuple[str, Labels]


@dataclass
class Page:
    """Series with their values as they are written, and how often each family was declared."""

    samples: dict[Series, str] = field(default_factory=dict)
    repeated: list[Series] = field(default_factory=list)
    types: Counter[str] = field(default_factory=Counter)
    helps: Counter[str] = field(default_factory=Counter)

    def of(self, name: str, **labels: str) -> dict[Series, str]:
        """The samples of one metric that carry these labels."""
        wanted = set(labels.items())
        return {
            series: value
            for series, value in self.samples.items()
            if series[0] == name and wanted <= series[1]
        }

    def with_labels(self, **labels: str) -> dict[Series, str]:
        """All samples that carry these labels."""
        wanted = set(labels.items())
        return {key: value for key, value in self.samples.items() if wanted <= key[1]}


def _labels(text: str, line: str) -> Labels:
    found = []
    position = 0
    while position < len(text):
        match = _LABEL.match(text, position)
        if not match:
            raise Failed(f"a label set that is no label set: {line!r}")
        value = re.sub(r'\\[\\"n]', lambda escape: _ESCAPES[escape.group()], match[2])
        found.append((match[1], value))
        position = match.end()
    return frozenset(found)


def parse(text: str) -> Page:
    """The page in `text`; fails on a line that is none."""
    page = Page()
    for line in text.split("\n"):
        if line.startswith("# TYPE "):
            page.types[line.split(" ")[2]] += 1
        elif line.startswith("# HELP "):
            page.helps[line.split(" ")[2]] += 1
        elif line and not line.startswith("#"):
            match = _SAMPLE.match(line)
            if not match:
                raise Failed(f"a line that is no sample: {line!r}")
            series = (match["name"], _labels(match["labels"] or "", line))
            if series in page.samples:
                page.repeated.append(series)
            page.samples[series] = match["value"]
    return page
