"""CSS of messages: known properties with plain values stay, everything else goes.

CSS Syntax 3 by tinycss2, so that escapes and comments are read as browsers read them; what stays is written anew out of few characters. No address is
ever loaded by it but those that `picture` gives back. Not here: what `picture` allows.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

import tinycss2

MAX_CSS: Final = (
    256 << 10
)  # characters of style sheets in one message, and again of what stands in style attributes
MAX_BRACKETS: Final = 16  # in each other, in CSS
MAX_DECLARATION: Final = 2_000  # characters of one declaration
MAX_RULES: Final = 5_000  # of one message
PREFIX: Final = "m-"  # before ids, so that none of a message's is one of ours

PROPERTIES: Final = frozenset(
    (
        "background", "background-color", "background-image", "background-position", "background-repeat", "background-size", "border", "border-bottom",
        "border-bottom-color", "border-bottom-left-radius", "border-bottom-right-radius", "border-bottom-style", "border-bottom-width",
        "border-collapse", "border-color", "border-left", "border-left-color", "border-left-style", "border-left-width", "border-radius",
        "border-right", "border-right-color", "border-right-style", "border-right-width", "border-spacing", "border-style", "border-top",
        "border-top-color", "border-top-left-radius", "border-top-right-radius", "border-top-style", "border-top-width", "border-width",
        "box-sizing", "caption-side", "clear", "color", "direction", "display", "empty-cells", "float", "font", "font-family", "font-size",
        "font-style", "font-variant", "font-weight", "height", "hyphens", "letter-spacing", "line-height", "list-style-position",
        "list-style-type", "margin", "margin-bottom", "margin-left", "margin-right", "margin-top", "max-height", "max-width", "min-height",
        "min-width", "opacity", "overflow", "overflow-wrap", "padding", "padding-bottom", "padding-left", "padding-right", "padding-top",
        "table-layout", "text-align", "text-decoration", "text-indent", "text-overflow", "text-transform", "unicode-bidi", "vertical-align",
        "visibility", "white-space", "width", "word-break", "word-spacing", "word-wrap",
    )
)  # fmt: skip
_PICTURES: Final = frozenset(("background", "background-image"))
_FUNCTIONS: Final = frozenset(
    ("rgb", "rgba", "hsl", "hsla", "calc", "linear-gradient", "min", "max", "clamp")
)
_PSEUDO: Final = frozenset(
    ("hover", "link", "active", "first-child", "last-child", "empty", "only-child", "nth-child", "not")
)
_PLAIN_STYLE: Final = re.compile(
    r"[A-Za-z0-9 #.%,:;!_\t\r\n-]*"
)  # nothing in it that could be read in two ways
_PLAIN_VALUE: Final = re.compile(r"[A-Za-z0-9 #.%,_-]+(?:!important)?")
_WRITTEN: Final = re.compile(r"[\w #.%,()'\"+*/!-]+")
_STRING: Final = re.compile(r"[\w .,+-]*")
_NAME: Final = re.compile(r"-?[A-Za-z_][\w-]*")
_UNSIGHTLY: Final = frozenset(
    ("expression", "behavior", "-moz-binding", "position")
)  # nothing but an attack has use for them

# Given an address, what may stand in its place; None for nothing.
Picture = Callable[[str], str | None]


class Css:
    """The CSS of one message. `most`: characters of style attributes that are read. `refused` counts what was left out for safety's sake: not what is merely unknown."""

    def __init__(self, picture: Picture, most: int = MAX_CSS) -> None:
        self._picture = picture
        self._left = most
        self._seen: dict[str, str] = {}
        self._rules = 0
        self.refused = 0

    def style(self, text: str) -> str:
        """A style attribute."""
        if text not in self._seen:
            self._left -= len(text)
            known = self._left >= 0 and shallow(text)
            self._seen[text] = self._style(text) if known else ""
        return self._seen[text]

    def _style(self, text: str) -> str:
        if _PLAIN_STYLE.fullmatch(text) and "position" not in text.lower():
            return "; ".join(filter(None, map(_plain, text.split(";"))))
        return self._declarations(
            tinycss2.parse_declaration_list(text, skip_comments=True, skip_whitespace=True)
        )

    def sheet(self, texts: Iterable[str]) -> str:
        """The style elements, as one."""
        whole = "\n".join(texts)
        if len(whole) > MAX_CSS or not shallow(whole):
            self.refused += 1
            return ""
        rules = tinycss2.parse_stylesheet(_uncommented(whole), skip_comments=True, skip_whitespace=True)
        return "\n".join(self._sheet(rules, inner=False))

    def _sheet(self, rules: Sequence[Any], *, inner: bool) -> list[str]:
        told: list[str] = []
        for rule in rules:
            self._rules += 1
            if self._rules > MAX_RULES:
                break
            if rule.type == "qualified-rule":
                selector = _selectors(rule.prelude)
                declared = tinycss2.parse_declaration_list(
                    rule.content, skip_comments=True, skip_whitespace=True
                )
                if selector and (declarations := self._declarations(declared)):
                    told.append(f"{selector} {{ {declarations} }}")
            elif (
                rule.type == "at-rule"
                and rule.lower_at_keyword == "media"
                and rule.content is not None
                and not inner
            ):
                query = _media(rule.prelude)
                below = tinycss2.parse_rule_list(rule.content, skip_comments=True, skip_whitespace=True)
                if query and (inside := self._sheet(below, inner=True)):
                    told.append(f"@media {query} {{ {' '.join(inside)} }}")
            elif rule.type == "at-rule":
                self._at_rule(rule)
        return told

    def _at_rule(self, rule: Any) -> None:
        """None of these stays; an address in one is told of."""
        self.refused += rule.lower_at_keyword in ("import", "font-face", "namespace", "document")
        for token in (*rule.prelude, *(rule.content or ())):
            if (token.type == "string" and rule.lower_at_keyword == "import") or token.type == "url":
                self._picture(token.value)

    def _declarations(self, declared: Sequence[Any]) -> str:
        told: list[str] = []
        for one in declared:
            if one.type != "declaration":
                continue
            value = self._value(one.lower_name, one.value) if one.lower_name in PROPERTIES else ""
            if value and len(value) <= MAX_DECLARATION:
                told.append(f"{one.lower_name}: {value}{' !important' * bool(one.important)}")
            elif one.lower_name not in PROPERTIES:
                before = self.refused
                self._addresses(one.value)
                if one.lower_name in _UNSIGHTLY and self.refused == before:
                    self.refused += 1
        return "; ".join(told)

    def _value(self, name: str, tokens: Sequence[Any]) -> str:
        """The value written anew; "" when it may not stay. An address in a background alone goes, what stands beside it stays."""
        addresses = [_address(token) for token in tokens]
        pieces: list[str] = []
        for token, address in zip(tokens, addresses, strict=True):
            if address is None:
                pieces.append(_written(token, 0))
            elif name not in _PICTURES:
                self._picture(address)
                return ""
            elif shown := self._picture(address):
                pieces.append(f'url("{shown}")')
        if "" in pieces:
            self._addresses(tokens)
            return ""
        return re.sub(r" {2,}", " ", "".join(pieces)).strip()

    def _addresses(self, tokens: Iterable[Any]) -> None:
        """Tells of the addresses in what does not stay."""
        waiting = list(tokens)
        while waiting:
            token = waiting.pop()
            if (address := _address(token)) is not None:
                self.refused += 1
                self._picture(address)
            elif token.type == "function":
                self.refused += token.lower_name in _UNSIGHTLY
                waiting += token.arguments


def shallow(text: str) -> bool:
    """Whether brackets are not deep in each other, those in strings and comments counted like others."""
    depth = 0
    for found in re.finditer(r"[(\[{]|[)\]}]", text):
        depth = depth + 1 if found[0] in "([{" else max(0, depth - 1)
        if depth > MAX_BRACKETS:
            return False
    return True


def _uncommented(text: str) -> str:
    """Without the `<!--` and `-->` that stood around style sheets once."""
    return text.replace("<!--", " ").replace("-->", " ")


def _plain(declaration: str) -> str:
    name, colon, value = declaration.partition(":")
    name, value = name.strip().lower(), " ".join(value.split()).replace("! ", "!")
    if not colon or name not in PROPERTIES or _PLAIN_VALUE.fullmatch(value) is None:
        return ""
    return f"{name}: {value.replace('!important', ' !important').replace('  ', ' ')}"


def _address(token: Any) -> str | None:
    """The address that a token leads to, in whichever way it is written."""
    if token.type == "url":
        return str(token.value)
    if token.type == "function" and token.lower_name in ("url", "src"):
        return "".join(one.value for one in token.arguments if one.type == "string")
    return None


def _written(token: Any, depth: int) -> str:
    """A token out of plain characters, "" for what may not stay."""
    kind = token.type
    if kind == "whitespace":
        return " "
    if kind in ("ident", "number", "percentage", "dimension", "hash"):
        told = str(token.serialize())
        return told if _WRITTEN.fullmatch(told) and "url" not in told.lower() else ""
    if kind == "literal":
        return token.value if token.value in (",", "/", "+", "*", "-") else ""
    if kind == "string":
        return f'"{token.value}"' if _STRING.fullmatch(token.value) else ""
    if kind == "function" and token.lower_name in _FUNCTIONS and depth < 3:
        inside = [_written(one, depth + 1) for one in token.arguments]
        return f"{token.lower_name}({''.join(inside)})" if inside and all(inside) else ""
    return ""


def _selectors(tokens: Sequence[Any]) -> str:
    """The selector written anew; "" when there is anything in it but elements, classes, ids, and what stands between."""
    pieces: list[str] = []
    before = ""
    for token in tokens:
        kind, told = token.type, ""
        if kind == "whitespace":
            told = " "
        elif kind == "hash" and _NAME.fullmatch(token.value):
            told = "#" + (token.value if token.value.startswith(PREFIX) else PREFIX + token.value)
        elif (
            kind == "ident"
            and _NAME.fullmatch(token.value)
            and (before != ":" or token.lower_value in _PSEUDO)
        ) or (kind == "literal" and token.value in (".", ",", ">", "+", "~", "*", ":")):
            told = token.value
        elif kind == "function" and before == ":" and token.lower_name in _PSEUDO:
            inside = [_written(one, 0) for one in token.arguments]
            told = f"{token.lower_name}({''.join(inside)})" if inside and all(inside) else ""
        if not told or (told == ":" and before == ":"):
            return ""
        pieces.append(told)
        before = told
    return " ".join("".join(pieces).split())


def _media(tokens: Sequence[Any]) -> str:
    """The condition of @media, where it is one of sizes, screens and colours."""
    pieces: list[str] = []
    for token in tokens:
        if token.type == "() block":
            inside = "".join(":" if one == ":" else _written(one, 0) for one in token.content)
            if not re.fullmatch(r"[\w :.-]+", inside):
                return ""
            pieces.append(f"({inside.strip()})")
        elif token.type in ("ident", "whitespace") or token == ",":
            pieces.append(_written(token, 0) if token != "," else ",")
        else:
            return ""
    return " ".join("".join(pieces).split())
