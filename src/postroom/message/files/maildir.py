"""How a Maildir names things: the marks of a message in its file's name, folders in directories' names, and what servers keep beside them.

The format of qmail's maildir(5) (`:2,` and letters), Maildir++ (folders are `.A.B`, written as IMAP4rev1 writes them: RFC 3501 §5.1.3). Dovecot's files `dovecot-keywords` (letters a
to z stand for names) and `subscriptions`, Courier's `courierimapkeywords` (a list, and a file for each message whose keywords are newer) and `courierimapsubscribed`. Values only; not here: files.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import takewhile
from typing import Final

from postroom.wire.numbers import decimal
from postroom.wire.utf7 import Utf7Error, decode_utf7, encode_utf7

LETTERS: Final = "DFRST"  # draft, flagged, replied, seen, trashed: in this order in a name
KEYWORDS_FILE: Final = "dovecot-keywords"
COURIER_KEYWORDS: Final = "courierimapkeywords"
COURIER_LIST: Final = ":list"  # in that directory
SUBSCRIPTIONS: Final = ("subscriptions", "courierimapsubscribed")
MOST_KEYWORDS: Final = 26  # of one folder that letters stand for
_INFO: Final = re.compile(r"[:;!]2,([A-Za-z]*)\Z")
_NEWER: Final = re.compile(r"(?:\.([0-9]{1,12})\.)?([^.].*)", re.DOTALL)
_TIME: Final = re.compile(r"([0-9]{9,11})\.")


def read_info(name: str, keywords: Mapping[str, str]) -> tuple[str, tuple[str, ...]]:
    """The flags (letters of `LETTERS`) and keywords in a file's name."""
    found = _INFO.search(name)
    letters = found[1] if found else ""
    flags = "".join(one for one in LETTERS if one in letters)
    return flags, tuple(keywords[one] for one in letters if one in keywords)


def unique_part(name: str) -> str:
    """What of a file's name stays the same when its marks change."""
    return _INFO.sub("", name)


def read_time(name: str) -> int | None:
    """When the message came, as the first part of its name says, in unix seconds."""
    found = _TIME.match(name)
    return int(found[1]) if found else None


def written_info(flags: str, keywords: Sequence[str], known: Mapping[str, str]) -> str:
    """The end of a file's name; `known` has the letters of keywords by their names."""
    letters = "".join(one for one in LETTERS if one in flags)
    return ":2," + letters + "".join(sorted(known[one] for one in keywords if one in known))


def read_keywords(text: str) -> dict[str, str]:
    """Names by letter, of the lines `0 name`."""
    found = {}
    for line in text.splitlines():
        number, _, name = line.partition(" ")
        at = decimal(number, 2)
        if at is not None and at < MOST_KEYWORDS and name:
            found[chr(ord("a") + at)] = name
    return found


def written_keywords(letters: Mapping[str, str]) -> str:
    """The file of letters by name."""
    by_letter = sorted((letter, name) for name, letter in letters.items())
    return "".join(f"{ord(letter) - ord('a')} {name}\n" for letter, name in by_letter)


def read_courier_list(text: str) -> dict[str, tuple[str, ...]]:
    """Keywords by the unique parts of messages' names: a line for each keyword, an empty one, and lines `name:0 2`."""
    lines = iter(text.splitlines())
    names = list(takewhile(bool, lines))
    found = {}
    for line in lines:
        unique, _, numbers = line.rpartition(":")
        given = [decimal(number, 4) for number in numbers.split()]
        found[unique] = tuple(names[at] for at in given if at is not None and at < len(names))
    return found


def courier_newer(file: str) -> tuple[str, int] | None:
    """Which message a file beside Courier's list has the keywords of, a line for each, and how new it is: `.7.name`, or `name`, the newest."""
    found = _NEWER.fullmatch(file) if file != COURIER_LIST else None
    return None if found is None else (found[2], 10**12 if found[1] is None else int(found[1]))


def read_subscriptions(text: str) -> set[tuple[str, ...]]:
    """The paths of folders: Dovecot's, with its levels apart by tabs or as in names of directories, or Courier's, below INBOX."""
    lines = text.splitlines()
    mark = "\t" if lines[:1] == ["V\t2"] else "/" if any("/" in line for line in lines) else "."
    found = set()
    for line in lines[2:] if mark == "\t" else lines:
        path = tuple(level(part) for part in line.split(mark) if part)
        found.add(path[1:] if len(path) > 1 and path[0].upper() == "INBOX" else path)
    return found


def folder_path(name: str) -> tuple[str, ...]:
    """The path of a folder, of the directory `.A.B`; the empty path for what is none."""
    return tuple(level(part) for part in name.split(".") if part) if name.startswith(".") else ()


def level(name: str) -> str:
    """A folder's own name, of a directory's; some programs, such as mbsync, write it in UTF-8, and that stays as it is."""
    try:
        return decode_utf7(name)
    except Utf7Error:
        return name


def folder_name(path: Sequence[str]) -> str:
    """The directory of a folder. A dot in a name would be a level, and a slash a directory: both become `_`."""
    return "." + ".".join(encode_utf7(part.replace(".", "_").replace("/", "_")) for part in path)
