import os
from collections.abc import Callable
from pathlib import Path

import pytest
from agent_core.config.errors import ConfigError
from agent_core.config.layer import Layer, LayerKind, LayerStack
from agent_core.config.project import directories_down, project_root, repository_root
from agent_core.config.stack import ConfigRequest, load_stack, trust_of

Requests = Callable[..., ConfigRequest]


def _write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def _trusting(*directories: Path) -> str:
    return "".join(f'[projects."{directory}"]\ntrust_level = "trusted"\n' for directory in directories)


def _places(stack: LayerStack) -> list[tuple[str, str | None]]:
    return [(layer.kind.value, layer.place.name if layer.place else None) for layer in stack.layers]


def test_layers_come_weakest_first_and_tables_merge(
    request_for: Requests, project: Path, tmp_path: Path, home: Path
) -> None:
    _write(tmp_path / "etc/config.toml", 'a = "system"\nt = {x = 1, y = 1, z = 1}\n')
    _write(tmp_path / "etc/managed_config.toml", 'a = "managed"\n')
    _write(project / ".agent/config.toml", "l = [3]\nt = {z = 3}\n")
    request = request_for(
        'l = [1, 2]\nt = {y = 2}\na = "user"\n' + _trusting(project),
        project,
        overrides=[("a", "flag"), ("b", "flag"), ("t.w", 4)],
    )
    stack = load_stack(request)
    assert _places(stack) == [
        ("system", "config.toml"),
        ("user", "config.toml"),
        ("project", ".agent"),
        ("sessionFlags", None),
        ("legacyManagedConfigTomlFromFile", "managed_config.toml"),
    ]
    merged = {key: value for key, value in stack.merged.items() if key != "projects"}
    assert merged == {"a": "managed", "b": "flag", "l": [3], "t": {"x": 1, "y": 2, "z": 3, "w": 4}}
    origins = {path: layer.kind.value for path, layer in stack.origins().items()}
    assert origins["t.x"] == "system"
    assert origins["l.0"] == "project"
    assert origins[f"projects.{project}.trust_level"] == "user"
    assert "t" not in origins


def test_missing_files_are_empty_layers(request_for: Requests) -> None:
    stack = load_stack(request_for())
    assert _places(stack) == [("system", "config.toml"), ("user", "config.toml")]
    digest = "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
    assert {layer.version for layer in stack.layers} == {digest}


def test_the_version_depends_on_the_content_alone() -> None:
    known = Layer(LayerKind.USER, None, {"model_verbosity": "low"})
    assert known.version == "sha256:20c92f6cb329899d5f51422764ed50bb76230e88983ea9b48cd5cba17ab57898"
    ordered = Layer(LayerKind.USER, None, {"features": {"sqlite": False}, "model_verbosity": "low"})
    other = Layer(LayerKind.SESSION, None, {"model_verbosity": "low", "features": {"sqlite": False}})
    assert ordered.version == other.version
    assert ordered.version == "sha256:97229e08764c0819cad5cf1b16654c642d31691d639f0ea2a54747a62b41b7b3"


def test_every_directory_down_to_the_working_one_may_have_a_layer(
    request_for: Requests, project: Path, home: Path
) -> None:
    inner = project / "one" / "two"
    inner.mkdir(parents=True)
    _write(project / ".codex/config.toml", "where = 1\n")
    (project / "one" / ".agent").mkdir()
    _write(project / "one/.codex/config.toml", "where = 2\n")
    _write(inner / ".agent/config.toml", "where = 3\n")
    _write(project.parent / ".agent/config.toml", "where = 0\n")
    stack = load_stack(request_for(_trusting(project), inner))
    folders = [layer.place for layer in stack.layers if layer.kind is LayerKind.PROJECT]
    assert folders == [project / ".codex", project / "one/.agent", inner / ".agent"]
    assert stack.merged["where"] == 3


def test_the_home_itself_is_no_project_layer(tmp_path: Path) -> None:
    home = tmp_path / ".agent"
    _write(home / "config.toml", "a = 1\n")
    stack = load_stack(ConfigRequest(home=home, cwd=tmp_path, env={}, system=tmp_path / "etc"))
    assert [layer.kind for layer in stack.layers] == [LayerKind.SYSTEM, LayerKind.USER]


@pytest.mark.parametrize("decision", ["", "untrusted"])
def test_a_project_that_is_not_trusted_is_listed_and_ignored(
    request_for: Requests, project: Path, decision: str
) -> None:
    _write(project / ".agent/config.toml", 'model = "theirs"\n[projects."/"]\ntrust_level = "trusted"\n')
    text = f'[projects."{project}"]\ntrust_level = "{decision}"\n' if decision else ""
    stack = load_stack(request_for(text, project))
    assert "model" not in stack.merged
    assert [layer.place for layer in stack.disabled] == [project / ".agent"]
    assert stack.disabled[0].disabled_reason
    assert stack.disabled[0].table["model"] == "theirs"


def test_a_project_cannot_trust_itself(request_for: Requests, project: Path) -> None:
    _write(project / ".agent/config.toml", _trusting(project))
    assert load_stack(request_for("", project)).disabled


def test_a_broken_file_of_a_project_matters_only_when_it_is_trusted(request_for: Requests, project: Path) -> None:
    broken = _write(project / ".agent/config.toml", "a = \n")
    assert load_stack(request_for("", project)).disabled
    with pytest.raises(ConfigError) as caught:
        load_stack(request_for(_trusting(project), project))
    assert (caught.value.path, caught.value.line) == (broken, 1)


def test_without_a_directory_no_project_is_looked_at(request_for: Requests) -> None:
    assert all(layer.kind is not LayerKind.PROJECT for layer in load_stack(request_for()).layers)


def test_files_can_be_left_out_to_go_on_when_one_is_broken(request_for: Requests, project: Path) -> None:
    request = request_for("a = \n", project, overrides=[("b", 1)], ignore_files=True)
    assert load_stack(request).merged == {"b": 1}


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [("model = \n", 1, 9), ("a = 1\na = 2\n", 2, 6), ('model="é" x\n', 1, 11), ("a = [1,\n\n", 3, 1)],
)
def test_broken_toml_is_reported_with_its_place(
    request_for: Requests, home: Path, text: str, line: int, column: int
) -> None:
    with pytest.raises(ConfigError) as caught:
        load_stack(request_for(text))
    assert (caught.value.path, caught.value.line, caught.value.column) == (home / "config.toml", line, column)


def test_a_file_that_is_no_text_or_no_file_is_reported(request_for: Requests, home: Path) -> None:
    (home / "config.toml").write_bytes(b"a = '\xff'\n")
    with pytest.raises(ConfigError) as caught:
        load_stack(request_for())
    assert caught.value.path == home / "config.toml"
    (home / "config.toml").unlink()
    (home / "config.toml").mkdir()
    with pytest.raises(ConfigError) as caught:
        load_stack(request_for())
    assert caught.value.path == home / "config.toml"
    assert caught.value.range is None


def test_a_byte_order_mark_and_windows_line_ends_are_no_error(request_for: Requests, home: Path) -> None:
    (home / "config.toml").write_bytes(b"\xef\xbb\xbfa = 1\r\nb = 2\r\n")
    assert load_stack(request_for()).merged == {"a": 1, "b": 2}


def test_paths_are_meant_from_the_folder_of_their_file(request_for: Requests, project: Path, home: Path) -> None:
    text = """
model_instructions_file = "inst.md"
log_dir = "~/logs"
profiles.p.model_instructions_file = "../x.md"
sandbox_workspace_write.writable_roots = ["rel", "/abs", "~"]
model_providers.r.cassette = "tape"
model_providers.r.name = "plain"
"""
    merged = load_stack(request_for(text)).merged
    assert merged["model_instructions_file"] == str(home / "inst.md")
    assert merged["log_dir"] == "/users/me/logs"
    assert merged["profiles"]["p"]["model_instructions_file"] == str(home.parent / "x.md")
    assert merged["sandbox_workspace_write"]["writable_roots"] == [str(home / "rel"), "/abs", "/users/me"]
    assert merged["model_providers"]["r"] == {"cassette": str(home / "tape"), "name": "plain"}
    flags = [("sandbox_workspace_write.writable_roots", ["rel"])]
    merged = load_stack(request_for("", project, overrides=flags)).merged
    assert merged["sandbox_workspace_write"]["writable_roots"] == [str(project / "rel")]


def test_a_project_begins_where_a_marker_is(project: Path) -> None:
    inner = project / "a" / "b"
    inner.mkdir(parents=True)
    (project / "a" / "mark").touch()
    assert project_root(inner) == project
    assert project_root(inner, ["mark"]) == project / "a"
    assert project_root(inner, ["none"]) == inner
    assert directories_down(project, inner) == [project, project / "a", inner]
    assert directories_down(inner, inner) == [inner]


def test_a_worktree_is_trusted_with_its_repository(project: Path, tmp_path: Path) -> None:
    (project / ".git/worktrees/w").mkdir(parents=True)
    worktree = tmp_path / "elsewhere"
    worktree.mkdir()
    (worktree / ".git").write_text(f"gitdir: {project}/.git/worktrees/w\n")
    assert repository_root(worktree) == project
    assert repository_root(tmp_path) is None
    assert trust_of(worktree, {str(project): {"trust_level": "trusted"}}) == "trusted"


def test_the_nearest_decision_counts_and_links_are_seen_through(project: Path, tmp_path: Path) -> None:
    inner = project / "inner"
    inner.mkdir()
    projects = {str(project): {"trust_level": "trusted"}, str(inner): {"trust_level": "untrusted"}}
    assert trust_of(inner, projects) == "untrusted"
    assert trust_of(project, projects) == "trusted"
    link = tmp_path / "link"
    os.symlink(project, link)
    assert trust_of(link, projects) == "trusted"
    assert trust_of(tmp_path, projects) is None
    assert trust_of(project, {str(project): {"trust_level": "maybe"}}) is None
    assert trust_of(project, "nonsense") is None
