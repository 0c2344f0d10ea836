"""The roll of a class: so many accounts with passwords that can be read out and typed, or those that a file names.

Not here: how accounts are made (`lab.settling`), the slips that are handed out (`lab.classroom.slips`).
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from postroom.lab.plan import HOUSES, BadAccount, House, Person
from postroom.message.address import Address, parse_mailbox
from postroom.wire.numbers import decimal

MOST: Final = 500  # accounts of one class
_DIGITS: Final = "23456789"  # 0 and 1 look like letters
# Short and unlike each other: two of these words and four digits are 26 bits.
_LIST: Final = (
    "acorn amber anchor apple arrow badge bamboo banjo basil beach berry birch bottle bridge bronze butter "
    "cabin cactus camel candle canoe carpet castle cedar cherry clover coffee comet copper coral cotton cradle "
    "crayon cricket crystal daisy desert dolphin dragon drum eagle ember falcon feather fiddle forest fossil "
    "garden garlic ginger glacier globe grape guitar hammer harbor hazel helmet honey igloo island ivory jacket "
    "jaguar jasmine jelly jigsaw kettle kitten ladder lantern lemon lily lizard lotus magnet mango maple marble "
    "meadow melon mirror mitten monkey mosaic muffin nectar needle nickel nutmeg ocean olive onion orange orchid "
    "otter oyster paddle panda paper parrot pebble pepper piano pillow planet plum pocket pumpkin puzzle quartz "
    "rabbit ribbon river rocket saddle salmon sandal silver spider sponge sunset teapot tiger tulip velvet"
)
_WORDS: Final = tuple(_LIST.split())


def parse_roll(text: str, houses: Sequence[House] = HOUSES) -> list[Person]:
    """`30`, or a file with an address a line, each perhaps with `:PASSWORD` behind it; raises `BadAccount`."""
    count = decimal(text)
    if count is not None:
        return _students(count, houses[0].domain)
    try:
        lines = Path(text).read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no UTF-8"
        raise BadAccount(
            f"--accounts {text}: {why}; give a number, such as 30, or a file with an address a line"
        ) from error
    return _listed(text, lines, houses)


def new_password() -> str:
    """One that can be read out: maple-otter-4729."""
    words = (secrets.choice(_WORDS), secrets.choice(_WORDS))
    return f"{words[0]}-{words[1]}-{''.join(secrets.choice(_DIGITS) for _ in range(4))}"


def _students(count: int, domain: str) -> list[Person]:
    if not 1 <= count <= MOST:
        raise BadAccount(f"--accounts {count}: a class has 1 to {MOST}")
    digits = max(2, len(str(count)))
    return [
        Person(Address(f"student{number:0{digits}}", domain), new_password())
        for number in range(1, count + 1)
    ]


def _listed(name: str, lines: Iterable[str], houses: Sequence[House]) -> list[Person]:
    """Empty lines and those that begin with # say nothing; a name without a domain is of the first."""
    people: dict[str, Person] = {}
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        person = _person(line.strip(), houses)
        if isinstance(person, str):
            raise BadAccount(f"--accounts {name}, line {number}: {person}")
        if person.address.key in people:
            raise BadAccount(f"--accounts {name}, line {number}: {person.address} stands there twice")
        people[person.address.key] = person
    if not 1 <= len(people) <= MOST:
        raise BadAccount(f"--accounts {name}: it names {len(people)} accounts, and a class has 1 to {MOST}")
    return list(people.values())


def _person(line: str, houses: Sequence[House]) -> Person | str:
    """Or what is wrong with the line."""
    written, separator, password = line.partition(":")
    address = parse_mailbox(written.strip(), unqualified=True)
    if address is None:
        return f"{written!r} is no address; write it as carol@{houses[0].domain}, or carol:password"
    if separator and not password:
        return f"{written} has no password behind the colon; without a colon it gets one"
    address = address if address.domain else Address(address.local, houses[0].domain)
    if address.domain not in {house.domain for house in houses}:
        return f"{address}: the lab's domains are {' or '.join(house.domain for house in houses)}"
    return Person(address, password or new_password())
