import pytest
from agent_core.patch.detect import ImplicitInvocation, PatchCall, detect
from hypothesis import given
from hypothesis import strategies as st

PATCH = "*** Begin Patch\n*** Add File: f\n+x `y $(z\n*** End Patch"


def heredoc(opening: str, tag: str = "EOF", body: str = PATCH, closing: str = "") -> str:
    return f"{opening}\n{body}\n{tag}{closing}"


@pytest.mark.parametrize("name", ["apply_patch", "applypatch"])
def test_a_direct_call_is_a_patch_whether_it_parses_or_not(name: str) -> None:
    assert detect([name, PATCH]) == PatchCall(PATCH, None)
    assert detect([name, "nonsense"]) == PatchCall("nonsense", None)


@pytest.mark.parametrize(
    "argv",
    [
        ["bash", "-lc"],
        ["/bin/bash", "-c"],
        ["sh", "-lc"],
        ["/usr/bin/zsh", "-lc"],
        ["bash.exe", "-lc"],
        ["pwsh", "-Command"],
        ["powershell.exe", "-NoProfile", "-command"],
        ["cmd", "/c"],
    ],
)
def test_a_here_document_is_recognised_in_every_shell(argv: list[str]) -> None:
    assert detect([*argv, heredoc("apply_patch <<'EOF'")]) == PatchCall(PATCH, None)


@pytest.mark.parametrize(
    ("script", "workdir"),
    [
        (heredoc("apply_patch <<EOF"), None),
        (heredoc('applypatch << "END-1"', "END-1"), None),
        (heredoc("apply_patch <<\\EOF", closing="\n\n"), None),
        (heredoc("  apply_patch - <<'EOF'  ", closing="  \n"), None),
        (heredoc("cd sub/dir && apply_patch <<'EOF'"), "sub/dir"),
        (heredoc("cd 'a b' && apply_patch <<'EOF'"), "a b"),
        (heredoc('cd "a b"&&\napply_patch <<EOF'), "a b"),
        (heredoc("cd '' && apply_patch <<'EOF'"), ""),
    ],
)
def test_shapes_that_are_patch_calls(script: str, workdir: str | None) -> None:
    assert detect(["bash", "-lc", script]) == PatchCall(PATCH, workdir)


def test_a_tab_stripping_here_document_strips_tabs() -> None:
    script = "apply_patch <<-EOF\n\t*** Begin Patch\n\t\t*** End Patch\n\tEOF"
    assert detect(["bash", "-lc", script]) == PatchCall("*** Begin Patch\n*** End Patch", None)


@pytest.mark.parametrize(
    "script",
    [
        heredoc("apply_patch <<'EOF'", closing="\necho done"),
        heredoc("set -e; apply_patch <<'EOF'"),
        heredoc("# why\napply_patch <<'EOF'"),
        heredoc("cd a; apply_patch <<'EOF'"),
        heredoc("cd a || apply_patch <<'EOF'"),
        heredoc("cd a && cd b && apply_patch <<'EOF'"),
        heredoc("cd -P a && apply_patch <<'EOF'"),
        heredoc("cd - && apply_patch <<'EOF'"),
        heredoc("cd a b && apply_patch <<'EOF'"),
        heredoc("cd $HOME && apply_patch <<'EOF'"),
        heredoc('cd "$HOME" && apply_patch <<EOF'),
        heredoc("cd ~ && apply_patch <<'EOF'"),
        heredoc("apply_patch <<'EOF' | cat"),
        heredoc("apply_patch <<'EOF' > log"),
        heredoc("apply_patch -v <<'EOF'"),
        heredoc("apply_patch <<'EOF\""),
        "apply_patch <<'EOF'\n" + PATCH,
        f"apply_patch '{PATCH}'",
        "echo apply_patch",
        "",
    ],
)
def test_shapes_that_are_ordinary_commands(script: str) -> None:
    assert detect(["bash", "-lc", script]) is None


@pytest.mark.parametrize(
    "argv",
    [
        [],
        ["ls"],
        ["apply_patch"],
        ["apply_patch", PATCH, "x"],
        ["/usr/bin/apply_patch", PATCH],
        ["fish", "-c", heredoc("apply_patch <<'EOF'")],
        ["bash", "-x", heredoc("apply_patch <<'EOF'")],
        ["bash", "-NoProfile", "-Command", heredoc("apply_patch <<'EOF'")],
    ],
)
def test_other_commands(argv: list[str]) -> None:
    assert detect(argv) is None


@pytest.mark.parametrize("argv", [["PATCH"], ["bash", "-lc", "PATCH"], ["sh", "-c", "\nPATCH\n"]])
def test_a_bare_patch_is_an_implicit_invocation(argv: list[str]) -> None:
    with pytest.raises(ImplicitInvocation):
        detect([part.replace("PATCH", PATCH) for part in argv])


@given(
    st.lists(st.sampled_from(["cd a ", "&& ", "apply_patch ", "<<", "'", "EOF", "\n", "-", PATCH, ";"]), max_size=10)
)
def test_any_script_is_told_apart(parts: list[str]) -> None:
    try:
        detect(["bash", "-lc", "".join(parts)])
    except ImplicitInvocation:
        assert PATCH in parts
