"""The table of attacks: what was done, how it ended, what it cost the proxy and for how long."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from harness.outcome import EXIT_PASS
from harness.results import WORDS, Result

from .attack import Attack

COLUMNS = ("peak growth", "bound", "recovery", "pages meanwhile", "pages")


def table(attacks: Sequence[Attack], results: Mapping[str, Result]) -> str:
    """One row an attack, in Markdown; below, why a bound is what it is, and what failed."""
    lines = [
        "| attack | what | outcome | peak RSS growth | bound | recovered in | pages meanwhile "
        "| pages |",
        "|---|---|---|---:|---:|---:|---:|---|",
    ]
    notes = []
    for attack in attacks:
        result = results.get(attack.name)
        cells = [attack.name, attack.what, WORDS[result.code] if result else "not run"]
        measured = dict(result.measured) if result else {}
        cells += [measured.pop(column, "–") for column in COLUMNS]
        lines.append("| " + " | ".join(cells) + " |")
        notes.append(f"- {attack.name}: {attack.growth.why}")
        if result is not None and result.code != EXIT_PASS:
            first = result.detail.strip().splitlines()[-1] if result.detail else ""
            notes.append(f"  - **{WORDS[result.code]}**: {first}")
        if measured:
            notes.append("  - " + ", ".join(f"{what}: {value}" for what, value in measured.items()))
    return "\n".join([*lines, "", *notes])
