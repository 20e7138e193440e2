"""Whole turns, laid beside those of the reference."""

import json
import re
from collections.abc import Callable, Sequence

import pytest
from agent_core.testing.answer import answer, created, custom_call, function_call, message, reasoning
from agent_core.testing.server import Stream
from agent_protocol.wire import JsonValue
from stage import Record, Stage

ASIDE = ("account/rateLimits/updated", "thread/tokenUsage/updated", "turn/started")
"""Their place among the others varies there."""
NEWER = {
    *("startedAtMs", "completedAtMs", "approvalsReviewer", "ephemeral", "projectId", "sessionId"),
    *("codexHome", "platformFamily", "platformOs"),
}
COUNTED = {"createdAt", "updatedAt", "durationMs", "processId", "cliVersion"}
PROSE = {"message", "additionalDetails"}
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d|\d{4}/\d\d/\d\d")
FINE = answer(message("Done."))
ADD = "*** Begin Patch\n*** Add File: new.txt\n+hello\n*** End Patch"
MOVE = "*** Begin Patch\n*** Update File: old.txt\n*** Move to: sub/moved.txt\n@@\n-hello\n+bye\n*** End Patch"


class Reading:
    """Makes what two servers said comparable: ids are numbered as they come, times and wording left out."""

    def __init__(self, stage: Stage) -> None:
        self._known = {str(stage.root): "ROOT", stage.model.url: "URL"}
        self._ids: dict[str, str] = {}

    def of(self, record: Record) -> list[JsonValue]:
        messages = record.messages
        return [
            *(self._plain(each) for each in joined(messages) if each.get("method") not in ASIDE),
            *(self._plain(each) for method in ASIDE for each in messages if each.get("method") == method),
        ]

    def _plain(self, value: JsonValue, key: str = "") -> JsonValue:
        if isinstance(value, dict):
            is_thread = "cliVersion" in value
            kept = {name for name in value if name not in NEWER and not (is_thread and name == "status")}
            return {name: self._plain(member, name) for name, member in value.items() if name in kept}
        if isinstance(value, list):
            return [self._plain(member) for member in value]
        if value is not None and (key in COUNTED or key in PROSE):
            return key
        return self._text(value) if isinstance(value, str) else value

    def _text(self, text: str) -> str:
        for known, name in self._known.items():
            text = text.replace(known, name)
        text = re.sub(r"/work-\d+", "/work", text)
        return TIME.sub("TIME", UUID.sub(lambda found: self._ids.setdefault(found[0], f"#{len(self._ids)}"), text))


def joined(messages: Sequence[JsonValue]) -> list[JsonValue]:
    """Join runs of output of one item, whose pieces vary, and renumber replies and questions."""
    found: list[JsonValue] = []
    for each in json.loads(json.dumps(messages)):
        last = found[-1] if found else {}
        is_output = str(each.get("method")).endswith("/outputDelta") and last.get("method") == each["method"]
        if is_output and last["params"]["itemId"] == each["params"]["itemId"]:
            last["params"]["delta"] += each["params"]["delta"]
        else:
            found.append({**each, "id": 0} if "id" in each else each)
    return found


def plain(stage: Stage) -> Record:
    talk = stage.talk()
    talk.run(answer(reasoning("Look.", "Think."), message("Hello there.", deltas=["Hello", " there."])))
    talk.run(answer(message("Again.")))
    return talk.record


def terminal(stage: Stage) -> Record:
    return stage.talk().run_command("echo out; exit 2", FINE)


def shell(stage: Stage) -> Record:
    return stage.talk().run(answer(function_call("shell_command", {"command": "echo out; exit 2"})), FINE)


def patches(stage: Stage) -> Record:
    talk = stage.talk()
    (talk.folder / "old.txt").write_text("hello\n")
    (talk.folder / "gone.txt").write_text("gone\n")
    remove = "*** Begin Patch\n*** Delete File: gone.txt\n*** End Patch"
    calls = [answer(custom_call("apply_patch", patch)) for patch in (ADD, MOVE, remove)]
    return talk.run(*calls, FINE)


def patch_that_does_not_apply(stage: Stage) -> Record:
    return stage.talk().run(answer(custom_call("apply_patch", MOVE)), FINE)


def plan(stage: Stage) -> Record:
    steps = [{"step": "a", "status": "in_progress"}, {"step": "b", "status": "pending"}]
    return stage.talk().run(answer(function_call("update_plan", {"plan": steps})), FINE)


def unknown_tool(stage: Stage) -> Record:
    return stage.talk().run(answer(function_call("no_such_tool", {})), FINE)


def broken_and_recovered(stage: Stage) -> Record:
    return stage.talk().run(Stream(parts=[created(), *message("Half.")], cut=True), FINE)


def refused_command(stage: Stage) -> Record:
    talk = stage.talk(approvalPolicy="untrusted")
    record = talk.begin(answer(function_call("shell_command", {"command": "touch made"})), FINE)
    talk.answer(talk.asked("item/commandExecution/requestApproval"), "decline")
    return talk.finish(record)


def accepted_command(stage: Stage) -> Record:
    talk = stage.talk(approvalPolicy="untrusted")
    record = talk.begin(answer(function_call("exec_command", {"cmd": "touch made"})), FINE)
    talk.answer(talk.asked("item/commandExecution/requestApproval"), "accept")
    return talk.finish(record)


def accepted_patch(stage: Stage) -> Record:
    talk = stage.talk(approvalPolicy="untrusted")
    record = talk.begin(answer(custom_call("apply_patch", ADD)), FINE)
    talk.answer(talk.asked("item/fileChange/requestApproval"), "accept")
    return talk.finish(record)


def read_back(stage: Stage) -> Record:
    talk = stage.talk(persistExtendedHistory=True)
    talk.run(answer(reasoning("Look."), message("So.")))
    talk.run_command("echo out", FINE)
    talk.run(answer(custom_call("apply_patch", ADD)), FINE)
    record = talk.mark()
    talk.turns()
    stage.server.result("thread/resume", {"threadId": talk.id})
    return record


SCENES = [
    *(plain, terminal, shell, patches, patch_that_does_not_apply, plan, unknown_tool, broken_and_recovered),
    *(refused_command, accepted_command, accepted_patch, read_back),
]


@pytest.mark.requirement("transcripts")
@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.__name__)
def test_both_say_the_same(ours: Stage, theirs: Stage, scene: Callable[[Stage], Record]) -> None:
    assert Reading(ours).of(scene(ours)) == Reading(theirs).of(scene(theirs))
