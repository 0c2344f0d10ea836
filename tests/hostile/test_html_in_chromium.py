"""Every hostile mail in Debian's Chromium: in the frame in which mails are shown nothing is asked for, and nothing runs.

The same without the frame's sandbox and without the document's policy: what makes mails safe holds alone, too. And what was not made safe does ask and run.
"""

from collections.abc import Iterator
from typing import Any

import pytest

from hostile_html import MAILS
from postroom.message.markup.document import document
from postroom.message.markup.pictures import Pictures
from postroom.message.markup.safe import sanitise

FRAME = "allow-popups allow-popups-to-escape-sandbox"
PAGE = "http://mail.test/"
SHOW = """([sandbox, html]) => new Promise(resolve => {
    const frame = document.createElement('iframe');
    if (sandbox !== null) frame.setAttribute('sandbox', sandbox);
    frame.onload = () => setTimeout(() => { frame.remove(); resolve(null); }, 40);
    frame.srcdoc = html;
    document.body.append(frame);
})"""


class Browser:
    """A page, and what it asked for and said."""

    def __init__(self, page: Any) -> None:
        self.page = page
        self.asked: list[str] = []
        self.ran: list[str] = []
        page.route("**/*", self._route)
        page.on("dialog", lambda dialog: (self.ran.append(dialog.message), dialog.dismiss()))
        page.on("console", lambda message: self.ran.append(message.text) if "pwned" in message.text else None)
        page.on("popup", lambda popup: self.ran.append(f"popup {popup.url}"))
        page.goto(PAGE)

    def _route(self, route: Any) -> None:
        if route.request.url == PAGE:
            route.fulfill(body="<!DOCTYPE html><body>mail", content_type="text/html")
            return
        if not route.request.url.startswith("data:"):
            self.asked.append(route.request.url)
        route.abort()

    def show(self, html: str, sandbox: str | None = FRAME) -> None:
        self.page.evaluate(SHOW, [sandbox, html])


@pytest.fixture(scope="module")
def browser(request: pytest.FixtureRequest) -> Iterator[Browser]:
    """Chromium, driven by playwright."""
    shutil = pytest.importorskip("shutil")
    playwright = pytest.importorskip("playwright.sync_api", reason="needs the package playwright")
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("needs chromium (apt-get install chromium)")
    with playwright.sync_playwright() as driver:
        launched = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        yield Browser(launched.new_page())
        launched.close()


def shown(html: str) -> str:
    safe = sanitise(html, Pictures(lambda _: None))
    return document(safe.markup, safe.css)


def without_policy(html: str) -> str:
    """The same, with a script's way to say that something ran."""
    safe = sanitise(html, Pictures(lambda _: None))
    return f"<!DOCTYPE html><script>function pwn(){{console.log('pwned')}}</script><style>{safe.css}</style>{safe.markup}"


@pytest.mark.timeout(180)
def test_nothing_leaves_and_nothing_runs(browser: Browser) -> None:
    found = {}
    for mail in MAILS:
        browser.asked, browser.ran = [], []
        browser.show(shown(mail.html))
        if browser.asked or browser.ran:
            found[mail.name] = (browser.asked, browser.ran)
    assert found == {}


@pytest.mark.timeout(180)
def test_not_even_without_sandbox_and_policy(browser: Browser) -> None:
    found = {}
    for mail in MAILS:
        browser.asked, browser.ran = [], []
        browser.show(without_policy(mail.html), sandbox=None)
        if browser.asked or browser.ran:
            found[mail.name] = (browser.asked, browser.ran)
    assert found == {}


def test_what_was_not_made_safe_asks_and_runs(browser: Browser) -> None:
    browser.asked, browser.ran = [], []
    pwn = "<script>function pwn(){console.log('pwned')}</script>"
    browser.show(pwn + "<img src=http://evil.test/x onerror=pwn()>", sandbox=None)
    assert browser.asked == ["http://evil.test/x"]
    assert browser.ran == ["pwned"]


def test_the_frame_and_its_policy_hold_alone(browser: Browser) -> None:
    browser.asked, browser.ran = [], []
    for mail in MAILS:
        browser.show(document(mail.html, ""))
    assert [one for one in browser.asked if "evil.test" in one] == []
    assert browser.ran == []
