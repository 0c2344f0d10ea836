"""The cookie of a signed-in browser.

RFC 6265bis §4.1.3.2 (`__Host-`: this host alone, by TLS alone), §5.7 (SameSite). Cookies know no ports, so the name says at which one: two servers of
one machine do not overwrite each other's. Over plain HTTP there is one on this machine itself only. Not here: what its value means (`browsers`).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import Any, Final

NAME: Final = "postroom"
PATH: Final = "/"  # __Host- allows no other


def name_of(scheme: str, host: str) -> str:
    """How the cookie is called where a browser has reached the server as `host` (a Host field)."""
    port = host.rpartition(":")[2]
    suffix = f"-{port}" if port.isdigit() and host != port else ""
    return f"__Host-{NAME}{suffix}" if scheme in ("https", "wss") else f"{NAME}{suffix}"


def read(headers: Mapping[bytes, bytes], name: str) -> str:
    """Its value in a request; "" without one. Where it stands twice nobody knows whose it is: none."""
    given = headers.get(b"cookie", b"").decode("latin-1")
    pairs = (part.strip().partition("=") for part in given.split(";"))
    found = [value for key, _, value in pairs if key == name]
    return found[0] if len(found) == 1 else ""


def written(name: str, value: str, seconds: int | None) -> str:
    """A Set-Cookie field. `seconds` it lasts, None until the browser ends, 0 to forget it."""
    lasting = "" if seconds is None else f"; Max-Age={seconds}"
    secure = "; Secure" if name.startswith("__Host-") else ""
    return f"{name}={value}; Path={PATH}{lasting}; HttpOnly; SameSite=Strict{secure}"


def keeps_secrets(scope: Mapping[str, Any]) -> bool:
    """Whether nobody else hears what is said: by TLS, or on this machine. Cookies, passwords and tokens are for such connections alone."""
    if scope.get("scheme") in ("https", "wss"):
        return True
    client = scope.get("client")
    try:
        return client is not None and ipaddress.ip_address(client[0]).is_loopback
    except ValueError:
        return False
