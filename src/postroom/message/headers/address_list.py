"""Address lists of header fields: mailboxes, groups, comments, and the obsolete forms still met.

RFC 5322 §3.4 (address-list, mailbox, group), §3.2.2 (comments), §4.4 (routes, empty members, white space around dots), RFC 6532 §3.2
(UTF-8), RFC 2047 §5 (encoded-words in the phrase, never inside the addr-spec). The same parser serves checks and display, so that what
is checked is what is shown. Not here: the stricter addresses of SMTP (`message.address`).

An entry that is not a mailbox by the grammar is one entry, with its text and `defect`: nothing in it is taken for an address.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import groupby, islice, pairwise
from typing import NamedTuple

import msgspec

from postroom.message.address import Address, mailbox_text, parse_domain
from postroom.message.encodings import encoded_words
from postroom.message.encodings.charset import header_text, visible
from postroom.message.headers.comments import comment_end
from postroom.message.headers.header import spaced

MAX_ADDRESSES = 1000  # entries of one field; the rest is not read
MAX_TOKENS = 12_000  # words and signs of one field that are told apart, enough for MAX_ADDRESSES; the rest is one entry that is no mailbox
MAX_TEXT = 1000  # characters kept of an entry that is not a mailbox

_ATOM = r'[^\x00-\x20\x7f()<>\[\]:;@\\,"]'
_PHRASE = r'[^\x00-\x08\x0a-\x1f\x7f()<>\[\]:;@\\,"]'
_DOMAIN = r'[^\x00-\x20\x7f()<>\[\]:;@\\,".]'
_DOTTED = rf"{_DOMAIN}++(?>(?:\.{_DOMAIN}++)*)"
# The forms nearly all mail uses, in one match: Name <a@b>, "Name" <a@b>, <a@b>, a@b. What it does not match, the tokens decide.
_SIMPLE = re.compile(
    rf'[ \t]*+(?:(?:"([^"\\\x00-\x1f\x7f]*+)"[ \t]*+|({_PHRASE}*+))<({_ATOM}++)@({_DOTTED})>|({_ATOM}++)@({_DOTTED}))[ \t]*+(?:,|\Z)'
)
_TOKEN = re.compile(
    rf'[ \t\r\n]++|({_ATOM}++)|"([^"\\]*+(?>(?:\\.[^"\\]*+)*))"|(\[[^\[\]\\]*+(?>(?:\\.[^\[\]\\]*+)*)\])|([<>:;@,])',
    re.DOTALL,
)
_PHRASE_KINDS = frozenset("aql@")
_DOT_ATOM = re.compile(_DOTTED)
_PAIR = re.compile(r"\\(.)", re.DOTALL)
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


class AddressSpec(msgspec.Struct, frozen=True):
    """One mailbox. `name` is the display name decoded, `phrase` the same with its encoded-words as they came (without quotes).

    `local` is without quotes, `domain` as written. With `defect` the entry is no mailbox: `local` is its text, `domain` is empty.
    """

    name: str
    local: str
    domain: str
    phrase: str = ""
    route: str = ""
    defect: bool = False

    @property
    def address(self) -> Address | None:
        """The address, when it is one that mail could be sent to (the domain in lower case); else None."""
        domain = parse_domain(self.domain) if not self.defect and self.local else None
        return Address(self.local, domain) if domain is not None and not _CONTROL.search(self.local) else None

    @property
    def email(self) -> str:
        """The addr-spec as text; of a defective entry its text."""
        if self.defect:
            return self.local
        return mailbox_text(self.local, self.domain)


class Group(msgspec.Struct, frozen=True):
    """`name: members;` (RFC 5322 §3.4); `phrase` as in `AddressSpec`."""

    name: str
    members: list[AddressSpec]
    phrase: str = ""


def parse_address_list(value: bytes | str, limit: int = MAX_ADDRESSES) -> list[AddressSpec | Group]:
    """The entries of an unfolded value, at most `limit` mailboxes; never raises."""
    text = header_text(value) if isinstance(value, bytes) else value
    entries: list[AddressSpec | Group] = []
    at, end = 0, len(text)
    while at < end and len(entries) < limit:
        match = _SIMPLE.match(text, at)
        if not match:
            entries += _Reader(text, at, limit - len(entries)).entries()
            break
        entries.append(_simple(match))
        at = match.end()
    return entries


def mailboxes(entries: list[AddressSpec | Group]) -> list[AddressSpec]:
    """All mailboxes in their order, groups opened."""
    found: list[AddressSpec] = []
    for entry in entries:
        if isinstance(entry, Group):
            found += entry.members
        else:
            found.append(entry)
    return found


def without_domain(text: str) -> list[int]:
    """Where a domain is missing in the text of a field: behind each entry that is a bare local part, `root`, `<root>` or `root (Name)`."""
    found: list[int] = []
    entry: list[_Token] = []
    angle = False
    for token in (*_bounded(text, _tokens(text, 0)), _Token(",", "", len(text), len(text))):
        angle = token.kind == "<" or (angle and token.kind != ">")
        if angle or token.kind not in (",", ";", ":"):
            entry.append(token)
            continue
        if token.kind != ":":
            found += _bare(entry)
        entry = []
    return found


def _bare(entry: list[_Token]) -> list[int]:
    tokens = [token for token in entry if token.kind != "c"]
    opened = next((number for number, token in enumerate(tokens) if token.kind == "<"), None)
    if opened is not None and tokens[-1].kind == ">":
        tokens = tokens[opened + 1 : -1]
    return [tokens[-1].end] if tokens and _joined(tokens, "a") else []


def _simple(match: re.Match[str]) -> AddressSpec:
    quoted, phrase, local, domain, bare_local, bare_domain = match.groups()
    if bare_local is not None:
        return AddressSpec("", bare_local, bare_domain)
    if quoted is not None:
        name = quoted.strip()
        return AddressSpec(name if name.isascii() else visible(name), local, domain, name)
    phrase = spaced(phrase.strip())
    plain = phrase.isascii() and "=?" not in phrase
    return AddressSpec(phrase if plain else encoded_words.decode(phrase), local, domain, phrase)


class _Token(NamedTuple):
    kind: str  # a atom, q quoted-string, l domain-literal, c comment, x what has no place here, else the special itself
    text: str
    start: int
    end: int


def _tokens(text: str, at: int) -> Iterator[_Token]:
    end = len(text)
    while at < end:
        start = at
        match = _TOKEN.match(text, at)
        if match:
            at = match.end()
            if match.lastindex == 2:
                yield _Token("q", _PAIR.sub(r"\1", match[2]), start, at)
            elif match.lastindex is not None:
                word = match[match.lastindex]
                yield _Token(word if match.lastindex == 4 else "al"[match.lastindex // 3], word, start, at)
            continue
        closed = comment_end(text, at) if text[at] == "(" else 0
        if closed:
            at = closed
            yield _Token("c", text[start + 1 : at - 1], start, at)
        else:  # a quote, bracket or parenthesis that is not closed has everything that follows inside
            at = end if text[at] in '"[(' else at + 1
            yield _Token("x", text[start:at], start, at)


def _bounded(text: str, tokens: Iterator[_Token]) -> Iterator[_Token]:
    """As many as may be told apart; then what is left as one that has no place in an address."""
    yield from islice(tokens, MAX_TOKENS)
    for token in tokens:
        yield _Token("x", text[token.start :], token.start, len(text))
        return


class _Reader:
    """Cuts the tokens into entries at commas, and into groups at `name:` and `;`."""

    def __init__(self, text: str, at: int, limit: int) -> None:
        self._text = text
        self._tokens = _bounded(text, _tokens(text, at))
        self._limit = limit
        self._entry: list[_Token] = []
        self._angle = False
        self._out: list[AddressSpec | Group] = []
        self._group: Group | None = None

    def entries(self) -> list[AddressSpec | Group]:
        for token in self._tokens:
            self._take(token)
            if self._limit <= 0:
                break
        else:
            self._finish()
        return self._out

    def _take(self, token: _Token) -> None:
        kind = token.kind
        if self._angle and kind != ">":  # a route has commas and a colon of its own
            self._entry.append(token)
        elif kind == ",":
            self._finish()
        elif kind == ":" and self._group is None and all(word.kind in "aqc" for word in self._entry):
            phrase, name = _phrase(self._text, self._entry)
            self._group = Group(name, [], phrase)
            self._out.append(self._group)
            self._limit -= 1
            self._entry = []
        elif kind == ";":
            self._finish()
            self._group = None
        else:
            self._angle = kind == "<"
            self._entry.append(token)

    def _finish(self) -> None:
        entry, self._entry, self._angle = self._entry, [], False
        if any(token.kind != "c" for token in entry):  # empty members are obsolete syntax, RFC 5322 §4.4
            (self._out if self._group is None else self._group.members).append(_mailbox(self._text, entry))
            self._limit -= 1


def _mailbox(text: str, entry: list[_Token]) -> AddressSpec:
    """name-addr or addr-spec from the tokens of one entry, comments included."""
    tokens = [token for token in entry if token.kind != "c"]
    kinds = "".join([token.kind for token in tokens])
    opened = kinds.find("<")
    if opened < 0:
        route, parsed = "", _addr_spec(tokens)
    elif (
        kinds.count("<") == 1
        and kinds.find(">") == len(kinds) - 1
        and _PHRASE_KINDS.issuperset(kinds[:opened])
    ):
        route, inner = _route(tokens[opened + 1 : -1])
        parsed = _addr_spec(inner)
    else:
        route, parsed = "", None
    if not parsed:
        whole = text[tokens[0].start : min(tokens[-1].end, tokens[0].start + MAX_TEXT)]
        return AddressSpec("", visible(whole.strip()), "", defect=True)
    phrase, name = _phrase(text, tokens[: max(opened, 0)])
    if not phrase:  # the old custom: a@b (Name)
        comment = next((token.text for token in reversed(entry) if token.kind == "c"), "")
        phrase = _PAIR.sub(r"\1", comment).strip()
        name = encoded_words.decode(phrase)
    return AddressSpec(name, *parsed, phrase, route)


def _addr_spec(tokens: list[_Token]) -> tuple[str, str] | None:
    """`local-part "@" domain` (RFC 5322 §3.4.1, with §4.4: words joined by dots that may have white space around them)."""
    at = next((number for number, token in enumerate(tokens) if token.kind == "@"), None)
    if not at:
        return None
    local, domain = tokens[:at], tokens[at + 1 :]
    host = "".join([token.text for token in domain])
    if not _joined(local, "aq"):
        return None
    if not (_joined(domain, "a") and _DOT_ATOM.fullmatch(host)) and [token.kind for token in domain] != ["l"]:
        return None
    return "".join([token.text for token in local]), host


def _joined(words: list[_Token], kinds: str) -> bool:
    """Whether the tokens are words, at least one, with a dot between each two: `a.b`, `a . b`, `a."b c"`."""
    return all(word.kind in kinds for word in words) and all(
        (left.kind == "a" and left.text[-1] == ".") or (right.kind == "a" and right.text[0] == ".")
        for left, right in pairwise(words)
    )


def _route(inner: list[_Token]) -> tuple[str, list[_Token]]:
    """Takes the obsolete `@one,@two:` off (RFC 5322 §4.4: accepted, and not used)."""
    if not inner or inner[0].kind not in "@,":
        return "", inner
    colon = next((number for number, token in enumerate(inner) if token.kind == ":"), None)
    if colon is None or any(token.kind not in "@,al" for token in inner[:colon]):
        return "", inner
    return "".join([token.text for token in inner[:colon]]), inner[colon + 1 :]


def _phrase(text: str, tokens: list[_Token]) -> tuple[str, str]:
    """A phrase as it came, and with the encoded-words among its atoms decoded (RFC 2047 §5: not in a quoted-string)."""
    words = [token for token in tokens if token.kind != "c"]
    if any(word.kind not in "aq" for word in words):  # `a@b <a@b>`: no phrase by the grammar, and common
        plain = text[words[0].start : words[-1].end]
        return plain, visible(plain) if any(word.kind == "q" for word in words) else encoded_words.decode(
            plain
        )
    plain = " ".join([word.text for word in words]).strip()
    if "=?" not in plain:
        return plain, visible(plain)
    runs = groupby(words, key=lambda word: word.kind)
    return plain, " ".join([_run_text(kind, [word.text for word in run]) for kind, run in runs]).strip()


def _run_text(kind: str, words: list[str]) -> str:
    text = " ".join(words)
    return encoded_words.decode(text) if kind == "a" else visible(text)
