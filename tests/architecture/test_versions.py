import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
OURS = {f"agent-{name}" for name in ("protocol", "state", "sandbox", "core", "server", "cli")}
PROJECTS = {path: tomllib.loads(path.read_text()) for path in [*ROOT.glob("packages/*/pyproject.toml")]}
WORKSPACE = tomllib.loads((ROOT / "pyproject.toml").read_text())


def pins(project: dict[str, object]) -> dict[str, str]:
    table = project["project"]
    assert isinstance(table, dict)
    groups = [table.get("dependencies", []), *table.get("optional-dependencies", {}).values()]
    found = {}
    for requirement in (requirement for group in groups for requirement in group):
        name = re.split(r"[^A-Za-z0-9-]", requirement, maxsplit=1)[0]
        if name in OURS:
            found[name] = requirement.removeprefix(name)
    return found


def test_there_are_exactly_six_distributions() -> None:
    assert {project["project"]["name"] for project in PROJECTS.values()} == OURS


def test_every_distribution_and_the_workspace_carry_one_version() -> None:
    versions = {project["project"]["version"] for project in [*PROJECTS.values(), WORKSPACE]}
    assert len(versions) == 1, versions


def test_the_version_has_a_local_part_that_no_public_index_can_hold() -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+((a|b|rc)\d+)?\+harness", WORKSPACE["project"]["version"])


def test_siblings_are_pinned_to_exactly_that_version() -> None:
    wanted = f"=={WORKSPACE['project']['version']}"
    loose = {
        (str(path), name): pin
        for path, project in [*PROJECTS.items(), (ROOT / "pyproject.toml", WORKSPACE)]
        for name, pin in pins(project).items()
        if pin != wanted
    }
    assert not loose


def test_constants_in_the_code_say_the_same_version() -> None:
    constants = {}
    for path in ROOT.glob("packages/*/src/agent_*/version.py"):
        match = re.search(r'^VERSION(?:: \w+)? = "([^"]+)"$', path.read_text(), re.MULTILINE)
        assert match, path
        constants[str(path)] = match[1]
    assert set(constants.values()) == {WORKSPACE["project"]["version"]}


def test_the_lock_holds_that_version_and_every_member() -> None:
    lock = tomllib.loads((ROOT / "uv.lock").read_text())
    locked = {package["name"]: package["version"] for package in lock["package"] if package["name"] in OURS}
    assert locked == dict.fromkeys(OURS, WORKSPACE["project"]["version"])


def test_the_lock_names_no_source_but_the_public_index_and_the_tree() -> None:
    lock = tomllib.loads((ROOT / "uv.lock").read_text())
    sources = {key: set[str]() for key in ("registry", "editable", "virtual")}
    for package in lock["package"]:
        for kind, where in package["source"].items():
            sources[kind].add(where)
    assert len(sources["registry"]) == 1
    assert all(where == "." or where.startswith("packages/") for where in sources["editable"] | sources["virtual"])


def test_one_environment_per_package_installs_just_what_it_declares() -> None:
    hatch = tomllib.loads((ROOT / "hatch.toml").read_text())
    folders = {project["project"]["name"]: path.parent.relative_to(ROOT) for path, project in PROJECTS.items()}
    for path, project in PROJECTS.items():
        name = project["project"]["name"]
        closure = {name, *pins(project)}
        for sibling in list(closure):
            closure |= set(pins(PROJECTS[ROOT / folders[sibling] / "pyproject.toml"]))
        members = hatch["envs"][f"layer-{path.parent.name}"]["workspace"]["members"]
        expanded = {folder.relative_to(ROOT) for member in members for folder in ROOT.glob(member)}
        assert expanded == {folders[sibling] for sibling in closure}, name
