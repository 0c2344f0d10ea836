import pytest

from people import add_account, add_domains, at, write
from postroom.store.administration import aliases
from postroom.store.administration.aliases_file import parse_aliases
from postroom.store.administration.aliases_import import entries_of, import_aliases
from postroom.store.directory import lookup as directory
from postroom.store.directory.lookup import Alias, MailingList


@pytest.fixture
async def town(engine):
    await add_domains(engine, "x.test")
    await add_account(engine, "bob@x.test")
    return engine


async def bring(engine, text):
    file = parse_aliases(text, open)
    done = await write(engine, import_aliases, entries_of(file, "x.test"))
    done.complaints[:0] = file.complaints
    return done


async def resolve(engine, text):
    return await directory.resolve(engine.reading(), at(text))


async def test_names_get_the_domain(town):
    done = await bring(town, "root: bob, x@far.test\nPostmaster: root\n")
    assert (done.aliases, done.lists, done.forwards, done.complaints) == (2, 0, 0, [])
    assert await resolve(town, "root@x.test") == Alias(
        at("root@x.test"), (at("bob@x.test"), at("x@far.test"))
    )
    assert (await resolve(town, "postmaster@x.test")).targets == (at("root@x.test"),)


async def test_what_mail_could_not_go_to_stays_as_it_was(town, monkeypatch):
    monkeypatch.setattr(aliases, "MAX_MEMBERS", 2)
    assert (await bring(town, "all: a, b\n")).complaints == []
    [complaint] = (await bring(town, "bob: a\nall: a, b, c, A\n")).complaints
    assert (complaint.where, complaint.text) == (
        "aliases:2",
        "all@x.test would stand for 3 addresses, and mail goes to at most 2",
    )
    assert (await resolve(town, "all@x.test")).targets == (at("a@x.test"), at("b@x.test"))
    assert (await resolve(town, "bob@x.test")).forwards == (at("a@x.test"),)


async def test_a_name_with_an_owner_is_a_list(town):
    done = await bring(town, "news: bob, x@far.test\nowner-news: bob\n")
    assert (done.aliases, done.lists) == (1, 1)
    members = (at("bob@x.test"), at("x@far.test"))
    assert await resolve(town, "news@x.test") == MailingList(
        at("news@x.test"), members, at("owner-news@x.test")
    )


@pytest.mark.parametrize(
    ("text", "keeps"), [("bob: \\bob, x@far.test\n", True), ("bob: x@far.test\n", False)]
)
async def test_a_name_with_an_account_becomes_its_forwards(town, text, keeps):
    assert (await bring(town, text)).forwards == 1
    found = await resolve(town, "bob@x.test")
    assert (found.forwards, found.keeps_copy) == ((at("x@far.test"),), keeps)


async def test_importing_again_replaces(town):
    await bring(town, "a: bob\nnews: bob\nowner-news: bob\n")
    await bring(town, "a: x@far.test\nnews: x@far.test\n")
    assert (await resolve(town, "a@x.test")).targets == (at("x@far.test"),)
    assert isinstance(await resolve(town, "news@x.test"), Alias)
    assert len(await aliases.listing(town.reading())) == 3


async def test_what_cannot_be_entered_is_said_and_the_rest_is(town):
    done = await bring(town, "a@far.test: bob\nself: self\nb: |prog\nok: bob\n")
    assert [one.where for one in done.complaints] == ["aliases:3", "aliases:3", "aliases:1", "aliases:2"]
    assert done.aliases == 1
