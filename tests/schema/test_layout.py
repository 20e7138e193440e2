import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from agent_protocol.schema import write_json_schema
from agent_protocol.schema.naming import BUNDLE
from agent_protocol.wire import JsonValue


@pytest.fixture(scope="module")
def stable(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("stable")
    write_json_schema(folder, experimental=False)
    return folder


@pytest.fixture(scope="module")
def experimental(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("experimental")
    write_json_schema(folder, experimental=True)
    return folder


def read(path: Path) -> JsonValue:
    return json.loads(path.read_text(encoding="utf-8"))


def methods(folder: Path, family: str) -> list[str]:
    return [arm["properties"]["method"]["enum"][0] for arm in read(folder / f"{family}.json")["oneOf"]]


def references(schema: JsonValue) -> Iterator[str]:
    if isinstance(schema, dict):
        if isinstance(schema.get("$ref"), str):
            yield schema["$ref"]
        for value in schema.values():
            yield from references(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from references(value)


@pytest.mark.parametrize(
    "path",
    [
        "RequestId.json",
        "JSONRPCMessage.json",
        "ClientRequest.json",
        "ClientNotification.json",
        "ServerRequest.json",
        "ServerNotification.json",
        "CommandExecutionRequestApprovalParams.json",
        "ToolRequestUserInputResponse.json",
        "ChatgptAuthTokensRefreshParams.json",
        "FuzzyFileSearchResponse.json",
        "v1/InitializeParams.json",
        "v2/ThreadStartParams.json",
        "v2/RawResponseItemCompletedNotification.json",
        BUNDLE,
    ],
)
def test_files_stand_where_clients_look_for_them(stable: Path, path: str) -> None:
    assert read(stable / path)["title"] == ("CodexAppServerProtocol" if path == BUNDLE else Path(path).stem)


def test_a_file_ends_without_a_line_end(stable: Path) -> None:
    assert not (stable / "RequestId.json").read_text(encoding="utf-8").endswith("\n")


def test_a_stable_export_leaves_out_what_is_experimental(stable: Path, experimental: Path) -> None:
    assert len(methods(experimental, "ClientRequest")) == 43
    assert len(methods(stable, "ClientRequest")) == 38
    assert "collaborationMode/list" not in methods(stable, "ClientRequest")
    assert not (stable / "v2" / "CollaborationModeListParams.json").exists()
    assert "dynamicTools" not in read(stable / "v2" / "ThreadStartParams.json")["properties"]
    assert "dynamicTools" in read(experimental / "v2" / "ThreadStartParams.json")["properties"]


def test_a_variant_and_an_orphaned_declaration_stay_in_a_stable_export(stable: Path) -> None:
    tags = [arm["properties"]["type"]["enum"][0] for arm in read(stable / "v2" / "LoginAccountParams.json")["oneOf"]]
    assert tags == ["apiKey", "chatgpt", "chatgptAuthTokens"]
    assert "DynamicToolSpec" in read(stable / "v2" / "ThreadStartParams.json")["definitions"]


def test_members_of_newer_releases_are_not_exported(experimental: Path) -> None:
    assert "status" not in read(experimental / "v2" / "ThreadReadResponse.json")["definitions"]["Thread"]["properties"]
    assert "ThreadStatus" not in read(experimental / BUNDLE)["definitions"]["v2"]


def test_every_reference_leads_somewhere(experimental: Path) -> None:
    for path in experimental.rglob("*.json"):
        whole = read(path)
        for reference in references(whole):
            place = whole
            for step in reference.removeprefix("#/").split("/"):
                place = place[step]


def test_the_one_name_with_two_spellings_keeps_both_in_the_bundle(experimental: Path) -> None:
    definitions = read(experimental / BUNDLE)["definitions"]
    tags = [
        [arm["properties"]["type"]["enum"][0] for arm in space["WebSearchAction"]["oneOf"]]
        for space in (definitions, definitions["v2"])
    ]
    assert tags == [["search", "open_page", "find_in_page", "other"], ["search", "openPage", "findInPage", "other"]]


def test_messages_are_titled_by_their_method(stable: Path) -> None:
    first = read(stable / "ClientRequest.json")["oneOf"][1]
    assert first["title"] == "Thread/startRequest"
    assert first["properties"]["method"]["title"] == "Thread/startRequestMethod"
    assert read(stable / "ClientNotification.json")["oneOf"][0]["required"] == ["method"]


def test_other_files_of_the_target_stay(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    write_json_schema(tmp_path, experimental=False)
    assert (tmp_path / "notes.txt").read_text() == "mine"
