"""A lab, and Debian's Chromium before it. A test gets `page`: a fresh window, in which nobody is signed in; what the page complains of fails it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any, Literal
from weakref import WeakKeyDictionary

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from last_sight import Asked, last_sight
from running import Running, at_home
from web_lab import WebLab

CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
STATIC = Path(__file__).parents[2] / "src" / "postroom" / "web" / "static"
# What the browser itself says when it is not signed in yet, or when the lab refuses what was asked for; the page shows it.
EXPECTED = ("status of 401", "status of 422")


expect.set_options(timeout=15_000)

LIKE: dict[str, Any] = {"viewport": {"width": 1280, "height": 800}, "locale": "en-GB"}
NOWHERE = "https://nowhere.test/"


def opened(chromium: Browser, workers: Literal["allow", "block"]) -> BrowserContext:
    """A browser's window, of which every request is routed from the first one on.

    Chromium says that it routes before the page has heard of it: a key that is pressed right behind that overtakes it in a busy page, and what it
    asks for goes by unseen, past the handler and `expect_request`. Where a service worker takes a page over in that moment nothing is seen any more:
    so there is none where none is needed, and who needs one waits for it (`web_window.taken_over`).
    """
    context = chromium.new_context(service_workers=workers, **LIKE)
    context.route(NOWHERE, lambda route: route.abort())
    context.set_default_timeout(15_000)
    return context


asked: WeakKeyDictionary[Page, Asked] = WeakKeyDictionary()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A test that fails says what its page has shown: words lost are found by it where no one looks on."""
    report = yield
    if report.when == "call" and report.failed:
        for name in ("page", "window"):
            if isinstance(page := item.funcargs.get(name), Page):
                report.sections.append(
                    (f"last sight of {name}", f"{last_sight(page)}\n{asked.get(page, '')}")
                )
    return report


# Playwright has an event loop running in this thread from its start to its end, and no test with a loop of its own can run meanwhile: so it ends
# with each module, and modules that use it have no async tests.
@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    program = next((found for name in CHROMIUM if (found := shutil.which(name))), None)
    if program is None:
        pytest.skip("needs chromium (Debian: apt-get install chromium)")
    if not (STATIC / "index.html").exists():
        pytest.skip("needs the web mail's build (make web)")
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=arguments)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def web_lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebLab]:
    """A lab in a process of its own."""
    home = tmp_path_factory.mktemp("home")
    running = Running(["lab", "--json", "--ephemeral", "--base-port", "0"], at_home(home), home / "log")
    yield WebLab(running.facts)
    running.stop()


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    """A window of 1280 by 800."""
    context = opened(chromium, "block")
    found = context.new_page()
    asked[found] = Asked(found)
    faults: list[str] = []
    found.on("pageerror", lambda error: faults.append(str(error)))
    found.on("console", lambda said: faults.append(said.text) if said.type == "error" else None)
    yield found
    context.close()
    assert [fault for fault in faults if not any(one in fault for one in EXPECTED)] == []


@pytest.fixture
def window(chromium: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A window whose network fails on purpose, so the browser's complaints of that are no faults. With the mark `service_worker` it may have one."""
    context = opened(chromium, "allow" if request.node.get_closest_marker("service_worker") else "block")
    yield context.new_page()
    context.close()


@pytest.fixture
def sign_in(page: Page, web_lab: WebLab) -> Callable[[str], Page]:
    """Signs somebody of the lab in, and gives the page with his list."""

    def work(address: str = "bob@hamburger.test") -> Page:
        page.goto(web_lab.url(address))
        page.get_by_label("Address").fill(address)
        page.get_by_label("Password").fill(web_lab.password(address))
        page.get_by_role("button", name="Sign in").click()
        page.get_by_role("heading", name="Inbox").wait_for()
        return page

    return work
