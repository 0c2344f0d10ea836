"""Names that look like other names: letters of several scripts in one word, and words all of whose letters look like Latin ones.

Unicode UTS #39 §5.1 (scripts that are written together), §5.2 (highly restrictive), after RFC 5890 §4.4. A warning, not a verdict: many honest names
are long, few are mixed. Bounded. Not here: what is warned of (`header_report`).
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from postroom.message.idn import a_labels
from postroom.message.printable import printable_ascii

MAX_TEXT: Final = 1_000  # characters that are looked at
MOST_HOSTS: Final = 200  # of one message

_WORD: Final = re.compile(r"[^\W\d_]+(?:[\u0300-\u036f]+[^\W\d_]*)*")
_EAST: Final = (
    frozenset(("LATIN", "CJK", "HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA")),
    frozenset(("LATIN", "CJK", "HANGUL")),
    frozenset(("LATIN", "CJK", "BOPOMOFO")),
)
_ALONE: Final = frozenset(("COMBINING", "MODIFIER", "MASCULINE", "FEMININE", "MICRO", "IDEOGRAPHIC"))
_WIDE: Final = frozenset(("FULLWIDTH", "HALFWIDTH", "MATHEMATICAL"))
# Letters of other scripts that look like Latin ones (UTS #39 §4), those of which words can be made.
_LOOKALIKES: Final = frozenset(
    "\u0430\u0435\u043e\u0440\u0441\u0443\u0445\u0456\u0458\u0455\u04bb\u051b\u051d\u04cf\u0501\u0475\u043c\u043d\u043a\u0442\u0432"
    "\u03b1\u03bf\u03bd\u03c1\u03c5\u03c4\u03ba\u03b9\u0585\u0578\u057d\u0570"
)
_HOST: Final = re.compile(r"https?://([^\s/?#\"'<>\\:]{1,253})", re.IGNORECASE)


def mixed(text: str) -> list[str]:
    """The scripts of the first word that mixes what is not written together, by their names; [] when none does."""
    for word in _WORD.findall(unicodedata.normalize("NFC", text[:MAX_TEXT])):
        if word.isascii():
            continue
        scripts = {script for char in word if (script := _script(char))}
        if len(scripts) > 1 and not any(scripts <= together for together in _EAST):
            return sorted(script.lower() for script in scripts)
    return []


def lookalike(label: str) -> bool:
    """Whether a label of a domain looks like one in Latin letters and is none."""
    letters = [char for char in label.lower() if char.isalpha()]
    return (
        len(letters) > 1 and not any(char.isascii() for char in letters) and _LOOKALIKES.issuperset(letters)
    )


def readable_domain(domain: str) -> str:
    """A domain as it is shown: A-labels in their own script; what is none stays (RFC 5891 §5.4)."""
    return ".".join(_readable(label) for label in domain[:MAX_TEXT].split("."))


def ascii_domain(domain: str) -> str:
    """A domain as machines write it, in which nothing looks like anything else; what cannot be written so, escaped."""
    try:
        return a_labels(domain[:MAX_TEXT])
    except ValueError:
        return printable_ascii(domain, MAX_TEXT)


def suspicious_domain(domain: str) -> list[str]:
    """The scripts that a domain mixes, or the one that looks like Latin; [] for one that is not suspicious."""
    for label in readable_domain(domain).split("."):
        if found := mixed(label):
            return found
        if lookalike(label):
            return sorted({script.lower() for char in label if (script := _script(char))})
    return []


def suspicious_hosts(text: str) -> dict[str, list[str]]:
    """The hosts of links in a text that are suspicious, with their scripts."""
    found: dict[str, list[str]] = {}
    seen: set[str] = set()
    for match in _HOST.finditer(text):
        host = match[1].rpartition("@")[2].lower()
        if host in seen or (host.isascii() and "xn--" not in host):
            continue
        seen.add(host)
        if scripts := suspicious_domain(host):
            found[readable_domain(host)] = scripts
        if len(seen) >= MOST_HOSTS:
            break
    return found


def _script(char: str) -> str:
    """The first word of a letter's name, which is its script's; "" for what is of every script."""
    if not char.isalpha():
        return ""
    words = unicodedata.name(char, "").split()
    first = words[1] if len(words) > 1 and words[0] in _WIDE else words[0] if words else ""
    return "" if first in _ALONE else first


def _readable(label: str) -> str:
    if not label.lower().startswith("xn--"):
        return label
    try:
        return label[4:].encode("ascii").decode("punycode")
    except (UnicodeError, ValueError, OverflowError):
        return label
