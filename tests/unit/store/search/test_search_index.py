"""Both search indexes, through the same questions."""

from pathlib import Path

import apsw
import pytest
import zstandard

from postroom.message.errors import TryLater
from postroom.store.search import postgres as search_postgres
from postroom.store.search import sqlite as search_sqlite
from postroom.store.search.postgres import PostgresSearch
from postroom.store.search.sqlite import SqliteSearch
from postroom.store.search.text import Document, searchable

TEXTS = {
    1: "do you like ketchup?",
    2: "how about pickles?",
    3: 'she said "ketchup & pickles"',
    4: "",
    5: "nul\0 and newline\n.",
    6: "straße, 東京都, и пиво",
    7: "100% of a_b in c:\\\\dir",
}


@pytest.fixture
async def index(engine, store_url, tmp_path):
    made = SqliteSearch.open(tmp_path) if store_url.startswith("sqlite") else PostgresSearch(engine)
    yield made
    await made.close()


@pytest.fixture
async def full(index):
    await index.put([Document(1, email_id, searchable(text)) for email_id, text in TEXTS.items()])
    await index.put([Document(2, 10, searchable("ketchup of another account"))])
    return index


async def found(index, needle, account_id=1):
    return sorted([one async for part in index.search(account_id, searchable(needle)) for one in part])


@pytest.mark.parametrize(
    ("needle", "emails"),
    [
        ("ketchup", [1, 3]),
        ("KETCH", [1, 3]),
        ("tchup & pick", [3]),
        ('"ketchup', [3]),
        ("pickles?", [2]),
        ("e k", [1]),
        ("p", [1, 2, 3]),
        ("?", [1, 2]),
        ("ou", [1, 2]),
        ("nul\0 and", [5]),
        ("line\n.", [5]),
        ("STRASSE", [6]),
        ("東京都", [6]),
        ("京", [6]),
        ("ПИВО", [6]),
        ("ketchup pickles", []),
        ("kétchup", []),
        ("%", [7]),
        ("100%", [7]),
        ("100%of", []),
        ("100_", []),
        ("a_b in", [7]),
        ("c:\\\\dir", [7]),
        ("c:dir", []),
        ("ket*", []),
        ("xyz", []),
        ("ketchup OR pickles", []),
    ],
)
async def test_a_needle_is_a_substring(full, needle, emails):
    assert await found(full, needle) == emails


async def test_accounts_do_not_see_each_other(full):
    assert await found(full, "ketchup", 2) == [10]
    assert await found(full, "ketchup", 3) == []
    assert await found(full, "k", 2) == [10]


async def test_entering_again_replaces(full):
    await full.put([Document(1, 1, searchable("mustard"))])
    assert await found(full, "ketchup") == [3]
    assert await found(full, "mustard") == [1]


async def test_what_was_removed_is_not_found(full):
    await full.remove(1, [1, 77])
    assert await found(full, "ketchup") == [3]
    assert await found(full, "ke") == [3]


async def test_a_cleared_index_is_empty_and_usable(full):
    await full.clear()
    assert await found(full, "ketchup") == []
    await full.put([Document(1, 1, searchable("ketchup"))])
    assert await found(full, "ketchup") == [1]


@pytest.mark.parametrize("needle", ["needle", "ne"])
async def test_slices_lose_nothing(index, needle, monkeypatch):
    monkeypatch.setattr(search_sqlite, "CANDIDATES", 3)
    monkeypatch.setattr(search_sqlite, "MATCHES", 7)
    monkeypatch.setattr(search_postgres, "FOUND_AT_ONCE", 3)
    await index.put([Document(1, email_id, searchable(f"needle {email_id}")) for email_id in range(10)])
    assert await found(index, needle) == list(range(10))


async def test_without_the_extensions_the_answers_are_the_same(index):
    index._prepared = True  # PostgreSQL's is not made then
    await index.put([Document(1, 1, searchable("ketchup")), Document(1, 2, searchable("pickles"))])
    assert await found(index, "ketch") == [1]


async def test_nobody_else_reads_what_is_in_the_mail(tmp_path: Path):
    index = SqliteSearch.open(tmp_path)
    modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}
    await index.close()
    assert set(modes.values()) == {0o600}
    assert "search.db" in modes


def test_a_damaged_file_is_begun_anew(tmp_path: Path):
    (tmp_path / "search.db").write_bytes(b"this is no database" * 1000)
    made = SqliteSearch.open(tmp_path)
    made._reading.close()
    made._writing.close()


@pytest.mark.parametrize("writes", [False, True])
async def test_a_file_that_is_damaged_inside_is_built_again(tmp_path: Path, writes: bool):
    """Its beginning is whole, so that it can be opened: nothing was found in it any more, nor entered, until somebody deleted it."""
    texts = [Document(1, number, searchable(f"soup{number} " * 300)) for number in range(300)]
    before = SqliteSearch.open(tmp_path)
    await before.put(texts)
    await before.completed()
    await before.close()
    path = tmp_path / "search.db"
    octets = bytearray(path.read_bytes())
    for at in range(2 * search_sqlite.PAGE, len(octets), search_sqlite.PAGE):
        octets[at : at + 1000] = b"\xff" * 1000
    path.write_bytes(octets)
    index = SqliteSearch.open(tmp_path)
    assert index.complete
    with pytest.raises(TryLater):
        await (index.put(texts[:1]) if writes else found(index, "soup77"))
    assert not index.complete
    await index.clear()
    await index.put(texts)
    await index.completed()
    assert await found(index, "soup77") == [77]
    await index.close()
    again = SqliteSearch.open(tmp_path)
    assert again.complete
    assert await found(again, "soup299") == [299]
    await again.close()


async def test_files_of_before_are_read_on(tmp_path: Path):
    """Their pages are smaller, and their texts were packed otherwise."""
    before = apsw.Connection(str(tmp_path / "search.db"))
    before.pragma("page_size", 4096)
    before.execute(search_sqlite._SCHEMA)
    before.execute("INSERT INTO accounts VALUES (1, 1, 1)")
    old = zstandard.ZstdCompressor(level=3).compress(searchable("ketchup " * 100).encode())
    before.execute("INSERT INTO texts VALUES (?, 5, ?)", (1 << 32 | 1, old))
    before.execute("INSERT INTO grams (rowid, text) VALUES (?, ?)", (1 << 32 | 1, searchable("ketchup")))
    before.close()
    index = SqliteSearch.open(tmp_path)
    await index.put([Document(1, 6, searchable("ketchup again"))])
    assert await found(index, "ketchup") == [5, 6]
    await index.close()
