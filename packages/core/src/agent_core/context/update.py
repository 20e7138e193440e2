"""The messages that tell the model what changed since its last turn."""

from agent_protocol.rollout.response_item import MessageItem

from agent_core.context.environment import environment_context
from agent_core.context.facts import ContextFacts
from agent_core.context.frame import framed, message
from agent_core.context.initial import collaboration_message, permissions_message, personality_message


def settings_update(previous: ContextFacts, current: ContextFacts) -> list[MessageItem]:
    """Return what must be said before a turn with ``current`` after one with ``previous``; often nothing.

    For a resumed thread ``previous.model`` is the model of its last recorded turn.
    """
    messages: list[MessageItem] = []
    if (previous.cwd, previous.shell) != (current.cwd, current.shell):
        cwd = current.cwd if current.cwd != previous.cwd else None
        messages.append(message("user", environment_context(current.shell, cwd)))
    if _permissions(previous) != _permissions(current):
        messages.append(permissions_message(current))
    mode = current.collaboration_instructions
    if mode and mode != previous.collaboration_instructions:
        messages.append(collaboration_message(mode))
    if previous.model != current.model:
        if current.model_instructions:
            messages.append(message("developer", framed("model_switch", current.model_instructions)))
    elif current.personality_instructions and current.personality_instructions != previous.personality_instructions:
        messages.append(personality_message(current.personality_instructions))
    return messages


def _permissions(facts: ContextFacts) -> object:
    return facts.sandbox_policy, facts.approval_policy
