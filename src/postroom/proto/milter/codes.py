"""The letters and bits of the milter protocol.

As Sendmail's libmilter speaks it (mfdef.h names them SMFIC_, SMFIR_, SMFIF_ and SMFIP_); there is no RFC. Data only.
"""

from __future__ import annotations

import enum
from typing import Final

VERSION: Final = 6


class Command(enum.Enum):
    """From the server (SMFIC_)."""

    OPTIONS = b"O"
    MACROS = b"D"
    CONNECT = b"C"
    HELO = b"H"
    MAIL = b"M"
    RCPT = b"R"
    DATA = b"T"
    HEADER = b"L"
    END_OF_HEADERS = b"N"
    BODY = b"B"
    END = b"E"
    ABORT = b"A"
    UNKNOWN = b"U"
    QUIT = b"Q"


class Response(enum.Enum):
    """From the filter (SMFIR_)."""

    OPTIONS = b"O"
    CONTINUE = b"c"
    ACCEPT = b"a"
    REJECT = b"r"
    TEMPFAIL = b"t"
    DISCARD = b"d"
    REPLY = b"y"
    SKIP = b"s"
    PROGRESS = b"p"
    SHUTDOWN = b"4"
    CONNECTION_FAILURE = b"f"
    ADD_HEADER = b"h"
    INSERT_HEADER = b"i"
    CHANGE_HEADER = b"m"
    REPLACE_BODY = b"b"
    ADD_RECIPIENT = b"+"
    ADD_RECIPIENT_WITH = b"2"
    REMOVE_RECIPIENT = b"-"
    CHANGE_SENDER = b"e"
    QUARANTINE = b"q"
    SYMBOLS = b"l"


class Action(enum.IntFlag):
    """What a filter may do to a message (SMFIF_)."""

    ADD_HEADERS = 0x01
    CHANGE_BODY = 0x02
    ADD_RECIPIENTS = 0x04
    REMOVE_RECIPIENTS = 0x08
    CHANGE_HEADERS = 0x10
    QUARANTINE = 0x20
    CHANGE_SENDER = 0x40
    ADD_RECIPIENTS_WITH = 0x80
    SET_SYMBOLS = 0x100


class Step(enum.IntFlag):
    """What a filter does not want to hear, or does not answer (SMFIP_)."""

    NO_CONNECT = 0x01
    NO_HELO = 0x02
    NO_MAIL = 0x04
    NO_RCPT = 0x08
    NO_BODY = 0x10
    NO_HEADERS = 0x20
    NO_END_OF_HEADERS = 0x40
    SILENT_HEADER = 0x80
    NO_UNKNOWN = 0x100
    NO_DATA = 0x200
    SKIP = 0x400
    REJECTED_RCPT = 0x800
    SILENT_CONNECT = 0x1000
    SILENT_HELO = 0x2000
    SILENT_MAIL = 0x4000
    SILENT_RCPT = 0x8000
    SILENT_DATA = 0x10000
    SILENT_UNKNOWN = 0x20000
    SILENT_END_OF_HEADERS = 0x40000
    SILENT_BODY = 0x80000
    LEADING_SPACE = 0x100000


ALL_ACTIONS: Final = Action(0x1FF)
ALL_STEPS: Final = Step(0x1FFFFF)
NEVER_SENT: Final = {  # the bit by which a filter says that it does not want a command
    Command.CONNECT: Step.NO_CONNECT,
    Command.HELO: Step.NO_HELO,
    Command.MAIL: Step.NO_MAIL,
    Command.RCPT: Step.NO_RCPT,
    Command.DATA: Step.NO_DATA,
    Command.HEADER: Step.NO_HEADERS,
    Command.END_OF_HEADERS: Step.NO_END_OF_HEADERS,
    Command.BODY: Step.NO_BODY,
    Command.UNKNOWN: Step.NO_UNKNOWN,
}
NEVER_ANSWERED: Final = {  # and that it takes it in silence
    Command.CONNECT: Step.SILENT_CONNECT,
    Command.HELO: Step.SILENT_HELO,
    Command.MAIL: Step.SILENT_MAIL,
    Command.RCPT: Step.SILENT_RCPT,
    Command.DATA: Step.SILENT_DATA,
    Command.HEADER: Step.SILENT_HEADER,
    Command.END_OF_HEADERS: Step.SILENT_END_OF_HEADERS,
    Command.BODY: Step.SILENT_BODY,
    Command.UNKNOWN: Step.SILENT_UNKNOWN,
}
STAGES: Final = (  # by number, in a filter's list of the macros that it wants
    Command.CONNECT,
    Command.HELO,
    Command.MAIL,
    Command.RCPT,
    Command.DATA,
    Command.END,
    Command.END_OF_HEADERS,
)
