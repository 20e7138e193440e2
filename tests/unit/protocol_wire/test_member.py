import msgspec
import pytest
from agent_protocol.v2.account import (
    AccountLoginCompletedNotification,
    AccountUpdatedNotification,
    ChatgptAuthTokensRefreshParams,
    ChatgptAuthTokensRefreshReason,
    PlanType,
    RateLimitSnapshot,
)
from agent_protocol.v2.approval import (
    AcceptWithExecpolicyAmendment,
    CommandExecutionApprovalDecision,
    CommandExecutionApprovalKind,
    CommandExecutionRequestApprovalParams,
    ExecpolicyAmendment,
    FileChangeRequestApprovalParams,
)
from agent_protocol.v2.collaboration import ModeKind
from agent_protocol.v2.common import (
    ExternalSandboxSandboxPolicy,
    ReadOnlySandboxPolicy,
    RestrictedReadOnlyAccess,
    SandboxPolicy,
    WorkspaceWriteSandboxPolicy,
)
from agent_protocol.v2.config import ConfigReadResponse, with_known_members
from agent_protocol.v2.item import (
    CommandExecutionStatus,
    CommandExecutionThreadItem,
    ContextCompactionThreadItem,
    ItemCompletedNotification,
    McpToolCallStatus,
    McpToolCallThreadItem,
    ReasoningThreadItem,
    UpdatePatchChangeKind,
    UserMessageThreadItem,
    WebSearchThreadItem,
)
from agent_protocol.v2.mcp import McpServerOauthLoginCompletedNotification
from agent_protocol.v2.notice import ConfigWarningNotification
from agent_protocol.v2.search import FuzzyFileSearchMatchType, FuzzyFileSearchResult
from agent_protocol.v2.skill import SkillInterface, SkillMetadata, SkillScope, SkillToolDependency
from agent_protocol.v2.source import (
    SessionSource,
    SessionSourceKind,
    SubAgentOrigin,
    SubAgentSessionSource,
    SubAgentSourceKind,
    ThreadSpawn,
)
from agent_protocol.v2.thread import (
    GitInfo,
    IdleThreadStatus,
    Thread,
    ThreadListResponse,
    ThreadNameUpdatedNotification,
    ThreadStartParams,
)
from agent_protocol.v2.turn import (
    CodexErrorInfo,
    CodexErrorKind,
    CodexHttpError,
    HttpErrorStatus,
    Turn,
    TurnError,
    TurnStatus,
)
from agent_protocol.v2.user_input import ByteRange, TextElement, TextUserInput
from msgspec import UNSET, Struct

COMMAND = CommandExecutionThreadItem(
    id="c", command="ls", cwd="/w", status=CommandExecutionStatus.IN_PROGRESS, command_actions=[]
)
MCP_CALL = McpToolCallThreadItem(id="m", server="s", tool="t", status=McpToolCallStatus.IN_PROGRESS, arguments=None)
THREAD = Thread(
    id="t",
    preview="",
    model_provider="p",
    created_at=1,
    updated_at=2,
    cwd="/w",
    cli_version="v",
    source=SessionSourceKind.VSCODE,
    turns=[],
)

WRITTEN = [
    (
        COMMAND,
        (
            '{"type":"commandExecution","id":"c","command":"ls","cwd":"/w","processId":null,"status":"inProgress",'
            '"commandActions":[],"aggregatedOutput":null,"exitCode":null,"durationMs":null}'
        ),
    ),
    (
        MCP_CALL,
        (
            '{"type":"mcpToolCall","id":"m","server":"s","tool":"t","status":"inProgress","arguments":null,'
            '"result":null,"error":null,"durationMs":null}'
        ),
    ),
    (ReasoningThreadItem(id="r"), '{"type":"reasoning","id":"r","summary":[],"content":[]}'),
    (WebSearchThreadItem(id="w", query=""), '{"type":"webSearch","id":"w","query":"","action":null}'),
    (UpdatePatchChangeKind(), '{"type":"update","move_path":null}'),
    (
        ItemCompletedNotification(
            item=ContextCompactionThreadItem(id="x"), thread_id="t", turn_id="u", completed_at_ms=5
        ),
        '{"item":{"type":"contextCompaction","id":"x"},"threadId":"t","turnId":"u","completedAtMs":5}',
    ),
    (
        TextUserInput(text="é", text_elements=[TextElement(byte_range=ByteRange(start=0, end=2))]),
        '{"type":"text","text":"é","text_elements":[{"byteRange":{"start":0,"end":2},"placeholder":null}]}',
    ),
    (
        UserMessageThreadItem(id="i", content=[TextUserInput(text="")]),
        '{"type":"userMessage","id":"i","content":[{"type":"text","text":"","text_elements":[]}]}',
    ),
    (
        THREAD,
        (
            '{"id":"t","preview":"","modelProvider":"p","createdAt":1,"updatedAt":2,"path":null,"cwd":"/w",'
            '"cliVersion":"v","source":"vscode","gitInfo":null,"turns":[]}'
        ),
    ),
    (
        Turn(id="u", items=[], status=TurnStatus.FAILED, error=TurnError(message="m")),
        (
            '{"id":"u","items":[],"status":"failed",'
            '"error":{"message":"m","codexErrorInfo":null,"additionalDetails":null}}'
        ),
    ),
    (GitInfo(), '{"sha":null,"branch":null,"originUrl":null}'),
    (ThreadListResponse(data=[]), '{"data":[],"nextCursor":null}'),
    (ThreadNameUpdatedNotification(thread_id="t"), '{"threadId":"t"}'),
    (ReadOnlySandboxPolicy(), '{"type":"readOnly","access":{"type":"fullAccess"}}'),
    (ExternalSandboxSandboxPolicy(), '{"type":"externalSandbox","networkAccess":"restricted"}'),
    (
        WorkspaceWriteSandboxPolicy(read_only_access=RestrictedReadOnlyAccess()),
        (
            '{"type":"workspaceWrite","writableRoots":[],"readOnlyAccess":{"type":"restricted",'
            '"includePlatformDefaults":true,"readableRoots":[]},"networkAccess":false,"excludeTmpdirEnvVar":false,'
            '"excludeSlashTmp":false}'
        ),
    ),
    (
        CommandExecutionRequestApprovalParams(thread_id="t", turn_id="u", item_id="i", reason="r"),
        '{"threadId":"t","turnId":"u","itemId":"i","reason":"r"}',
    ),
    (
        FileChangeRequestApprovalParams(thread_id="t", turn_id="u", item_id="i"),
        '{"threadId":"t","turnId":"u","itemId":"i","reason":null,"grantRoot":null}',
    ),
    (
        ChatgptAuthTokensRefreshParams(reason=ChatgptAuthTokensRefreshReason.UNAUTHORIZED),
        '{"reason":"unauthorized","previousAccountId":null}',
    ),
    (AccountUpdatedNotification(), '{"authMode":null}'),
    (AccountLoginCompletedNotification(success=True), '{"loginId":null,"success":true,"error":null}'),
    (
        RateLimitSnapshot(limit_id="codex"),
        '{"limitId":"codex","limitName":null,"primary":null,"secondary":null,"credits":null,"planType":null}',
    ),
    (McpServerOauthLoginCompletedNotification(name="n", success=True), '{"name":"n","success":true}'),
    (ConfigWarningNotification(summary="s"), '{"summary":"s","details":null}'),
    (ConfigReadResponse(config={}, origins={}), '{"config":{},"origins":{}}'),
    (
        SkillMetadata(name="n", description="d", path="/p", scope=SkillScope.USER, enabled=True),
        '{"name":"n","description":"d","path":"/p","scope":"user","enabled":true}',
    ),
    (
        SkillInterface(display_name="n"),
        (
            '{"displayName":"n","shortDescription":null,"iconSmall":null,"iconLarge":null,"brandColor":null,'
            '"defaultPrompt":null}'
        ),
    ),
    (SkillToolDependency(type="mcp", value="v"), '{"type":"mcp","value":"v"}'),
    (
        FuzzyFileSearchResult(root="/r", path="p", file_name="p", score=1, match_type=FuzzyFileSearchMatchType.FILE),
        '{"root":"/r","path":"p","file_name":"p","score":1,"indices":null,"match_type":"file"}',
    ),
    (ThreadStartParams(), "{}"),
]


@pytest.mark.parametrize(("value", "text"), WRITTEN, ids=lambda value: type(value).__name__)
def test_members_are_written_null_or_left_out_as_the_wire_wants(value: Struct, text: str) -> None:
    assert msgspec.json.encode(value).decode() == text
    assert msgspec.json.decode(text, type=type(value)) == value


MIXED = [
    (SessionSource, SessionSourceKind.APP_SERVER, '"appServer"'),
    (SessionSource, SubAgentSessionSource(sub_agent=SubAgentSourceKind.COMPACT), '{"subAgent":"compact"}'),
    (
        SessionSource,
        SubAgentSessionSource(sub_agent=SubAgentOrigin(thread_spawn=ThreadSpawn(parent_thread_id="p", depth=1))),
        '{"subAgent":{"thread_spawn":{"parent_thread_id":"p","depth":1}}}',
    ),
    (SessionSource, SubAgentSessionSource(sub_agent=SubAgentOrigin(other="x")), '{"subAgent":{"other":"x"}}'),
    (CodexErrorInfo, CodexErrorKind.CONTEXT_WINDOW_EXCEEDED, '"contextWindowExceeded"'),
    (
        CodexErrorInfo,
        CodexHttpError(response_stream_disconnected=HttpErrorStatus()),
        '{"responseStreamDisconnected":{"httpStatusCode":null}}',
    ),
    (CommandExecutionApprovalDecision, CommandExecutionApprovalKind.ACCEPT_FOR_SESSION, '"acceptForSession"'),
    (
        CommandExecutionApprovalDecision,
        AcceptWithExecpolicyAmendment(
            accept_with_execpolicy_amendment=ExecpolicyAmendment(execpolicy_amendment=["touch"])
        ),
        '{"acceptWithExecpolicyAmendment":{"execpolicy_amendment":["touch"]}}',
    ),
]


@pytest.mark.parametrize(("declared", "value", "text"), MIXED)
def test_a_choice_is_a_string_or_an_object_with_one_member(declared: type, value: object, text: str) -> None:
    assert msgspec.json.encode(value).decode() == text
    assert msgspec.json.decode(text, type=declared) == value


@pytest.mark.parametrize(
    "text",
    [
        "{}",
        '{"httpConnectionFailed":{},"responseStreamDisconnected":{}}',
        '{"httpConnectionFailed":{},"more":1}',
        '{"httpConnectionFailed":{"httpStatusCode":-1}}',
        '{"httpConnectionFailed":{"httpStatusCode":65536}}',
        '"nonsense"',
    ],
)
def test_a_choice_with_no_or_several_members_is_refused(text: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(text, type=CodexErrorInfo)


def test_names_from_elsewhere_are_understood() -> None:
    assert msgspec.json.decode('"galactic"', type=PlanType) is PlanType.UNKNOWN
    assert msgspec.json.decode('"telnet"', type=SessionSource) is SessionSourceKind.UNKNOWN
    assert msgspec.json.decode('"pair_programming"', type=ModeKind) is ModeKind.DEFAULT
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode('"chaos"', type=ModeKind)


def test_a_tag_may_stand_anywhere() -> None:
    text = '{"writableRoots":["/a"],"type":"workspaceWrite"}'
    assert msgspec.json.decode(text, type=SandboxPolicy) == WorkspaceWriteSandboxPolicy(writable_roots=["/a"])


def test_a_thread_of_an_older_server_lacks_the_newer_members() -> None:
    assert THREAD.status is UNSET
    newer = msgspec.structs.replace(THREAD, status=IdleThreadStatus(), session_id="s", ephemeral=False, project_id=None)
    assert msgspec.json.decode(msgspec.json.encode(newer)) == {
        **msgspec.json.decode(msgspec.json.encode(THREAD)),
        "status": {"type": "idle"},
        "sessionId": "s",
        "ephemeral": False,
        "projectId": None,
    }


def test_a_configuration_shows_its_known_members_and_keeps_the_unknown_ones() -> None:
    shown = with_known_members(
        {"zeal": 9, "model": "m", "profiles": {"p": {"odd": True}}, "tools": {"web_search": True}}
    )
    assert next(iter(shown)) == "model"
    assert list(shown)[-1] == "zeal"
    assert shown["review_model"] is None
    assert shown["tools"] == {"web_search": True, "view_image": None}
    assert shown["profiles"]["p"]["odd"] is True
    assert shown["profiles"]["p"]["model"] is None
    with pytest.raises(msgspec.ValidationError):
        with_known_members({"model": 5})
