from pathlib import Path

import pytest
from agent_protocol import registry
from agent_server.handlers.table import DEFERRED
from implementation import IMPLEMENTATIONS, find
from requirement import TABLE, TITLES, manifest, table

HERE = Path(__file__).parent
ENTRIES = manifest()


class Collector:
    """Notes which entries the tests name, before any are deselected."""

    def __init__(self) -> None:
        self.named: set[str] = set()

    def pytest_itemcollected(self, item: pytest.Item) -> None:
        self.named.update(key for mark in item.iter_markers("requirement") for key in mark.args)


def keys(kind: str) -> list[str]:
    return [entry.key for entry in ENTRIES.values() if entry.kind == kind]


def test_every_wire_name_has_an_entry_and_nothing_else_has() -> None:
    assert sorted(keys("requests")) == sorted(method.name for method in registry.client_methods())
    assert sorted(keys("notifications")) == sorted(each.name for each in registry.notifications())
    assert sorted(keys("server_requests")) == sorted(each.name for each in registry.server_requests())
    assert sorted(keys("client_notifications")) == sorted(each.name for each in registry.client_notifications())


def test_every_entry_is_tested_or_says_why_not() -> None:
    assert {entry.kind for entry in ENTRIES.values()} == TITLES.keys()
    for entry in ENTRIES.values():
        assert entry.is_tested or entry.deferral, entry.key
        assert entry.source and entry.requires, entry.key


def test_every_entry_said_to_be_tested_has_a_test() -> None:
    collector = Collector()
    arguments = ["--collect-only", "-q", "-p", "no:cacheprovider", "-p", "no:faulthandler", str(HERE)]
    assert pytest.main(arguments, plugins=[collector]) == pytest.ExitCode.OK
    assert {entry.key for entry in ENTRIES.values() if entry.is_tested} == collector.named


def test_the_server_defers_just_what_the_manifest_defers() -> None:
    assert {key for key in keys("requests") if not ENTRIES[key].is_tested} == set(DEFERRED)


def test_the_page_of_the_manifest_is_current() -> None:
    assert TABLE.read_text() == table()


def test_what_both_must_do_was_shown_with_both() -> None:
    assert [find(name).name for name in ("ours", "reference")] == IMPLEMENTATIONS
