"""What IMAP offers, each capability declared once: CAPABILITY, ENABLE and the page of documentation derive from this table.

RFC 9051 §6.1.1; the registry names and RFCs stand in the table. A capability is here when all of it works. Not here: what a command does.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from types import MappingProxyType
from typing import Final

import msgspec

from postroom.proto.imap.config import ImapConfig
from postroom.proto.imap.login import mechanisms
from postroom.proto.imap.verb import State
from postroom.proto.sasl.mechanisms import Channel


class Offer(msgspec.Struct, frozen=True):
    """What the table looks at: the moment of a session."""

    config: ImapConfig
    state: State
    secure: bool
    compressed: bool
    channel: Channel = Channel()


class Shown(enum.Enum):
    """When a capability is announced."""

    ALWAYS = "always"
    BEFORE = "before login"
    AFTER = "after login"


class Row(msgspec.Struct, frozen=True):
    """`names` gives what is announced now, perhaps nothing; by default the name itself. `enable`: ENABLE takes it (RFC 5161)."""

    name: str
    rfc: str
    shown: Shown = Shown.ALWAYS
    enable: bool = False
    names: Callable[[Offer], tuple[str, ...]] | None = None


def _literal(offer: Offer) -> tuple[str, ...]:
    return ("LITERAL-",) if offer.config.literal_minus else ("LITERAL+",)  # never both, RFC 7888 §5


TABLE: Final = (
    Row("IMAP4rev2", "RFC 9051", enable=True),
    Row("IMAP4rev1", "RFC 3501"),
    Row(
        "STARTTLS",
        "RFC 9051 §6.2.1",
        Shown.BEFORE,
        names=lambda o: ("STARTTLS",) if o.config.starttls and not o.secure else (),
    ),
    Row(
        "LOGINDISABLED",
        "RFC 9051 §6.2.3",
        Shown.BEFORE,
        names=lambda o: () if o.secure or o.config.plaintext else ("LOGINDISABLED",),
    ),
    Row(
        "AUTH=",
        "RFC 9051 §6.2.2",
        Shown.BEFORE,
        names=lambda o: tuple(f"AUTH={name}" for name in mechanisms(o.config, o.channel)),
    ),
    Row("SASL-IR", "RFC 4959"),
    Row("ENABLE", "RFC 5161"),
    Row("LITERAL+", "RFC 7888", names=_literal),
    Row("ID", "RFC 2971"),
    Row("LANGUAGE", "RFC 5255"),
    Row("IDLE", "RFC 2177"),
    Row("NOTIFY", "RFC 5465", Shown.AFTER),
    Row("UNSELECT", "RFC 3691", Shown.AFTER),
    Row("UTF8=ACCEPT", "RFC 6855", Shown.AFTER, enable=True),
    Row("CONDSTORE", "RFC 7162", Shown.AFTER, enable=True),
    Row("QRESYNC", "RFC 7162", Shown.AFTER, enable=True),
    Row("UIDONLY", "RFC 9586", Shown.AFTER, enable=True),
    Row("UIDBATCHES", "RFC 10022", Shown.AFTER),
    Row("UIDPLUS", "RFC 4315", Shown.AFTER),
    Row("MULTIAPPEND", "RFC 3502", Shown.AFTER),
    Row("CATENATE", "RFC 4469", Shown.AFTER),
    Row("URLAUTH", "RFC 4467", Shown.AFTER),
    Row("URL-PARTIAL", "RFC 5550", Shown.AFTER),
    Row("REPLACE", "RFC 8508", Shown.AFTER),
    Row("APPENDLIMIT", "RFC 7889", names=lambda o: (f"APPENDLIMIT={o.config.message}",)),
    Row("MOVE", "RFC 6851", Shown.AFTER),
    Row("BINARY", "RFC 3516", Shown.AFTER),
    Row("OBJECTID", "RFC 8474", Shown.AFTER),
    Row("SAVEDATE", "RFC 8514", Shown.AFTER),
    Row("PREVIEW", "RFC 8970", Shown.AFTER),
    Row("SNIPPET=FUZZY", "RFC 8970 (its draft)", Shown.AFTER),
    Row("NAMESPACE", "RFC 2342", Shown.AFTER),
    Row("CHILDREN", "RFC 3348", Shown.AFTER),
    Row("LIST-EXTENDED", "RFC 5258", Shown.AFTER),
    Row("LIST-STATUS", "RFC 5819", Shown.AFTER),
    Row("LIST-METADATA", "RFC 9590", Shown.AFTER),
    Row("LIST-MYRIGHTS", "RFC 8440", Shown.AFTER),
    Row("SPECIAL-USE", "RFC 6154", Shown.AFTER),
    Row("CREATE-SPECIAL-USE", "RFC 6154", Shown.AFTER),
    Row("STATUS=SIZE", "RFC 8438", Shown.AFTER),
    Row("ACL", "RFC 4314", Shown.AFTER),
    Row("RIGHTS=texk", "RFC 4314 §2.2", Shown.AFTER),
    Row("QUOTA", "RFC 9208", Shown.AFTER),
    Row("QUOTA=RES-STORAGE", "RFC 9208", Shown.AFTER),
    Row("QUOTA=RES-MESSAGE", "RFC 9208", Shown.AFTER),
    Row("QUOTASET", "RFC 9208", Shown.AFTER),
    Row("METADATA", "RFC 5464", Shown.AFTER),
    Row("ESEARCH", "RFC 4731", Shown.AFTER),
    Row("SEARCHRES", "RFC 5182", Shown.AFTER),
    Row("WITHIN", "RFC 5032", Shown.AFTER),
    Row("SORT", "RFC 5256", Shown.AFTER),
    Row("SORT=DISPLAY", "RFC 5957", Shown.AFTER),
    Row("ESORT", "RFC 5267", Shown.AFTER),
    Row("CONTEXT=SEARCH", "RFC 5267", Shown.AFTER),
    Row("CONTEXT=SORT", "RFC 5267", Shown.AFTER),
    Row("THREAD=ORDEREDSUBJECT", "RFC 5256", Shown.AFTER),
    Row("THREAD=REFERENCES", "RFC 5256", Shown.AFTER),
    Row("THREAD=REFS", "RFC 5256 (a draft beside it)", Shown.AFTER),
    Row("SEARCH=FUZZY", "RFC 6203", Shown.AFTER),
    Row("PARTIAL", "RFC 9394", Shown.AFTER),
    Row("MULTISEARCH", "RFC 7377", Shown.AFTER),
    Row("FILTERS", "RFC 5466", Shown.AFTER),
    Row("I18NLEVEL=1", "RFC 5255", Shown.AFTER),
    Row(
        "MESSAGELIMIT",
        "RFC 9738",
        Shown.AFTER,
        names=lambda o: (f"MESSAGELIMIT={o.config.message_limit}",) if o.config.message_limit else (),
    ),
    Row(  # never both, RFC 9738 §3
        "SAVELIMIT",
        "RFC 9738",
        Shown.AFTER,
        names=lambda o: () if o.config.message_limit else (f"SAVELIMIT={o.config.save_limit}",),
    ),
    Row(
        "JMAPACCESS",
        "RFC 9698",
        Shown.AFTER,
        names=lambda o: ("JMAPACCESS",) if o.config.jmap() else (),
    ),
    Row("UNAUTHENTICATE", "RFC 8437", Shown.AFTER),
    Row("INPROGRESS", "RFC 9585", Shown.AFTER),
    Row(
        "COMPRESS=DEFLATE",
        "RFC 4978",
        Shown.AFTER,
        names=lambda o: () if o.compressed else ("COMPRESS=DEFLATE",),
    ),
)
ENABLED_BY: Final = MappingProxyType(
    {row.name.upper(): row.name for row in TABLE if row.enable}
)  # as it is written


def announced(offer: Offer) -> tuple[str, ...]:
    """What CAPABILITY says now, in the order of the table."""
    hidden = Shown.AFTER if offer.state is State.NOT_AUTHENTICATED else Shown.BEFORE
    found: list[str] = []
    for row in TABLE:
        if row.shown is not hidden:
            found += (row.name,) if row.names is None else row.names(offer)
    return tuple(found)


def enable(names: tuple[str, ...], enabled: set[str]) -> tuple[str, ...]:
    """Adds what ENABLE asks for to what is enabled; gives what is new (RFC 5161 §3.1)."""
    new = tuple(dict.fromkeys(name for name in names if name in ENABLED_BY and name not in enabled))
    enabled.update(new)
    if "QRESYNC" in new:  # RFC 7162 §3.2.3
        enabled.add("CONDSTORE")
    return new
