"""One SQL text for two engines: what little differs is a token, replaced once per statement.

`$1` placeholders are PostgreSQL's; SQLite gets `?1`, which may likewise stand more than once. In statements {SKIP} and {LOCK} take row
locks where there are rows to lock. In the schema {BYTES} and {TEXT} are column types and {CLUSTERED} stores a table in the order of its
primary key. Not here: any statement.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

CACHED_TEXTS: Final = (
    2000  # statements are constants, a few hundred; texts beyond this many are translated each time
)

POSTGRESQL_TOKENS: Final = {
    "{BYTES}": "BYTEA",
    "{TEXT}": 'TEXT COLLATE "C"',  # the order of octets, as SQLite has it
    "{CLUSTERED}": "",
    "{SKIP}": "FOR UPDATE SKIP LOCKED",
    "{LOCK}": "FOR UPDATE",
}
SQLITE_TOKENS: Final = {
    "{BYTES}": "BLOB",
    "{TEXT}": "TEXT",
    "{CLUSTERED}": "WITHOUT ROWID",
    "{SKIP}": "",
    "{LOCK}": "",
}

_PLACEHOLDER = re.compile(r"\$(?=\d)")
_SECTION = re.compile(r"^-- @(both|sqlite|postgresql)$")


class Dialect(dict[str, str]):
    """Translated texts by their source: `dialect[sql]`. Bounded; thread-safe as far as `dict` is, which suffices here."""

    def __init__(self, name: str, tokens: Mapping[str, str], placeholder: str) -> None:
        super().__init__()
        self.name = name
        self._tokens = tokens
        self._placeholder = placeholder

    def __missing__(self, sql: str) -> str:
        text = sql
        for token, replacement in self._tokens.items():
            text = text.replace(token, replacement)
        text = _PLACEHOLDER.sub(self._placeholder, text)
        if len(self) < CACHED_TEXTS:
            self[sql] = text
        return text

    def statements(self, source: str) -> list[str]:
        """The statements of a schema file that concern this engine: from `-- @sqlite` or `-- @postgresql` to `-- @both`."""
        kept, section = [], "both"
        for line in source.splitlines():
            if marker := _SECTION.match(line):
                section = marker[1]
            elif section in ("both", self.name):
                kept.append(line.partition("--")[0].rstrip())
        return [text for part in "\n".join(kept).split(";") if (text := part.strip())]


def sqlite_dialect() -> Dialect:
    """A fresh dialect for one SQLite database."""
    return Dialect("sqlite", SQLITE_TOKENS, "?")


def postgresql_dialect() -> Dialect:
    """A fresh dialect for one PostgreSQL database."""
    return Dialect("postgresql", POSTGRESQL_TOKENS, "$")
