"""Collects the layers of a request from files and flags."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from agent_protocol.wire import JsonValue

from agent_core.config.document import Document, read_document
from agent_core.config.errors import ConfigError
from agent_core.config.explicit import ExplicitSettings
from agent_core.config.layer import Layer, LayerKind, LayerStack, Table
from agent_core.config.override import Override, override_table
from agent_core.config.paths import with_absolute_paths
from agent_core.config.project import DEFAULT_MARKERS, directories_down, project_root, repository_root
from agent_core.config.schema import TrustLevel

FILE_NAME = "config.toml"
MANAGED_NAME = "managed_config.toml"
PROJECT_FOLDERS = (".agent", ".codex")
"""Of these, a directory's first that exists counts."""
SYSTEM_FOLDERS = (Path("/etc/agent"), Path("/etc/codex"))


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigRequest:
    """What configuration is wanted: whose, for which directory, with which settings on top."""

    home: Path
    cwd: Path | None
    """An absolute directory; ``None`` leaves every project out."""
    overrides: Sequence[Override] = ()
    """Settings by dotted key, above all files of the user and the project."""
    explicit: ExplicitSettings = field(default_factory=ExplicitSettings)
    """Settings above everything else, profiles included."""
    env: Mapping[str, str] = field(default_factory=dict)
    system: Path | None = None
    """The directory of the machine's own settings, in place of the usual one."""
    ignore_files: bool = False
    """Leave all files out: what is needed to go on when one of them is broken."""


def load_stack(request: ConfigRequest) -> LayerStack:
    """Return the layers of ``request``.

    Raises:
        ConfigError: a file in force cannot be read or is not TOML.
    """
    session = _session_layer(request)
    if request.ignore_files:
        return LayerStack(session)
    system = request.system or next((folder for folder in SYSTEM_FOLDERS if folder.is_dir()), SYSTEM_FOLDERS[0])
    low = [
        _file_layer(LayerKind.SYSTEM, system / FILE_NAME, request),
        _file_layer(LayerKind.USER, request.home / FILE_NAME, request),
    ]
    managed = [_file_layer(LayerKind.MANAGED, system / MANAGED_NAME, request)]
    high = [*session, *(layer for layer in managed if layer.text)]
    projects = _project_layers(request, LayerStack([*low, *high]).merged) if request.cwd else []
    return LayerStack([*low, *projects, *high])


def trust_of(directory: Path, projects: JsonValue, markers: Sequence[str] = DEFAULT_MARKERS) -> TrustLevel | None:
    """Return what ``projects`` decides about ``directory``, its project or its repository; ``None`` if nothing."""
    if not isinstance(projects, dict):
        return None
    candidates = (directory, project_root(directory, markers), repository_root(directory))
    for candidate in candidates:
        for spelling in dict.fromkeys((str(candidate), str(candidate.resolve()))) if candidate else ():
            entry = projects.get(spelling)
            level = entry.get("trust_level") if isinstance(entry, dict) else None
            if level == "trusted" or level == "untrusted":
                return "trusted" if level == "trusted" else "untrusted"
    return None


def root_markers(table: Table) -> Sequence[str]:
    """Return the markers of a project's root that ``table`` sets, or the usual ones."""
    markers = table.get("project_root_markers")
    if isinstance(markers, list):
        return [marker for marker in markers if isinstance(marker, str)]
    return DEFAULT_MARKERS


def _file_layer(kind: LayerKind, path: Path, request: ConfigRequest) -> Layer:
    return _layer(kind, path, read_document(path), request)


def _layer(kind: LayerKind, place: Path, document: Document, request: ConfigRequest) -> Layer:
    table = with_absolute_paths(document.table, document.path.parent, request.env)
    return Layer(kind, place, table, document.text, document.path)


def _session_layer(request: ConfigRequest) -> list[Layer]:
    if not request.overrides:
        return []
    base = request.cwd or request.home
    return [Layer(LayerKind.SESSION, None, with_absolute_paths(override_table(request.overrides), base, request.env))]


def _project_layers(request: ConfigRequest, general: Table) -> list[Layer]:
    assert request.cwd is not None
    markers = root_markers(general)
    root = project_root(request.cwd, markers) if markers else request.cwd
    layers: list[Layer] = []
    for directory in directories_down(root, request.cwd):
        folder = next((found for name in PROJECT_FOLDERS if (found := directory / name).is_dir()), None)
        if folder is None or folder.resolve() == request.home.resolve():
            continue
        trust = trust_of(directory, general.get("projects"), markers)
        if trust == "trusted":
            layers.append(_layer(LayerKind.PROJECT, folder, read_document(folder / FILE_NAME), request))
        else:
            layers.append(_disabled_layer(folder, request, _distrust(trust, root, request.home / FILE_NAME)))
    return layers


def _disabled_layer(folder: Path, request: ConfigRequest, reason: str) -> Layer:
    try:
        document = read_document(folder / FILE_NAME)
    except ConfigError:
        document = Document(folder / FILE_NAME)
    enabled = _layer(LayerKind.PROJECT, folder, document, request)
    return Layer(enabled.kind, folder, enabled.table, enabled.text, enabled.file, reason)


def _distrust(trust: TrustLevel | None, root: Path, user_file: Path) -> str:
    if trust == "untrusted":
        return f"{root} is marked as untrusted in {user_file}"
    return f'nobody has trusted {root} yet; set trust_level = "trusted" for it under [projects] in {user_file}'
