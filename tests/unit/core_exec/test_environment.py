from agent_core.exec.env import UNIFIED_EXEC_VARIABLES, EnvironmentPolicy, command_environment

OWN = {"PATH": "/bin", "HOME": "/h", "API_KEY": "k", "GitHub_Token": "t", "MY_SECRET": "s", "EDITOR": "vi", "USER": "u"}


def made(policy: EnvironmentPolicy, *, network_allowed: bool = True) -> dict[str, str]:
    environment = command_environment(policy, OWN, thread_id="T", network_allowed=network_allowed)
    assert environment.pop("CODEX_THREAD_ID") == "T"
    return environment


def test_everything_is_inherited_by_default_secrets_included() -> None:
    assert made(EnvironmentPolicy()) == OWN


def test_core_and_none() -> None:
    assert made(EnvironmentPolicy(inherit="core")) == {"PATH": "/bin", "HOME": "/h", "USER": "u"}
    assert made(EnvironmentPolicy(inherit="none")) == {}


def test_names_that_look_like_secrets_can_be_left_out() -> None:
    assert made(EnvironmentPolicy(ignore_default_excludes=False)) == {
        name: OWN[name] for name in ("PATH", "HOME", "EDITOR", "USER")
    }


def test_order_of_the_steps() -> None:
    policy = EnvironmentPolicy(exclude=("ED*", "p?th"), set={"EDITOR": "ed", "NEW": "1"}, include_only=("*E*", "path"))
    assert made(policy) == {"HOME": "/h", "API_KEY": "k", "GitHub_Token": "t", "MY_SECRET": "s", "EDITOR": "ed"} | {
        "NEW": "1",
        "USER": "u",
    }


def test_patterns_match_whole_names_and_other_signs_stand_for_themselves() -> None:
    policy = EnvironmentPolicy(inherit="none", set={"A.B": "1", "AxB": "2", "A.BC": "3"}, include_only=("a.b",))
    assert made(policy) == {"A.B": "1"}


def test_the_mark_of_a_closed_network() -> None:
    assert made(EnvironmentPolicy(inherit="none"), network_allowed=False) == {"CODEX_SANDBOX_NETWORK_DISABLED": "1"}


def test_the_marks_survive_include_only() -> None:
    environment = command_environment(
        EnvironmentPolicy(include_only=("NOTHING",)), OWN, thread_id="T", network_allowed=False
    )
    assert environment == {"CODEX_THREAD_ID": "T", "CODEX_SANDBOX_NETWORK_DISABLED": "1"}


def test_variables_of_interactive_processes() -> None:
    assert UNIFIED_EXEC_VARIABLES["TERM"] == "dumb" and UNIFIED_EXEC_VARIABLES["COLORTERM"] == ""
    assert {UNIFIED_EXEC_VARIABLES[name] for name in ("PAGER", "GIT_PAGER", "GH_PAGER")} == {"cat"}
    assert {UNIFIED_EXEC_VARIABLES[name] for name in ("LANG", "LC_CTYPE", "LC_ALL")} == {"C.UTF-8"}
    assert len(UNIFIED_EXEC_VARIABLES) == 10
