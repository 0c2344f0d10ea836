"""Contacts in the browser: from a file, edited, in groups, from a message, out to a file."""

import csv
from pathlib import Path

from playwright.sync_api import expect

BOB = "bob@hamburger.test"
VCARDS = "".join(
    f"BEGIN:VCARD\r\nVERSION:3.0\r\nUID:{uid}\r\nFN:{name}\r\nN:{name.split()[1]};{name.split()[0]};;;\r\nEMAIL;TYPE=home:{mail}\r\nEND:VCARD\r\n"
    for uid, name, mail in (
        ("1", "Zoë Zimmer", "zoe@x.test"), ("2", "Änne Apfel", "anne@x.test"), ("3", "Zoe Z.", "ZOE@x.test"),
    )
)  # fmt: skip


def rows(page):
    """The contacts that the list shows."""
    return page.get_by_role("list", name="Contacts").get_by_role("link")


def menu(page, name):
    """What the menu of all contacts offers."""
    page.get_by_role("button", name="More").click()
    page.get_by_role("button", name=name).click()


def test_contacts_from_a_file_to_another(web_lab, sign_in, tmp_path: Path):
    page = sign_in()
    page.get_by_role("link", name="Contacts", exact=True).click()
    expect(page.get_by_text("No contacts yet.")).to_be_visible()
    file = tmp_path / "people.vcf"
    file.write_text(VCARDS, "utf-8")
    menu(page, "Import")
    page.get_by_label("File", exact=True).set_input_files(file)
    expect(page.get_by_text("3 contacts in the file")).to_be_visible()
    page.get_by_role("dialog").get_by_role("button", name="Import").click()
    expect(page.get_by_role("dialog").get_by_text("3 contacts imported")).to_be_visible()
    page.keyboard.press("Escape")
    expect(rows(page)).to_have_count(3)

    menu(page, "Find duplicates")
    page.get_by_role("button", name="Merge the contacts of").click()
    expect(page.get_by_text("Nobody is there twice.")).to_be_visible()
    page.keyboard.press("Escape")
    expect(rows(page)).to_have_count(2)

    page.get_by_role("searchbox", name="Find a contact").fill("anne")
    rows(page).filter(has_text="Änne Apfel").click()
    page.get_by_role("link", name="Edit").click()
    page.get_by_label("Organisation").fill("Obst, Gemüse & Co")
    page.get_by_role("button", name="Add telephone").click()
    page.get_by_role("textbox", name="Telephone").fill("+49 30 1")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("link", name="+49 30 1")).to_have_attribute("href", "tel:+49301")
    expect(page.get_by_role("link", name="Write a message")).to_have_attribute("href", "mailto:anne@x.test")

    menu(page, "Export")
    page.get_by_label("CSV for Google").check()
    with page.expect_download() as download:
        page.get_by_role("dialog").get_by_role("button", name="Export").click()
    found = list(csv.DictReader(Path(download.value.path()).read_text("utf-8").splitlines()))
    assert {one["First Name"]: one["Organization Name"] for one in found}["Änne"] == "Obst, Gemüse & Co"


def test_groups_deleting_and_the_way_back(web_lab, sign_in):
    page = sign_in("alice@crepes.test")
    page.goto(web_lab.url("alice@crepes.test") + "contacts/new")
    page.get_by_label("First name").fill("Gustav")
    page.get_by_label("Last name").fill("Gans")
    page.get_by_role("button", name="Add e-mail address").click()
    page.get_by_role("textbox", name="E-mail").fill("gustav@x.test")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", name="Gustav Gans")).to_be_visible()
    menu(page, "New group")
    page.get_by_label("Name of the group").fill("Geese")
    page.get_by_role("button", name="Save").click()
    page.get_by_label("Add a member").fill("gustav")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="1 member")).to_be_visible()
    expect(page.get_by_role("link", name="Write to all")).to_have_attribute("href", "mailto:gustav@x.test")
    rows(page).filter(has_text="Gustav").click()
    page.get_by_role("button", name="Delete", exact=True).click()
    expect(rows(page).filter(has_text="Gustav")).to_have_count(0)
    page.keyboard.press("z")
    expect(rows(page).filter(has_text="Gustav")).to_be_visible()
    rows(page).filter(has_text="Geese").click()
    expect(page.get_by_role("heading", name="1 member")).to_be_visible()


def test_the_sender_of_a_message_becomes_a_contact(web_lab, sign_in):
    web_lab.send(BOB, "Know me", "I am Alice.")
    page = sign_in()
    page.get_by_role("listitem").filter(has_text="Know me").click()
    page.get_by_role("button", name="Add sender to contacts").click()
    expect(page.get_by_text("Alice Crêpe added to the contacts")).to_be_visible()
    page.get_by_role("button", name="Add sender to contacts").click()
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page.get_by_role("heading", name="Alice Crêpe")).to_be_visible()


def test_everything_speaks_arabic_from_right_to_left(page, sign_in):
    sign_in()
    page.get_by_role("button", name="Account").click()
    page.get_by_label("Language").select_option("ar")
    expect(page.get_by_role("heading", name="الوارد")).to_be_visible()
    expect(page.locator("html")).to_have_attribute("dir", "rtl")
    page.reload()
    expect(page.get_by_role("heading", name="الوارد")).to_be_visible()
    page.get_by_role("button", name="الحساب").click()
    page.get_by_label("اللغة").select_option("de")
    expect(page.get_by_role("heading", name="Posteingang")).to_be_visible()
    expect(page.locator("html")).to_have_attribute("dir", "ltr")
