import os
from pathlib import Path

import pytest
from agent_core.model.placeholder import Placeholders, host_places
from agent_protocol.wire import JsonValue
from hypothesis import given
from hypothesis import strategies as st

UUIDS = ("0190a3c4-0000-7000-8000-000000000001", "0190a3c4-0000-7000-8000-000000000002")


def body(*texts: str, thread: str = UUIDS[0]) -> JsonValue:
    return {"input": list(texts), "prompt_cache_key": thread}


def canonical(*texts: str, places: dict[str, list[str]] | None = None) -> list[str]:
    found: list[str] = Placeholders(places or {}).canonical(body(*texts))["input"]
    return found


def test_the_working_directory_is_known_from_the_request() -> None:
    texts = canonical("<cwd>/proj/a</cwd>", "see /proj/a/x.py and /proj/ab", "file:///proj/a")
    assert texts == ["<cwd>${cwd}</cwd>", "see ${cwd}/x.py and /proj/ab", "file://${cwd}"]


def test_the_real_path_of_the_working_directory_is_the_same_place(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    link = tmp_path / "link"
    link.symlink_to("real")
    texts = canonical(f"<cwd>{link}</cwd>", os.path.realpath(link))
    assert texts[1] == "${cwd}"


def test_further_directories_are_numbered() -> None:
    assert canonical("<cwd>/proj/a</cwd><cwd>/proj/b</cwd>")[0] == "<cwd>${cwd}</cwd><cwd>${cwd_2}</cwd>"


def test_the_working_directory_wins_over_a_home_of_the_same_path() -> None:
    assert canonical("<cwd>/h</cwd>", "/h/x", places={"home": ["/h"]})[1] == "${cwd}/x"


def test_the_longest_place_wins() -> None:
    places = {"home": ["/home/u"], "tmp": ["/tmp"]}
    assert canonical("<cwd>/home/u/p</cwd>", "/home/u/p/x /home/u/y /tmp/z /var/tmp", places=places)[1] == (
        "${cwd}/x ${home}/y ${tmp}/z /var/tmp"
    )


def test_the_thread_goes_by_name() -> None:
    assert Placeholders({}).canonical(body(f"id {UUIDS[0]}")) == {
        "input": ["id ${thread}"],
        "prompt_cache_key": "${thread}",
    }


def test_other_ids_are_numbered_as_they_appear() -> None:
    assert canonical(f"{UUIDS[1]} {UUIDS[1]}") == ["${uuid} ${uuid}"]


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("Chunk ID: 3fa9c1\nWall time: 0.0512 seconds", "Chunk ID: 000000\nWall time: 12 seconds"),
        ("Original token count: 5", "Original token count: 6"),
        ("1 failed in 0.12s", "1 failed in 1.40s"),
        ("Ran 2 tests in 0.001 seconds", "Ran 2 tests in 0.2 seconds"),
        ('{"metadata":{"exit_code":0,"duration_seconds":0.1}}', '{"metadata":{"exit_code":0,"duration_seconds":3}}'),
        ("at 2026-01-02T03:04:05Z", "at 2027-11-12T13:14:15.161Z"),
        ("on 2026-01-02", "on 2027-11-12"),
        ("<shell>bash</shell>", "<shell>zsh</shell>"),
        ("<object at 0x7f00aa11>", "<object at 0x55fe1234abcd>"),
        (
            "<permissions instructions>\na\n</permissions instructions>x",
            "<permissions instructions>b</permissions instructions>x",
        ),
        ("/x/tmpab12_x9z", "/x/tmp00000000"),
    ],
)
def test_noise_makes_no_difference(text: str, same: str) -> None:
    assert canonical(text) == canonical(same)


@pytest.mark.parametrize(
    ("text", "other"),
    [
        ("Process exited with code 0", "Process exited with code 1"),
        ("version 1.2", "version 1.3"),
        ("<cwd>/a</cwd> /b", "<cwd>/a</cwd> /c"),
        ("Wall time: 1 seconds x", "Wall time: 1 seconds y"),
    ],
)
def test_everything_else_does(text: str, other: str) -> None:
    assert canonical(text) != canonical(other)


def test_further_noise_can_be_named() -> None:
    names = Placeholders({}, noise=[r"(?<=build )\d+"])
    assert names.canonical(body("build 17 of 20"))["input"] == ["build ${noise} of 20"]


def test_an_answer_gets_the_values_of_the_run_it_is_replayed_in() -> None:
    recorded, replayed = Placeholders({"tmp": ["/tmp"]}), Placeholders({"tmp": ["/var/tmp"]})
    recorded.canonical(body("<cwd>/proj/a</cwd>", "Process running with session ID 74069", thread=UUIDS[0]))
    replayed.canonical(body("<cwd>/home/b</cwd>", "Process running with session ID 1234", thread=UUIDS[1]))
    call = {"arguments": f'{{"session_id":74069,"cmd":"cat /proj/a/x /tmp/y {UUIDS[0]} 74069"}}'}
    masked = recorded.masked(call)
    assert masked == {"arguments": '{"session_id":${session},"cmd":"cat ${cwd}/x ${tmp}/y ${thread} 74069"}'}
    assert replayed.restored(masked) == {
        "arguments": f'{{"session_id":1234,"cmd":"cat /home/b/x /var/tmp/y {UUIDS[1]} 74069"}}'
    }


def test_literal_placeholders_survive() -> None:
    names = Placeholders({"home": ["/home/u"]})
    text = "echo ${home} $${HOME} $$ ${x:-y}"
    assert names.restored(names.masked(text)) == text


@given(st.text(alphabet="${}homeab/ ", max_size=40))
def test_masking_and_restoring_in_one_run_changes_nothing(text: str) -> None:
    names = Placeholders({"home": ["/home"], "tmp": ["/a b"]})
    assert names.restored(names.masked(text)) == text


@pytest.mark.parametrize(
    "secret",
    [
        "sk-proj-abcdefghijklmnop1234",
        "Bearer abcdefghijklmnop1234",
        "ghp_abcdefghijklmnopqrstuvwx",
        "github_pat_abcdefghijklmnopqrstuvwx",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl",
        "xoxb-1234567890-abc",
        "AKIAABCDEFGHIJKLMNOP",
    ],
)
def test_what_looks_like_a_secret_is_blanked(secret: str) -> None:
    names = Placeholders({})
    assert names.masked(f"use {secret} now") == "use ${secret} now"
    assert names.canonical(body(secret))["input"] == ["${secret}"]


@pytest.mark.parametrize("text", ["a task-oriented sk-etch", "bearer authentication", "Bearer of good news"])
def test_plain_words_are_no_secrets(text: str) -> None:
    assert Placeholders({}).masked(text) == text


def test_configured_secrets_are_blanked_wherever_they_stand() -> None:
    names = Placeholders({}, secrets=["correct horse", "short"])
    assert names.masked({"a": ["x correct horse y short"]}) == {"a": ["x ${secret} y short"]}


def test_the_places_of_a_host_are_its_home_and_temporary_directory() -> None:
    places = host_places({"HOME": "/home/u", "AGENT_HOME": "/home/u/.agent"})
    assert places["home"][0] == "/home/u"
    assert places["agent_home"][0] == "/home/u/.agent"
    assert "/tmp" in places["tmp"]
