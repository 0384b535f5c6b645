"""What the proxy asks of scrapers and clients where it asks them, and what the good ones show."""

from __future__ import annotations

from pathlib import Path

from .certificate import tls_section

USER, PASSWORD = "prometheus", "open sesame"
_HASH = "$2b$10$VAv1vBiPkEtLEwRQz6aqOeWmL5Ouwk6h4ieNykMLa0NHpaGKKR4TK"
TOKEN = "what-the-good-clients-show"


def client_flag(directory: Path, asks: bool) -> str:
    """Writes the file for clients there: TLS, and tokens if they are asked; the flag for it."""
    config, token = directory / "rsocket.yml", directory / "good.token"
    tokens = f'tokens:\n  - {{token_file: "{token}", name: good}}\n' if asks else ""
    token.write_text(f"{TOKEN}\n", "utf-8")
    config.write_text(tls_section(directory) + tokens, "utf-8")
    return f"--rsocket.config.file={config}"


def scraper_flag(directory: Path) -> str:
    """Writes the file for scrapers there: a user and its password; the flag for it."""
    config = directory / "web.yml"
    config.write_text(f'basic_auth_users:\n  {USER}: "{_HASH}"\n', "utf-8")
    return f"--web.config.file={config}"
