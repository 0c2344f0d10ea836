"""Files on their way to the server: many at once."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from web_window import begin, stay

pytestmark = pytest.mark.usefixtures("web_lab")


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
