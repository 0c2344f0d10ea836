"""What the HTML of a message asks for that some mail programs do not have: a table of features, each with who lacks it and what to do.

HTML and CSS in mail have no standard. The table holds what is known well, of families of programs, not of versions: Outlook for Windows (the classic one, which shows
HTML with the engine of Word), Gmail, Outlook.com, and all. What is only an ornament is a note. Not here: sizes (`body`), links (`links`).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from postroom.message.proof.findings import Check, Group, Said, Verdict, number, shown
from postroom.message.proof.letter import Letter, without_html

MAX_SHEET: Final = 8_192  # characters of one style element that Gmail reads
WORD: Final = "Outlook for Windows"
ALL: Final = "all mail programs"

_SCRIPTED: Final = re.compile(r"on[a-z]{3,30}")
# What of the message has the feature: examples; none when nothing has.
Seen = Callable[[Letter], list[str]]


def elements(*names: str) -> Seen:
    """These elements."""
    return lambda letter: [f"<{tag.name}>" for tag in letter.named(*names)]


def values(*names: str, of: str = "") -> Seen:
    """These properties, with one of these words in their value where some are given."""
    wanted = re.compile(of) if of else None
    return lambda letter: [
        f"{name}: {value}"
        for name, value in letter.styles.declarations
        if name in names and (wanted is None or wanted.search(value))
    ]


def rules(*names: str) -> Seen:
    """These rules of style sheets."""
    return lambda letter: [f"@{name}" for name in names if name in letter.styles.at_rules]


def pictures(pattern: str) -> Seen:
    """Pictures from such addresses."""
    wanted = re.compile(pattern, re.IGNORECASE)
    return lambda letter: [src for src in sources(letter) if wanted.search(src)]


def sources(letter: Letter) -> list[str]:
    """Where the pictures of the HTML come from, in its order."""
    return [tag.attributes.get("src", "").strip() for tag in letter.named("img")]


def either(*seen: Seen) -> Seen:
    """Any of these."""
    return lambda letter: [one for each in seen for one in each(letter)]


def anywhere(words: str) -> Seen:
    """Properties with these words in their value."""
    return lambda letter: [f"{name}: {value}" for name, value in letter.styles.declarations if words in value]


def _sheets(letter: Letter) -> list[str]:
    return [
        "<link>" for tag in letter.named("link") if "stylesheet" in tag.attributes.get("rel", "").lower()
    ] + (["@import"] if "import" in letter.styles.at_rules else [])


def _scripts(letter: Letter) -> list[str]:
    handlers = [key for tag in letter.tags for key in tag.attributes if _SCRIPTED.fullmatch(key)]
    links = [link.href for link in letter.links if link.href.strip().lower().startswith("javascript:")]
    return [f"<{tag.name}>" for tag in letter.named("script")] + handlers + links


def _misplaced(letter: Letter) -> list[str]:
    names = [tag.name for tag in letter.tags]
    if "body" not in names or "style" not in names:
        return []
    after = names[names.index("body") :]
    return ["<style>"] if "style" in after else []


def _large(letter: Letter) -> list[str]:
    return [number(sheet, "character") for sheet in letter.styles.sheets if len(sheet) > MAX_SHEET]


def _without_width(letter: Letter) -> list[str]:
    return [
        tag.attributes.get("src", "")
        for tag in letter.named("img")
        if not tag.attributes.get("width", "").strip()
    ]


def _no_doctype(letter: Letter) -> list[str]:
    return [] if letter.html.lstrip("\ufeff\t\r\n ")[:9].lower() == "<!doctype" else ["<html>"]


def _refreshing(letter: Letter) -> list[str]:
    return [
        "<meta>" for tag in letter.named("meta") if tag.attributes.get("http-equiv", "").lower() == "refresh"
    ]


def _row(name: str, seen: Seen, verdict: Verdict, lacking: str, effect: str) -> Check:
    """A feature. `effect` is what becomes of it, and what to do, with a `;` between the two."""
    happens, _, fix = effect.partition("; ")

    def look(letter: Letter) -> list[Said]:
        found = seen(letter)
        return [Said(verdict, f"{shown(found)}: {happens} in {lacking}", fix)] if found else []

    what = f"{name.replace('-', ' ').capitalize()}: {happens}"
    return Check(f"html-{name}", Group.CLIENTS, what, lacking, "the HTML has none", look, without_html)


BAD, NOTE = Verdict.BAD, Verdict.NOTE
CLIENTS: Final = (
    _row("scripts", _scripts, BAD, ALL, "taken out; let the link lead to a page that does it"),
    _row("frames", elements("iframe", "frame", "frameset", "object", "embed", "applet"), BAD, ALL, "taken out; show a picture that links to the page"),
    _row("forms", elements("form", "input", "textarea", "select", "button"), BAD, f"{WORD} and others", "no fields, or a warning; link to a page with the form"),
    _row("external-styles", _sheets, BAD, "Gmail, Outlook.com and others", "not loaded; write the styles into style attributes"),
    _row("refresh", _refreshing, BAD, ALL, "ignored; link to the page"),
    _row("data-pictures", pictures(r"^data:"), BAD, f"Gmail and {WORD}", "not shown; attach the picture and name it by its Content-ID (cid:), or link to a web server"),
    _row("svg", either(elements("svg"), pictures(r"^[^?#]*\.svgz?(?:[?#]|$)")), BAD, f"Gmail and {WORD}", "not shown; send it as PNG"),
    _row("webp", pictures(r"^[^?#]*\.(?:webp|avif|heic|jxl)(?:[?#]|$)"), NOTE, f"{WORD} of older years", "not shown; send it as PNG or JPEG"),
    _row("video", elements("video", "audio"), NOTE, f"Gmail and {WORD}", "not played; put a picture that links to it inside"),
    _row("styles-element", elements("style"), NOTE, "Gmail's app with accounts of others", "ignored; have what matters in style attributes, keep only media queries there"),
    _row("styles-in-body", _misplaced, NOTE, "Gmail", "ignored; move it into the head"),
    _row("styles-large", _large, NOTE, "Gmail", f"a style element of more than {MAX_SHEET:,} characters is ignored; make it shorter, or several"),
    _row("media-queries", rules("media"), NOTE, f"{WORD} and Gmail's app with accounts of others", "ignored; have it look right without"),
    _row("web-fonts", rules("font-face"), NOTE, f"Gmail, Outlook.com and {WORD}", "not loaded; name a usual font behind it: font-family: Inter, Arial, sans-serif"),
    _row("position", values("position", of=r"absolute|fixed|sticky|relative"), NOTE, f"Gmail and {WORD}", "ignored; place things with a table"),
    _row("flex-grid", values("display", of=r"flex|grid"), NOTE, WORD, "things stand below each other; place them with a table"),
    _row("background-pictures", values("background", "background-image", of=r"url\("), NOTE, WORD, "not shown; set a background-color with enough contrast too"),
    _row("max-width", values("max-width"), NOTE, WORD, "ignored; set the width attribute of the table or picture too"),
    _row("rounded", values("border-radius", "border-top-left-radius", "border-top-right-radius", "border-bottom-left-radius", "border-bottom-right-radius"), NOTE, WORD, "corners are square; see that it looks right so"),
    _row("shadows", values("box-shadow", "text-shadow", "opacity", "filter"), NOTE, WORD, "ignored; see that it can be read without"),
    _row("animations", either(rules("keyframes"), values("animation", "animation-name", "transition", "transform")), NOTE, f"Gmail and {WORD}", "nothing moves; see that the first state tells everything"),
    _row("variables", anywhere("var("), NOTE, f"Gmail and {WORD}", "the declaration is ignored; write the values out"),
    _row("calculations", anywhere("calc("), NOTE, WORD, "the declaration is ignored; write a fixed value before it"),
    _row("widths", _without_width, NOTE, WORD, "a picture has the size of its file; give it a width attribute in pixels"),
    _row("doctype", _no_doctype, NOTE, "browsers", "without a doctype boxes are measured as 20 years ago; begin with <!DOCTYPE html>"),
)  # fmt: skip
