"""A certificate for the proxy's listeners, made for each stage by the openssl program."""

from __future__ import annotations

import functools
import shutil
import ssl
from pathlib import Path

from harness.outcome import Skipped
from harness.process import expect_success


def tls_section(directory: Path) -> str:
    """Writes key and certificate there; what a file for the proxy says of them."""
    openssl = shutil.which("openssl")
    if openssl is None:
        raise Skipped("`openssl` is not installed")
    key, certificate = directory / "key.pem", directory / "certificate.pem"
    command: list[str | Path] = [openssl, "req", "-x509", "-newkey", "ec", "-nodes", "-batch"]
    command += ["-pkeyopt", "ec_paramgen_curve:prime256v1", "-days", "1", "-subj", "/CN=proxy"]
    command += ["-keyout", key, "-out", certificate]
    expect_success("openssl", command, directory, 30.0)
    return f'tls_server_config:\n  cert_file: "{certificate}"\n  key_file: "{key}"\n'


@functools.cache
def trusting() -> ssl.SSLContext:
    """Of a client that takes any certificate."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
