"""Which elements and attributes of HTML may stay, and how elements lie in each other. Tables and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

VOID: Final = frozenset(("br", "hr", "img", "col", "wbr"))
FORMATTING: Final = frozenset(
    ("a", "b", "big", "code", "em", "font", "i", "s", "small", "strike", "strong", "tt", "u")
)
HEADINGS: Final = frozenset(("h1", "h2", "h3", "h4", "h5", "h6"))
# Parts of a table, and in what they lie; all else that stands there is no part of it.
PARENTS: Final[Mapping[str, frozenset[str]]] = {
    "caption": frozenset(("table",)),
    "colgroup": frozenset(("table",)),
    "col": frozenset(("table", "colgroup")),
    "thead": frozenset(("table",)),
    "tbody": frozenset(("table",)),
    "tfoot": frozenset(("table",)),
    "tr": frozenset(("table", "thead", "tbody", "tfoot")),
    "td": frozenset(("tr",)),
    "th": frozenset(("tr",)),
}
TABLE_INSIDE: Final = frozenset(("table", "colgroup", "thead", "tbody", "tfoot", "tr"))
SCOPES: Final = frozenset(("table", "td", "th", "caption"))  # an end tag does not reach beyond them
_BLOCKS: Final = frozenset(
    (
        "address", "article", "aside", "blockquote", "center", "div", "dl", "figcaption", "figure", "footer", "header", "hr", "main", "nav",
        "ol", "p", "pre", "section", "table", "ul", "li", "dd", "dt", *HEADINGS,
    )
)  # fmt: skip
# What a start tag ends before it begins, up to the nearest of the second set.
ENDS: Final[Mapping[str, tuple[frozenset[str], frozenset[str]]]] = {
    **{name: (frozenset(("p",)), SCOPES) for name in _BLOCKS},
    "li": (frozenset(("li", "p")), SCOPES | {"ul", "ol"}),
    "dd": (frozenset(("dd", "dt", "p")), SCOPES | {"dl"}),
    "dt": (frozenset(("dd", "dt", "p")), SCOPES | {"dl"}),
    "a": (frozenset(("a",)), SCOPES),
    "rt": (frozenset(("rt", "rp")), SCOPES | {"ruby"}),
    "rp": (frozenset(("rt", "rp")), SCOPES | {"ruby"}),
    **{name: (frozenset(("p", *HEADINGS)), SCOPES) for name in HEADINGS},
}
ALLOWED: Final = frozenset(
    (
        *VOID, *FORMATTING, *_BLOCKS, *PARENTS, "abbr", "acronym", "bdi", "bdo", "cite", "del", "dfn", "ins", "kbd", "mark", "q", "rp", "rt",
        "ruby", "samp", "span", "sub", "sup", "time", "var",
    )
)  # fmt: skip
RENAMED: Final = {
    "listing": "pre",
    "dir": "ul",
    "menu": "ul",
    **dict.fromkeys(("html", "body", "details", "fieldset", "hgroup", "legend", "search", "summary"), "div"),
}
HIDDEN: Final = frozenset(("svg", "math", "template", "select"))  # nothing in them is shown
# What is left out, by the word under which it is counted.
COUNTED: Final[Mapping[str, str]] = {
    "script": "scripts",
    **dict.fromkeys(
        ("form", "input", "button", "select", "textarea", "option", "isindex", "keygen"), "forms"
    ),
    **dict.fromkeys(
        ("iframe", "frame", "frameset", "object", "embed", "applet", "portal", "fencedframe"), "frames"
    ),
    **dict.fromkeys(("svg", "math"), "graphics"),
    **dict.fromkeys(("meta", "base", "link"), "heads"),
    **dict.fromkeys(("video", "audio", "source", "track", "bgsound"), "media"),
    "template": "scripts",
}
ANYWHERE: Final = frozenset(
    ("align", "class", "dir", "id", "lang", "style", "title", "valign", "bgcolor", "width", "height")
)
ATTRIBUTES: Final[Mapping[str, frozenset[str]]] = {
    "a": frozenset(("href", "rel", "target")),
    "abbr": frozenset(),
    "br": frozenset(("clear",)),
    "col": frozenset(("span",)),
    "colgroup": frozenset(("span",)),
    "font": frozenset(("color", "face", "size")),
    "hr": frozenset(("color", "size", "noshade")),
    "img": frozenset(("alt", "border", "hspace", "src", "vspace")),
    "li": frozenset(("type", "value")),
    "ol": frozenset(("start", "type", "reversed")),
    "ul": frozenset(("type",)),
    "table": frozenset(("border", "bordercolor", "cellpadding", "cellspacing", "frame", "rules", "summary")),
    "td": frozenset(("colspan", "rowspan", "nowrap", "headers", "scope", "abbr")),
    "th": frozenset(("colspan", "rowspan", "nowrap", "headers", "scope", "abbr")),
    "time": frozenset(("datetime",)),
}
