import json
from dataclasses import replace
from pathlib import Path

import pytest
from agent_core.context import prompt as prompt_module
from agent_core.context.environment import environment_context
from agent_core.context.facts import ContextFacts
from agent_core.context.initial import initial_context
from agent_core.context.permission import MAX_PREFIX_CHARS, MAX_PREFIXES, has_network, permissions_block, prefix_list
from agent_core.context.prompt import base_instructions, prompt
from agent_core.context.update import settings_update
from agent_protocol.rollout.response_item import InputTextPart, MessageItem
from agent_protocol.rollout.setting import (
    ApprovalPolicy,
    DangerFullAccessPolicy,
    ExternalSandboxPolicy,
    ReadOnlyPolicy,
    SandboxPolicy,
    WorkspaceWritePolicy,
)
from hypothesis import given
from hypothesis import strategies as st

FACTS = ContextFacts(
    cwd="/home/u/app",
    shell="bash",
    sandbox_policy=WorkspaceWritePolicy(),
    approval_policy="on-request",
    writable_roots=("/home/u/app", "/tmp"),
    model="m1",
)
APPROVALS: tuple[ApprovalPolicy, ...] = ("never", "untrusted", "on-failure", "on-request")
SANDBOXES: tuple[SandboxPolicy, ...] = (
    ReadOnlyPolicy(),
    WorkspaceWritePolicy(),
    WorkspaceWritePolicy(network_access=True),
    DangerFullAccessPolicy(),
    ExternalSandboxPolicy(network_access="enabled"),
    ExternalSandboxPolicy(),
)


def _shown(messages: list[MessageItem]) -> list[tuple[str, str]]:
    texts = []
    for item in messages:
        (part,) = item.content
        assert isinstance(part, InputTextPart)
        texts.append((item.role, part.text))
    return texts


def test_the_shortest_beginning_is_permissions_and_environment() -> None:
    (permissions, environment) = _shown(initial_context(FACTS))
    assert permissions[0] == "developer"
    assert permissions[1].startswith("<permissions instructions>\n")
    assert permissions[1].endswith("\n</permissions instructions>")
    assert environment == (
        "user",
        "<environment_context>\n  <cwd>/home/u/app</cwd>\n  <shell>bash</shell>\n</environment_context>",
    )


def test_the_longest_beginning_keeps_its_order() -> None:
    facts = replace(
        FACTS,
        developer_instructions="DEV",
        collaboration_instructions="MODE",
        personality_instructions="TONE",
        user_instructions="RULES",
    )
    shown = _shown(initial_context(facts))
    assert [role for role, _ in shown] == ["developer"] * 4 + ["user"] * 2
    assert [text for _, text in shown[1:5]] == [
        "DEV",
        "<collaboration_mode>MODE</collaboration_mode>",
        "<personality_spec>TONE</personality_spec>",
        "# AGENTS.md instructions for /home/u/app\n\n<INSTRUCTIONS>\nRULES\n</INSTRUCTIONS>",
    ]


@pytest.mark.parametrize("sandbox", SANDBOXES)
@pytest.mark.parametrize("approval", APPROVALS)
def test_every_pair_of_policies_has_its_block(sandbox: SandboxPolicy, approval: ApprovalPolicy) -> None:
    block = permissions_block(sandbox, approval)
    assert f"`{approval}`" in block
    assert ("enabled" in block) == has_network(sandbox)
    assert "{" not in block.replace("{}", "")
    assert block.count("\n\n\n") == 0


def test_writable_roots_are_named_once_each() -> None:
    one = permissions_block(WorkspaceWritePolicy(), "never", ["/a"])
    two = permissions_block(WorkspaceWritePolicy(), "never", ["/a", "/b", "/a"])
    none = permissions_block(ReadOnlyPolicy(), "never")
    assert one.splitlines()[-2].count("`/a`") == 1
    assert "`/a`, `/b`" in two.splitlines()[-2]
    assert "`/" not in none


def test_the_list_of_prefixes_belongs_to_on_request_alone_and_comes_short_ones_first() -> None:
    prefixes = [["git", "push", "origin"], ["npm", "test"], ["ls"], ["git", "pull"], ["ls"]]
    block = permissions_block(ReadOnlyPolicy(), "on-request", (), prefixes)
    listed = [json.loads(line[2:]) for line in block.splitlines() if line.startswith('- ["')]
    assert listed == [["ls"], ["git", "pull"], ["npm", "test"], ["git", "push", "origin"]]
    assert '["ls"]' not in permissions_block(ReadOnlyPolicy(), "never", (), prefixes)


@given(st.lists(st.lists(st.text(min_size=1, max_size=60), min_size=1, max_size=3), max_size=300))
def test_a_list_too_long_ends_with_a_remark(prefixes: list[list[str]]) -> None:
    lines = prefix_list(prefixes).splitlines()[1:] if prefixes else []
    text = prefix_list(prefixes)
    different = len({tuple(words) for words in prefixes})
    assert len(text) <= MAX_PREFIX_CHARS + 40
    assert text.count("\n- [") == min(different, MAX_PREFIXES) or "more" in text
    assert bool(lines) == bool(prefixes)


def test_the_shipped_prompts_are_whole_and_of_a_sensible_size() -> None:
    assert 6000 <= len(base_instructions()) <= 9000
    for tool in ("exec_command", "apply_patch", "update_plan", "view_image", "AGENTS.md"):
        assert tool in base_instructions()
    folder = Path(prompt_module.__file__).parent / "prompts"
    for file in folder.rglob("*.md"):
        assert prompt(str(file.relative_to(folder).with_suffix("")))


def test_nothing_is_said_when_nothing_changed() -> None:
    assert settings_update(FACTS, replace(FACTS, writable_roots=("/other",), user_instructions="x")) == []


def test_a_new_directory_or_shell_is_told_and_no_more() -> None:
    moved = _shown(settings_update(FACTS, replace(FACTS, cwd="/other")))
    assert moved == [("user", environment_context("bash", "/other"))]
    other_shell = _shown(settings_update(FACTS, replace(FACTS, shell="zsh")))
    assert other_shell == [("user", "<environment_context>\n  <shell>zsh</shell>\n</environment_context>")]


def test_changes_come_in_their_order() -> None:
    current = replace(
        FACTS,
        cwd="/other",
        approval_policy="never",
        collaboration_instructions="MODE",
        model="m2",
        model_instructions="NEW",
        personality_instructions="TONE",
    )
    shown = _shown(settings_update(FACTS, current))
    assert [role for role, _ in shown] == ["user", "developer", "developer", "developer"]
    assert shown[1][1] == _shown(initial_context(current))[0][1]
    assert shown[2][1] == "<collaboration_mode>MODE</collaboration_mode>"
    assert shown[3][1] == "<model_switch>\nNEW\n</model_switch>"


def test_a_personality_is_told_only_when_the_model_stays() -> None:
    current = replace(FACTS, personality_instructions="TONE")
    assert _shown(settings_update(FACTS, current)) == [("developer", "<personality_spec>TONE</personality_spec>")]
    assert settings_update(current, current) == []
    assert settings_update(FACTS, replace(current, model="m2")) == []


def test_a_changed_sandbox_is_told() -> None:
    (told,) = settings_update(FACTS, replace(FACTS, sandbox_policy=ReadOnlyPolicy()))
    assert told.role == "developer"
