"""The messages a conversation begins with."""

from agent_protocol.rollout.response_item import MessageItem

from agent_core.context.environment import environment_context
from agent_core.context.facts import ContextFacts
from agent_core.context.frame import instructions_message, message
from agent_core.context.permission import permissions_block


def initial_context(facts: ContextFacts) -> list[MessageItem]:
    """Return the messages in their order: permissions, what the developer adds, instruction files, the environment."""
    messages = [permissions_message(facts)]
    if facts.developer_instructions:
        messages.append(message("developer", facts.developer_instructions))
    if facts.collaboration_instructions:
        messages.append(collaboration_message(facts.collaboration_instructions))
    if facts.personality_instructions:
        messages.append(personality_message(facts.personality_instructions))
    if facts.user_instructions:
        messages.append(instructions_message(facts.cwd, facts.user_instructions))
    messages.append(message("user", environment_context(facts.shell, facts.cwd)))
    return messages


def permissions_message(facts: ContextFacts) -> MessageItem:
    """Return the developer message about the sandbox and approvals."""
    block = permissions_block(facts.sandbox_policy, facts.approval_policy, facts.writable_roots, facts.allowed_prefixes)
    return message("developer", block)


def collaboration_message(instructions: str) -> MessageItem:
    """Return the developer message of a collaboration mode."""
    return message("developer", f"<collaboration_mode>{instructions}</collaboration_mode>")


def personality_message(instructions: str) -> MessageItem:
    """Return the developer message of a personality."""
    return message("developer", f"<personality_spec>{instructions}</personality_spec>")
