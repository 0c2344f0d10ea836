"""Every hostile mail in Debian's Chromium: in the frame in which mails are shown nothing is asked for, and nothing runs.

The same without the frame's sandbox and without the document's policy: what makes mails safe holds alone, too. And what was not made safe does ask and run.
"""

import re
import shutil
import socketserver
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from hostile_html import MAILS
from postroom.message.markup.document import document
from postroom.message.markup.pictures import Pictures
from postroom.message.markup.safe import sanitise
from postroom.proto.http.picture_addresses import PATTERN, Wanted, sign

FRAME = "allow-popups allow-popups-to-escape-sandbox"
PAGE = "http://mail.test/"
SHOW = """([sandbox, html]) => new Promise(resolve => {
    const frame = document.createElement('iframe');
    if (sandbox !== null) frame.setAttribute('sandbox', sandbox);
    frame.onload = () => setTimeout(() => { frame.remove(); resolve(null); }, 60);
    frame.srcdoc = html;
    document.body.append(frame);
})"""


class Listener(socketserver.ThreadingTCPServer):
    """Whoever Chromium asks, by whichever name: gives the page, and notes what else is asked for."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Question)
        self.asked: list[str] = []
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Question(socketserver.BaseRequestHandler):
    """One connection. What is no HTTP is a hello of TLS, with the host's name in it."""

    server: Listener

    def handle(self) -> None:
        octets = self.request.recv(65536)
        found = re.match(rb"GET (\S+) HTTP[^\0]*?\r\nHost: (\S+)", octets, re.IGNORECASE)
        name = f"http://{found[2].decode()}{found[1].decode()}" if found else repr(octets)
        if name == PAGE:
            body = b"<!DOCTYPE html><link rel=icon href=data:><body>mail"
            self.request.sendall(
                b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n%b"
                % (len(body), body)
            )
        elif octets and b"google" not in octets:
            self.server.asked.append(name)
            self.request.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")


class Browser:
    """A page, and what it asked for and said."""

    def __init__(self, page: Any, listener: Listener) -> None:
        self.page = page
        self.listener = listener
        self.ran: list[str] = []
        page.on("dialog", lambda dialog: (self.ran.append(dialog.message), dialog.dismiss()))
        page.on("console", lambda message: self.ran.append(message.text) if "pwned" in message.text else None)
        page.on("popup", lambda popup: self.ran.append(f"popup {popup.url}"))
        page.goto(PAGE)

    def show(self, html: str, sandbox: str | None = FRAME) -> tuple[list[str], list[str]]:
        """What was asked for, and what ran, while this was shown."""
        self.listener.asked.clear()
        self.ran.clear()
        self.page.evaluate(SHOW, [sandbox, html])
        return sorted(set(self.listener.asked)), list(self.ran)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium, driven by playwright; every name leads to the listener."""
    playwright = pytest.importorskip("playwright.sync_api", reason="needs the package playwright")
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("needs chromium (apt-get install chromium)")
    with Listener() as listener, playwright.sync_playwright() as driver:
        rules = f"--host-resolver-rules=MAP * 127.0.0.1:{listener.server_address[1]}"
        quiet = [
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-gpu",
            "--no-sandbox",
        ]
        launched = driver.chromium.launch(executable_path=chromium, args=[rules, *quiet])
        yield Browser(launched.new_page(), listener)
        launched.close()
        listener.shutdown()


def shown(html: str) -> str:
    safe = sanitise(html, Pictures(lambda _: None))
    return document(safe.markup, safe.css)


def without_policy(html: str) -> str:
    """The same, with a script's way to say that something ran."""
    safe = sanitise(html, Pictures(lambda _: None))
    return f"<!DOCTYPE html><script>function pwn(){{console.log('pwned')}}</script><style>{safe.css}</style>{safe.markup}"


def found_in(browser: Browser, made: Callable[[str], str], sandbox: str | None) -> dict[str, Any]:
    """What happened, by the names of the mails with which it did."""
    happened = {mail.name: browser.show(made(mail.html), sandbox) for mail in MAILS}
    return {name: what for name, what in happened.items() if what != ([], [])}


def test_nothing_leaves_and_nothing_runs(browser: Browser) -> None:
    assert found_in(browser, shown, FRAME) == {}


def test_not_even_without_sandbox_and_policy(browser: Browser) -> None:
    assert found_in(browser, without_policy, None) == {}


def test_the_frame_and_its_policy_hold_alone(browser: Browser) -> None:
    assert found_in(browser, lambda html: document(html, ""), FRAME) == {}


@pytest.mark.parametrize(("sandbox", "ran"), [(None, ["pwned"]), ("allow-scripts", ["pwned"]), (FRAME, [])])
def test_what_was_not_made_safe_asks_and_runs(browser: Browser, sandbox: str | None, ran: list[str]) -> None:
    pwn = "<script>function pwn(){console.log('pwned')}</script>"
    assert browser.show(f"{pwn}<img src=http://evil.test/x onerror=pwn()>", sandbox) == (
        ["http://evil.test/x"],
        ran,
    )


def test_pictures_come_through_us_when_asked_for_and_nothing_else(browser: Browser) -> None:
    origin = PAGE.rstrip("/")
    pictures = Pictures(lambda _: None, lambda url: origin + sign(b"k", Wanted(1, url), 0), PATTERN)
    safe = sanitise("<img src=http://evil.test/a><p style='background:url(http://evil.test/b)'>x", pictures)
    beyond = "<img src=http://mail.test/elsewhere><img src=http://evil.test/c>"
    asked, _ = browser.show(document(safe.markup + beyond, safe.css, origin=origin))
    assert asked == sorted(origin + sign(b"k", Wanted(1, f"http://evil.test/{one}"), 0) for one in "ab")
