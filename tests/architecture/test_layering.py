"""The tree read as text: who imports whom, where, and how large the rooms are."""

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ALLOWED = {
    "agent_protocol": set[str](),
    "agent_sandbox": set[str](),
    "agent_state": {"agent_protocol"},
    "agent_core": {"agent_protocol", "agent_state", "agent_sandbox"},
    "agent_server": {"agent_protocol", "agent_state", "agent_core"},
    "agent_cli": {"agent_protocol", "agent_state", "agent_sandbox", "agent_core", "agent_server"},
}
# Costly to import, so a module may import them only inside the function that uses them.
LAZY = {
    "alembic",
    "click",
    "cryptography",
    "email",
    "httpx2",
    "sqlalchemy",
    "ssl",
    "subprocess",
    "textual",
    "tree_sitter",
}
LAZY |= {"tree_sitter_bash", "tomlkit", "websockets", "importlib.metadata", "logging.config"}
# Modules that are themselves loaded only when their library is used.
LAZY_HOMES = {
    "alembic": {"agent_state.sql.migrations"},
    "click": {"agent_cli.commands"},
    "sqlalchemy": {"agent_state.sql"},
}
# `except Exception` stands once in each of these and nowhere else: whatever happened must be answered or reported here.
BOUNDARIES = {
    "agent_core.agent": "a thread that breaks ends alone",
    "agent_core.thread.factory": "what is prepared in the background",
    "agent_core.thread.running": "the end of a turn",
    "agent_protocol.client.inbox": "the client's answer to a question",
    "agent_sandbox.linux.child": "between fork and exec: must not return into the server's loop",
    "agent_server.dispatch": "the reply to a request",
    "agent_server.server": "a connection served in the background",
}
LONGEST_MODULE_LINES = 600


@dataclass(frozen=True)
class Import:
    """One imported module and where it is imported."""

    importer: str
    imported: str
    line: int
    eager: bool

    def __str__(self) -> str:
        return f"{self.importer}:{self.line} imports {self.imported}"


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts[3:]
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


SOURCES = {path: path.read_text(encoding="utf-8") for path in sorted(ROOT.glob("packages/*/src/agent_*/**/*.py"))}
TREES = {path: ast.parse(text) for path, text in SOURCES.items()}


def walk(node: ast.AST, eager: bool) -> Iterator[tuple[ast.stmt, bool]]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import | ast.ImportFrom):
            yield child, eager
        inside = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        typing_only = isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test)
        yield from walk(child, eager and not inside and not typing_only)


def imports() -> list[Import]:
    found = []
    for path, tree in TREES.items():
        for statement, eager in walk(tree, eager=True):
            if isinstance(statement, ast.ImportFrom):
                names = [statement.module or ""]
                names += [f"{statement.module}.{alias.name}" for alias in statement.names]
            else:
                assert isinstance(statement, ast.Import)
                names = [alias.name for alias in statement.names]
            found += [Import(module_name(path), name, statement.lineno, eager) for name in names]
    return found


IMPORTS = imports()


def is_within(module: str, prefixes: set[str]) -> bool:
    return any(module == prefix or module.startswith(prefix + ".") for prefix in prefixes)


def test_packages_import_only_what_lies_below_them() -> None:
    upward = [
        found
        for found in IMPORTS
        if (target := found.imported.split(".")[0]) in ALLOWED
        and target != (home := found.importer.split(".")[0])
        and target not in ALLOWED[home]
    ]
    assert not upward, "\n".join(map(str, upward))


def test_no_import_is_relative() -> None:
    relative = [
        f"{path}:{statement.lineno}"
        for path, tree in TREES.items()
        for statement, _ in walk(tree, eager=True)
        if isinstance(statement, ast.ImportFrom) and statement.level
    ]
    assert not relative


def test_costly_libraries_are_imported_where_they_are_used() -> None:
    eager = [
        found
        for found in IMPORTS
        if found.eager
        and is_within(found.imported, LAZY)
        and not any(
            is_within(found.imported, {library}) and is_within(found.importer, homes)
            for library, homes in LAZY_HOMES.items()
        )
    ]
    assert not eager, "\n".join(map(str, eager))


def test_only_state_knows_the_database_library() -> None:
    database = {"sqlalchemy", "alembic", "sqlite3"}
    strays = [
        found
        for found in IMPORTS
        if is_within(found.imported, database) and not is_within(found.importer, {"agent_state"})
    ]
    assert not strays, "\n".join(map(str, strays))


def test_each_package_imports_only_libraries_it_declares() -> None:
    undeclared = []
    for project in ROOT.glob("packages/*/pyproject.toml"):
        table = tomllib.loads(project.read_text())["project"]
        groups = [table.get("dependencies", []), *table.get("optional-dependencies", {}).values()]
        requirements = [requirement for group in groups for requirement in group]
        declared = {re.split(r"[^A-Za-z0-9-]", requirement)[0].replace("-", "_") for requirement in requirements}
        home = table["name"].replace("-", "_")
        undeclared += [
            found
            for found in IMPORTS
            if found.importer.split(".")[0] == home
            and (top := found.imported.split(".")[0]) not in sys.stdlib_module_names | declared | {home}
            and top != "__future__"
        ]
    assert not undeclared, "\n".join(map(str, undeclared))


def catches_everything(handler: ast.ExceptHandler) -> bool:
    names = {"BaseException"} if handler.type is None else set(re.findall(r"\w+", ast.unparse(handler.type)))
    return bool(names & {"Exception", "BaseException"}) and not isinstance(handler.body[-1], ast.Raise)


def test_catching_everything_is_left_to_the_boundaries() -> None:
    catches = [
        module_name(path)
        for path, tree in TREES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.ExceptHandler) and catches_everything(node)
    ]
    assert sorted(catches) == sorted(BOUNDARIES)


def test_no_module_has_grown_past_one_room() -> None:
    lengths = {module_name(path): text.count("\n") for path, text in SOURCES.items()}
    assert not {name: lines for name, lines in lengths.items() if lines > LONGEST_MODULE_LINES}


def test_modules_are_named_for_what_they_hold() -> None:
    leftovers = {"utils", "util", "helpers", "helper", "misc"}
    assert not [module_name(path) for path in SOURCES if path.stem in leftovers]
