import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from agent_protocol.schema import PrettierError, write_typescript


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def stable(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("stable")
    write_typescript(folder, experimental=False)
    return folder


def test_params_may_leave_out_what_results_write_as_null(stable: Path) -> None:
    assert "cursor?: string | null" in read(stable / "v2" / "ThreadListParams.ts")
    assert "nextCursor: string | null" in read(stable / "v2" / "ThreadListResponse.ts")
    assert "layers?: Array<ConfigLayer> | null" in read(stable / "v2" / "ConfigReadResponse.ts")


def test_a_file_imports_what_it_mentions(stable: Path) -> None:
    text = read(stable / "v2" / "Thread.ts")
    assert 'import type { SessionSource } from "./SessionSource";' in text
    assert 'import type { ReasoningEffort } from "../ReasoningEffort";' in read(
        stable / "v2" / "ThreadStartResponse.ts"
    )
    assert 'import type { JsonValue } from "./serde_json/JsonValue";' in read(stable / "Tool.ts")


def test_the_indexes_name_every_type(stable: Path) -> None:
    root, versioned = read(stable / "index.ts"), read(stable / "v2" / "index.ts")
    assert root.endswith('export * as v2 from "./v2";\n')
    for path in stable.glob("v2/*.ts"):
        assert path.stem == "index" or f'export type {{ {path.stem} }} from "./{path.stem}";' in versioned
    for path in stable.glob("*.ts"):
        assert path.stem == "index" or f'export type {{ {path.stem} }} from "./{path.stem}";' in root


def test_choices_are_unions_of_strings_and_objects(stable: Path) -> None:
    text = read(stable / "v2" / "CommandExecutionApprovalDecision.ts")
    assert '"acceptForSession"' in text
    assert '{ "acceptWithExecpolicyAmendment": { execpolicy_amendment: Array<string> } }' in text


def test_a_formatter_is_run_over_the_files(tmp_path: Path) -> None:
    formatter = script(
        tmp_path / "formatter", "import pathlib; [pathlib.Path(p).write_text('// x') for p in sys.argv[4:]]"
    )
    write_typescript(tmp_path / "out", experimental=False, prettier=formatter)
    assert {read(path) for path in (tmp_path / "out").rglob("*.ts")} == {"// x"}


def test_a_failing_formatter_fails_the_export(tmp_path: Path) -> None:
    formatter = script(tmp_path / "formatter", "sys.exit('no such style')")
    with pytest.raises(PrettierError) as failure:
        write_typescript(tmp_path / "out", experimental=False, prettier=formatter)
    assert failure.value.exit_code == 1
    assert "no such style" in failure.value.stderr


def script(path: Path, body: str) -> Path:
    path.write_text(f"#!{sys.executable}\nimport sys\n{body}\n")
    path.chmod(0o755)
    return path


@pytest.mark.parametrize("experimental", [False, True], ids=["stable", "experimental"])
def test_the_strict_compiler_accepts_every_file(tmp_path: Path, experimental: bool) -> None:
    compiler = os.environ.get("AGENT_TSC") or shutil.which("tsc")
    if compiler is None:
        pytest.skip("no TypeScript compiler: neither AGENT_TSC nor a tsc on the PATH")
    write_typescript(tmp_path, experimental=experimental)
    options = ["--strict", "--noEmit", "--module", "esnext", "--moduleResolution", "bundler"]
    done = subprocess.run(
        [compiler, *options, *map(str, tmp_path.rglob("*.ts"))], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, "")
