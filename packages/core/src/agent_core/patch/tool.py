"""The patch tool's grammar for the model, and the command that applies a patch in a confined child."""

import os.path
import sys

LARK_GRAMMAR = """\
start: begin_patch hunk+ end_patch
begin_patch: "*** Begin Patch" LF
end_patch: "*** End Patch" LF?

hunk: add_file | delete_file | update_file
add_file: "*** Add File: " path LF added_line+
delete_file: "*** Delete File: " path LF
update_file: "*** Update File: " path LF move? changes?
move: "*** Move to: " path LF

changes: (place | changed_line)+ end_of_file?
place: ("@@" | "@@ " /(.+)/) LF
changed_line: ("+" | "-" | " ") /(.*)/ LF
end_of_file: "*** End of File" LF
added_line: "+" /(.*)/ LF
path: /(.+)/

%import common.LF
"""
"""What a model may write in the freeform tool, in Lark; stricter than what is accepted."""


def apply_argv(patch: str, cwd: str) -> list[str]:
    """Return the command that applies ``patch`` below ``cwd`` when it is given the patch, as UTF-8, on standard input.

    It needs no environment, imports the standard library alone, prints the summary on standard output and exits
    with 0; what goes wrong is told on standard error, with exit code 1.
    """
    program = os.path.join(os.path.dirname(os.path.abspath(__file__)), "run.py")
    interpreter = [sys.executable, "-I", "-S", "-B", "-X", "utf8"]
    return [*interpreter, program, "--cwd", cwd, "--bytes", str(len(patch.encode()))]
