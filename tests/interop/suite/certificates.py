"""Certificates of a test's own, made by the openssl program when it runs."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

from harness.outcome import Failed

from .peers import tool

SECONDS = 20.0
VALID_DAYS = 2
EXPIRED_DAYS = -1

LOCALHOST = "DNS:localhost,IP:127.0.0.1"


@dataclass(frozen=True)
class Identity:
    """A certificate and its private key, both PEM files."""

    certificate: Path
    key: Path


class Authority:
    """One that signs certificates (ECDSA P-256) into `directory`, under names of their own."""

    def __init__(self, directory: Path, name: str = "authority") -> None:
        self._directory = directory
        self._openssl = tool("openssl", "openssl")
        self._key = self._make_key(name)
        self.certificate = directory / f"{name}.crt"
        constraints = ("-addext", "basicConstraints=critical,CA:TRUE")
        self._run("req", "-x509", "-new", "-key", self._key, "-subj", f"/CN={name}", *constraints,
                  "-days", str(VALID_DAYS), "-out", self.certificate)  # fmt: skip

    def issue(self, name: str, names: str = LOCALHOST, days: int = VALID_DAYS) -> Identity:
        """A certificate for these subject alternative names; of a name that is there: a new one."""
        identity = Identity(self._directory / f"{name}.crt", self._make_key(name))
        request = self._directory / f"{name}.csr"
        self._run("req", "-new", "-key", identity.key, "-subj", f"/CN={name}",
                  "-addext", f"subjectAltName={names}", "-out", request)  # fmt: skip
        self._run("x509", "-req", "-in", request, "-CA", self.certificate, "-CAkey", self._key,
                  "-copy_extensions", "copy", "-days", str(days),
                  "-out", identity.certificate)  # fmt: skip
        return identity

    def _make_key(self, name: str) -> Path:
        key = self._directory / f"{name}.key"
        self._run("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256",
                  "-out", key)  # fmt: skip
        return key

    def _run(self, *words: str | Path) -> None:
        command = [self._openssl, *(str(word) for word in words)]
        done = subprocess.run(command, capture_output=True, timeout=SECONDS, check=False)
        if done.returncode != 0:
            said = done.stderr.decode("utf-8", "replace")
            raise Failed(f"{' '.join(command)} ended with {done.returncode}:\n{said}")
