"""Authentication-Results: what checks found, as a header field, both ways.

RFC 8601 §2.2 (grammar), §2.3 (who says so), §2.6 (versions: there is only 1), §5 (fields that claim to be ours and are not). Values from strangers are quoted, and cut where they
are longer than any address, so that none can forge a result or a field. Not here: checks, and when a field is believed.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

import msgspec

from postroom.message.address import fold
from postroom.message.headers.header import Field, Header
from postroom.message.idn import a_labels

NAME = "Authentication-Results"
MAX_VALUE = 320  # octets of a value that we write: a local part, "@", a domain
MAX_READ = 65536  # octets of a field that is parsed; one that is longer is not read
MAX_RESULTS = 100  # of one field that is parsed; the rest is left out
MAX_PROPERTIES = 100  # of one result, likewise

_WIDTH = 78  # RFC 5322 §2.1.1
_ATEXT = r"[A-Za-z0-9!#$%&'*+^_`{|}~-]"
_BARE = re.compile(rf"{_ATEXT}++(?>(?:\.{_ATEXT}++)*)").fullmatch
_LABEL = r"[^\W_]++(?>(?:-++[^\W_]++)*)"
_DOMAIN = re.compile(rf"{_LABEL}(?>(?:\.{_LABEL})+)").fullmatch  # RFC 6376 §3.5, domain-name, and U-labels
_NOT_COMMENT = re.compile(r"[^ !-'*-\[\]-~]")
_COMMENT = re.compile(r"[ !-'*-\[\]-~]*+").fullmatch
_KEYWORD = re.compile(r"[A-Za-z0-9_-]++")
_TOKEN = re.compile(r"[^\x00-\x20()<>@,;:\\\"/\[\]?=\x7f]++")  # RFC 2045 §5.1, and UTF-8 (RFC 8601 §2.2)
_PVALUE = re.compile(
    r"[^\x00-\x20();\"\x7f]++"
)  # more than RFC 8601 §2.2 has: many write addresses and base64 bare
_QUOTED = re.compile(r'"([^"\\]*+(?>(?:\\.[^"\\]*+)*))"', re.DOTALL)
_PAIR = re.compile(r"\\(.)", re.DOTALL)
_SPACE = re.compile(r"[ \t\r\n]*+")
_IN_COMMENT = re.compile(r"[^()\\]++|\\.?|[()]", re.DOTALL)
_DIGITS = re.compile(r"[0-9]++")


class Property(msgspec.Struct, frozen=True):
    """`ptype.property=pvalue`: what was looked at, e.g. `smtp.mailfrom=crepes.test`. `ptype` and `name` in lower case when parsed."""

    ptype: str
    name: str
    value: str


class MethodResult(msgspec.Struct, frozen=True):
    """One `method=result` with its reason and properties, all but values in lower case. `comment` is for people, and lost when parsed."""

    method: str
    result: str
    properties: tuple[Property, ...] = ()
    reason: str = ""
    comment: str = ""

    def get(self, ptype: str, name: str) -> str | None:
        """The value of the first property of that name."""
        return next((one.value for one in self.properties if (one.ptype, one.name) == (ptype, name)), None)


class AuthenticationResults(msgspec.Struct, frozen=True):
    """The field: who says so, and what; no results are "none"."""

    authserv_id: str
    results: tuple[MethodResult, ...] = ()


def render(found: AuthenticationResults) -> bytes:
    """The whole field with its CRLF, folded. Values beyond ASCII are written in UTF-8, so they belong into messages under SMTPUTF8 alone."""
    return f"{NAME}: {payload(found)}\r\n".encode()


def payload(found: AuthenticationResults, column: int = len(NAME) + 2) -> str:
    """authres-payload (RFC 8601 §2.2), folded, without the last CRLF; `column` is where it begins. ARC has it after an instance."""
    text = _Folded(column)
    text.add((found.authserv_id if _BARE(found.authserv_id) else quoted_string(found.authserv_id)) + ";")
    for number, result in enumerate(found.results, 1):
        text.newline()
        pieces = list(_pieces(result))
        pieces[-1] += ";" if number < len(found.results) else ""
        for piece in pieces:
            if piece[0] == "(":
                text.words(piece)
            else:
                text.add(piece)
    if not found.results:
        text.add("none")
    return str(text)


class _Folded:
    """Words, with a line end and a tab instead of a space where the line would be too long."""

    def __init__(self, column: int) -> None:
        self._parts: list[str] = []
        self._column = column
        self._fresh = True

    def newline(self) -> None:
        self._parts.append("\r\n\t")
        self._column, self._fresh = 8, True

    def add(self, word: str) -> None:
        if not self._fresh:
            word = " " + word
            if self._column + len(word) > _WIDTH:
                self.newline()
                word = word[1:]
        self._parts.append(word)
        self._column += len(word)
        self._fresh = False

    def words(self, text: str) -> None:
        """Words with spaces between them; where they are folded with one, lest a line is white space alone."""
        if self._column + len(text) < _WIDTH:
            self.add(text)
            return
        for word in text.split():
            self.add(word)

    def __str__(self) -> str:
        return "".join(self._parts)


def _pieces(result: MethodResult) -> Iterator[str]:
    yield f"{result.method}={result.result}"
    if result.comment:
        yield f"({comment_text(result.comment)})"
    if result.reason:
        yield f"reason={quoted_string(result.reason)}"
    for one in result.properties:
        yield f"{one.ptype}.{one.name}={value_text(one.value)}"


def value_text(value: str) -> str:
    """A pvalue (RFC 8601 §2.2): bare where it may be, and what looks like an identity as local-part, "@" and domain-name."""
    if len(value) > MAX_VALUE:
        return quoted_string(value)
    if _BARE(value):
        return value
    local, at, domain = value.rpartition("@")
    if not at or not _DOMAIN(domain):
        return quoted_string(value)
    return f"{local if not local or _BARE(local) else quoted_string(local)}@{domain}"


def quoted_string(value: str) -> str:
    """A quoted-string (RFC 5322 §3.2.4) of at most MAX_VALUE octets of the value; what is unprintable becomes `?`."""
    cut = value.encode("utf-8", "replace")[:MAX_VALUE].decode("utf-8", "ignore")
    if not cut.isprintable():
        cut = "".join(char if char.isprintable() else "?" for char in cut)
    return '"' + cut.replace("\\", "\\\\").replace('"', '\\"') + '"'


def comment_text(text: str) -> str:
    """Words that may stand within a comment (RFC 5322 §3.2.2): ASCII, no parenthesis, no backslash."""
    if len(text) <= MAX_VALUE and _COMMENT(text):
        return text
    return _NOT_COMMENT.sub("?", text[:MAX_VALUE])


def parse(value: bytes) -> AuthenticationResults | None:
    """Reads the value of a field, folded or not; None when it does not follow the grammar. Never raises, and is linear."""
    if len(value) > MAX_READ:
        return None
    reading = _Reading(value.decode("utf-8", "replace"))
    try:
        return reading.field()
    except _Wrong:
        return None


def forged(header: Header, own: Collection[str], domains: Collection[str] = ()) -> list[Field]:
    """The fields that came from outside and are not to be kept (RFC 8601 §5).

    They say they are from one of `own`, or from within one of `domains`, or do not say from whom, or are of a version that nobody knows here.
    """
    names = {comparable(name) for name in own} | {""}
    within = tuple(f".{comparable(domain)}" for domain in domains)
    return [
        field
        for field in header
        if field.name.lower() == b"authentication-results" and _is_forged(field.value, names, within)
    ]


def _is_forged(value: bytes, names: Collection[str], within: tuple[str, ...]) -> bool:
    reading = _Reading(value[:MAX_READ].decode("utf-8", "replace"))
    try:
        name = comparable(reading.value(_TOKEN))
        return name in names or f".{name}".endswith(within) or not reading.has_known_version()
    except _Wrong:
        return True


def comparable(name: str) -> str:
    """RFC 8601 §2.3: as domain names are compared, U-labels and A-labels alike (§2.2)."""
    try:
        name = a_labels(name)
    except ValueError:
        pass
    return fold(name).removesuffix(".")


def _is_known(version: str) -> bool:
    """RFC 8601 §2.6: of the field and of all methods there is only version 1."""
    return version.lstrip("0") == "1"


class _Wrong(Exception):
    """The text does not follow the grammar."""


class _Reading:
    """A position in a field's value. Comments and white space may stand between any two words."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._skip()

    def field(self) -> AuthenticationResults:
        """authres-payload."""
        who = self.value(_TOKEN)
        if not self.has_known_version():
            raise _Wrong
        results: list[MethodResult] = []
        while self._sign(";"):
            if self._at == len(self._text):
                break  # a ";" at the end, which many write
            result = self._resinfo()
            if result is not None and len(results) < MAX_RESULTS:
                results.append(result)
        if self._at < len(self._text):
            raise _Wrong
        return AuthenticationResults(who, tuple(results))

    def has_known_version(self) -> bool:
        """authres-version, which need not be there."""
        return _is_known(self._accept(_DIGITS) or "1")

    def value(self, bare: re.Pattern[str]) -> str:
        """A word of this form, or a quoted-string with what may follow it (`"local part"@domain`)."""
        quoted = _QUOTED.match(self._text, self._at)
        if quoted is None:
            return self._expect(bare)
        self._at = quoted.end()
        text = _PAIR.sub(r"\1", quoted[1])
        if bare is _PVALUE and self._text.startswith("@", self._at):
            return text + self._expect(bare)
        self._skip()
        return text

    def _resinfo(self) -> MethodResult | None:
        """A methodspec and what belongs to it; None for "none", and for a version of the method that is not known."""
        method = self._expect(_KEYWORD).lower()
        if method == "none" and not self._text.startswith(("=", "/"), self._at):
            return None
        known = not self._sign("/") or _is_known(self._expect(_DIGITS))
        self._demand("=")
        result, reason = self._expect(_KEYWORD).lower(), ""
        properties: list[Property] = []
        while (ptype := self._accept(_KEYWORD)) is not None:
            if self._sign("."):
                name = self._expect(_KEYWORD).lower()
                self._demand("=")
                found = Property(ptype.lower(), name, self.value(_PVALUE))
                if len(properties) < MAX_PROPERTIES:
                    properties.append(found)
            else:  # large senders write others without a ptype, such as action=
                self._demand("=")
                said = self.value(_PVALUE)
                if ptype.lower() == "reason":
                    reason = said
        return MethodResult(method, result, tuple(properties), reason) if known else None

    def _sign(self, sign: str) -> bool:
        if not self._text.startswith(sign, self._at):
            return False
        self._at += len(sign)
        self._skip()
        return True

    def _demand(self, sign: str) -> None:
        if not self._sign(sign):
            raise _Wrong

    def _accept(self, pattern: re.Pattern[str]) -> str | None:
        match = pattern.match(self._text, self._at)
        if match is None:
            return None
        self._at = match.end()
        self._skip()
        return match[0]

    def _expect(self, pattern: re.Pattern[str]) -> str:
        found = self._accept(pattern)
        if found is None:
            raise _Wrong
        return found

    def _skip(self) -> None:
        """[CFWS] (RFC 5322 §3.2.2), comments within comments too; one that is not closed reaches to the end."""
        depth = 0
        while True:
            if depth == 0:
                space = _SPACE.match(self._text, self._at)
                self._at = space.end() if space else self._at
                if not self._text.startswith("(", self._at):
                    return
            piece = _IN_COMMENT.match(self._text, self._at)
            if piece is None:
                return
            depth += (piece[0] == "(") - (piece[0] == ")")
            self._at = piece.end()
