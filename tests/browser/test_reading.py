"""Signing in and reading, as somebody does who has just been told the address."""

import re
import zipfile

import pytest
from playwright.sync_api import expect

BOB = "bob@hamburger.test"


@pytest.fixture
def row(page):
    """The row of a conversation by its subject."""
    return lambda subject: page.get_by_role("listitem").filter(has_text=subject)


def test_a_wrong_password_says_so(page, web_lab):
    page.goto(web_lab.url())
    page.get_by_label("Address").fill(BOB)
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_have_text("The address or the password is wrong.")


def test_a_conversation_is_read(web_lab, sign_in, row):
    first = web_lab.send(BOB, "Ketchup", "Do you like ketchup?", attachment="bottle.pdf")
    web_lab.send(BOB, "Re: Ketchup", "See https://crepes.test/menu\n\n> Do you like ketchup?", first)
    page = sign_in()
    found = row("Ketchup")
    expect(found).to_have_class(re.compile("unread"))
    found.click()
    expect(page.get_by_role("heading", name="Ketchup")).to_be_visible()
    message = page.get_by_role("article", name="Message from Alice")
    expect(message.get_by_text("Do you like ketchup?").first).to_be_visible()
    expect(page.get_by_role("link", name="https://crepes.test/menu")).to_have_attribute(
        "rel", "noopener noreferrer"
    )
    with page.expect_download() as download:
        page.get_by_role("link", name="bottle.pdf").click()
    assert download.value.suggested_filename == "bottle.pdf"
    expect(found).not_to_have_class(re.compile("unread"))


def test_an_address_can_be_kept_and_opened_again(web_lab, sign_in, row):
    web_lab.send(BOB, "Bookmark", "Come back to this.")
    page = sign_in()
    row("Bookmark").click()
    expect(page.get_by_text("Come back to this.").last).to_be_visible()
    page.reload()
    expect(page.get_by_role("heading", name="Bookmark")).to_be_visible()
    page.go_back()
    expect(page.get_by_text("No conversation selected")).to_be_visible()


def test_new_mail_comes_by_itself(web_lab, sign_in, row):
    page = sign_in()
    web_lab.send(BOB, "By push", "Nobody has asked.")
    expect(row("By push")).to_be_visible()
    expect(page.get_by_role("listitem").filter(has_text="Alice").first).to_contain_text("By push")


def test_archive_and_back_by_the_keyboard(web_lab, sign_in, row):
    web_lab.send(BOB, "Archive me", "Or not.")
    page = sign_in()
    row("Archive me").click()
    expect(page.get_by_role("heading", name="Archive me")).to_be_visible()
    page.keyboard.press("e")
    expect(row("Archive me")).to_have_count(0)
    expect(page.get_by_text("Conversation archived")).to_be_visible()
    page.keyboard.press("z")
    expect(row("Archive me")).to_be_visible()


def test_moved_to_a_mailbox_that_is_found_by_typing(web_lab, sign_in, row):
    web_lab.send(BOB, "Move me", "Somewhere else.")
    page = sign_in()
    row("Move me").get_by_role("checkbox").check()
    page.keyboard.press("v")
    expect(page.get_by_role("combobox", name="Find a mailbox")).to_be_focused()
    page.keyboard.type("arch")
    page.keyboard.press("Enter")
    expect(row("Move me")).to_have_count(0)
    page.get_by_role(
        "link", name=re.compile(r"^Archive(?: \d.*)?$")
    ).click()  # "Archive 1 unread" when it is counted
    expect(row("Move me")).to_be_visible()


def test_on_a_phone_one_thing_at_a_time(web_lab, sign_in, row):
    web_lab.send(BOB, "On the way", "Read on a phone.")
    page = sign_in()
    page.set_viewport_size({"width": 390, "height": 800})
    row("On the way").click()
    expect(page.get_by_text("Read on a phone.").last).to_be_visible()
    expect(row("On the way")).not_to_be_visible()
    page.get_by_role("link", name="Back to the list").click()
    expect(row("On the way")).to_be_visible()


def test_signing_out_closes_the_door(web_lab, sign_in):
    page = sign_in()
    page.get_by_role("button", name="Account").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in to your mail")).to_be_visible()
    page.goto(web_lab.url())
    expect(page.get_by_role("heading", name="Sign in to your mail")).to_be_visible()


def test_folders_are_made_filled_by_dragging_and_deleted_with_a_way_back(web_lab, sign_in, row):
    web_lab.send(BOB, "Drag me", "Into a folder.")
    page = sign_in()
    boxes = page.get_by_role("navigation", name="Mailboxes")
    page.get_by_role("button", name="New folder").click()
    page.get_by_label("Name of the folder").fill("Bottles")
    page.keyboard.press("Enter")
    row("Drag me").drag_to(boxes.get_by_role("link", name="Bottles"))
    expect(row("Drag me")).to_have_count(0)
    boxes.get_by_role("link", name="Bottles").click()
    expect(row("Drag me")).to_be_visible()
    page.get_by_role("button", name="What to do with Bottles").click()
    page.get_by_role("button", name="Delete", exact=True).click()
    expect(page.get_by_text("Folder Bottles moved to the trash")).to_be_visible()
    expect(page.get_by_role("heading", name="Inbox")).to_be_visible()
    page.keyboard.press("z")
    boxes.get_by_role("link", name="Bottles").click()
    expect(row("Drag me")).to_be_visible()


def test_all_files_in_one(web_lab, sign_in, page, row):
    web_lab.send(BOB, "Two: bottles", "Here.", attachment=["bottle.pdf", "bottle.pdf"])
    sign_in()
    row("Two: bottles").click()
    with page.expect_download() as downloading:
        page.get_by_role("link", name="Download all").click()
    assert downloading.value.suggested_filename == "Two_ bottles.zip"
    with zipfile.ZipFile(downloading.value.path()) as archive:
        assert archive.namelist() == ["bottle.pdf", "bottle (2).pdf"]
        assert archive.read("bottle (2).pdf") == b"%PDF-1.4\n" * 500


def test_a_muted_conversation_stays_out_of_the_way_while_nobody_looks(web_lab, sign_in, page, row):
    first = web_lab.send(BOB, "Endless", "The beginning.")
    sign_in()
    row("Endless").click()
    expect(page.get_by_role("heading", name="Endless")).to_be_visible()
    page.keyboard.press("m")
    expect(row("Endless")).to_have_count(0)
    page.goto("about:blank")
    web_lab.send(BOB, "Re: Endless", "The end of it is not in sight.", first)
    web_lab.send(BOB, "Short", "Something else.")
    page.goto(web_lab.url())
    expect(row("Short")).to_be_visible()
    expect(row("Endless")).to_have_count(0)
    page.locator('a.box[href="/mail/folder/archive"]').click()
    expect(row("Endless")).to_contain_text("The end of it is not in sight.")
    expect(row("Endless")).not_to_have_class(re.compile("unread"))
