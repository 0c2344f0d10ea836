"""How a mailing list is left: what List-Unsubscribe offers, and whether one click may do it.

RFC 2369 §3.2, RFC 8058 §3.1 and §4: a POST without asking only where a signature that is good covers both fields, so that nobody can make a reader's
server POST anywhere. Not here: the POST itself, and checking signatures: what our own Authentication-Results says of them is given.
"""

from __future__ import annotations

import re
from typing import Final

import msgspec

from postroom.message.headers.authentication_results import AuthenticationResults
from postroom.message.headers.header import Header, unfold

MAX_FIELD: Final = 8_192  # octets of a field that are looked at
MAX_URI: Final = 2_000  # characters
ONE_CLICK: Final = "List-Unsubscribe=One-Click"  # the body of the POST, RFC 8058 §3.2

_URI: Final = re.compile(rf"<\s*+([^<>\s]{{3,{MAX_URI}}}+)\s*+>")
_TAG: Final = re.compile(r"(?:^|;)\s*+([a-z][a-z0-9_]*+)\s*+=([^;]*+)", re.IGNORECASE)
_SPACE: Final = re.compile(r"\s+")


class Unsubscribing(msgspec.Struct, frozen=True, rename="camel"):
    """Addresses; "" where there is none. `one_click` may be POSTed to; `link` is for a browser and people."""

    one_click: str = ""
    mailto: str = ""
    link: str = ""


def unsubscribing(header: Header, ours: AuthenticationResults | None) -> Unsubscribing:
    """What the header offers; `ours` is what this server has found out, None when it has not."""
    value = (header.get("List-Unsubscribe") or b"")[:MAX_FIELD].decode("utf-8", "replace")
    uris = _URI.findall(value)
    link = next((uri for uri in uris if uri.lower().startswith("https://")), "")
    plain = link or next((uri for uri in uris if uri.lower().startswith("http://")), "")
    mailto = next((uri for uri in uris if uri.lower().startswith("mailto:")), "")
    one_click = link if link and _asked(header) and _proven(header, ours) else ""
    return Unsubscribing(one_click, mailto, plain)


def _asked(header: Header) -> bool:
    value = header.get("List-Unsubscribe-Post") or b""
    return _SPACE.sub("", value[:200].decode("ascii", "replace")).lower() == ONE_CLICK.lower()


def _proven(header: Header, ours: AuthenticationResults | None) -> bool:
    """RFC 8058 §4: both fields stand once, and a signature that this server has found good covers them."""
    if ours is None or header.count("List-Unsubscribe") != 1 or header.count("List-Unsubscribe-Post") != 1:
        return False
    good = [one for one in ours.results if one.method == "dkim" and one.result == "pass"]
    for raw in header.all("DKIM-Signature"):
        tags = _tags(raw)
        covered = {name.strip().lower() for name in tags.get("h", "").split(":")}
        if not {"list-unsubscribe", "list-unsubscribe-post"} <= covered:
            continue
        domain, signature = tags.get("d", "").strip().lower(), _SPACE.sub("", tags.get("b", ""))
        for one in good:
            named = (one.get("header", "d") or (one.get("header", "i") or "").rpartition("@")[2]).lower()
            begun = one.get("header", "b") or ""
            selector = one.get("header", "s")
            same = not selector or selector.lower() == tags.get("s", "").strip().lower()
            if domain and named == domain and same and (begun or selector) and signature.startswith(begun):
                return True
    return False


def _tags(value: bytes) -> dict[str, str]:
    """RFC 6376 §3.2: the first of each tag; one that stands twice makes the whole of no use."""
    text = unfold(value[: 4 * MAX_FIELD]).decode("utf-8", "replace")
    found: dict[str, str] = {}
    for name, given in _TAG.findall(text):
        if name in found:
            return {}
        found[name] = given
    return found
