"""Mail to many, and mail by programs: how it is left, and that nobody's program answers it.

RFC 2369 §3.2, RFC 8058 (List-Unsubscribe), RFC 2919 (List-Id), RFC 3834 §5 (Auto-Submitted). Not here: leaving a list (`message.headers.unsubscribing`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from postroom.message.headers.header import unfold
from postroom.message.headers.unsubscribing import ONE_CLICK
from postroom.message.proof.findings import Check, Group, Said, bad, note, shown
from postroom.message.proof.letter import Letter

_MANY: Final = frozenset((b"bulk", b"list", b"junk"))
_LEAVE: Final = re.compile(r"unsubscribe|opt.?out|abmelden|abbestellen|désabonner|désinscrire", re.IGNORECASE)
_URI: Final = re.compile(r"<\s*(https?://[^<>\s]+|mailto:[^<>\s]+)\s*>", re.IGNORECASE)
_AUTOMATIC: Final = frozenset((b"no", b"auto-generated", b"auto-replied", b"auto-notified"))
_SPACE: Final = re.compile(rb"\s+")
_COVERED: Final = re.compile(rb"(?:^|;)\s*h\s*=([^;]*)")


def without_many(letter: Letter) -> str:
    """Why it is not looked at as bulk mail."""
    header = letter.header
    marked = header.get("List-Id") or header.get("List-Unsubscribe") or header.get("List-Post")
    if marked or (header.get("Precedence") or b"").strip().lower() in _MANY:
        return ""
    if any(_LEAVE.search(f"{link.words} {link.href}") for link in letter.links):
        return ""
    return "nothing says that it goes to many: no List-Id, no Precedence: bulk, no link to unsubscribe"


def _unsubscribe(letter: Letter) -> Iterator[Said]:
    value = letter.header.get("List-Unsubscribe")
    fix = "add List-Unsubscribe: <https://your.domain/leave/KEY>, <mailto:leave+KEY@your.domain>"
    if value is None:
        yield bad("there is no List-Unsubscribe, which Gmail and Yahoo demand of bulk mail", fix)
        return
    uris = _URI.findall(value.decode("utf-8", "replace"))
    if not uris:
        yield bad(f"List-Unsubscribe has no address: {shown([letter.field('List-Unsubscribe')])}", fix)


def without_unsubscribe(letter: Letter) -> str:
    """Why one click cannot be there."""
    return (
        ""
        if letter.header.get("List-Unsubscribe")
        else without_many(letter) or "there is no List-Unsubscribe"
    )


def _one_click(letter: Letter) -> Iterator[Said]:
    header = letter.header
    uris = _URI.findall((header.get("List-Unsubscribe") or b"").decode("utf-8", "replace"))
    said = _SPACE.sub(b"", header.get("List-Unsubscribe-Post") or b"").decode("latin-1")
    if said.lower() != ONE_CLICK.lower():
        yield bad(
            "nobody can leave with one click",
            f"add List-Unsubscribe-Post: {ONE_CLICK}, and take a POST at the https address",
        )
    elif not any(uri.lower().startswith("https://") for uri in uris):
        yield bad(
            "one click needs an https address in List-Unsubscribe",
            "put <https://…> before the mailto address",
        )
    signatures = header.all("DKIM-Signature")
    covered = [_names(value) for value in signatures]
    if (
        said
        and covered
        and not any({b"list-unsubscribe", b"list-unsubscribe-post"} <= names for names in covered)
    ):
        yield bad(
            "no DKIM signature covers List-Unsubscribe and List-Unsubscribe-Post: programs do not offer the click",
            "sign both: h=…:list-unsubscribe:list-unsubscribe-post",
        )


def _names(signature: bytes) -> set[bytes]:
    found = _COVERED.search(unfold(signature))
    return {name.strip().lower() for name in found[1].split(b":")} if found else set()


def _automatic(letter: Letter) -> Iterator[Said]:
    value = letter.header.get("Auto-Submitted")
    authors = letter.addresses("From")
    local = authors[0].local.lower().replace("-", "").replace("_", "") if authors else ""
    if value is not None and value.partition(b";")[0].partition(b"(")[0].strip().lower() not in _AUTOMATIC:
        yield bad(f"Auto-Submitted is {shown([letter.field('Auto-Submitted')])}", "write auto-generated")
    elif value is None and local in ("noreply", "donotreply"):
        yield note(
            "a program sends it and does not say so: absence notices come back",
            "add Auto-Submitted: auto-generated",
        )


def _precedence(letter: Letter) -> Iterator[Said]:
    value = (letter.header.get("Precedence") or b"").strip().lower()
    if value and value not in _MANY:
        yield note(
            f"Precedence has no such value: {shown([value.decode('latin-1')])}", "write bulk, or take it out"
        )


BULK: Final = (
    Check("unsubscribe", Group.BULK, "Mail to many has List-Unsubscribe", "RFC 2369 §3.2", "it can be left", _unsubscribe, without_many),
    Check("one-click", Group.BULK, "It can be left with one click, which a signature covers", "RFC 8058 §3.1, §4", "it can be left with one click", _one_click, without_unsubscribe),
    Check("auto-submitted", Group.BULK, "Mail of a no-reply address says that a program sends it; Auto-Submitted has a known value", "RFC 3834 §5", "programs do not answer it", _automatic),
    Check("precedence", Group.BULK, "Precedence has a known value", "RFC 3834 §3.1.8", "it says nothing odd", _precedence),
)  # fmt: skip
