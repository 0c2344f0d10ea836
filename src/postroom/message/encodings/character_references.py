"""Character references of HTML (`&amp;`, `&#228;`) as the characters that they stand for, whoever wrote them.

HTML Living Standard §13.2.5.80: a number beyond Unicode is U+FFFD, however many digits it has; the library raises from 4,300 digits on. Linear. Not here:
what is markup.
"""

from __future__ import annotations

import html
import re

_LONG_NUMBER = re.compile(r"&#([0-9]{9,})")


def unescape(text: str) -> str:
    """The text with its references read; never raises."""
    return html.unescape(short_references(text)) if "&" in text else text


def short_references(markup: str) -> str:
    """The same markup for a reader of the library's, with no number in it that is longer than it takes."""
    return _LONG_NUMBER.sub(lambda found: f"&#{found[1].lstrip('0')[:8] or '0'}", markup)
