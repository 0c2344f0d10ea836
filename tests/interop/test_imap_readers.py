"""Mail programs of people and of scripts that read by IMAP: mutt, neomutt, s-nail, imapfilter, and Python's imaplib."""

from __future__ import annotations

import imaplib
import ssl
from urllib.parse import quote

import pytest

from imap_box import ImapBox, good
from letters import letter, stamp

TEXT = "Do you like ketchup?\n.\n..foo\nFrom here on: pickles\n"


@pytest.fixture
def box(imap_of, newcomer) -> ImapBox:
    return imap_of(newcomer)


@pytest.fixture
def three(box) -> list[bytes]:
    """Three letters in the INBOX, oldest first."""
    raws = [letter("alice@crepes.test", box.user, f"{stamp()} number{n}", TEXT) for n in range(3)]
    for raw in raws:
        box.put(raw)
    return raws


def unix(raw: bytes) -> bytes:
    return raw.replace(b"\r\n", b"\n")


@pytest.fixture(params=["mutt", "neomutt"])
def mutt(request, lab, box, program, tmp_path):
    """Runs mutt on a terminal of its own, which types what `push` says."""
    rc = tmp_path / "muttrc"

    def run(push: str, service: str = "imaps") -> None:
        url = f"{service}://localhost:{lab.port(service)}/"
        rc.write_text(
            f'set folder="{url}"\nset spoolfile="{url}INBOX"\nset imap_user="{box.user}"\nset imap_pass="{box.password}"\n'
            f'set ssl_ca_certificates_file="{lab.ca}"\nset ssl_starttls=yes\nset ssl_force_tls=yes\nset ssl_use_system_certs=no\n'
            f'set header_cache=""\nset mbox_type=mbox\nset confirmappend=no\nset confirmcreate=no\nset mark_old=no\nset delete=yes\nset move=no\n'
            f'set quit=yes\nset copy=yes\nset mail_check=1\nset wait_key=no\nset sort=mailbox-order\npush "{push}"\n'
        )
        command = f"{request.param} -n -F {rc}"
        program(["env", "TERM=xterm", "script", "-qec", command, "/dev/null"])

    run.name = request.param  # type: ignore[attr-defined]
    return run


@pytest.mark.parametrize("service", ["imap", "imaps"])
def test_mutt_reads_marks_copies_and_deletes(mutt, require_tool, box, three, tmp_path, service):
    require_tool(mutt.name)
    local = tmp_path / "saved"
    tagging = "<tag-pattern>~s number1<enter>"
    mutt(
        f"{tagging}<tag-prefix><copy-message>{local}<enter>"  # fetched whole
        "<tag-prefix><flag-message><tag-prefix><copy-message>=Archive<enter>"
        "<delete-pattern>~s number0<enter><sync-mailbox><quit>",
        service,
    )
    saved = local.read_bytes()
    assert unix(three[1].partition(b"\r\n\r\n")[2]).strip() in saved
    assert [raw for _, raw in box.messages("Archive").values()] == [three[1]]
    kept = {raw: flags for flags, raw in box.messages().values()}
    assert set(kept) == {three[1], three[2]}
    assert "\\Flagged" in kept[three[1]]
    assert kept[three[2]] == set()


def test_mutt_files_what_it_sends(lab, box, bob, program, tmp_path):
    """In batch mode; the copy goes into Sent by APPEND. (neomutt does not do that in batch mode.)"""
    smtp = f"smtp://{quote(box.user, safe='')}:{box.password}@localhost:{lab.port('submission')}/"
    (tmp_path / "muttrc").write_text(
        f'set from="{box.user}"\nset use_from=yes\nset smtp_url="{smtp}"\nset ssl_ca_certificates_file="{lab.ca}"\n'
        f'set ssl_force_tls=yes\nset imap_user="{box.user}"\nset imap_pass="{box.password}"\nset smtp_authenticators="plain"\n'
        f'set folder="imaps://localhost:{lab.port("imaps")}/"\nset record="=Sent"\nset copy=yes\nset mbox_type=mbox\n'
    )
    subject = stamp()
    options = ["-n", "-F", tmp_path / "muttrc", "-s", subject]
    program(["mutt", *options, bob.address], stdin="Do you like ketchup?\n")
    assert subject.encode() in bob.arrived()[0]
    ((flags, raw),) = box.messages("Sent").values()
    assert subject.encode() in raw
    assert raw.endswith(b"\r\n\r\nDo you like ketchup?\r\n")
    assert "\\Seen" in flags


def test_s_nail(lab, box, program, three, tmp_path):
    """Lists, saves octet by octet, and deletes."""
    url = f"imaps://{quote(box.user, safe='')}:{box.password}@localhost:{lab.port('imaps')}/INBOX"
    program(
        ["s-nail", "-:/", "-S", "v15-compat", "-S", f"tls-ca-file={lab.ca}", "-S", "tls-verify=strict", "-#", "-f", url],
        stdin=f"from *\ncopy 2 {tmp_path}/saved\ndelete 1\nquit\n",
    )  # fmt: skip
    assert unix(three[1].partition(b"\r\n\r\n")[2]).strip() in (tmp_path / "saved").read_bytes()
    assert three[0] not in box.letters()
    assert three[2] in box.letters()


def test_imapfilter_sorts(lab, box, program, three, tmp_path):
    box.put(three[0], "Archive")
    (tmp_path / "config.lua").write_text(
        f"options.certificates = true\noptions.starttls = false\noptions.create = true\n"
        f'options.subscribe = true\nmy = IMAP {{ server = "localhost", port = {lab.port("imaps")}, username = "{box.user}",\n'
        f'  password = "{box.password}", ssl = "tls1.2" }}\n'
        "my.INBOX:contain_subject('number0'):move_messages(my['Recipes/Sweet'])\n"
        "both = my.INBOX:contain_body('ketchup') * my.INBOX:contain_subject('number1')\nboth:mark_flagged()\n"
        "my.INBOX:contain_from('alice@crepes.test'):copy_messages(my.Copies)\n"
        "my.INBOX:contain_subject('number2'):delete_messages()\n"
        "my.Archive:is_unseen():mark_seen()\n"
        "for _, name in ipairs(my:list_all()) do print(name) end\n"
    )
    said = program(["imapfilter", "-t", lab.ca, "-c", tmp_path / "config.lua"]).stdout
    assert {"Archive", "Copies"} <= set(said.split())
    assert box.letters("Recipes/Sweet") == [three[0]]
    assert box.letters("Copies") == sorted(three[1:])
    assert list(box.messages().values()) == [({"\\Flagged"}, three[1])] or list(box.messages().values()) == [
        ({"\\Flagged", "\\Seen"}, three[1])
    ]
    assert [flags for flags, _ in box.messages("Archive").values()] == [{"\\Seen"}]


def test_imaplib(lab, box, three):
    """A whole session, STARTTLS first."""
    trust = ssl.create_default_context(cafile=lab.ca)
    with imaplib.IMAP4("127.0.0.1", lab.port("imap")) as imap:
        imap.starttls(trust)
        assert "STARTTLS" not in imap.capabilities
        imap.authenticate("PLAIN", lambda _: f"\0{box.user}\0{box.password}".encode())
        good(imap.create("Recipes"))
        good(imap.rename("Recipes", "Kitchen/Recipes"))
        good(imap.subscribe("Kitchen/Recipes"))
        assert b"Kitchen/Recipes" in b"".join(good(imap.lsub()))
        assert b"MESSAGES 3" in good(imap.status("INBOX", "(MESSAGES UNSEEN UIDNEXT)"))[0]
        assert good(imap.select()) == [b"3"]
        assert good(imap.search(None, "SUBJECT", "number1")) == [b"2"]
        assert good(imap.search("UTF-8", "BODY", '"ketchup"')) == [b"1 2 3"]
        good(imap.copy("1:2", "Kitchen/Recipes"))
        assert good(imap.sort("(REVERSE SUBJECT)", "UTF-8", "ALL"))[0].split() == [b"3", b"2", b"1"]
        good(imap.store("1", "+FLAGS", "\\Deleted"))
        assert good(imap.expunge()) == [b"1"]
        ((_, header),) = [
            one for one in good(imap.fetch("1", "(BODY.PEEK[HEADER])")) if isinstance(one, tuple)
        ]
        assert header == three[1].partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
        good(imap.close())
        good(imap.delete("Kitchen/Recipes"))
    assert box.letters() == sorted(three[1:])


def test_utf8_by_imaplib(box, three):
    with box.open() as imap:
        good(imap.enable("UTF8=ACCEPT"))
        good(imap.create('"Crêpes & Co"'))
        good(imap.select())
        good(imap.copy("1", '"Crêpes & Co"'))
        assert any("Crêpes & Co".encode() in line for line in good(imap.list()))
    assert box.letters("Cr&AOo-pes &- Co") == [three[0]]
