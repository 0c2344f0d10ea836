"""The attributes of elements that stay: each has values of one form, and what has another goes.

RFC 3986 §3 (schemes). Links lead into a new window which knows nothing of this one. Not here: pictures (`pictures`), styles (`css`).
"""

from __future__ import annotations

import re
from collections import Counter
from typing import Final

from postroom.message.markup.css import PREFIX, Css
from postroom.message.markup.elements import ANYWHERE, ATTRIBUTES
from postroom.message.markup.pictures import Attributes, Pictures

MAX_LINK: Final = 8_000  # characters of a link
LINK: Final = re.compile(
    r"(?:https?://[^\s\x00-\x1f]+|(?:mailto|tel|sms|xmpp|geo):[^\s\x00-\x1f]*|#m-[\w.:-]+)", re.IGNORECASE
)
REL: Final = "noopener noreferrer nofollow"
_JUNK: Final = re.compile(r"[\x00-\x20\x7f\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u2064\ufeff]+")
_NAME: Final = re.compile(r"[\w.:-]{1,100}")
_WORDS: Final = re.compile(r"[\w .,:;%#+/()'&-]{0,300}")
_SIZE: Final = re.compile(r"[0-9]{1,5}(?:\.[0-9]{1,4})?(?:%|px|em|pt|\*)?")
_COLOUR: Final = re.compile(r"#?[A-Za-z0-9]{1,30}")
_DIGITS: Final = re.compile(r"[0-9A-Fa-f]{6}")
_NUMBER: Final = re.compile(r"[+-]?[0-9]{1,5}")
_FORMS: Final[dict[str, re.Pattern[str]]] = {
    **dict.fromkeys(("width", "height"), _SIZE),
    **dict.fromkeys(("bgcolor", "color", "bordercolor"), _COLOUR),
    **dict.fromkeys(
        (
            "border",
            "cellpadding",
            "cellspacing",
            "colspan",
            "rowspan",
            "hspace",
            "vspace",
            "size",
            "span",
            "start",
            "value",
        ),
        _NUMBER,
    ),
}
_FREE: Final = frozenset(("alt", "title", "summary", "abbr"))  # shown as text
MAX_FREE: Final = 2_000  # characters of a text in an attribute


class Rewriting:
    """Rewrites the attributes of one message. `links` counts the hosts that links lead to."""

    def __init__(self, css: Css, pictures: Pictures, removed: Counter[str]) -> None:
        self._css = css
        self._pictures = pictures
        self._removed = removed

    def __call__(self, name: str, given: Attributes) -> Attributes | None:
        """The attributes that stay; None when the element goes."""
        allowed = ATTRIBUTES.get(name, frozenset())
        kept: Attributes = {}
        for key, value in given.items():
            if key in ("href", "src", "rel", "target", "id", "style", "background"):
                continue
            if (key in ANYWHERE or key in allowed) and (told := _value(key, value)) is not None:
                kept[key] = told
        if identity := given.get("id") or (given.get("name") if name == "a" else None):
            _identify(kept, identity)
        style = self._css.style(given["style"]) if "style" in given else ""
        if "text" in given:  # of a body
            style = "; ".join(filter(None, (_colour(given["text"]), style)))
        if "background" in given:
            style = "; ".join(filter(None, (style, self._background(given["background"]))))
        if style:
            kept["style"] = style
        if name == "img":
            return self._pictures.image({**kept, "src": given.get("src", "")})
        if name == "a" and "href" in given:
            self._link(kept, given["href"])
        return kept

    def _background(self, address: str) -> str:
        shown = self._pictures.picture(address)
        return f'background-image: url("{shown}")' if shown else ""

    def _link(self, kept: Attributes, address: str) -> None:
        address = address.strip("\t\n\f\r ")
        if address.startswith("#") and _NAME.fullmatch(address[1:]):
            kept["href"] = "#" + address[1:] if address[1:].startswith(PREFIX) else f"#{PREFIX}{address[1:]}"
            return
        if address.startswith("//"):
            address = "https:" + address
        address = _JUNK.sub("", address[:20]) + address[20:].replace(" ", "%20")
        if len(address) > MAX_LINK or LINK.fullmatch(address) is None:
            self._removed["links"] += bool(address)
            return
        kept |= {"href": address, "target": "_blank", "rel": REL}


def _value(key: str, value: str) -> str | None:
    if key in _FREE:
        return value[:MAX_FREE]
    value = value.strip("\t\n\f\r ")
    form = _FORMS.get(key, _WORDS)
    return value if form.fullmatch(value) else None


def _colour(value: str) -> str:
    value = value.strip("\t\n\f\r ")
    value = f"#{value}" if _DIGITS.fullmatch(value) else value
    return f"color: {value}" if _COLOUR.fullmatch(value) else ""


def _identify(kept: Attributes, identity: str) -> None:
    if _NAME.fullmatch(identity):
        kept["id"] = identity if identity.startswith(PREFIX) else PREFIX + identity
