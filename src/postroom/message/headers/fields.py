"""Writing header fields: folded, encoded where they must be, and never more than the one field that was asked for.

RFC 5322 §2.2.3 (folding), §2.1.1 (78 and 998), §3.4 (addresses), §3.6.4 (message identifiers), RFC 2047 §5 (encoded-words), RFC 6532 §3.2
(UTF-8 addresses). A value with a control character is refused and the error names the field: nothing is repaired behind the
writer's back. Not here: MIME parameters, and which fields a message has.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import msgspec

from postroom.message.address import Address
from postroom.message.encodings import encoded_words

WIDTH = 78  # RFC 5322 §2.1.1
LONGEST = 998
MAX_VALUE = 100_000  # characters of one value
_LONGEST_WORD = 500  # characters without a space that are left as they are

_FORBIDDEN = re.compile("[\0-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_FIELD_NAME = re.compile(r"[!-9;-~]{1,76}")
_WORD = re.compile(r"(?<![ \t])[ \t]*+[^ \t]++")
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~\-]+(?: [A-Za-z0-9!#$%&'*+/=?^_`{|}~\-]+)*")
_MESSAGE_ID = re.compile(r"<[^\s<>\x00-\x20\x7f]{1,900}>")


class FieldRefused(ValueError):
    """A value that cannot stand in a header. `field` is the name of the field, or of the part of the draft, that holds it."""

    def __init__(self, field: str, why: str) -> None:
        self.field = field
        super().__init__(f"{field}: {why}")


class Mailbox(msgspec.Struct, frozen=True):
    """An address with the name that people see, "" for none."""

    address: Address
    name: str = ""


def check(field: str, value: str) -> str:
    """The value, when it may stand in a header. Raises FieldRefused for CR, LF, NUL, any other control but tab, and lone surrogates."""
    found = _FORBIDDEN.search(value)
    if found:
        what = {"\r": "CR", "\n": "LF", "\0": "NUL"}.get(
            found.group(), f"the control character U+{ord(found.group()):04X}"
        )
        raise FieldRefused(field, f"{what} is not allowed; remove it (character {found.start() + 1})")
    if len(value) > MAX_VALUE:
        raise FieldRefused(field, f"longer than {MAX_VALUE} characters; shorten it")
    return value


def check_name(name: str) -> str:
    """The name of a field, when it is one (RFC 5322 §3.6.8). Raises FieldRefused."""
    if not _FIELD_NAME.fullmatch(name):
        raise FieldRefused(
            name[:76].encode("unicode_escape").decode(),
            "not a field name; use printable ASCII without colon and space",
        )
    return name


def text_field(name: str, value: str) -> bytes:
    """An unstructured field (Subject, Comments, User-Agent, X- ...). What is not plain ASCII becomes encoded-words (RFC 2047 §5 (1))."""
    check_name(name)
    check(name, value)
    return fold(name, _unstructured(value, WIDTH - len(name) - 2))


def address_field(name: str, mailboxes: Sequence[Mailbox]) -> bytes:
    """An address field (From, To ...). Addresses outside ASCII go as UTF-8 (RFC 6532 §3.2): the message then needs SMTPUTF8."""
    check_name(name)
    return fold(name, ", ".join(mailbox_text(name, mailbox) for mailbox in mailboxes))


def message_id_field(name: str, ids: Iterable[str]) -> bytes:
    """Message-ID, In-Reply-To or References: identifiers with their angle brackets. Raises FieldRefused for what is none."""
    checked = []
    for one in ids:
        if not _MESSAGE_ID.fullmatch(check(name, one)):
            raise FieldRefused(name, f"{one[:80]!r} is not a message identifier of the form <left@right>")
        checked.append(one)
    return fold(name, " ".join(checked))


def mailbox_text(field: str, mailbox: Mailbox) -> str:
    """name-addr or addr-spec (RFC 5322 §3.4) on one line."""
    spec = check(field, str(mailbox.address))
    name = check(field, mailbox.name).strip()
    return f"{phrase(name)} <{spec}>" if name else spec


def phrase(text: str) -> str:
    """A display name or group name: atoms, a quoted-string, or encoded-words separated by spaces (RFC 2047 §5 (3))."""
    if not text.isascii() or "=?" in text or len(text) > WIDTH - 10:
        return " ".join(encoded_words.encode(text, 60))
    if _ATOMS.fullmatch(text):
        return text
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def fold(name: str, value: str) -> bytes:
    """`name: value` with CRLF, folded before white space so that lines have at most 78 characters where words allow it.

    The value must hold no control but tab. White space is kept as it is; a word of 998 characters or more raises FieldRefused.
    """
    line = f"{name}:"
    lines: list[str] = []
    for number, word in enumerate(_WORD.findall(" " + value)):
        if len(line) + len(word) > WIDTH and number:
            lines.append(line)
            line = word
        else:
            line += word
    lines.append(line)
    octets = "\r\n".join(lines).encode()
    if len(octets) > LONGEST and any(len(part.encode()) > LONGEST for part in lines):
        raise FieldRefused(name, f"a word is longer than {LONGEST} octets; shorten it")
    return octets + b"\r\n"


def _unstructured(value: str, room: int) -> str:
    """The value with the span of words that needs it encoded; the words before and after stay readable."""
    if value != value.strip(" \t"):
        return " ".join(encoded_words.encode(value, room))
    words = _WORD.findall(value)
    needing = [number for number, word in enumerate(words) if _needs_encoding(word)]
    if not needing:
        return value
    first, last = needing[0], needing[-1]
    before, after = "".join(words[:first]), "".join(words[last + 1 :])
    middle = "".join(words[first : last + 1])
    gap = middle[: len(middle) - len(middle.lstrip(" \t"))]
    encoded = " ".join(
        encoded_words.encode(
            middle[len(gap) :], room - len(before) - len(gap) if len(before) < room - 30 else WIDTH - 3
        )
    )
    return before + gap + encoded + after


def _needs_encoding(word: str) -> bool:
    return not word.isascii() or "=?" in word or len(word) > _LONGEST_WORD
