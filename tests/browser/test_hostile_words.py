"""Words that strangers choose, in Debian's Chromium: they are shown as words, wherever they stand, and what looks like somebody else says who it is."""

import base64
import re

import pytest
from playwright.sync_api import expect

BOB = "bob@hamburger.test"
CODE = '<img src=x onerror="window.ran=1">'
SCRIPT = '"><script>window.ran=1</script>'


def word(text: str) -> str:
    """An encoded-word."""
    return f"=?utf-8?b?{base64.b64encode(text.encode()).decode()}?="


HOSTILE = f"""\
From: {word("Mallory " + CODE)} <mallory@crepes.test>
To: {word(CODE)} <bob@hamburger.test>
Cc: "{CODE.replace('"', "")}" <cc@crepes.test>
Subject: {word("Code " + CODE + SCRIPT)}
Message-ID: <code@crepes.test>
List-Id: {CODE.replace('"', "")} <x.crepes.test>
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=b

--b
Content-Type: text/plain; charset=utf-8

{CODE}{SCRIPT} https://x.test/"onmouseover="window.ran=1 javascript:window.ran=1 <a href="javascript:window.ran=1">x</a>

--b
Content-Type: image/svg+xml"onload=window.ran=1; name="{CODE.replace('"', "'")}.svg"
Content-Disposition: attachment; filename="{CODE.replace('"', "'")}.svg"

<svg xmlns="http://www.w3.org/2000/svg" onload="window.ran=1"><script>window.ran=1</script></svg>

--b
Content-Type: text/html; name="page.html"
Content-Disposition: attachment; filename="page.html"

<script>window.ran=1; parent.ran=1; top.ran=1</script>
--b--
"""
LOOKALIKE = """\
From: "boss@hamburger.test" <stranger@xn--80ak6aa92e.com>
To: bob@hamburger.test
Subject: Lookalike
Message-ID: <lookalike@crepes.test>

Please pay at https://xn--80ak6aa92e.com/login today.
"""


@pytest.fixture
def never_ran(page):
    """Nothing of what came as words ran in this window."""
    yield
    assert page.evaluate("window.ran") is None


def test_w05_code_is_words_wherever_it_stands(web_lab, sign_in, page, never_ran):
    web_lab.hand_in(BOB, HOSTILE.encode().replace(b"\n", b"\r\n"))
    sign_in()
    row = page.get_by_role("listitem").filter(has_text="Code <img")
    expect(row).to_contain_text(CODE)
    row.click()
    expect(page.get_by_role("heading", name="Code <img")).to_contain_text(CODE + SCRIPT)
    expect(page.get_by_text("javascript:window.ran=1").first).to_be_visible()
    links = page.evaluate("[...document.querySelectorAll('a')].map(one => one.href)")
    assert [one for one in links if not re.match(r"(https?|blob|mailto):", one)] == []
    for name in ("page.html", "<img src=x onerror='window.ran=1'>.svg"):
        page.get_by_role("button", name=f"Preview {name}").click()
        expect(page.get_by_role("dialog")).to_be_visible()
        page.keyboard.press("Escape")
    for name in ("page.html", ".svg"):
        with page.expect_download() as download:
            page.get_by_role("link", name=name).first.click()
        assert not re.search(r"[<>\"/\\]", download.value.suggested_filename)
    for view in ("Source and headers", "Journey"):
        page.get_by_role("button", name="More about this message").first.click()
        page.get_by_role("link", name=view, exact=True).click()
        expect(
            page.get_by_text("code@crepes.test").or_(page.get_by_text("The journey is over.")).first
        ).to_be_visible()
        page.get_by_role("link", name="Back to the message").click()


def test_w05_a_folder_and_a_draft_of_code(sign_in, page, never_ran):
    sign_in()
    page.get_by_role("button", name="New folder").click()
    page.get_by_label("Name of the folder").fill("<img src=x onerror=window.ran=1>")
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="<img src=x onerror=window.ran=1>").first).to_be_visible()
    page.keyboard.press("c")
    page.get_by_label("Subject").fill(CODE)
    expect(page.get_by_text("Saved").first).to_be_visible()
    page.reload()
    page.get_by_role("link", name="Drafts").click()
    expect(page.get_by_role("listitem").filter(has_text=CODE).first).to_be_visible()


def test_w06_who_looks_like_somebody_else(web_lab, sign_in, page):
    web_lab.hand_in(BOB, LOOKALIKE.encode().replace(b"\n", b"\r\n"))
    sign_in()
    page.get_by_role("listitem").filter(has_text="Lookalike").click()
    expect(page.get_by_role("heading", name="Lookalike")).to_be_visible()
    expect(page.get_by_text("stranger@").first).to_be_visible()
    expect(page.get_by_text("xn--80ak6aa92e.com").first).to_be_visible()
