"""What a page shows when its test fails, for the report: what it has asked for, where the focus is, what one would see."""

from __future__ import annotations

from collections import deque

from playwright.sync_api import Error, Page, Request

SHOWN = 120  # characters of a request
FOCUS = "() => { const at = document.activeElement; return at && `${at.tagName} ${at.getAttribute('aria-label') ?? at.id}`; }"


class Asked:
    """The last requests of a page, and which of them have no answer."""

    def __init__(self, page: Page) -> None:
        self._last: deque[Request] = deque(maxlen=20)
        self._open: set[Request] = set()
        page.on("request", self._begun)
        page.on("response", lambda answer: self._ended(answer.request))
        page.on("requestfailed", self._ended)

    def _begun(self, request: Request) -> None:
        self._last.append(request)
        self._open.add(request)

    def _ended(self, request: Request) -> None:
        self._open.discard(request)

    def __str__(self) -> str:
        return "\n".join(
            f"{one.method} {one.url} {(one.post_data or '')[-SHOWN:]}{' (no answer yet)' if one in self._open else ''}"
            for one in self._last
        )


def last_sight(page: Page) -> str:
    """In words; what the page cannot tell any more is left out."""
    try:
        body = page.locator("body").aria_snapshot(timeout=5000)
        return f"{page.url}, focus: {page.evaluate(FOCUS)}\n{body}"
    except Error as error:
        return f"nothing to be seen: {error}"
