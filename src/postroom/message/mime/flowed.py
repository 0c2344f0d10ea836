"""Text of `format=flowed`, both ways.

RFC 3676 §4 (the format), §4.2 (generating), §4.4 (space-stuffing), §4.5 (quoting), §4.6 (DelSp). Paragraphs are lines without a soft
break; the quote depth of each is kept. Not here: the charset, and how quotes are shown.
"""

from __future__ import annotations

from collections.abc import Iterator
from io import StringIO
from typing import NamedTuple

WIDTH = 72  # characters of a line that we make; RFC 3676 §4.2 asks for less than 79
SIGNATURE = "-- "  # its trailing space is no soft break, RFC 3676 §4.3


class Paragraph(NamedTuple):
    """A line of any length and how often it is quoted."""

    depth: int
    text: str


def decode(text: str, *, delsp: bool = False) -> Iterator[Paragraph]:
    """The paragraphs of flowed text with LF or CRLF line ends, one after the other; the last line end does not begin another one."""
    soft, begun, open_depth = StringIO(), False, 0
    for line in _lines(text.replace("\r\n", "\n")):
        content = line.lstrip(">")
        depth = len(line) - len(content)
        content = content[1:] if content[:1] == " " else content
        if begun and (
            depth != open_depth or content == SIGNATURE
        ):  # RFC 3676 §4.5: a quote mark ends a paragraph
            yield Paragraph(open_depth, soft.getvalue())
            soft, begun = StringIO(), False
        open_depth = depth
        if content[-1:] == " " and content != SIGNATURE:
            soft.write(content[:-1] if delsp else content)
            begun = True
        elif begun:
            soft.write(content)
            yield Paragraph(depth, soft.getvalue())
            soft, begun = StringIO(), False
        else:
            yield Paragraph(depth, content)
    if begun:
        yield Paragraph(open_depth, soft.getvalue())


def _lines(text: str) -> Iterator[str]:
    """Lines as they are asked for: of a message full of empty ones no list is made."""
    at = 0
    while at < len(text):
        end = text.find("\n", at)
        end = end if end >= 0 else len(text)
        yield text[at:end]
        at = end + 1


def unflow(text: str, *, delsp: bool = False) -> str:
    """The text with each paragraph on one line, quoted as `> ` for people to read."""
    told = StringIO()
    for number, (depth, line) in enumerate(decode(text, delsp=delsp)):
        told.write("\n" if number else "")
        told.write(">" * depth + " " + line if depth else line)
    return told.getvalue()


def encode(paragraphs: list[Paragraph], width: int = WIDTH) -> str:
    """Flowed lines with CRLF, broken after spaces so that all text comes back with `delsp` off; words longer than `width` stay whole."""
    lines: list[str] = []
    for depth, text in paragraphs:
        marks = ">" * depth
        body = text if text == SIGNATURE else text.rstrip(" ")  # a space at the end would be a soft break
        room = max(width - depth - 1, 20)
        for line in _broken(body, room):
            stuffed = " " if depth or line[:1] in {" ", ">"} or line.startswith("From ") else ""
            lines.append(f"{marks}{stuffed}{line}\r\n")
    return "".join(lines)


def _broken(text: str, room: int) -> list[str]:
    lines: list[str] = []
    at = 0
    while len(text) - at > room:
        cut = text.rfind(" ", at, at + room) + 1
        if cut <= at:
            cut = text.find(" ", at + room) + 1
            if not cut:
                break
        while (
            cut < len(text) and text[cut] == " "
        ):  # all spaces stay on this line, so that the next one begins with a word
            cut += 1
        if text[at:cut] == SIGNATURE:
            cut = text.find(" ", cut) + 1 or len(text)
        lines.append(text[at:cut])
        at = cut
    return [*lines, text[at:]] if at < len(text) or not lines else lines
