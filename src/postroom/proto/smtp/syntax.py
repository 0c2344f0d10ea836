"""The grammar of MAIL's and RCPT's first argument.

RFC 5321 §4.1.2 (paths), Appendix C (source routes: stripped to their last hop). People type SMTP by hand, so a space
after the colon and a path without angle brackets are taken too. Not here: the parameters behind the path.
"""

from __future__ import annotations

import re

from postroom.message.address import parse_domain
from postroom.proto.smtp.reply import Reply, printable

_BRACKETED = re.compile(r'<((?:[^<>"\\]|\\.|"(?:[^"\\]|\\.)*")*)>')


class BadCommand(Exception):
    """A command that cannot be taken as it is. `reply` is the answer; with `fatal` the connection ends, since its octets cannot be told apart."""

    def __init__(self, reply: Reply, *, fatal: bool = False) -> None:
        self.reply = reply
        self.fatal = fatal
        super().__init__(str(reply))


def bad(code: int, status: str, words: str) -> BadCommand:
    """To be raised."""
    return BadCommand(Reply.of(code, status, words))


def split_path(argument: str, keyword: str) -> tuple[str, str] | None:
    """`FROM: <path> parameters` as (path without brackets, parameters); None when it does not have that form.

    `keyword` is FROM or TO. The path is not looked into, except that a quoted string may hold a ">".
    """
    argument = argument.lstrip(" \t")
    if argument[: len(keyword)].upper() != keyword:
        return None
    rest = argument[len(keyword) :].lstrip(" \t")
    if rest[:1] != ":":
        return None
    rest = rest[1:].lstrip(" \t")
    if rest[:1] == "<":
        matched = _BRACKETED.match(rest)
        if not matched:
            return None
        path, parameters = matched.group(1).strip(" "), rest[matched.end() :]
        if parameters[:1] not in {"", " ", "\t"}:
            return None
        return path, parameters
    path, _, parameters = rest.partition(" ")
    return (path, parameters) if path else None


def without_route(path: str) -> str | None:
    """`@one,@two:user@three` as `user@three` (RFC 5321 §4.1.1.3: routes are ignored); None when the route is malformed."""
    if path[:1] != "@":
        return path
    route, colon, mailbox = path.partition(":")
    hops = route.split(",")
    if not colon or not all(hop[:1] == "@" and parse_domain(hop[1:]) is not None for hop in hops):
        return None
    return mailbox


def shown(path: str) -> str:
    """A path in the text of a reply."""
    text = printable(path)
    return f"<{text if len(text) <= 100 else text[:97] + '...'}>"
