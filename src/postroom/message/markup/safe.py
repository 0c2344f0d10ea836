"""The HTML of a message, such that a browser may have it: no code, no forms, no frames, no foreign addresses that are loaded by themselves.

What comes is balanced and its attributes are rewritten (`balance`, `attributes`, `css`, `pictures`); then a real parser reads it, nothing but listed
elements and attributes with checked values passes (nh3), and the whole is done again until it stays as it is: so what was checked is what a browser
reads (mutation XSS). What does not come to rest, and what nests beyond reason, is shown as text. Not here: the document around it (`document`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Final

import msgspec
import nh3

from postroom.message.markup.attributes import LINK, REL, Rewriting
from postroom.message.markup.balance import Balanced
from postroom.message.markup.css import MAX_CSS, Css
from postroom.message.markup.elements import ALLOWED, ANYWHERE, ATTRIBUTES
from postroom.message.markup.pictures import DATA, Pictures
from postroom.message.markup.plain import text_markup
from postroom.message.mime.text import strip_markup

MAX_ROUNDS: Final = 4  # in which markup has to come to rest

_ATTRIBUTES: Final = {name: set(ATTRIBUTES.get(name, frozenset()) | ANYWHERE) for name in ALLOWED}
_SCHEMES: Final = {"http", "https", "mailto", "tel", "sms", "xmpp", "geo", "data"}
_INSIDE_GOES: Final = {
    "script",
    "style",
    "title",
    "template",
    "svg",
    "math",
    "noscript",
    "iframe",
    "noembed",
    "noframes",
    "xmp",
    "textarea",
}


class Safe(msgspec.Struct, frozen=True):
    """`markup` for the body, `css` for a style element; `removed` counts what went by kinds, `simplified` says that only the text is left."""

    markup: str
    css: str
    removed: Mapping[str, int]
    truncated: bool = False
    simplified: bool = False


def sanitise(text: str, pictures: Pictures) -> Safe:
    """Makes HTML safe. Never raises; a second time changes nothing."""
    text = text.encode("utf-8", "replace").decode()
    removed: Counter[str] = Counter()
    css = Css(pictures.picture)
    first = Balanced(text, Rewriting(css, pictures, removed))
    removed += first.removed
    sheet = css.sheet(first.styles)
    if css.refused:
        removed["styles"] += css.refused
    markup = _at_rest(first.markup, pictures)
    simplified = markup is None
    if markup is None:
        markup = _at_rest(text_markup(strip_markup(text[: 1 << 20])), pictures) or ""
    return Safe(markup, _css_at_rest(sheet, pictures), dict(removed), first.truncated, simplified)


def _at_rest(markup: str, pictures: Pictures) -> str | None:
    """What stays the same when it is made safe once more; None when there is no such thing."""
    quiet = pictures.again()
    css = Css(quiet.picture, 4 * MAX_CSS)
    before = ""
    for _ in range(MAX_ROUNDS):
        after = _passed(markup, quiet, css)
        if after == before:
            return after
        before = after
        markup = Balanced(after, Rewriting(css, quiet, Counter()), len(after)).markup
    return None


def _css_at_rest(sheet: str, pictures: Pictures) -> str:
    quiet = pictures.again()
    for _ in range(MAX_ROUNDS):
        after = Css(quiet.picture).sheet([sheet])
        if after == sheet:
            return after
        sheet = after
    return ""


def _passed(markup: str, pictures: Pictures, css: Css) -> str:
    """The parser's own opinion of it, with a check of every value that could do anything."""

    def checked(_element: str, name: str, value: str) -> str | None:
        if name == "style":
            return value if css.style(value) == value and "<" not in value else None
        if name == "src":
            return value if DATA.fullmatch(value) or pictures.is_ours(value) else None
        if name == "href":
            return value if LINK.fullmatch(value) else None
        if name in ("rel", "target"):
            return {"rel": REL, "target": "_blank"}[name]
        return value

    return nh3.clean(
        markup,
        tags=set(ALLOWED),
        attributes=_ATTRIBUTES,
        attribute_filter=checked,
        clean_content_tags=_INSIDE_GOES,
        url_schemes=_SCHEMES,
        link_rel=None,
    )
