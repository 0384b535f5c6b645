"""What an operator and a tester have at hand: access files, `openssl s_client`, curl."""

from __future__ import annotations

import re
from pathlib import Path

from harness.process import Child, run_to_end
from harness.proxy import CppProxy

from .case import Context
from .peers import tool

TOOL_SECONDS = 20.0

# Of the authority and the certificate that a test has made in the folder of the file.
SERVER_TLS = """\
tls_server_config:
  cert_file: server.crt
  key_file: server.key
"""

HEALTH_REQUEST = "GET /-/healthy HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


def client_ca(auth_type: str) -> str:
    """What follows SERVER_TLS where clients are asked for certificates."""
    return f"  client_ca_file: authority.crt\n  client_auth_type: {auth_type}\n"


def access_flags(context: Context, web: str = "", rsocket: str = "") -> list[str]:
    """Flags for files of these texts, written among what the case leaves; none for an empty one."""
    flags = []
    for name, text in (("web", web), ("rsocket", rsocket)):
        if text:
            path = context.log_dir / f"{name}.yml"
            path.write_text(text, "utf-8")
            flags.append(f"--{name}.config.file={path}")
    return flags


def proxy_with(context: Context, web: str = "", rsocket: str = "", *flags: str) -> CppProxy:
    """Our proxy with such files, on free ports."""
    return context.cpp_proxy(*access_flags(context, web, rsocket), *flags)


def s_client(context: Context, port: int, *options: str | Path, tell: str = "") -> str:
    """One run of `openssl s_client` that ends with the proxy's end; all that it says."""
    command = [tool("openssl", "openssl"), "s_client", "-connect", f"127.0.0.1:{port}", *options]
    with Child("openssl", command, context.log_dir) as child:
        for line in tell.splitlines():
            child.tell(line)
        child.close_input()
        child.wait_exit(TOOL_SECONDS)
        return "\n".join(child.lines())


def asks_for_health(context: Context, port: int, *options: str | Path) -> str:
    """As s_client, with a GET of /-/healthy once it is connected."""
    return s_client(context, port, "-ign_eof", "-crlf", *options, tell=HEALTH_REQUEST)


class CurlAnswer:
    """What came of one curl."""

    def __init__(self, code: int, output: str) -> None:
        self.code = code  # its exit code
        head, _, self.body = output.replace("\r", "").partition("\n\n")
        status = re.match(r"HTTP/1\.1 (\d{3})", head)
        self.status = int(status[1]) if status else 0  # 0: no answer
        lines = (line.partition(": ") for line in head.split("\n")[1:])
        self.headers = {name.lower(): value for name, _, value in lines}


def curl(context: Context, url: str, *options: str | Path) -> CurlAnswer:
    """One request by curl."""
    command = [tool("curl", "curl"), "--silent", "--include", "--max-time", "15", *options, url]
    return CurlAnswer(*run_to_end("curl", command, context.log_dir, TOOL_SECONDS))
