"""The bare words of HTML, to be quoted in a reply: tags out, entities resolved, blocks on lines of their own.

For people who answer in plain text (RFC 2046 §5.1.4: the plain form of the same content). It shows nothing and runs nothing; it is not a
sanitizer. Linear in the input.
"""

from __future__ import annotations

import html
import re

_MAX = 256 * 1024
_TAG = re.compile(r"<(/?)([A-Za-z!?][^\s<>/]{0,40})[^<>]*>")
_BLANKS = re.compile(r"[ \t\r\n\f\u00a0]+")
_BLOCKS = frozenset(
    [
        "p",
        "div",
        "br",
        "tr",
        "li",
        "ul",
        "ol",
        "table",
        "blockquote",
        "pre",
        "hr",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "section",
    ]
)
_SILENT = frozenset(["style", "script", "head", "title", "template", "noscript"])


def html_to_text(source: str) -> str:
    """Text with LF line ends, at most one empty line in a row."""
    lines: list[list[str]] = [[]]
    silent = ""
    at = 0
    source = source[:_MAX]
    for tag in _TAG.finditer(source):
        if not silent:
            lines[-1].append(source[at : tag.start()])
        at = tag.end()
        name = tag[2].lower()
        if silent:
            silent = "" if tag[1] and name == silent else silent
        elif name in _SILENT and not tag[1]:
            silent = name
        elif name in _BLOCKS:
            lines.append([])
    if not silent:
        lines[-1].append(source[at:])
    text = [_BLANKS.sub(" ", html.unescape("".join(line))).strip() for line in lines]
    kept = [line for number, line in enumerate(text) if line or (number and text[number - 1])]
    return "\n".join(kept).strip("\n") + "\n"
