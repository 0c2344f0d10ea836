"""Each check by a message that has what it looks for; a good message has nothing of it."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from postroom.message.proof.findings import LONGEST, SHOWN, Group, Verdict, shown
from postroom.message.proof.table import CHECKS, REACHED, problems, proofread, web_links
from written_mail import PNG, WORDS, body, html_alone, letter, replaced, with_file

BAD, NOTE, GOOD, NOT_RUN = Verdict.BAD, Verdict.NOTE, Verdict.GOOD, Verdict.NOT_RUN
MANY = {"List_Id": "<news.shop.example>"}
LEAVE = {
    "List_Unsubscribe": "<https://shop.example/leave/1>",
    "List_Unsubscribe_Post": "List-Unsubscribe=One-Click",
}
FOUND: tuple[tuple[str, Verdict, str, bytes], ...] = (
    ("date", BAD, "no Date", letter(Date="").as_bytes()),
    ("date", BAD, "tomorrow", replaced(b"Sat, 21 Nov 2026 10:00:00 +0000", b"tomorrow")),
    ("message-id", BAD, "no Message-ID", letter(Message_ID="").as_bytes()),
    ("message-id", BAD, "is none", replaced(b"<1@shop.example>", b"1@shop.example")),
    ("from", BAD, "nobody", replaced(b"From: Shop <shop@shop.example>\r\n", b"")),
    ("from", BAD, "one machine", letter(From="root@localhost").as_bytes()),
    ("from", BAD, "2 authors", letter(From="a@shop.example, b@shop.example").as_bytes()),
    ("from", BAD, "no address", replaced(b"Shop <shop@shop.example>", b"Shop <shop>")),
    ("recipients", NOTE, "neither", letter(To="").as_bytes()),
    ("recipients", BAD, "secretly", letter(Bcc="x@y.test").as_bytes()),
    ("recipients", BAD, "no address: Bob", replaced(b"To: bob@hamburger.test", b"To: Bob, Alice <alice@crepes.test>")),
    ("subject", BAD, "no Subject", letter(Subject="").as_bytes()),
    ("subject", NOTE, "79 characters", replaced(b"Subject: Confirm your address", b"Subject: " + b"x" * 79)),
    ("encoded-words", BAD, "Subject", replaced(b"Subject: Confirm", b"Subject: =?utf-8?B?S2Fw")),
    ("mime-version", BAD, "no MIME-Version", replaced(b"MIME-Version: 1.0\r\n", b"")),
    ("mime-version", BAD, "is 2.0", replaced(b"MIME-Version: 1.0", b"MIME-Version: 2.0")),
    ("duplicates", BAD, "Subject", replaced(b"Subject:", b"Subject: Other\r\nSubject:")),
    ("line-lengths", BAD, "X-Long", replaced(b"Subject:", b"X-Long: " + b"x" * 991 + b"\r\nSubject:")),
    ("line-lengths", NOTE, "X-Long", replaced(b"Subject:", b"X-Long: " + b"x" * 71 + b"\r\nSubject:")),
    ("raw-header", BAD, "Subject", replaced(b"Confirm your", "Bestätige".encode())),
    ("raw-header", NOTE, "SMTPUTF8", replaced(b"bob@", "bäb@".encode())),
    ("placeholders", BAD, "{{ name }}", body("<p>Dear {{ name }}</p>")),
    ("placeholders", BAD, "%(name)s", replaced(b"Confirm your", b"%(name)s, your")),
    ("answers", NOTE, "no-reply@", letter(From="no-reply@shop.example").as_bytes()),
    ("plain-text", BAD, "no plain text", letter(plain="").as_bytes()),
    ("plain-text", BAD, "empty", letter(plain=" \n").as_bytes()),
    ("order", BAD, "after", replaced(b"text/plain", b"text/xhtml").replace(b"text/html", b"text/plain").replace(b"text/xhtml", b"text/html")),
    ("same-words", NOTE, "something else", letter(f"<p>{' '.join(f'word{one}' for one in range(20))}</p>").as_bytes()),
    ("same-words", NOTE, "https://shop.example/help", body('<a href="https://shop.example/help">Help</a>')),
    ("charset", BAD, "klingon", replaced(b'charset="utf-8"', b'charset="klingon"')),
    ("charset", BAD, "names no charset", replaced(b'text/plain; charset="utf-8"', b"text/plain").replace(b"Welcome", "Grüße".encode(), 1)),
    ("charset", BAD, "as it says", replaced(b'text/plain; charset="utf-8"', b"text/plain; charset=us-ascii").replace(b"Welcome", "Grüße".encode(), 1)),
    ("encoding", BAD, "rot13", replaced(b"Content-Transfer-Encoding: 7bit", b"Content-Transfer-Encoding: rot13")),
    ("encoding", BAD, "said to be 7bit", replaced(b"Welcome", "Grüße".encode())),
    ("encoding", BAD, "broken", with_file("a.bin", bytes(99)).replace(b"AAAAAAAA", b"AAAA*AAA", 1)),
    ("lines", BAD, "998", replaced(b"Welcome", b"x" * 999 + b"\r\nWelcome")),
    ("lines", BAD, "LF alone", replaced(b"Welcome", b"x\nWelcome")),
    ("structure", BAD, "more than one way", letter().as_bytes().rstrip(b"-\r\n")),
    ("html-scripts", BAD, "<script>", body("<script>1</script>")),
    ("html-scripts", BAD, "onclick", body('<p onclick="x()">a</p>')),
    ("html-scripts", BAD, "JavaScript:", body('<a href="JavaScript:x()">a</a>')),
    ("html-frames", BAD, "<iframe>", body('<iframe src="https://x.example/"></iframe>')),
    ("html-forms", BAD, "<form>", body("<form><button>Go</button></form>")),
    ("html-external-styles", BAD, "<link>", body("", '<link rel="stylesheet" href="https://x.example/a.css">')),
    ("html-external-styles", BAD, "@import", body("", "<style>@import url(https://x.example/a.css);</style>")),
    ("html-refresh", BAD, "<meta>", body("", '<meta http-equiv="Refresh" content="0;url=https://x.example/">')),
    ("html-data-pictures", BAD, "data:image", body('<img src="data:image/png;base64,AA==" alt="x" width="1">')),
    ("html-svg", BAD, "<svg>", body("<svg></svg>")),
    ("html-svg", BAD, "a.svg", body('<img src="https://x.example/a.svg?v=1" alt="x">')),
    ("html-webp", NOTE, "a.webp", body('<img src="https://x.example/a.webp" alt="x">')),
    ("html-video", NOTE, "<video>", body("<video></video>")),
    ("html-styles-element", NOTE, "<style>", body("", "<style>p{color:red}</style>")),
    ("html-styles-in-body", NOTE, "<style>", body("<style>p{color:red}</style>")),
    ("html-styles-large", NOTE, "8193 characters", body("", f"<style>{'p{}'.ljust(8193)}</style>")),
    ("html-media-queries", NOTE, "@media", body("", "<style>@media (max-width:600px){p{color:red}}</style>")),
    ("html-web-fonts", NOTE, "@font-face", body("", "<style>@font-face{font-family:x;src:url(x)}</style>")),
    ("html-position", NOTE, "absolute", body('<p style="POSITION: absolute">a</p>')),
    ("html-flex-grid", NOTE, "display: flex", body("", "<style>@media all{.a{display:flex}}</style>")),
    ("html-background-pictures", NOTE, "url(", body('<p style="background:#fff url(https://x.example/a.png)">a</p>')),
    ("html-max-width", NOTE, "600px", body('<p style="max-width:600px">a</p>')),
    ("html-rounded", NOTE, "4px", body('<p style="border-radius:4px">a</p>')),
    ("html-shadows", NOTE, "0.5", body('<p style="opacity:0.5">a</p>')),
    ("html-animations", NOTE, "@keyframes", body("", "<style>@keyframes a{from{top:0}}</style>")),
    ("html-variables", NOTE, "var(--a)", body('<p style="color:var(--a)">a</p>')),
    ("html-calculations", NOTE, "calc(", body('<p style="width:calc(100% - 2px)">a</p>')),
    ("html-widths", NOTE, "a.png", body('<img src="https://x.example/a.png" alt="x">')),
    ("html-doctype", NOTE, "doctype", html_alone("<p>Hello</p>")),
    ("alt", BAD, "1 picture has no alt", body('<img src="https://x.example/a.png">')),
    ("language", NOTE, "language", html_alone("<!DOCTYPE html><html><body>Hello</body></html>")),
    ("link-words", BAD, "no words", body('<a href="https://x.example/"><img src="cid:x" alt=""></a>')),
    ("link-words", NOTE, "Click here", body('<a href="https://x.example/">Click here</a>')),
    ("tables", NOTE, "1 table", body("<table><tr><td>a</td></tr></table>")),
    ("headings", NOTE, "h3 stands below h1", body("<h1>a</h1><h3>b</h3>")),
    ("picture-alone", BAD, "a picture", html_alone('<img src="https://x.example/a.png" alt="All of it">')),
    ("link-addresses", BAD, "leads nowhere: #", body('<a href="#">a</a>')),
    ("link-addresses", BAD, "/confirm", body('<a href="/confirm">a</a>')),
    ("link-addresses", BAD, "no address", body('<a href="https://x.example/a b">a</a>')),
    ("link-addresses", BAD, "no address", body('<a href="https://http://x.example/">a</a>')),
    ("link-addresses", BAD, "no address", body('<a href="mailto:bob">a</a>')),
    ("link-addresses", BAD, "no address", body('<a href="https://x.example:99999/">a</a>')),
    ("link-addresses", NOTE, "2,000", body(f'<a href="https://x.example/{"a" * 1983}">a</a>')),
    ("link-schemes", BAD, "ftp://", body('<a href="ftp://x.example/">a</a>')),
    ("link-schemes", NOTE, "not encrypted", body('<a href="http://x.example/">a</a>')),
    ("link-shown", BAD, "leads to evil.example", body('<a href="https://evil.example/">https://bank.example/login</a>')),
    ("link-hosts", NOTE, "IP address", body('<a href="https://192.0.2.1/">a</a>')),
    ("link-hosts", NOTE, "this machine", body('<a href="http://127.0.0.1:8000/">a</a>')),
    ("link-hosts", BAD, "before @", body('<a href="https://bank.example@evil.example/">a</a>')),
    ("link-scripts", BAD, "cyrillic", body('<a href="https://b\u0430nk.example/">a</a>')),
    ("file-kinds", BAD, "invoice.pdf.exe", with_file("invoice.pdf.exe", b"x")),
    ("file-kinds", BAD, "under another name", with_file("a.pdf", b"MZ\x90\0\3\0\0\0")),
    ("file-kinds", NOTE, "macros", with_file("a.docm", b"PK\3\4")),
    ("file-types", NOTE, "is application/pdf", with_file("a.pdf", b"%PDF-1.7\n")),
    ("file-types", BAD, "is image/png", with_file("a.jpg", PNG, "image/jpeg")),
    ("file-names", NOTE, "without a name", with_file("x", b"\0\1").replace(b'; filename="x"', b"")),
    ("file-names", NOTE, "encoded word", with_file("x", b"\0\1").replace(b'filename="x"', b'filename="=?utf-8?B?eA==?="')),
    ("cid", BAD, "cid:logo", body('<img src="cid:logo" alt="x">')),
    ("cid", NOTE, "does not show: a.png", with_file("a.png", PNG, "image/png", cid="<logo>")),
    ("picture-addresses", BAD, "logo.png", body('<img src="images/logo.png" alt="x">')),
    ("picture-addresses", BAD, "file:///", body('<img src="file:///home/a.png" alt="x">')),
    ("picture-addresses", BAD, "(nothing)", body('<img alt="x">')),
    ("picture-addresses", NOTE, "not encrypted", body('<img src="http://x.example/a.png" alt="x">')),
    ("unsubscribe", BAD, "no List-Unsubscribe", letter(**MANY).as_bytes()),
    ("unsubscribe", BAD, "no List-Unsubscribe", body('<a href="https://x.example/u">Unsubscribe</a>')),
    ("unsubscribe", BAD, "has no address", letter(List_Unsubscribe="by letter").as_bytes()),
    ("one-click", BAD, "one click", letter(List_Unsubscribe="<https://shop.example/l>").as_bytes()),
    ("one-click", BAD, "https address", letter(**{**LEAVE, "List_Unsubscribe": "<mailto:l@shop.example>"}).as_bytes()),
    ("one-click", BAD, "no DKIM signature", letter(**LEAVE, DKIM_Signature="v=1; d=shop.example; h=from:to; b=x").as_bytes()),
    ("auto-submitted", NOTE, "absence notices", letter(From="noreply@shop.example").as_bytes()),
    ("auto-submitted", BAD, "is yes", letter(Auto_Submitted="yes").as_bytes()),
    ("precedence", NOTE, "urgent", letter(Precedence="urgent").as_bytes()),
)  # fmt: skip


@pytest.mark.parametrize(
    ("name", "verdict", "words", "raw"), FOUND, ids=[f"{one[0]}-{place}" for place, one in enumerate(FOUND)]
)
def test_what_is_found(name: str, verdict: Verdict, words: str, raw: bytes) -> None:
    mine = [one for one in proofread(raw) if one.check == name]
    told = [one for one in mine if one.verdict is verdict and words in one.reason]
    assert told, mine
    assert all(one.fix for one in told)


def test_each_check_has_a_message_that_fails_it() -> None:
    """Sizes have a test of their own at their limits, the sender's too."""
    apart = {"clipped", "size", "file-sizes", "spf", "dkim", "dmarc"}
    assert {check.name for check in CHECKS} == {name for name, *_ in FOUND} | apart


def test_a_good_message_has_nothing_that_is_bad_or_odd() -> None:
    found = proofread(letter().as_bytes())
    assert [str(one) for one in found if one.verdict in (BAD, NOTE)] == []
    assert {one.check for one in found} == {check.name for check in (*CHECKS, REACHED)}
    assert [one.group for one in found] == sorted((one.group for one in found), key=list(Group).index)


def test_a_plain_message_has_no_html_to_be_judged() -> None:
    found = {one.check: one for one in proofread(letter(html="").as_bytes())}
    assert found["alt"].verdict is NOT_RUN
    assert found["alt"].reason == "not run because the message has no HTML"
    assert found["plain-text"].verdict is NOT_RUN
    assert found["date"].verdict is GOOD


def test_what_a_list_has_put_below_is_no_alternative() -> None:
    raw = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/html\r\n\r\n<p>a\r\n--b\r\n\r\n-- \r\nlist\r\n--b--\r\n"
    found = {one.check: one.verdict for one in proofread(raw)}
    assert found["order"] is GOOD


def test_the_address_of_a_picture_in_the_message_may_be_encoded() -> None:
    """RFC 2392 §2: `%` and two digits stand for what an address may not hold."""
    inner = (
        b'<img src="cid:a%25b%40x" alt="a">\r\n--b\r\nContent-Type: image/png\r\nContent-ID: <a%b@x>\r\n\r\n'
    )
    raw = b"Content-Type: multipart/related; boundary=b\r\n\r\n--b\r\nContent-Type: text/html\r\n\r\n" + inner
    assert [one.verdict for one in proofread(raw + b"\r\n--b--\r\n") if one.check == "cid"] == [GOOD]


def test_bulk_mail_that_is_as_it_should_be() -> None:
    signed = "v=1; d=shop.example; h=from : list-unsubscribe:\r\n List-Unsubscribe-Post; b=x"
    raw = (
        letter(**MANY, **LEAVE)
        .as_bytes()
        .replace(b"Subject:", f"DKIM-Signature: {signed}\r\nSubject:".encode(), 1)
    )
    found = {one.check: one.verdict for one in proofread(raw)}
    assert (found["unsubscribe"], found["one-click"]) == (GOOD, GOOD)


@pytest.mark.parametrize(
    "raw",
    [b"", b"\r\n", b"x", b"From:\r\n\r\n", b"\xff\x00" * 50, b"Content-Type: multipart/mixed\r\n\r\n--"],
)
def test_what_is_no_message_is_judged_all_the_same(raw: bytes) -> None:
    assert any(one.verdict is BAD for one in proofread(raw))


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.binary(max_size=400))
def test_any_octets_are_judged(octets: bytes) -> None:
    for raw in (octets, replaced(b"Subject: ", b"Subject: " + octets), body("").replace(b"</h1>", octets)):
        assert proofread(raw)


HREF = st.text(alphabet="htps:/@[]%#?&.\u0430 x1\t'", max_size=40)


@settings(deadline=None)
@given(HREF, st.text(alphabet="()[]{};:@/*url#a1-\\\"' ", max_size=60))
def test_any_links_and_styles_are_judged(href: str, css: str) -> None:
    html = f'<style>{css}</style><a href="{href}" style="{css}">{href}</a><img src="{href}">'
    assert proofread(body(html))


def test_problems_without_some() -> None:
    found = proofread(letter(Date="", Subject="").as_bytes())
    assert [one.check for one in problems(found)] == ["date", "subject"]
    assert [one.check for one in problems(found, ["date"])] == ["subject"]
    assert problems(found, ["header"]) == []
    with pytest.raises(ValueError, match="called dates: see docs"):
        problems(found, ["dates"])


def test_a_finding_says_what_to_do() -> None:
    (found,) = problems(proofread(letter(Subject="").as_bytes()))
    assert str(found) == "subject: there is no Subject; add Subject with what it is about"


def test_links_that_were_followed() -> None:
    raw = letter().as_bytes()
    (link,) = web_links(raw)
    asked = {one.check: one for one in proofread(raw)}
    assert asked["link-reached"].verdict is NOT_RUN
    good = {one.check: one for one in proofread(raw, {link: ""})}
    assert good["link-reached"].verdict is GOOD
    dead = {one.check: one for one in proofread(raw, {link: "status 404"})}
    assert dead["link-reached"].verdict is BAD
    assert dead["link-reached"].reason == f"no answer: {link} (status 404)"
    none = {one.check: one for one in proofread(letter(html="", plain="Hello\n").as_bytes(), {})}
    assert none["link-reached"].reason == "not run because the message has no links"


def test_examples_are_few_and_short() -> None:
    assert shown(["a", "a", "b"]) == "a, b"
    assert shown(["a"] * SHOWN + ["b", "c", "d"]) == "a, b, c and 1 more"
    assert shown(["x" * LONGEST]) == "x" * LONGEST
    assert shown(["x" * (LONGEST + 1)]) == "x" * (LONGEST - 1) + "…"
    assert "\x1b" not in shown(["\x1b[2J"])


def test_the_words_are_there() -> None:
    """The good letter's own words, so that the tests above change what they think."""
    assert WORDS.split()[0].encode() in letter().as_bytes()
