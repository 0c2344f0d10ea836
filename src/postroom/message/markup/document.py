"""A whole document of a message, for an iframe's srcdoc: what was made safe, and a policy under which nothing else could be loaded or run.

Content Security Policy 3. The frame is to have `sandbox="allow-popups allow-popups-to-escape-sandbox"`, and neither allow-scripts nor allow-same-origin.
For dark screens all colours are turned to the other side of the circle, but those of pictures. Not here: what is in it (`safe`, `plain`).
"""

from __future__ import annotations

from html import escape
from typing import Final

# Anywhere counts letters when columns are narrowed: in tables it would leave words of one letter a line.
_STYLE: Final = (
    "html{background:#fff;color:#111;font:14px/1.5 system-ui,sans-serif}body{margin:0;padding:8px;overflow-wrap:anywhere}"
    "img{max-width:100%;height:auto}table{max-width:100%}td,th{overflow-wrap:break-word}pre{white-space:pre-wrap}a{color:#0645ad}"
    "blockquote{border-inline-start:3px solid #99c;margin:4px 0;padding-inline-start:10px;color:#446}"
)
_DARK: Final = "@media screen{html{filter:invert(1) hue-rotate(180deg);background:#fff}img{filter:invert(1) hue-rotate(180deg)}}"


def policy(origin: str = "") -> str:
    """What the document may load: nothing but data in itself, and pictures of `origin` where one is given."""
    pictures = f"data: {origin}/mail/image/" if origin else "data:"
    return f"default-src 'none'; img-src {pictures}; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


def document(markup: str, css: str, *, origin: str = "", dark: bool = False) -> str:
    """The document. `markup` and `css` are as `safe` gives them; `origin` is that of the address of pictures of other hosts, "" for none."""
    sheet = "<" not in css and css
    return (
        '<!DOCTYPE html><html><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{escape(policy(origin))}">'
        '<meta name="referrer" content="no-referrer"><meta name="viewport" content="width=device-width">'
        f"<style>{_STYLE}{_DARK if dark else ''}</style><style>{sheet or ''}</style>"
        f"</head><body>{markup}</body></html>"
    )
