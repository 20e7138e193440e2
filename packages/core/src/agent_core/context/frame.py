"""Messages the harness writes into the history, and the frames by which anybody can tell them from the user's words.

The frames are read by programs, ours and others; they must stay exactly as they are.
"""

from agent_protocol.rollout.response_item import ContentPart, InputTextPart, MessageItem, ResponseItem

AGENTS_PREFIX = "# AGENTS.md instructions for "
LEGACY_INSTRUCTIONS_PREFIX = "<user_instructions>"
SKILL_PREFIX = "<skill"
USER_SHELL_PREFIX = "<user_shell_command>"
_SESSION_PREFIXES = ("<environment_context>", "<turn_aborted>")


def message(role: str, text: str) -> MessageItem:
    """Return a message of one text."""
    return MessageItem(role=role, content=(InputTextPart(text=text),))


def framed(tag: str, body: str) -> str:
    """Return ``body`` between an opening and a closing tag, each on its own line."""
    return f"<{tag}>\n{body}\n</{tag}>"


def instructions_message(cwd: str, text: str) -> MessageItem:
    """Return the message that carries the instructions found in files."""
    return message("user", f"{AGENTS_PREFIX}{cwd}\n\n<INSTRUCTIONS>\n{text}\n</INSTRUCTIONS>")


def is_user_turn_boundary(item: ResponseItem) -> bool:
    """Tell whether ``item`` begins a turn of the user's: a user message that is not one of the harness's frames.

    Warnings, summaries and images shown by a tool count as well, as they always have.
    """
    return isinstance(item, MessageItem) and item.role == "user" and not _is_framed(item.content)


def _is_framed(content: tuple[ContentPart, ...]) -> bool:
    texts = [part.text for part in content if isinstance(part, InputTextPart)]
    if len(content) == 1 and texts and texts[0].startswith((AGENTS_PREFIX, LEGACY_INSTRUCTIONS_PREFIX, SKILL_PREFIX)):
        return True
    return any(text.strip().lower().startswith((*_SESSION_PREFIXES, USER_SHELL_PREFIX)) for text in texts)
