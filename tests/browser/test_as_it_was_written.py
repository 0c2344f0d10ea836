"""Text as its writer meant it: lines that flow, other directions, signatures and secrets; and what is told is in nobody's way."""

import pytest
from playwright.sync_api import Page, expect

from web_lab import WebLab
from web_window import BOB, begin, rows, stay

PLAIN = "Content-Type: text/plain; charset=utf-8"
FLOWED = "Hello Bob, this paragraph goes \non and on.\n\n> What was \n> quoted.\n"
HEBREW = "שלום בוב, מחר ב-20:00.\n\nAn English line.\n"
NAME = "a" * 60
FROM = f'"{"von und zu " * 12}Ketchup" <{NAME}@{"b" * 60}.{"c" * 60}.test>'


def letter(subject: str, content_type: str, text: str, sender: str = "Alice <alice@crepes.test>") -> bytes:
    head = [f"From: {sender}", f"To: {BOB}", f"Subject: {subject}", "MIME-Version: 1.0", content_type]
    return "\r\n".join([*head, "", *text.split("\n")]).encode()


def opened(page: Page, subject: str):
    rows(page, subject).click()
    expect(page.get_by_role("heading", name=subject)).to_be_visible()
    return page.locator(".message.open")


def test_flowed_lines_are_paragraphs_here_and_in_an_answer(web_lab: WebLab, sign_in):
    web_lab.hand_in(BOB, letter("It flows", f"{PLAIN}; format=flowed", FLOWED))
    page = sign_in()
    message = opened(page, "It flows")
    expect(message.locator(".body .text").first).to_have_text("Hello Bob, this paragraph goes on and on.\n")
    expect(message.locator("blockquote")).to_have_text("What was quoted.")
    page.get_by_role("button", name="Reply", exact=True).last.click()
    text = page.get_by_role("dialog", name="Re: It flows").get_by_role("textbox", name="Text of the message")
    expect(text).to_contain_text("this paragraph goes on and on.")


def test_each_line_has_its_own_direction(web_lab: WebLab, sign_in):
    web_lab.hand_in(BOB, letter("Two directions", PLAIN, HEBREW))
    page = sign_in()
    text = opened(page, "Two directions").locator(".body .text").first
    expect(text).to_be_visible()
    sides = text.evaluate(
        """(one) => ["שלום", "An English line."].map((words) => {
            const node = one.firstChild, at = node.data.indexOf(words), range = document.createRange();
            range.setStart(node, at);
            range.setEnd(node, at + words.length);
            const [line, all] = [range.getBoundingClientRect(), one.getBoundingClientRect()];
            return line.left - all.left < 2 ? "left" : Math.abs(all.right - line.right) < 2 ? "right" : "between";
        })"""
    )
    assert sides == ["right", "left"]


def test_a_page_that_runs_from_right_to_left_does_so(web_lab: WebLab, sign_in):
    web_lab.send(BOB, "From the right", "plain", html="<html dir=rtl><body><p>שלום!</p></body></html>")
    page = sign_in()
    opened(page, "From the right")
    paragraph = page.frame_locator('iframe[title="Text of the message"]').locator("p")
    expect(paragraph).to_have_css("direction", "rtl")


@pytest.mark.parametrize(
    ("subject", "content_type", "text", "words"),
    [
        ("A secret", "Content-Type: application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m", "MIIC", "This message is encrypted."),
        ("An armoured secret", PLAIN, "-----BEGIN PGP MESSAGE-----\n\nhQEMA\n-----END PGP MESSAGE-----\n", "This message is encrypted."),
        ("In its envelope", "Content-Type: application/pkcs7-mime; smime-type=signed-data; name=smime.p7m", "MIIC", "its text is within"),
        (
            "Signed", "Content-Type: multipart/signed; boundary=b; micalg=pgp-sha512; protocol=application/pgp-signature",
            f"--b\n{PLAIN}\n\nI say so.\n--b\nContent-Type: application/pgp-signature\n\nx\n--b--", "The signature is not checked here.",
        ),
    ],
)  # fmt: skip
def test_what_a_seal_means_is_said(web_lab: WebLab, sign_in, subject, content_type, text, words):
    web_lab.hand_in(BOB, letter(subject, content_type, text))
    page = sign_in()
    expect(opened(page, subject).get_by_role("note").filter(has_text=words)).to_be_visible()


def test_that_there_is_no_text_is_said(web_lab: WebLab, sign_in):
    web_lab.hand_in(BOB, letter("Nothing", PLAIN, ""))
    page = sign_in()
    expect(opened(page, "Nothing").get_by_text("This message has no text.")).to_be_visible()


@pytest.mark.parametrize("width", [360, 1280])
def test_long_names_stay_within_their_message(web_lab: WebLab, sign_in, width):
    web_lab.hand_in(BOB, letter(f"Long name {width}", PLAIN, "Hello.", FROM))
    page = sign_in()
    page.set_viewport_size({"width": width, "height": 700})
    message = opened(page, f"Long name {width}")
    expect(message.get_by_text("Nothing proves")).to_be_visible()
    assert page.locator(".thread .scroll").evaluate("(one) => one.scrollWidth <= one.clientWidth")


def test_a_long_name_is_cut_off_at_its_end(web_lab: WebLab, sign_in):
    web_lab.hand_in(BOB, letter("From the left", PLAIN, "Hello.", FROM))
    page = sign_in()
    page.get_by_role("button", name="Account").click()
    page.locator(".language select").select_option("ar")
    expect(page.locator("html")).to_have_attribute("dir", "rtl")
    names = rows(page, "From the left").locator(".names")
    assert (
        names.evaluate("(one) => one.scrollWidth > one.clientWidth && getComputedStyle(one).direction")
        == "ltr"
    )


def test_the_lines_of_a_row_lie_within_it(web_lab: WebLab, sign_in):
    web_lab.send(BOB, "Three lines", "The third one.")
    page = sign_in()
    row = rows(page, "Three lines")
    expect(row).to_be_visible()
    outside = row.evaluate(
        """(one) => {
            const all = one.getBoundingClientRect();
            return [".who", ".subject", ".preview", ".star"].filter((part) => {
                const { top, bottom } = one.querySelector(part).getBoundingClientRect();
                return top < all.top || bottom > all.bottom;
            });
        }"""
    )
    assert outside == []


def test_what_a_file_will_do_is_in_sight(web_lab: WebLab, sign_in):
    name = f"Invoice {'of the year ' * 12}.pdf.exe"
    web_lab.send(BOB, "Open it", "Now.", attachment=name)
    page = sign_in()
    file = opened(page, "Open it").get_by_role("link", name=name)
    end, link = file.evaluate(
        """(one) => {
            const range = document.createRange();
            range.selectNodeContents(one.querySelector(".file").lastChild);
            return [range.getBoundingClientRect().right, one.getBoundingClientRect().right];
        }"""
    )
    expect(file).to_contain_text(".exe")
    assert end < link


def test_the_servers_for_programs_are_read_on_a_phone(web_lab: WebLab, sign_in):
    page = sign_in()
    page.set_viewport_size({"width": 360, "height": 700})
    page.goto(f"{web_lab.url()}settings/programs")
    table = page.get_by_role("group", name="Mail programs")
    expect(table.get_by_role("cell", name="STARTTLS").first).to_be_visible()
    assert table.evaluate("(one) => one.scrollWidth <= one.clientWidth")
    ports = table.get_by_role("row").nth(1).get_by_role("cell").nth(2).locator("code")
    assert len(ports.evaluate("(one) => [...one.getClientRects()]")) == 1


@pytest.mark.parametrize(("width", "height"), [(360, 700), (1280, 800)])
def test_what_is_told_lies_on_no_button_of_a_window(web_lab: WebLab, window: Page, width, height):
    stay(window, web_lab, stays=False)
    window.set_viewport_size({"width": width, "height": height})
    begin(window, "In the way?", "Text.")
    send = window.get_by_role("dialog").get_by_role("button", name="Send", exact=True)
    expect(send).to_be_visible()
    window.route("**/jmap/api*", lambda route: route.abort())
    window.evaluate("() => history.pushState(null, '', '/mail/folder/inbox/Tnone')")
    window.evaluate("() => dispatchEvent(new PopStateEvent('popstate'))")
    told = window.locator(".toast.problem")
    expect(told).to_be_visible()
    assert told.bounding_box()["y"] + told.bounding_box()["height"] < send.bounding_box()["y"]
