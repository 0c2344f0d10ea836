"""Signatures made: one for each key, over the same message.

RFC 6376 §5 (signer actions), §5.4 and §5.4.1 (which fields), §8.15 (fields named once more than they are there, so that none can be added), §3.5
(the tags), RFC 8463 §6 (two algorithms side by side). Not here: which key is whose turn (`rotation`).

    draft = Draft(Header.parse(raw), SigningTerms())        # raises Unsignable
    draft.feed(piece) ...
    fields = draft.signatures(keys, now)                    # to be prepended, the last one first
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence

import msgspec

from postroom.mailauth.dkim.canonical import BodyHash, Canon, SignedFields, relaxed_field
from postroom.mailauth.dkim.names import a_labels, signing_domain
from postroom.mailauth.dkim.private_key import PrivateKey
from postroom.message.headers.header import Header

LIFE_SECONDS = (
    7 * 86_400
)  # of a signature: longer than mail waits in queues, too short for a replay next month
_COLUMNS = 76
_PIECE = 1 << 18

# Named once more than they are there: to add one would change what a reader sees, or whom he answers.
SEALED = (
    b"From", b"To", b"Cc", b"Subject", b"Date", b"Message-ID", b"Reply-To", b"In-Reply-To", b"References",
    b"MIME-Version", b"Content-Type", b"Content-Transfer-Encoding",
)  # fmt: skip
# Named as often as they are there: others on the way may rightly add some.
SIGNED = (
    b"Sender", b"Content-ID", b"Content-Description", b"Content-Disposition", b"Content-Language",
    b"Resent-Date", b"Resent-From", b"Resent-To", b"Resent-Cc", b"Resent-Sender", b"Resent-Message-ID",
    b"List-Id", b"List-Help", b"List-Unsubscribe", b"List-Unsubscribe-Post", b"List-Subscribe", b"List-Post",
    b"List-Owner", b"List-Archive", b"Auto-Submitted", b"Autocrypt", b"Require-Recipient-Valid-Since",
    b"TLS-Report-Domain", b"TLS-Report-Submitter",
)  # fmt: skip


class Unsignable(ValueError):
    """The message is not one that a signature could answer for; the message says why."""


class SigningKey(msgspec.Struct, frozen=True):
    """A key and the place of its record."""

    domain: str
    selector: str
    key: PrivateKey

    def __post_init__(self) -> None:
        if signing_domain(self.domain) is None or a_labels(self.selector) is None:
            raise ValueError(f"no key can be at {self.selector}._domainkey.{self.domain}")


class SigningTerms(msgspec.Struct, frozen=True):
    """What is signed, and for how long (seconds; 0: for ever)."""

    sealed: tuple[bytes, ...] = SEALED
    signed: tuple[bytes, ...] = SIGNED
    life: int = LIFE_SECONDS


class Draft:
    """A message that is to be signed, relaxed/relaxed; the body comes in pieces."""

    def __init__(self, header: Header, terms: SigningTerms | None = None) -> None:
        """Raises Unsignable."""
        self._terms = terms or SigningTerms()
        self._fields = SignedFields(header)
        authors = len(self._fields.places(b"from"))
        if header.truncated or authors != 1:
            raise Unsignable(
                "The header is too long to be signed"
                if header.truncated
                else f"The message has {authors or 'no'} From fields, not one"
            )
        self._body = BodyHash(Canon.RELAXED)
        self.names = _names(self._fields, self._terms)
        self._chosen = b"".join(
            self._fields.chosen(tuple(name.lower() for name in self.names), Canon.RELAXED)
        )

    def feed(self, piece: bytes) -> None:
        """The next octets of the body."""
        self._body.feed(piece)

    def signatures(self, keys: Sequence[SigningKey], now: int) -> list[bytes]:
        """A DKIM-Signature field for each key, whole, with CRLF; `now` in unix seconds."""
        return [self._signature(key, now) for key in keys]

    def _signature(self, key: SigningKey, now: int) -> bytes:
        tags = {
            "v": "1",
            "a": key.key.algorithm.value,
            "c": "relaxed/relaxed",
            "d": key.domain,
            "s": key.selector,
            "t": str(now),
        }
        if self._terms.life:
            tags["x"] = str(now + self._terms.life)
        return self.made(b"DKIM-Signature", tags, key)

    def made(self, name: bytes, tags: Mapping[str, str], key: SigningKey) -> bytes:
        """A signature over fields and body with these tags, and h=, bh= and b=."""
        names = b":".join(self.names).decode()
        body_hash = base64.b64encode(self._body.digest()).decode()
        unsigned = tag_field(name, {**tags, "h": names, "bh": body_hash})
        return sealed(name, unsigned, hashlib.sha256(self._chosen), key.key)


def sign(raw: bytes, keys: Sequence[SigningKey], now: int, terms: SigningTerms | None = None) -> list[bytes]:
    """The fields for a message that is at hand as a whole; raises Unsignable."""
    header = Header.parse(raw)
    draft = Draft(header, terms)
    for start in range(header.end, len(raw), _PIECE):
        draft.feed(raw[start : start + _PIECE])
    return draft.signatures(keys, now)


def sealed(name: bytes, unsigned: bytes, before: hashlib._Hash, key: PrivateKey) -> bytes:
    """The field with b= filled in; `before` is the hash of all that is signed before the field itself, and is not changed."""
    whole = before.copy()
    whole.update(relaxed_field(name, unsigned.partition(b":")[2].removesuffix(b"\r\n")))
    value = base64.b64encode(key.sign(whole.digest())).decode()
    lines = [value[start : start + _COLUMNS - 4] for start in range(0, len(value), _COLUMNS - 4)]
    return unsigned.removesuffix(b"\r\n") + "\r\n ".join(lines).encode() + b"\r\n"


def tag_field(name: bytes, tags: Mapping[str, str]) -> bytes:
    """A field of these tags and an empty b=, folded where white space does not count; its last line is `b=`."""
    lines = [name.decode() + ":"]
    for tag, value in tags.items():
        first, *others = _words(tag, f"{tag}={value};")
        _append(lines, " " + first)
        for word in others:
            _append(lines, word, joined=True)
    return "\r\n".join([*lines, " b=\r\n"]).encode()


def _append(lines: list[str], text: str, *, joined: bool = False) -> None:
    if len(lines[-1]) + len(text) < _COLUMNS:
        lines[-1] += text
    else:
        lines.append(" " + text if joined else text)


def _words(tag: str, text: str) -> list[str]:
    """Where a tag may be folded: the names of h= at their colons (RFC 6376 §3.5)."""
    if tag != "h":
        return [text]
    names = text.split(":")
    return [f"{name}:" for name in names[:-1]] + names[-1:]


def _names(fields: SignedFields, terms: SigningTerms) -> list[bytes]:
    names: list[bytes] = []
    for name in terms.sealed:
        names += [name] * (len(fields.places(name.lower())) + 1)
    for name in terms.signed:
        names += [name] * len(fields.places(name.lower()))
    return names
