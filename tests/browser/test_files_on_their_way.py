"""Files on their way to the server: many at once, and a window that is put away meanwhile."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from web_window import begin, emails, stay

pytestmark = pytest.mark.usefixtures("web_lab")


def begin_with_a_plan(page: Page, web_lab, subject: str) -> Route:
    """A message is begun, and its file does not get to the server: it is given here."""
    stay(page, web_lab, stays=False)
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/jmap/upload/**", hold)
    begin(page, subject, "See below.")
    file = {"name": "plan.txt", "mimeType": "text/plain", "buffer": b"1" * 100}
    page.locator(".compose input[type=file]").first.set_input_files([file])
    while not held:
        page.wait_for_timeout(50)
    return held[0]


def names_of(page: Page, subject: str) -> list[list[str]]:
    return [
        sorted(each["name"] for each in one["attachments"]) for one in emails(page, subject, "attachments")
    ]


def saved(page: Page, subject: str, names: list[str]) -> None:
    for _ in range(40):
        if names_of(page, subject) == [names]:
            return
        page.wait_for_timeout(250)
    assert names_of(page, subject) == [names]


def test_more_files_at_once_than_the_server_takes_arrive_one_after_the_other(
    window: Page, web_lab, tmp_path: Path
):
    stay(window, web_lab, stays=False)
    begin(window, "A whole album", "Look.")
    photos = [tmp_path / f"{number}.jpg" for number in range(12)]
    for photo in photos:
        photo.write_bytes(b"1" * 400_000)
    line = window.context.new_cdp_session(window)
    slow = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": 2_000_000}
    line.send("Network.emulateNetworkConditions", slow)
    window.locator(".compose input[type=file]").first.set_input_files(photos)
    expect(window.get_by_role("list", name="12 attachments")).to_be_visible()
    expect(window.locator(".compose-file progress")).to_have_count(0, timeout=30_000)
    expect(window.locator(".compose-file.failed")).to_have_count(0)


def test_a_window_that_is_closed_waits_for_its_files(window: Page, web_lab):
    plan = begin_with_a_plan(window, web_lab, "Closed early")
    window.keyboard.press("Escape")
    window.wait_for_timeout(1000)
    plan.continue_()
    expect(window.locator(".compose")).to_have_count(0)
    saved(window, "Closed early", ["plan.txt"])


def test_what_was_thrown_away_comes_back_with_the_files_that_were_on_their_way(window: Page, web_lab):
    plan = begin_with_a_plan(window, web_lab, "Thrown away early")
    window.get_by_role("button", name=re.compile("Discard")).click()
    window.get_by_role("button", name="Undo").click()
    expect(window.locator(".compose")).to_have_count(1)
    plan.continue_()
    expect(window.locator(".compose-file progress")).to_have_count(0)
    saved(window, "Thrown away early", ["plan.txt"])
