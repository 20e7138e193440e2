from pathlib import Path

import pytest
from agent_core.errors import NameUnknown
from agent_core.thread.names import ThreadNames
from agent_state.file_store import FileThreadStore

ONE, TWO = "019c4a07-d809-74c3-bc4b-000000000001", "019c4a07-d809-74c3-bc4b-000000000002"

pytestmark = pytest.mark.anyio


@pytest.fixture
def store(tmp_path: Path) -> FileThreadStore:
    return FileThreadStore(tmp_path)


async def test_a_word_is_an_id_or_a_name(store: FileThreadStore) -> None:
    await store.rename(ONE, "parser")
    names = ThreadNames(store)
    assert await names.find("parser") == ONE
    assert await names.find(f"urn:uuid:{TWO.upper()}") == TWO


async def test_a_thread_is_called_by_a_name_that_leads_back_to_it(store: FileThreadStore) -> None:
    names = ThreadNames(store)
    assert await names.word_for(ONE) == ONE
    await store.rename(ONE, "parser")
    assert await names.word_for(ONE) == "parser"
    await store.rename(TWO, "parser")
    assert [await names.word_for(each) for each in (ONE, TWO)] == [ONE, "parser"]


@pytest.mark.parametrize(
    ("word", "near"), [("Praser", ["Parser"]), ("pars", ["Parser"]), ("fix the parser", ["Parser"]), ("quux", [])]
)
async def test_an_unknown_name_is_answered_with_those_near_it(
    store: FileThreadStore, word: str, near: list[str]
) -> None:
    for number in range(5):
        await store.rename(ONE, f"other {number}")
    await store.rename(ONE, "Parser")
    with pytest.raises(NameUnknown) as caught:
        await ThreadNames(store).find(word)
    assert (caught.value.name, list(caught.value.near)) == (word, near)
