"""Whether everybody can read the HTML of a message: with a screen reader, without pictures, by keyboard.

WCAG 2.2, by success criterion. What needs eyes, as contrast does, is not judged. Not here: what programs lack (`clients`).
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from typing import Final

from postroom.message.markup.tokens import Tag
from postroom.message.proof.findings import Check, Group, Look, Said, bad, note, number, shown
from postroom.message.proof.letter import Letter, without_html

FEW_LETTERS: Final = 20  # of the words below which a message with pictures is one of pictures alone
_EMPTY: Final = re.compile(
    r"(?:click |tap |press )?(?:here|this|link|this link|more|read more|learn more)[.!>» ]*", re.IGNORECASE
)
_LETTER: Final = re.compile(r"\w")


def _alternatives(letter: Letter) -> Iterator[Said]:
    without = [tag for tag in letter.named("img", "area") if "alt" not in tag.attributes and not _hidden(tag)]
    if without:
        words = f"{number(without, 'picture has', 'pictures have')} no alt: {shown(tag.attributes.get('src', '?') for tag in without)}"
        yield bad(words, 'say in alt what the picture says; alt="" when it says nothing')


def _hidden(tag: Tag) -> bool:
    return (
        tag.attributes.get("role") in ("presentation", "none") or tag.attributes.get("aria-hidden") == "true"
    )


def _language(letter: Letter) -> Iterator[Said]:
    if not any(
        tag.attributes.get("lang", "").strip() for tag in letter.named("html", "body", "div", "table")
    ):
        yield note(
            "nothing says in which language the text is: screen readers guess",
            'write <html lang="en">, or the language that it is in',
        )


def _links(letter: Letter) -> Iterator[Said]:
    if silent := [link.href for link in letter.links if not link.words and not link.picture]:
        yield bad(
            f"a link has no words: {shown(silent)}",
            "put words inside, or alt on the picture that is the link",
        )
    if vague := [link.words for link in letter.links if _EMPTY.fullmatch(link.words)]:
        yield note(
            f"a link does not say where it leads: {shown(vague)}", "name what is there: Confirm your address"
        )


def _layout(letter: Letter) -> Iterator[Said]:
    tables = letter.named("table")
    plain = [tag for tag in tables if not _hidden(tag)]
    if plain and not letter.named("th"):
        yield note(
            f"{number(plain, 'table')} without headings, read out cell by cell as data",
            'write role="presentation" on each table that only places things',
        )


def _headings(letter: Letter) -> Iterator[Said]:
    levels = [int(tag.name[1]) for tag in letter.named("h1", "h2", "h3", "h4", "h5", "h6")]
    for before, after in itertools.pairwise(levels):
        if after > before + 1:
            yield note(
                f"h{after} stands below h{before}: a level is left out",
                f"use h{before + 1}, and set its size with CSS",
            )
            return


def _words(letter: Letter) -> Iterator[Said]:
    seen = letter.named("img")
    if seen and len(_LETTER.findall(letter.words)) < FEW_LETTERS:
        yield bad(
            "the message is a picture: without pictures nothing is left of it, and filters count that against it",
            "write its words as text",
        )


def _row(name: str, what: str, by: str, good: str, look: Look) -> Check:
    return Check(
        name, Group.ACCESS, what, f"WCAG 2.2 {by}" if by[0].isdigit() else by, good, look, without_html
    )


ACCESS: Final = (
    _row("alt", "Each picture has an alt", "1.1.1", "all pictures have words", _alternatives),
    _row("language", "The HTML says in which language it is", "3.1.1", "the language is known", _language),
    _row("link-words", "Each link has words that say where it leads", "2.4.4", "all links say where they lead", _links),
    _row("tables", "Tables that only place things say so", "1.3.1", "tables are what they say", _layout),
    _row("headings", "No level of headings is left out", "1.3.1", "headings follow each other", _headings),
    _row("picture-alone", "There are words beside the pictures", "1.4.5", "there are words", _words),
)  # fmt: skip
