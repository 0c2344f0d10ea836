"""HTML made safe: the hostile collection, anything at all, and what people should still see."""

import re
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hostile_html import ABSENT, MAILS, Mail
from postroom.message.markup.document import document
from postroom.message.markup.elements import ALLOWED
from postroom.message.markup.pictures import BOX, DATA, Pictures
from postroom.message.markup.safe import Safe, sanitise

PIXEL = "data:image/png;base64,iVBORw0KGgo="


def own(cid: str) -> str | None:
    return PIXEL if cid == "a" else None


def made(html: str, pictures: Pictures | None = None) -> Safe:
    return sanitise(html, pictures or Pictures(own))


def tags_of(markup: str) -> str:
    """The tags, without what is text in them."""
    return "".join(
        re.sub(r'(?<= )(alt|title|summary|abbr)="[^"]*"', r"\1", tag)
        for tag in re.findall(r"<[^<>]*>", markup)
    )


class Reader(HTMLParser):
    """Another parser, with another opinion: it sees what stands there."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.odd: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))

    def handle_comment(self, data: str) -> None:
        self.odd.append(data)

    handle_decl = handle_pi = unknown_decl = handle_comment


def check(safe: Safe) -> None:
    reader = Reader(safe.markup)
    assert reader.odd == []
    for tag, attributes in reader.tags:
        assert tag in ALLOWED
        for name, value in attributes.items():
            assert not name.startswith("on")
            if name == "src":
                assert DATA.fullmatch(value)
            if name == "href":
                assert re.match(r"(?:https?://|mailto:|tel:|sms:|xmpp:|geo:|#m-)", value, re.IGNORECASE)
            if name == "id":
                assert value.startswith("m-")
            if name == "style":
                assert not re.search(r"url|@|\\|expression|position:", value, re.IGNORECASE)
    assert not re.search(r"url|@(?!media )|\\|<|expression|position:", safe.css, re.IGNORECASE)


@pytest.mark.parametrize("mail", MAILS, ids=lambda mail: mail.name)
def test_hostile_mails(mail: Mail) -> None:
    safe = made(mail.html)
    check(safe)
    told = f"{safe.css}\n{safe.markup}".lower()
    assert [word for word in mail.absent if word.lower() in told] == []
    assert [word for word in ABSENT if word.lower() in f"{safe.css}\n{tags_of(safe.markup)}".lower()] == []
    assert mail.kept in f"{safe.css}\n{safe.markup}"
    assert made(f"<style>{safe.css}</style>{safe.markup}").markup == safe.markup


def test_the_collection_is_large_enough() -> None:
    assert len(MAILS) >= 60
    assert len({mail.name for mail in MAILS}) == len(MAILS)


_PIECES = st.sampled_from(
    ["<", ">", "</", "<!--", "-->", "<![CDATA[", "]]>", '"', "'", "=", " ", "\n", "/", "&lt;", "&#10;", "&amp", "\x00", "\x0c", "\r",
     "<p>", "</p>", "<b>", "</b>", "<a href=//x.test/y>", "</a>", "<table>", "<tr>", "<td>", "</table>", "<pre>", "\n\n", "<svg>", "</svg>",
     "<math>", "<mtext>", "<style>", "</style>", "p{color:red}", "background:url(http://x.test)", "<img src=http://x.test/y ", "style='",
     "<font color=red>", "<div>", "</div>", "<li>", "<ul>", "</ul>", "<select>", "<template>", "<textarea>", "<title>", "<body bgcolor=x>",
     "onerror=pwn()", "javascript:", "<form>", "<h1>", "<ruby><rt>", "<br>", "<hr>", "<caption>", "<col>", "<plaintext>", "text", "é😀"]
)  # fmt: skip


@settings(max_examples=400)
@given(st.one_of(st.lists(_PIECES, max_size=30).map("".join), st.text(max_size=100)))
def test_anything_is_safe_and_stays_as_it_is(html: str) -> None:
    safe = made(html)
    check(safe)
    again = made(f"<style>{safe.css}</style>{safe.markup}" if safe.css else safe.markup)
    assert (again.markup, again.css) == (safe.markup, safe.css)


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<p>a<p>b", "<p>a</p><p>b</p>"),
        ("a & b < c", "a &amp; b &lt; c"),
        ("<ul><li>a<li>b</ul>", "<ul><li>a</li><li>b</li></ul>"),
        ("<table><td>x<td>y", "<table><tbody><tr><td>x</td><td>y</td></tr></tbody></table>"),
        ("<p style='COLOR : Red;margin:0 auto'>x", '<p style="color: Red; margin: 0 auto">x</p>'),
        ("<img src=cid:a alt=x>", f'<img alt="x" src="{PIXEL}">'),
        ("<img src='cid:gone'>", f'<img src="{BOX}">'),
        ("<pre>\n\na\n b</pre>", "<pre>a\n b</pre>"),
        ("<a href=mailto:a@b.test>x</a>", '<a href="mailto:a@b.test" target="_blank" rel="noopener noreferrer nofollow">x</a>'),
        ("<a name=top>x</a><a href=#top>y</a>", '<a id="m-top">x</a><a href="#m-top">y</a>'),
        ("<td>x</td></p></div>y", "xy"),
        ("<body bgcolor=#000 text=ffffff style='margin:0'>x", '<div bgcolor="#000" style="color: #ffffff; margin: 0">x</div>'),
        ("<body text='red;x:y'><font color=red size=+2>x", '<div><font color="red" size="+2">x</font></div>'),
        ("<table><tr><td>x</table>y", "<table><tbody><tr><td>x</td></tr></tbody></table>y"),
        ("<table><td>y<table><caption>z</table>y</table>z", "<table><tbody><tr><td>y<table><caption>z</caption></table>y</td></tr></tbody></table>z"),
        ("<table><div><tr><span><td><div><span>x</span></div>z</td></span></tr></div></table>z",
            "<table><tbody><tr><td><div><span>x</span></div>z</td></tr></tbody></table>z"),
        ("<details><summary>x</summary>y</details>", "<div><div>x</div>y</div>"),
        ("<html dir=rtl lang=he><head><title>t</title></head><body>x</body></html>", '<div dir="rtl" lang="he"><div>x</div></div>'),
        ("<img align=left src=cid:gone><br clear=all>x", f'<img align="left" src="{BOX}"><br clear="all">x'),
        ("<div><div dir=rtl lang=ar>\u0633\u0644\u0627\u0645", '<div><div dir="rtl" lang="ar">\u0633\u0644\u0627\u0645</div></div>'),
    ],
)  # fmt: skip
def test_mail_looks_as_it_was_meant(html: str, expected: str) -> None:
    assert made(html).markup == expected


def test_what_was_left_out_is_said() -> None:
    pictures = Pictures(own)
    safe = made(
        "<script>x</script><form><input></form><iframe></iframe><p onclick=x style='position:absolute;behavior:url(//h.test)'>"
        "<img src=http://b.test/1><img src=http://a.test/2><img src=http://a.test/3 width=1><a href=javascript:x>y</a><svg/>",
        pictures,
    )
    assert safe.removed == {
        "scripts": 1,
        "forms": 2,
        "frames": 1,
        "handlers": 1,
        "links": 1,
        "graphics": 1,
        "styles": 2,
    }
    assert dict(pictures.blocked) == {"h.test": 1, "b.test": 1, "a.test": 1}
    assert dict(pictures.trackers) == {"a.test": 1}


def test_pictures_of_other_hosts_come_through_us_when_asked_for() -> None:
    ours = re.compile(r"/mail/image/[a-f0-9]+")
    pictures = Pictures(own, lambda url: f"/mail/image/{url.encode().hex()}", ours)
    safe = made(
        "<img src=//b.test/1><p style='background:url(http://c.test/2) red'><table background=https://d.test/3><tr><td>x</table>"
        "<img src=http://t.test/4 height=0><style>p{background-image:url(http://e.test/5)}</style>",
        pictures,
    )
    addresses = re.findall(r"/mail/image/([a-f0-9]+)", safe.markup.replace("&quot;", '"') + safe.css)
    assert sorted(bytes.fromhex(one).decode() for one in addresses) == [
        "http://c.test/2", "http://e.test/5", "https://b.test/1", "https://d.test/3",
    ]  # fmt: skip
    assert sorted(pictures.shown) == ["b.test", "c.test", "d.test", "e.test"]
    assert (dict(pictures.blocked), dict(pictures.trackers)) == ({}, {"t.test": 1})
    assert "t.test" not in safe.markup


@pytest.mark.parametrize(
    ("style", "unseen"),
    [
        *((one, True) for one in ("width:1px", "height:0", "max-height:0em", "width:0%", "width:.5px", "width:1.0px", "opacity:0.0", "opacity:.01",
            "width:+1px", "width:1e0px", "height:2pt;color:red", "display:none")),
        *((one, False) for one in ("height:1em;max-height:1em", "width:2rem", "width:1%", "max-width:100%", "line-height:1", "min-width:0",
            "opacity:0.5", "width:1in", "width:12px", "height:auto")),
    ],
)  # fmt: skip
def test_what_is_too_small_to_be_seen(style: str, *, unseen: bool) -> None:
    """A face among letters is as high as they are, and stays."""
    pictures = Pictures(own)
    kept = made(f"<img src=http://t.test/4 alt=':)' style='{style}'>", pictures).markup
    assert (kept == "", pictures.trackers.total()) == (unseen, int(unseen))


def test_the_document_has_a_policy() -> None:
    safe = made("<p>x")
    told = document(safe.markup, "p{}</style><script>", origin="https://mail.test")
    assert "default-src &#x27;none&#x27;; img-src data: https://mail.test/mail/image/;" in told
    assert "</style><script>" not in told
    assert "https://" not in document(safe.markup, safe.css, dark=True)
    assert "invert(1)" in document(safe.markup, safe.css, dark=True)
