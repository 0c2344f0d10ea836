"""The text of a message: for the preview of a list, for the search index, for whoever reads it at a terminal.

RFC 8621 §4.1.4 (which parts are the body: plain text preferred), RFC 3676 (flowed), RFC 2046 §5.1.4 (alternatives). HTML is reduced to its
words by one linear pass. Not here: HTML for display, which needs far more care, and contents of attachments.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from postroom.message.encodings import charset, transfer
from postroom.message.encodings.character_references import unescape
from postroom.message.mime import flowed
from postroom.message.mime.structure import Part, Structure

PREVIEW = 256  # characters, RFC 8621 §4.1.4
MAX_TEXT = 256 * 1024  # octets of encoded text that are read of one message for its preview
_GLANCE = 1024  # encoded octets that nearly always hold a preview
_MARKUP_GLANCE = 16 * 1024  # the same of HTML, whose head is long

_MARK = "\ufeff"  # of the order of octets, which some programs begin with: not to be shown (RFC 3629 §6)
_MARGIN = 64  # what white space may take off
_AS_IT_IS = frozenset({"7bit", "8bit"})

_UNSEEN = frozenset({"script", "style", "head", "title", "template", "noscript", "svg"})
# Elements that stand on lines of their own, HTML §15.3, those of tables and forms too
_BREAKS = frozenset(
    (
        "address", "article", "aside", "blockquote", "br", "caption", "center", "dd", "details", "dialog", "dir", "div", "dl", "dt", "fieldset",
        "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hgroup", "hr", "legend", "li", "listing", "main",
        "menu", "nav", "ol", "optgroup", "option", "p", "pre", "search", "section", "summary", "table", "tr", "ul",
    )
)  # fmt: skip
_TAG_NAME = re.compile(r"/?([a-z][a-z0-9]*)")
# A > within quotes does not end a tag, HTML §13.2.5.36
_TAG_END = re.compile(r"(?>(?:[^>=]++|=\s*+(?:\"[^\"]*+\"|'[^']*+')?)*)>")
_UNSEEN_ENDS = {name: re.compile(rf"</{name}(?![a-z0-9])") for name in _UNSEEN}
_KEPT_LINES = re.compile(r"white-space\s*+:\s*+(?:pre|break-spaces)")
_PRESENTED = re.compile(r"\s(?:alt|title)\s*+=\s*+(?:\"([^\"]*+)\"|'([^']*+)'|([^\s\"'>]++))", re.IGNORECASE)
_SPACES = re.compile(r"[^\S\n]+")
_LINES = re.compile(r" ?\n[ \n]*")


def text_parts(structure: Structure) -> list[Part]:
    """The leaves that are the message's own words: plain text, and HTML where no plain text is its alternative."""
    parts = structure.parts
    if len(parts) == 1:
        return parts if _is_text(parts[0]) else []
    answered: set[int] = set()  # multipart/alternative with plain text somewhere inside
    for part in parts:
        if part.leaf and part.subtype == "plain" and _is_text(part):
            answered.update(alternatives(parts, part))
    return [
        part
        for part in parts
        if part.leaf
        and _is_text(part)
        and (part.subtype == "plain" or answered.isdisjoint(alternatives(parts, part)))
    ]


def _is_text(part: Part) -> bool:
    if part.media_type != "text":
        return False
    return part.disposition is None or part.disposition.value.lower() != "attachment"


def alternatives(parts: list[Part], part: Part) -> Iterator[int]:
    """The places of the multipart/alternative in which a part lies, from within."""
    index = part.parent
    while index >= 0:
        if parts[index].subtype == "alternative" and parts[index].media_type == "multipart":
            yield index
        index = parts[index].parent


def written_text(raw: bytes, part: Part, limit: int | None = None) -> str:
    """One text part as it is written, decoded, with its line ends and its markup; at most `limit` octets of it are read."""
    stop = part.body_end if limit is None else min(part.body_end, part.body_start + limit)
    octets = transfer.decode(raw[part.body_start : stop], part.encoding).octets
    declared = part.parameter("charset")
    decode = charset.decode_html if part.subtype == "html" else charset.decode
    return decode(octets, declared.lower() if declared else None).text.removeprefix(_MARK)


def part_text(raw: bytes, part: Part, limit: int | None = None, *, attributes: bool = False) -> str:
    """One text part as text with LF line ends, decoded, unflowed and without markup; at most `limit` octets of it are read.

    `attributes`: what HTML has in `alt` and `title` stands behind it.
    """
    text = written_text(raw, part, limit)
    if part.subtype == "html":
        return strip_markup(text, attributes=attributes)
    if (part.parameter("format") or "").lower() == "flowed":
        return flowed.unflow(text, delsp=(part.parameter("delsp") or "").lower() == "yes")
    return text.replace("\r\n", "\n")


def preview(raw: bytes, structure: Structure, length: int = PREVIEW) -> str:
    """The first words of a message on one line, at most `length` characters; "" where it has no text."""
    root = structure.root
    if (
        root.media_type == "text"
        and root.subtype == "plain"
        and root.encoding in _AS_IT_IS
        and root.disposition is None
    ):
        start = raw[
            root.body_start : root.body_start + length + _MARGIN
        ]  # the usual case: some words of ASCII
        words = " ".join(start.decode("ascii").split()) if start.isascii() and _is_plain_ascii(root) else ""
        if len(words) >= length or (words and root.size <= len(start)):
            return charset.visible(words[:length])
    left = MAX_TEXT  # octets that are read for it at most
    for part in text_parts(structure):
        usual = _MARKUP_GLANCE if part.subtype == "html" else max(_GLANCE, 3 * length)
        for glance in (usual, left):  # the second where a part begins with none: styles, empty lines
            words = first_words(part_text(raw, part, glance), length)
            left -= min(glance, part.size)
            if words or left <= 0:
                return words
            if part.size <= glance:
                break
    return ""


def _is_plain_ascii(part: Part) -> bool:
    """Whether octets of ASCII in it are its words, but for white space."""
    return (part.parameter("charset") or "us-ascii") in charset.ASCII_COMPATIBLE and part.parameter(
        "delsp"
    ) is None


def first_words(text: str, length: int) -> str:
    """White space collapsed, control characters visible, cut at `length`."""
    near = " ".join(text[: length + _MARGIN].split())
    if len(near) < length < len(text) - _MARGIN:
        near = " ".join(text.split())
    return charset.visible(near[:length])


def strip_markup(markup: str, *, attributes: bool = False) -> str:
    """The words of HTML with LF where blocks end; comments, scripts and styles are left out. Linear, and never a tag in the result's place.

    `attributes`: behind them those of `alt` and `title`, which a reader may see, too (RFC 8621 §4.4.1).
    """
    lowered = markup.lower() if markup.isascii() else markup.translate(_LOWER)
    unseen = (
        _UNSEEN if _UNSEEN_ENDS["head"].search(lowered) else _UNSEEN - {"head"}
    )  # its end tag may be left out, HTML §13.1.2.4
    pieces: list[str] = []
    presented: list[str] = []
    as_written = _KEPT_LINES.search(lowered) is not None
    line_end = "\n" if as_written else " "  # outside of <pre> it is white space like any other
    at = 0
    while (tag := lowered.find("<", at)) >= 0:
        if tag > at:
            pieces.append(markup[at:tag].replace("\n", line_end))
        name = _TAG_NAME.match(lowered, tag + 1)
        if not name and lowered[tag + 1 : tag + 2] not in {"!", "?"}:
            pieces.append("<")
            at = tag + 1
            continue
        end, gap = _skip(lowered, tag, name, unseen)
        if end < 0:  # not closed: what follows is inside
            at = len(markup)
            break
        if attributes and name and name[1] not in _UNSEEN:
            presented += ["\n" + "".join(words) for words in _PRESENTED.findall(markup, tag, end)]
        if gap:
            pieces.append(gap)
        if name and name[1] == "pre" and not as_written:
            line_end = " " if lowered[tag + 1] == "/" else "\n"
        at = end
    pieces += (markup[at:].replace("\n", line_end), *presented)
    text = unescape("".join(pieces)).replace("\r", " ")
    return _LINES.sub("\n", _SPACES.sub(" ", text)).strip()


_LOWER = {ord(upper): ord(upper) + 32 for upper in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"}


def _skip(lowered: str, tag: int, name: re.Match[str] | None, unseen: frozenset[str]) -> tuple[int, str]:
    """Where the text goes on after the tag at `tag`, -1 when it does not, and what stands for the tag."""
    if name is None:
        closing = "-->" if lowered.startswith("<!--", tag) else ">"
        found = lowered.find(closing, tag + 1)
        return (found + len(closing) if found >= 0 else -1), ""
    closed = _TAG_END.match(lowered, name.end())
    end = closed.end() - 1 if closed else -1
    if end >= 0 and name[1] in unseen and lowered[tag + 1] != "/" and lowered[end - 1] != "/":
        ended = _UNSEEN_ENDS[name[1]].search(lowered, end)
        end = lowered.find(">", ended.end()) if ended else -1
    gap = "\n" if name[1] in _BREAKS else " " if name[1] in {"td", "th"} else ""
    return (end + 1 if end >= 0 else -1), gap
