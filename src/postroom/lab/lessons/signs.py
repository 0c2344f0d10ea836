"""Signs that a step of a lesson was done: patterns for what happens in a lab.

`<- HELO .*` is a line to the server on the student's connection, `-> 250 .*` one from it, with `~` under TLS; `secured .*` and `closed` are of that
connection too. `crepes.test: <~ MAIL .*` is a line of any connection of that domain's server, `dns NAME KIND .*` a question to the DNS, `noted EVENT .*`
what a server has noted. A pattern fits the whole text, in any case; its named groups catch values. Not here: the order of signs (`attention`).
"""

from __future__ import annotations

import re
from typing import Final

import msgspec

from postroom.lab.heard.feed import Happening
from postroom.lab.lessons.values import Values

_ELSEWHERE: Final = re.compile(r"([a-z]+\.test): ")
_COMPLETE: Final = re.compile(r"\d\d\d( .*)?|[^*+\s]\S* OK .*")
_REFUSAL: Final = re.compile(r"[45]\d\d[ -].*|-ERR.*|\S+ (NO|BAD) .*")


class Sign(msgspec.Struct, frozen=True):
    """`server` "": it is of the student's own connection, or of none."""

    pattern: re.Pattern[str]
    server: str

    @property
    def is_of_client(self) -> bool:
        """Whether it is something that a client says."""
        return self.pattern.pattern.startswith("<")

    def fits(self, happening: Happening, connection: int) -> re.Match[str] | None:
        """The match, when this is it; `connection` is the student's own, 0 for none."""
        if self.server:
            if happening.server != self.server:
                return None
        elif happening.connection not in (0, connection):
            return None
        return self.pattern.fullmatch(shown(happening))


def sign_of(written: str, values: Values) -> Sign:
    """A sign as lessons write it. Raises KeyError for a value that is not known."""
    found = _ELSEWHERE.match(written)
    pattern = values.fill(written[found.end() :] if found else written, re.escape)
    return Sign(re.compile(pattern, re.IGNORECASE | re.DOTALL), found[1] if found else "")


def shown(happening: Happening) -> str:
    """What a pattern is held against."""
    facts = happening.facts
    match happening.kind:
        case "line":
            return f"{happening.arrow} {happening.text}".rstrip()
        case "dns":
            answers = ", ".join(facts.get("answers", ()))
            return f"dns {happening.text} {facts.get('kind', '')} {facts.get('rcode', '')} {answers}".rstrip()
        case "secured":
            return f"secured {facts.get('version', '')}"
        case "noted":
            return f"noted {happening.text} {' '.join(f'{name}={value}' for name, value in facts.items())}"
        case _:
            return happening.kind


def is_own(happening: Happening, connection: int) -> bool:
    """Whether it is of this connection."""
    return connection != 0 and happening.connection == connection


def refuses(happening: Happening) -> bool:
    """Whether a server says no."""
    return from_server(happening) and _REFUSAL.fullmatch(happening.text) is not None


def completes(happening: Happening) -> bool:
    """Whether it ends a server's answer; of POP3 that cannot be told."""
    return from_server(happening) and _COMPLETE.fullmatch(happening.text) is not None


def is_command(happening: Happening) -> bool:
    """Whether a client says something that is to be answered."""
    return (
        happening.kind == "line"
        and happening.arrow in ("<-", "<~")
        and not happening.content
        and happening.text.strip() not in ("", ".")
    )


def from_server(happening: Happening) -> bool:
    """Whether a server answers."""
    return happening.kind == "line" and happening.arrow in ("->", "~>") and not happening.content
