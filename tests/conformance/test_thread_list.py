"""Threads: cursors and filters of the listing."""

import os

import pytest
from agent_protocol.wire import JsonValue
from record import exchange, stored_thread_id, write_record
from stage import Opener, Stage

INVALID = -32600


def listed(stage: Stage, **params: JsonValue) -> tuple[list[str], JsonValue]:
    reply = stage.server.result("thread/list", params)
    return [thread["preview"] for thread in reply["data"]], reply["nextCursor"]


@pytest.mark.requirement("thread/list")
def test_a_cursor_is_taken_in_both_spellings(fresh: Opener) -> None:
    with fresh() as stage:
        for number in range(4):
            path = write_record(
                stage.home, stored_thread_id(number), exchange(f"{number}", "r"), time=f"05-06-0{number}"
            )
            os.utime(path, (1_700_000_000 + number, 1_700_000_000 + number))
        last = stored_thread_id(2)
        for cursor in (
            f"2025-03-04T05:06:02Z|{last}",
            f"2025-03-04T05-06-02|{last}",
            f"2025-03-04T05:06:02Z|{last.upper()}",
            f"2025-03-04T06:06:02+01:00|{last}",
        ):
            assert listed(stage, cursor=cursor) == (["1", "0"], None), cursor
        assert listed(stage, cursor=f"2025-03-04T05-06-02|{stored_thread_id(9)}")[0] == ["2", "1", "0"]
        assert listed(stage, cursor=f"2023-11-14T22:13:22Z|{last}", sortKey="updated_at")[0] == ["1", "0"]
        assert listed(stage, cursor=f"2020-01-01T00-00-00|{last}") == ([], None)
        for cursor in (
            "",
            "x",
            last,
            f"|{last}",
            "2025-03-04T05:06:02Z|x",
            f"2025-03-04T05:06:02Z|{last}|",
            f"now|{last}",
        ):
            assert stage.error("thread/list", {"cursor": cursor})["code"] == INVALID, cursor


@pytest.mark.requirement("thread/list")
def test_a_page_is_filled_although_its_filter_leaves_threads_out(fresh: Opener) -> None:
    with fresh() as stage:
        for number in range(12):
            source = "exec" if number % 3 == 0 else "cli"
            write_record(
                stage.home,
                stored_thread_id(number),
                exchange(f"{number}", "r"),
                source=source,
                cwd=f"/{number % 2}",
                time=f"05-06-{number:02}",
            )
        assert listed(stage, sourceKinds=["exec"], limit=2)[0] == ["9", "6"]
        page, cursor = listed(stage, cwd="/1", limit=2)
        assert page == ["11", "7"]
        assert listed(stage, cwd="/1", limit=2, cursor=cursor)[0] == ["5", "1"]
        assert listed(stage, cwd="/1", sourceKinds=["exec"], modelProviders=["mock"])[0] == ["9", "3"]
        assert listed(stage, modelProviders=["unheard"]) == ([], None)
        assert len(listed(stage, limit=1000, sourceKinds=["exec", "cli"])[0]) == 12


@pytest.mark.requirement("thread/list")
def test_kinds_of_agents_below_others_are_told_apart(fresh: Opener) -> None:
    with fresh() as stage:
        spawned = {"subagent": {"thread_spawn": {"parent_thread_id": stored_thread_id(50), "depth": 1}}}
        sources = {"review": {"subagent": "review"}, "compact": {"subagent": "compact"}, "spawned": spawned}
        for number, (name, source) in enumerate({**sources, "other": {"subagent": {"other": "x"}}}.items()):
            write_record(stage.home, stored_thread_id(number), exchange(name, "r"), source=source)
        kinds = {"Review": "review", "Compact": "compact", "ThreadSpawn": "spawned", "Other": "other"}
        for kind, name in kinds.items():
            assert listed(stage, sourceKinds=[f"subAgent{kind}"])[0] == [name]
        assert sorted(listed(stage, sourceKinds=["subAgent"])[0]) == sorted(kinds.values())
        assert stage.error("thread/list", {"sourceKinds": ["unheard"]})["code"] == INVALID
