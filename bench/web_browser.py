"""Chromium at a web mail, driven by Playwright: how long it takes until somebody sees what he wants to see.

Times are taken in the page, from the deed to the frame in which it shows. Not here: what is made of them (`rows.web_mail`).
"""

from __future__ import annotations

import importlib.util
import shutil
import ssl
from typing import TYPE_CHECKING, Final

import msgspec

if TYPE_CHECKING:
    from playwright.sync_api import Page

PROGRAMS: Final = ("chromium", "chromium-browser", "google-chrome")
_FIRST: Final = """
window.firstList = new Promise((done) => {
  const look = () => document.querySelector('.row:not(.waiting)') ? done(performance.now()) : requestAnimationFrame(look);
  requestAnimationFrame(look);
});
"""
# Scrolls to a share of the list, and waits until no row on the screen is an empty one.
JUMP: Final = """(share) => new Promise((done) => {
  const box = document.querySelector('.rows');
  const began = performance.now();
  box.scrollTop = (box.scrollHeight - box.clientHeight) * share;
  const look = () => {
    const { top, bottom } = box.getBoundingClientRect();
    const seen = [...box.querySelectorAll('.row')].filter((row) => { const at = row.getBoundingClientRect(); return at.bottom > top && at.top < bottom; });
    const far = Math.abs(Number(seen[0]?.getAttribute('aria-posinset') ?? 0) / Number(seen[0]?.getAttribute('aria-setsize') ?? 1) - share) < 0.02;
    if (far && seen.length > 3 && !seen.some((row) => row.classList.contains('waiting'))) done(performance.now() - began);
    else requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
})"""
OPEN: Final = """(at) => new Promise((done) => {
  const { top } = document.querySelector('.rows').getBoundingClientRect();
  const row = [...document.querySelectorAll('.row:not(.waiting)')].filter((one) => one.getBoundingClientRect().top >= top)[at];
  const bare = (text) => text?.replace(/^Re: /, ''); // a conversation is called as its first message is
  const subject = bare(row.querySelector('.subject').textContent);
  const began = performance.now();
  row.dispatchEvent(new PointerEvent('pointerdown', { bubbles: true }));
  row.click();
  const look = () => bare(document.querySelector('.thread-head h1')?.textContent) === subject && document.querySelector('.message.open .body:not([aria-busy]), .message.open .html-body') ? done(performance.now() - began) : requestAnimationFrame(look);
  requestAnimationFrame(look);
})"""


class Seen(msgspec.Struct, frozen=True):
    """Milliseconds."""

    first_list: float
    jump: float
    opened: float


def why_missing() -> str:
    """Why there is no browser to measure with; "" when there is one."""
    if importlib.util.find_spec("playwright") is None:
        return "playwright is not installed"
    return "" if program() else "there is no chromium"


def program() -> str | None:
    return next((found for name in PROGRAMS if (found := shutil.which(name))), None)


def unchecked() -> ssl.SSLContext:
    """For a server of our own on loopback, under a name that leads nowhere."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def arguments(host: str) -> list[str]:
    """For Chromium, where `host` is on this machine, with a certificate of its own."""
    return [
        f"--host-resolver-rules=MAP {host} 127.0.0.1",
        "--no-sandbox",
        "--ignore-certificate-errors",
        "--lang=en-GB",
    ]


class Visit:
    """Somebody who reads his mail at `url`, whose `host` is on this machine."""

    def __init__(self, url: str, host: str, login: tuple[str, str]) -> None:
        self.url = url
        self.host = host
        self.login = login

    def sample(self) -> Seen:
        """Signs in, and looks around once."""
        from playwright.sync_api import sync_playwright  # noqa: PLC0415 -- it is not everywhere

        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=program(), args=arguments(self.host))
            try:
                context = browser.new_context(
                    viewport={"width": 1280, "height": 800}, ignore_https_errors=True, locale="en-GB"
                )
                return self._look(context.new_page())
            finally:
                browser.close()

    def _look(self, page: Page) -> Seen:
        page.goto(self.url)
        page.locator("input[name=username]").fill(self.login[0])
        page.locator("input[name=password]").fill(self.login[1])
        page.locator("button[type=submit]").click()
        page.locator(".row:not(.waiting)").first.wait_for()
        page.add_init_script(_FIRST)
        page.reload()
        first: float = page.evaluate("() => window.firstList")
        page.wait_for_timeout(500)  # what begins after the first list is over
        jump: float = page.evaluate(JUMP, 0.5)
        opened: float = page.evaluate(OPEN, 2)
        return Seen(first, jump, opened)
