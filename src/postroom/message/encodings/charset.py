"""From octets in a named charset to text, whatever was declared.

RFC 2046 §4.1.2 (the charset parameter), RFC 2045 §5.2 (the default), RFC 6532 §3 (UTF-8 without a name). Only charsets of text are known:
a name that Python would take for another kind of codec (rot13, hex, zlib) is an unknown name. Not here: guessing from statistics.

Declared names are read as the web reads them, as their supersets in use: iso-8859-1 is windows-1252, gb2312 is gb18030.
"""

from __future__ import annotations

import codecs
import re
from typing import NamedTuple

from postroom.message.encodings import japanese

UTF8 = "utf-8"
_FALLBACK = "cp1252"  # of unlabelled 8-bit text the likeliest; five octets mean nothing in it

_NAMES = {
    UTF8: "utf-8 utf8 utf-8-mac x-utf-8 unicode-1-1-utf-8 unicode-2-0-utf-8 u8 cp65001",
    "ascii": "us-ascii ascii ansi-x3.4-1968 ansi-x3.4-1986 iso-646.irv iso646-us iso-ir-6 us 646 ibm367 cp367 csascii 7bit 8bit",
    "cp1252": "iso-8859-1 iso8859-1 iso88591 8859-1 latin-1 latin1 l1 iso-ir-100 ibm819 cp819 csisolatin1 windows-1252 cp1252 cp-1252 "
    "win1252 x-cp1252 x-ansi ansi windows-latin-1",
    "iso8859-2": "iso-8859-2 iso8859-2 iso88592 latin-2 latin2 l2 csisolatin2",
    "iso8859-3": "iso-8859-3 iso8859-3 iso88593 latin-3 latin3 l3 csisolatin3",
    "iso8859-4": "iso-8859-4 iso8859-4 iso88594 latin-4 latin4 l4 csisolatin4",
    "iso8859-5": "iso-8859-5 iso8859-5 iso88595 cyrillic csisolatincyrillic",
    "iso8859-6": "iso-8859-6 iso8859-6 iso88596 arabic csisolatinarabic iso-8859-6-i iso-8859-6-e asmo-708 ecma-114",
    "iso8859-7": "iso-8859-7 iso8859-7 iso88597 greek greek8 csisolatingreek ecma-118 elot-928",
    "iso8859-8": "iso-8859-8 iso8859-8 iso88598 hebrew csisolatinhebrew iso-8859-8-i iso-8859-8-e logical visual",
    "cp1254": "iso-8859-9 iso8859-9 iso88599 latin-5 latin5 l5 csisolatin5 windows-1254 cp1254 x-cp1254",
    "iso8859-10": "iso-8859-10 iso8859-10 iso885910 latin-6 latin6 l6 csisolatin6",
    "cp874": "iso-8859-11 iso8859-11 iso885911 tis-620 windows-874 cp874 dos-874",
    "iso8859-13": "iso-8859-13 iso8859-13 iso885913 latin-7 latin7 l7",
    "iso8859-14": "iso-8859-14 iso8859-14 iso885914 latin-8 latin8 l8",
    "iso8859-15": "iso-8859-15 iso8859-15 iso885915 latin-9 latin9 l9 csisolatin9",
    "iso8859-16": "iso-8859-16 iso8859-16 latin-10 latin10 l10",
    "cp1250": "windows-1250 cp1250 cp-1250 win1250 x-cp1250",
    "cp1251": "windows-1251 cp1251 cp-1251 win1251 win-1251 x-cp1251",
    "cp1253": "windows-1253 cp1253 x-cp1253",
    "cp1255": "windows-1255 cp1255 x-cp1255",
    "cp1256": "windows-1256 cp1256 x-cp1256",
    "cp1257": "windows-1257 cp1257 x-cp1257",
    "cp1258": "windows-1258 cp1258 x-cp1258",
    "cp437": "ibm437 cp437 437 cspc8codepage437",
    "cp850": "ibm850 cp850 850 cspc850multilingual",
    "cp852": "ibm852 cp852 852 cspcp852",
    "cp855": "ibm855 cp855 855",
    "cp858": "ibm00858 cp858 858",
    "cp866": "ibm866 cp866 866 csibm866",
    "koi8-r": "koi8-r koi8r koi8 koi cskoi8r",
    "koi8-u": "koi8-u koi8u koi8-ru",
    "mac-roman": "macintosh mac x-mac-roman macroman mac-roman csmacintosh",
    "mac-cyrillic": "x-mac-cyrillic mac-cyrillic maccyrillic x-mac-ukrainian",
    "gb18030": "gb18030 gb2312 gb-2312 gbk gb-2312-80 csgb2312 euc-cn euccn x-gbk cp936 ms936 windows-936 chinese",
    "hz": "hz-gb-2312 hz hzgb",
    "big5hkscs": "big5 big-5 big5-hkscs big5hkscs csbig5 cn-big5 x-x-big5 cp950 ms950 windows-950",
    "cp949": "euc-kr euckr ks-c-5601-1987 ks-c-5601-1989 ksc5601 ksc-5601 ks-c-5601 csksc56011987 korean cp949 uhc windows-949 ms949",
    "iso2022-kr": "iso-2022-kr iso2022-kr csiso2022kr",
    "cp932": "shift-jis shiftjis sjis s-jis x-sjis ms-kanji csshiftjis cp932 ms932 windows-31j windows-932",
    "euc-jp": "euc-jp eucjp x-euc-jp cseucpkdfmtjapanese ujis",
    "iso2022-jp-2": "iso-2022-jp iso2022-jp iso-2022-jp-2 iso2022-jp-2 iso-2022-jp-ms csiso2022jp",
    "utf-7": "utf-7 utf7 unicode-1-1-utf-7 csunicode11utf7",
    "utf-16": "utf-16 utf16 unicode iso-10646-ucs-2 ucs-2",
    "utf-16-le": "utf-16le utf-16-le",
    "utf-16-be": "utf-16be utf-16-be",
    "utf-32": "utf-32 utf32 ucs-4 iso-10646-ucs-4",
}
_CODECS = {alias: codec for codec, aliases in _NAMES.items() for alias in aliases.split()}
_SEVEN_BIT = frozenset({"iso2022-jp-2", "iso2022-kr", "hz", "utf-7"})  # what is not ASCII is written in ASCII
_ANYTHING = frozenset({None, "ascii", UTF8, "cp1252"})  # what is declared by programs that do not know
# The usual names as they are usually written, in which octets of ASCII are ASCII: seen at once, without a look-up
ASCII_COMPATIBLE = frozenset(
    {"us-ascii", "US-ASCII", UTF8, "UTF-8", "utf8", "iso-8859-1", "ISO-8859-1", "windows-1252", "iso-8859-15"}
)
_META = re.compile(rb"<meta\s[^>]{0,200}?charset\s{0,9}=\s{0,9}[\"']?([\w.:-]{1,99})", re.IGNORECASE)
_NEAR = 4096  # octets of HTML in which its charset is looked for; browsers look at fewer
_CONTROL = re.compile("[\0-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029]")
REPLACEMENT = "\ufffd"
_OTHER = re.compile("[^\0-\x7f\ufffd]")


class Decoded(NamedTuple):
    """Text, and whether something was wrong: an unknown charset, octets that it does not have, or another charset than declared."""

    text: str
    problem: bool


def codec(charset: str) -> str | None:
    """The Python codec for a declared name; None when it names no charset of text that is known here."""
    return _CODECS.get(charset.strip().lower().replace("_", "-")) if len(charset) < 100 else None


def decode(data: bytes, charset: str | None) -> Decoded:
    """Text in any case: the declared charset, else UTF-8, else the declared one with U+FFFD or windows-1252. Never raises.

    One whose octets are all ASCII is read with U+FFFD at once: as UTF-8 they would be right, and nobody could read them.
    """
    if (charset is None or charset in ASCII_COMPATIBLE) and data.isascii():
        return Decoded(data.decode("ascii"), problem=False)
    known = codec(charset) if charset else None
    if known:
        try:
            return Decoded(
                _without_surrogates(data.decode(known)) if known == "utf-7" else data.decode(known),
                problem=False,
            )
        except UnicodeError:
            wider = _replaced(data, known) if known in japanese.WIDER else REPLACEMENT
            if REPLACEMENT not in wider:
                return Decoded(wider, problem=False)
            if known in _SEVEN_BIT and data.isascii():
                return Decoded(_replaced(data, known), problem=True)
    try:
        return Decoded(data.decode(UTF8), problem=True)
    except UnicodeDecodeError:
        return Decoded(_damaged(data, known), problem=True)


def decode_html(data: bytes, charset: str | None) -> Decoded:
    """The same of HTML, in which may stand what it is written in where its header does not say so (WHATWG HTML §13.2.3.2); what is UTF-8 is UTF-8."""
    found = _META.search(data, 0, _NEAR) if charset is None else None
    named = found[1].decode() if found else ""
    known = codec(named)
    if known and not known.startswith("utf") and (known in _SEVEN_BIT or not _is_utf8(data)):
        return decode(data, named)
    return decode(data, charset)


def _is_utf8(data: bytes) -> bool:
    """Whether the octets are UTF-8, the last of several characters of which may be cut off."""
    try:
        text, read = codecs.utf_8_decode(data, "strict", False)
    except UnicodeDecodeError:
        return False
    return read == len(data) or not text.isascii()


def _without_surrogates(text: str) -> str:
    """UTF-7 is the one codec here that lets halves of pairs through; no text may contain them."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _replaced(data: bytes, known: str) -> str:
    if known in japanese.WIDER:
        return japanese.WIDER[known](data)
    return _without_surrogates(data.decode(known, "replace"))


def _damaged(data: bytes, known: str | None) -> str:
    if known and known not in _ANYTHING:
        return _replaced(data, known)
    text = data.decode(UTF8, "replace")
    if not _OTHER.search(text):  # not a single whole character beyond ASCII: it is not UTF-8
        return data.decode(_FALLBACK, "replace")
    return text


def header_text(value: bytes) -> str:
    """An unencoded header value as text: UTF-8 (RFC 6532 §3), else windows-1252; encoded-words stay as they are."""
    return value.decode("ascii") if value.isascii() else decode(value, None).text


def visible(text: str) -> str:
    """One line with its control characters (but tab) and line separators replaced by U+FFFD: nothing is cut off or drawn over."""
    return text if text.isascii() and text.isprintable() else _CONTROL.sub(REPLACEMENT, text)
