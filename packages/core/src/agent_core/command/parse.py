"""Reading shell scripts: which simple commands a script consists of, when it consists of nothing else."""

import os.path
import re
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tree_sitter import Node, Parser

SHELLS = frozenset({"bash", "zsh", "sh"})
"""Shells whose scripts are read with the bash grammar."""

_STRUCTURE = frozenset({"program", "list", "pipeline"})
_CONNECTORS = frozenset({"&&", "||", ";", "|"})
_HEREDOC = frozenset({"<<", "<<-", "heredoc_start", "heredoc_body", "heredoc_end"})
_AS_LETTERS = bytes(byte if byte < 0x80 else ord("x") for byte in range(256))
_BLANK = re.compile(rb"(?:[ \t\n]|\\\n)*")
_GAP = re.compile(rb"(?:\\\n)*[ \t](?:[ \t]|\\\n)*")
_BRACE_EXPANSION = re.compile(r"\{.*(,|\.\.).*\}", re.DOTALL)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_SPECIAL = re.compile(r"""[\s;&|<>()`$'"]""")
_JOINED_LINES = re.compile(r"\S\\\n\S")
_ESCAPED_IN_QUOTES = re.compile(r'\\([$`"\\\n])')


def shell_script(argv: Sequence[str]) -> str | None:
    """Return the script of ``[bash|zsh|sh, -c|-lc, script]``, the shell known by its base name; else None."""
    if len(argv) == 3 and argv[1] in ("-c", "-lc") and os.path.basename(argv[0]) in SHELLS:
        return argv[2]
    return None


def plain_commands(script: str) -> list[list[str]] | None:
    """Return the argvs of a script made of plain commands only, in order; else None.

    A plain command has literal words alone: no expansion, assignment, redirection or substitution. Commands
    are joined by ``&&``, ``||``, ``;``, ``|`` or line ends; no subshell, no background, no compound statement.
    Words are given as the shell would pass them, quotes and backslashes taken out; globs stay as they are.
    """
    root, source = _read(script)
    # The grammar ends a word at an escaped line end, where a shell goes on with it.
    if root.has_error or _JOINED_LINES.search(script) or not _is_all_read(root, source):
        return None
    commands: list[list[str]] = []
    pending = [root]
    while pending:
        node = pending.pop()
        if node.type in _STRUCTURE:
            pending.extend(reversed(node.children))
        elif node.type == "command":
            words = _command_words(node, source)
            if words is None:
                return None
            commands.append(words)
        elif node.is_named or node.type not in _CONNECTORS:
            return None
    return commands or None


def heredoc_command(script: str) -> list[str] | None:
    """Return the argv of a script that is one plain command fed by one here-document; else None."""
    root, source = _read(script)
    if root.has_error or [child.type for child in root.children] != ["redirected_statement"]:
        return None
    parts = root.children[0].children
    if [part.type for part in parts] != ["command", "heredoc_redirect"]:
        return None
    document = parts[1].children
    if any(
        part.type not in _HEREDOC or any(inner.type != "heredoc_content" for inner in part.children)
        for part in document
    ):
        return None
    # The grammar loses a lone dash before the document, so the command is read once more by itself.
    commands = plain_commands(source[: parts[1].start_byte].decode(errors="surrogatepass"))
    return commands[0] if commands is not None and len(commands) == 1 else None


def split(argv: Sequence[str]) -> list[list[str]]:
    """Return the simple commands a command consists of: those of its shell script when they are plain, else itself."""
    script = shell_script(argv)
    commands = plain_commands(script) if script is not None else None
    return commands or [list(argv)]


def canonical(argv: Sequence[str]) -> tuple[str, ...]:
    """Return the form in which approvals for the session are remembered.

    A shell script of plain commands stands for itself whatever the path of the shell; any other script is kept
    as written, with the shell's base name; any other command is its argv.
    """
    script = shell_script(argv)
    if script is None:
        return tuple(argv)
    commands = plain_commands(script)
    if commands is not None and len(commands) == 1:
        return tuple(commands[0])
    return ("shell-script", argv[1], script)


def _read(script: str) -> tuple["Node", bytes]:
    """Return the syntax tree of a script, and the script as bytes, to which the tree's positions refer.

    To a shell a byte beyond ASCII is a part of a word like any letter. The grammar's scanner must not see one: it
    takes the character as an index into the C library's tables, which ends the process where it is too large.
    """
    source = script.encode(errors="surrogatepass")
    return _parser().parse(source.translate(_AS_LETTERS)).root_node, source


@lru_cache(maxsize=1)
def _parser() -> "Parser":
    import tree_sitter
    import tree_sitter_bash

    return tree_sitter.Parser(tree_sitter.Language(tree_sitter_bash.language()))


def _is_all_read(root: "Node", source: bytes) -> bool:
    """Tell whether every sign of a script is part of some word or connector: grammars drop what they cannot place."""
    end = 0
    pending = [root]
    while pending:
        node = pending.pop()
        if node.children:
            pending.extend(reversed(node.children))
        else:
            if not _BLANK.fullmatch(source, end, node.start_byte):
                return False
            end = node.end_byte
    return _BLANK.fullmatch(source, end) is not None


def _command_words(command: "Node", source: bytes) -> list[str] | None:
    words: list[str] = []
    end = None
    for child in command.children:
        # The grammar parts words where a shell goes on with one, and goes on where a shell begins a new command.
        if end is not None and not _GAP.fullmatch(source, end, child.start_byte):
            return None
        end = child.end_byte
        node = child.children[0] if child.type == "command_name" and child.children else child
        word = _word(node, source)
        if word is None:
            return None
        words.append(word)
    return words or None


def _word(node: "Node", source: bytes) -> str | None:
    parts = node.children if node.type == "concatenation" else [node]
    value = masked = ""
    for part in parts:
        text = source[part.start_byte : part.end_byte].decode(errors="surrogatepass")
        match part.type:
            case "word" | "number":
                unescaped = _ESCAPED.sub("", text)
                if part.children or _SPECIAL.search(unescaped):
                    return None
                value += _ESCAPED.sub(lambda found: found[1].replace("\n", ""), text)
                masked += unescaped
            case "raw_string":
                value += text[1:-1]
                masked += "q"
            case "string":
                if any(inner.type not in ('"', "string_content") for inner in part.children):
                    return None
                value += _ESCAPED_IN_QUOTES.sub(lambda found: found[1].replace("\n", ""), text[1:-1])
                masked += "q"
            case _:
                return None
    return None if _BRACE_EXPANSION.search(masked) else value
