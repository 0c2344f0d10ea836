"""What one may know of a message: its journey, its source, a header from elsewhere, what is attached."""

from playwright.sync_api import expect

BOB = "bob@hamburger.test"
HEADER = """Received: from mx.far.test (mx.far.test [192.0.2.9]) by near.test with ESMTPS id 2; Mon, 1 Jan 2024 12:30:10 +0000
Received: from [203.0.113.4] by mx.far.test with SMTP id 1; Mon, 1 Jan 2024 11:00:00 +0000
Authentication-Results: near.test; dmarc=fail header.from=far.test
From: Somebody <somebody@far.test>
Subject: From far away
"""


def opened(page, subject):
    page.get_by_role("listitem").filter(has_text=subject).click()
    expect(page.get_by_role("heading", name=subject, level=1)).to_be_visible()


def more(page, name):
    page.get_by_role("button", name="More about this message").click()
    page.get_by_role("link", name=name, exact=True).click()


def test_a_line_of_the_journey_is_explained(web_lab, sign_in):
    web_lab.send(BOB, "Travelled far", "Every line of it.")
    page = sign_in()
    opened(page, "Travelled far")
    expect(
        page.get_by_text("crepes.test does not vouch for this message")
    ).to_be_visible()  # it came without a signature
    more(page, "Journey")
    expect(page.get_by_role("heading", name="Journey")).to_be_visible()
    expect(page.get_by_text("The journey is over.")).to_be_visible()
    line = page.get_by_role("button", name="rcpt TO:<bob@hamburger.test>")
    line.focus()
    page.keyboard.press("Enter")
    expect(line).to_have_attribute("aria-expanded", "true")
    expect(page.get_by_text("Names one recipient.")).to_be_visible()
    expect(page.get_by_text("See RFC 5321 §4.1.1.3")).to_be_visible()
    page.get_by_role("link", name="Back to the message").click()
    expect(page.get_by_role("heading", name="Travelled far", level=1)).to_be_visible()


def test_it_is_explained_in_the_language_of_the_page(web_lab, sign_in, page):
    web_lab.send(BOB, "Weit gereist", "Zeile für Zeile.")
    sign_in()
    opened(page, "Weit gereist")
    more(page, "Journey")
    page.get_by_role("button", name="rcpt TO:<bob@hamburger.test>").click()
    page.get_by_role("button", name="Account").click()
    for choice, words in (("de", "Nennt einen Empfänger."), ("ar", "يسمّي مستلمًا واحدًا.")):
        page.locator(".language select").select_option(choice)
        expect(page.locator(".meaning p").first).to_contain_text(words)
        expect(page.locator(".meaning p").first).to_have_attribute("lang", choice)


def test_the_source(web_lab, sign_in):
    web_lab.send(BOB, "Taken apart", "Its text.", attachment="bottle.pdf")
    page = sign_in()
    opened(page, "Taken apart")
    more(page, "Source and headers")
    expect(page.get_by_text("multipart/mixed", exact=True)).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download bottle.pdf").click()
    assert download.value.suggested_filename == "bottle.pdf"
    page.get_by_text("The message as it came").click()
    expect(page.locator("pre")).to_contain_text("Subject: Taken apart")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download the message").click()
    assert download.value.suggested_filename == "Taken apart.eml"


def test_a_pasted_header(web_lab, sign_in):
    page = sign_in()
    page.goto(web_lab.url(BOB) + "headers")
    page.get_by_label("The header of a message, as text").fill(HEADER)
    page.get_by_role("button", name="Analyse").click()
    result = page.get_by_role("region", name="Result")
    expect(result.get_by_role("heading", name="From far away")).to_be_visible()
    expect(result.get_by_text("mx.far.test → near.test")).to_be_visible()
    expect(result.get_by_text("The way to hop 1 (mx.far.test) was not encrypted.")).to_be_visible()
    expect(result.get_by_text("Nothing in a pasted header is proven")).to_be_visible()


def test_an_attachment_is_looked_at(web_lab, sign_in):
    web_lab.send(BOB, "Look at it", "Attached.", attachment="bottle.pdf")
    page = sign_in()
    opened(page, "Look at it")
    page.get_by_role("button", name="Preview bottle.pdf").click()
    window = page.get_by_role("dialog", name="bottle.pdf")
    expect(window.get_by_role("link", name="Open the PDF in a new tab")).to_be_visible()
    page.keyboard.press("Escape")
    expect(window).to_have_count(0)
