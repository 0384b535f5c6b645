"""What the proxy asks of scrapers and clients where it asks them, and what the good ones show."""

from __future__ import annotations

from pathlib import Path

from .certificate import tls_section

USER, PASSWORD = "prometheus", "open sesame"
NEWCOMERS = tuple(f"newcomer-{i}" for i in range(8))  # with the same password; not yet looked at
_HASH = "$2b$10$VAv1vBiPkEtLEwRQz6aqOeWmL5Ouwk6h4ieNykMLa0NHpaGKKR4TK"
TOKEN = "what-the-good-clients-show"


def client_flag(directory: Path, asks: bool) -> str:
    """Writes the file for clients there: TLS, and tokens if they are asked; the flag for it."""
    config, token = directory / "rsocket.yml", directory / "good.token"
    tokens = f'tokens:\n  - {{token_file: "{token}", name: good}}\n' if asks else ""
    token.write_text(f"{TOKEN}\n", "utf-8")
    config.write_text(tls_section(directory) + tokens, "utf-8")
    return f"--rsocket.config.file={config}"


def scraper_flag(directory: Path, tls: bool, asks: bool) -> str:
    """Writes the file for scrapers there: TLS, users and their password; the flag for it."""
    config = directory / "web.yml"
    hashes = "".join(f'  {user}: "{_HASH}"\n' for user in (USER, *NEWCOMERS))
    users = f"basic_auth_users:\n{hashes}" if asks else ""
    config.write_text((tls_section(directory) if tls else "") + users, "utf-8")
    return f"--web.config.file={config}"
