"""The files of a message: their kinds, names and sizes, and the pictures that the HTML names by Content-ID.

RFC 2183 (names), RFC 2231 (names beyond ASCII), RFC 2392 (cid). Not here: whether a file is harmful, which a scanner of viruses says.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final
from urllib.parse import unquote

from postroom.message.mime.attachment import declared_name
from postroom.message.mime.media_types import OCTETS, media_type
from postroom.message.mime.structure import Part
from postroom.message.proof.clients import sources
from postroom.message.proof.findings import Check, Group, Look, Need, Said, bad, note, shown
from postroom.message.proof.letter import Letter, without_files, without_html

LARGE_FILE: Final = 5_000_000  # octets of one file
LOOKED_AT: Final = 4_096  # octets of a file by which its kind is known
# What Gmail refuses, by the end of the name.
PROGRAMS: Final = frozenset(
    (
        "ade", "adp", "apk", "appx", "appxbundle", "bat", "cab", "chm", "cmd", "com", "cpl", "diagcab", "diagcfg", "diagpkg",
        "dll", "dmg", "ex", "ex_", "exe", "hta", "img", "ins", "iso", "isp", "jar", "jnlp", "js", "jse", "lib", "lnk", "mde",
        "mjs", "msc", "msi", "msix", "msixbundle", "msp", "mst", "nsh", "pif", "ps1", "scr", "sct", "shb", "sys", "vb", "vbe",
        "vbs", "vhd", "vxd", "wsc", "wsf", "wsh", "xll",
    )
)  # fmt: skip
MACROS: Final = frozenset(("docm", "dotm", "xlsm", "xltm", "xlam", "xlsb", "pptm", "potm", "ppam", "ppsm"))
_PROGRAM_TYPES: Final = ("application/vnd.microsoft.portable-executable", "application/x-executable")


def _suffix(name: str) -> str:
    return name.rpartition(".")[2].lower().strip() if "." in name else ""


def _kind(letter: Letter, part: Part) -> str:
    """What the octets of a file say that it is."""
    return media_type(declared_name(part), letter.octets(part, LOOKED_AT))


def _programs(letter: Letter) -> Iterator[Said]:
    named = [name for part in letter.files if _suffix(name := declared_name(part)) in PROGRAMS]
    if named:
        yield bad(
            f"Gmail refuses such files, and the message with them: {shown(named)}",
            "put it on a web server, and send the link",
        )
    hidden = [
        declared_name(part) or part.subtype
        for part in letter.files
        if _kind(letter, part) in _PROGRAM_TYPES and declared_name(part) not in named
    ]
    if hidden:
        yield bad(
            f"a program under another name: {shown(hidden)}", "put it on a web server, and send the link"
        )
    if macros := [name for part in letter.files if _suffix(name := declared_name(part)) in MACROS]:
        yield note(f"files with macros, which many refuse: {shown(macros)}", "send them without, or as PDF")


def _types(letter: Letter) -> Iterator[Said]:
    for part in letter.files:
        said, name, seen = f"{part.media_type}/{part.subtype}", declared_name(part), _kind(letter, part)
        if said == OCTETS and seen != OCTETS:
            yield note(
                f"{shown([name or '?'])} is {seen} and sent as {OCTETS}: nothing offers to open it",
                f"write Content-Type: {seen}",
            )
        elif part.media_type == "image" and seen.startswith("image/") and seen != said and "svg" not in said:
            yield bad(f"{shown([name or '?'])} is {seen} and sent as {said}", f"write Content-Type: {seen}")


def _names(letter: Letter) -> Iterator[Said]:
    nameless = [
        f"{part.media_type}/{part.subtype}"
        for part in letter.files
        if not declared_name(part)
        and b"content-id" not in part.fields
        and part.media_type != "message"
        and not _belongs(letter, part)
    ]
    if nameless:
        yield note(
            f"a file without a name: {shown(nameless)}", 'write Content-Disposition: attachment; filename="…"'
        )
    raw = [declared_name(part) for part in letter.files if _encoded_within(part)]
    if raw:
        yield note(
            f"a name written as an encoded word in quotes, which programs show as it is: {shown(raw)}",
            "write filename*=utf-8''…, percent-encoded",
        )


def _belongs(letter: Letter, part: Part) -> bool:
    """Whether it is a part of a report or a signature, which has no name."""
    return part.parent >= 0 and letter.structure.parts[part.parent].subtype in (
        "report",
        "signed",
        "encrypted",
    )


def _encoded_within(part: Part) -> bool:
    pairs = part.disposition.parameters if part.disposition else ()
    return any(name == "filename" and value.startswith("=?") for name, value in pairs)


def _sizes(letter: Letter) -> Iterator[Said]:
    large = [
        declared_name(part) or part.subtype for part in letter.files if len(letter.octets(part)) > LARGE_FILE
    ]
    if large:
        yield note(
            f"more than {LARGE_FILE:,} octets: {shown(large)}", "put it on a web server, and send the link"
        )


def _named_pictures(letter: Letter) -> Iterator[Said]:
    there = {_identity(part) for part in letter.files if b"content-id" in part.fields}
    wanted = {unquote(src[4:]) for src in sources(letter) if src.lower().startswith("cid:")}
    if missing := sorted(wanted - there):
        yield bad(
            f"a picture is not in the message: {shown(f'cid:{one}' for one in missing)}",
            f"attach it with Content-ID: <{missing[0]}> in a multipart/related",
        )
    unused = [
        declared_name(part) or _identity(part)
        for part in letter.files
        if part.media_type == "image"
        and b"content-id" in part.fields
        and _identity(part) not in wanted
        and _identity(part) not in letter.html
    ]
    if unused:
        yield note(
            f"a picture for the HTML that it does not show: {shown(unused)}",
            "take it out, or show it by its cid:",
        )


def _addresses(letter: Letter) -> Iterator[Said]:
    known = ("http://", "https://", "cid:", "data:")
    found = sources(letter)
    if lost := [src or "(nothing)" for src in found if not src.lower().startswith(known)]:
        fix = "attach it and name it by its Content-ID (cid:), or write the whole address, https://…"
        yield bad(f"nobody but the writer has the picture: {shown(lost)}", fix)
    if clear := [src for src in found if src.lower().startswith("http://")]:
        yield note(f"a picture that is not encrypted on its way: {shown(clear)}", "write https")


def without_pictures(letter: Letter) -> str:
    """Why nothing can be said of pictures."""
    return without_html(letter) or ("" if sources(letter) else "the HTML has no pictures")


def _identity(part: Part) -> str:
    return (
        part.fields.get(b"content-id", b"")
        .decode("utf-8", "replace")
        .strip()
        .removeprefix("<")
        .removesuffix(">")
    )


def _row(name: str, about: tuple[str, str, str], look: Look, need: Need = without_files) -> Check:
    what, by, good = about
    return Check(name, Group.FILES, what, by, good, look, need)


FILES: Final = (
    _row("file-kinds", ("No file is a program, or has macros", "Gmail", "all files are of kinds that arrive"), _programs),
    _row("file-types", ("Each file is of the type that it says", "RFC 2046 §4.5.1", "each file is what it says"), _types),
    _row("file-names", ("Each file has a name that can be read", "RFC 2183 §2.3, RFC 2231 §4", "each file has a name"), _names),
    _row("file-sizes", ("No file has more than 5 MB", "what readers' connections take", "no file is large"), _sizes),
    _row("cid", ("Each picture that the HTML names by cid: is there", "RFC 2392 §2", "all pictures are there"), _named_pictures, without_html),
    _row("picture-addresses", ("Each picture is in the message, or at a whole address", "RFC 3986 §5, RFC 2392 §2", "all pictures can be found"), _addresses, without_pictures),
)  # fmt: skip
