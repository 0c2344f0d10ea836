"""How each command is written, for whoever types one by hand and left something out.

RFC 9051 §9 and the RFC of each verb, in words: lower case stands for what is to be filled in, brackets for what may be left out. Not here: the
parsers, which decide (`proto.imap.commands`).
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

_BY_UID: Final = ("COPY", "FETCH", "MOVE", "REPLACE", "SEARCH", "SORT", "STORE", "THREAD")
_ARGUMENTS: Final = {
    "APPEND": 'mailbox [(flags)] ["date"] {size of the message}',
    "AUTHENTICATE": "mechanism [initial response in base64]",
    "CANCELUPDATE": '"tag"',
    "COMPRESS": "DEFLATE",
    "COPY": "messages mailbox",
    "CREATE": "mailbox [(USE (use))]",
    "DELETE": "mailbox",
    "DELETEACL": "mailbox identifier",
    "ENABLE": "capability ...",
    "ESEARCH": "[IN (mailboxes)] [RETURN (options)] keys",
    "EXAMINE": "mailbox [(parameters)]",
    "FETCH": "messages attribute, or (attributes)",
    "GENURLAUTH": '"URL" INTERNAL',
    "GETACL": "mailbox",
    "GETMETADATA": '[(options)] mailbox, or "", and an entry, or (entries)',
    "GETQUOTA": "root",
    "GETQUOTAROOT": "mailbox",
    "ID": 'NIL, or ("field" "value" ...)',
    "LIST": '[(options)] "" pattern [RETURN (options)]',
    "LISTRIGHTS": "mailbox identifier",
    "LOGIN": "name password",
    "LSUB": '"" pattern',
    "MOVE": "messages mailbox",
    "MYRIGHTS": "mailbox",
    "NOTIFY": "NONE, or SET [STATUS] (mailboxes (events)) ...",
    "RENAME": "mailbox name",
    "REPLACE": 'message mailbox [(flags)] ["date"] {size of the message}',
    "SEARCH": "[RETURN (options)] [CHARSET charset] keys",
    "SELECT": "mailbox [(parameters)]",
    "SETACL": "mailbox identifier [+ or -]rights",
    "SETMETADATA": 'mailbox, or "", and (entry value ...)',
    "SETQUOTA": "root (resource limit ...)",
    "SORT": "[RETURN (options)] (criteria) charset keys",
    "STATUS": "mailbox (items)",
    "STORE": "messages [(UNCHANGEDSINCE modseq)] [+ or -]FLAGS[.SILENT] (flags)",
    "SUBSCRIBE": "mailbox",
    "THREAD": "algorithm charset keys",
    "UID EXPUNGE": "uids",
    "UIDBATCHES": "size [batch:batch]",
    "UNSUBSCRIBE": "mailbox",
    "URLFETCH": '"URL" ...',
}
SYNTAX: Final = MappingProxyType(
    {verb.encode(): f"{verb} {arguments}" for verb, arguments in _ARGUMENTS.items()}
    | {
        f"UID {verb}".encode(): f"UID {verb} {_ARGUMENTS[verb].replace('message', 'uid', 1)}"
        for verb in _BY_UID
    }
)
