"""The patch language: text to hunks.

The confined child that applies a patch imports this module with nothing but the standard library at hand
and is started for every patch, so the classes are plain ones: ``dataclasses`` and ``typing`` would double
its start-up time.
"""

from agent_core.errors import AgentError

BEGIN = "*** Begin Patch"
END = "*** End Patch"
ADD = "*** Add File: "
DELETE = "*** Delete File: "
UPDATE = "*** Update File: "
MOVE = "*** Move to: "
END_OF_FILE = "*** End of File"

WHITE_SPACE = (
    "\t\n\x0b\x0c\r \x85\xa0\u1680" + "".join(map(chr, range(0x2000, 0x200B))) + "\u2028\u2029\u202f\u205f\u3000"
)
"""What counts as blank at either end of a line: the Unicode property, without Python's control characters."""

_HEREDOC_OPENINGS = ("<<EOF", "<<'EOF'", '<<"EOF"')
_SHOWN_CHARS = 120


class AddHunk:
    """A file to be written; ``content`` ends with a newline unless it is empty."""

    __slots__ = ("content", "path")

    def __init__(self, path: str, content: str) -> None:
        self.path = path
        self.content = content


class DeleteHunk:
    """A file to be removed."""

    __slots__ = ("path",)

    def __init__(self, path: str) -> None:
        self.path = path


class Chunk:
    """One place of a file to be changed: the lines ``old`` become the lines ``new``.

    ``context`` is a line to be found first, ``at_end`` says that ``old`` are the last lines of the file and
    ``line_number`` is where the chunk starts in the patch.
    """

    __slots__ = ("at_end", "context", "line_number", "new", "old")

    def __init__(
        self, context: str | None, old: tuple[str, ...], new: tuple[str, ...], at_end: bool, line_number: int
    ) -> None:
        self.context = context
        self.old = old
        self.new = new
        self.at_end = at_end
        self.line_number = line_number


class UpdateHunk:
    """A file to be changed in place, or moved to ``move_to`` when that is given."""

    __slots__ = ("chunks", "move_to", "path")

    def __init__(self, path: str, move_to: str | None, chunks: tuple[Chunk, ...]) -> None:
        self.path = path
        self.move_to = move_to
        self.chunks = chunks


Hunk = AddHunk | DeleteHunk | UpdateHunk


class PatchError(AgentError):
    """A patch that cannot be used. The sentence is for the model: what is wrong, where, and how to mend it."""


class PatchSyntaxError(PatchError):
    """The text breaks the grammar at ``line_number``, counted from 1 at the begin marker."""

    def __init__(self, kind: str, line_number: int, found: str | None, problem: str, remedy: str) -> None:
        self.line_number = line_number
        self.found = found
        self.problem = problem
        self.remedy = remedy
        super().__init__(f"{kind} at line {line_number}: {problem}. {remedy}")


class InvalidPatch(PatchSyntaxError):
    """The begin or the end marker is missing."""

    def __init__(self, line_number: int, found: str | None, problem: str, remedy: str) -> None:
        super().__init__("invalid patch", line_number, found, problem, remedy)


class InvalidHunk(PatchSyntaxError):
    """A part between the markers cannot be read."""

    def __init__(self, line_number: int, found: str | None, problem: str, remedy: str) -> None:
        super().__init__("invalid hunk", line_number, found, problem, remedy)


def parse(text: str) -> tuple[Hunk, ...]:
    """Return the hunks of a patch in the order written; a patch without hunks gives none.

    Raises:
        InvalidPatch: the text is not framed by the two markers.
        InvalidHunk: a hunk breaks the grammar.
    """
    return _Reader(_framed(text)).hunks()


def quoted(line: str) -> str:
    """Return a line as it is shown in a message: in back ticks, shortened when very long."""
    shown = line if len(line) <= _SHOWN_CHARS else line[:_SHOWN_CHARS] + "…"
    return f"`{shown}`"


def _framed(text: str) -> list[str]:
    lines = [line.removesuffix("\r") for line in text.strip(WHITE_SPACE).split("\n")]
    error = _frame_error(lines)
    if error is None:
        return lines
    if len(lines) >= 4 and lines[0] in _HEREDOC_OPENINGS and lines[-1].endswith("EOF"):
        lines = lines[1:-1]
        error = _frame_error(lines)
    if error is not None:
        raise error
    return lines


def _frame_error(lines: list[str]) -> InvalidPatch | None:
    first, last = lines[0], lines[-1]
    if first.strip(WHITE_SPACE) != BEGIN:
        problem = f"the first line must be `{BEGIN}`" + (
            f", not {quoted(first)}" if first else ", and the text is empty"
        )
        return InvalidPatch(1, first, problem, f"Start the patch with the line `{BEGIN}` and nothing before it")
    if last.strip(WHITE_SPACE) != END:
        problem = f"the last line must be `{END}`, not {quoted(last)}"
        return InvalidPatch(len(lines), last, problem, f"Close the patch with the line `{END}` and nothing after it")
    return None


class _Reader:
    """Walks over the lines between the markers."""

    def __init__(self, lines: list[str]) -> None:
        self._lines = lines
        self._at = 1
        self._end = len(lines) - 1

    def hunks(self) -> tuple[Hunk, ...]:
        found: list[Hunk] = []
        while self._at < self._end:
            found.append(self._hunk(found[-1] if found else None))
        return tuple(found)

    def _hunk(self, previous: Hunk | None) -> Hunk:
        header = self._lines[self._at].strip(WHITE_SPACE)
        if header.startswith(ADD):
            self._at += 1
            return AddHunk(header.removeprefix(ADD), self._added())
        if header.startswith(DELETE):
            self._at += 1
            return DeleteHunk(header.removeprefix(DELETE))
        if header.startswith(UPDATE):
            return self._update(header.removeprefix(UPDATE))
        raise self._unknown_header(header, previous)

    def _unknown_header(self, header: str, previous: Hunk | None) -> InvalidHunk:
        remedy = f"Head every file with `{ADD}PATH`, `{DELETE}PATH` or `{UPDATE}PATH`"
        if isinstance(previous, AddHunk):
            remedy += "; every line of an added file, blank ones too, must start with `+`"
        return InvalidHunk(self._at + 1, header, f"{quoted(header)} is not a file header", remedy)

    def _added(self) -> str:
        start = self._at
        while self._at < self._end and self._lines[self._at].startswith("+"):
            self._at += 1
        return "".join(f"{line[1:]}\n" for line in self._lines[start : self._at])

    def _update(self, path: str) -> UpdateHunk:
        header_number = self._at + 1
        self._at += 1
        move_to = None
        if self._at < self._end and self._lines[self._at].startswith(MOVE):
            move_to = self._lines[self._at].removeprefix(MOVE)
            self._at += 1
        chunks: list[Chunk] = []
        while self._at < self._end:
            line = self._lines[self._at]
            if not line.strip(WHITE_SPACE):
                self._at += 1
            elif line.startswith("***"):
                break
            else:
                chunks.append(self._chunk(first=not chunks))
        if not chunks:
            remedy = "Give at least one change: a line `@@`, then lines that start with a blank, `-` or `+`"
            raise InvalidHunk(header_number, path, f"the update of {quoted(path)} changes nothing", remedy)
        return UpdateHunk(path, move_to, tuple(chunks))

    def _chunk(self, *, first: bool) -> Chunk:
        start = self._at
        context = None
        line = self._lines[start]
        if line == "@@" or line.startswith("@@ "):
            context = line[3:] if line[3:].strip(WHITE_SPACE) else None
            self._at += 1
        elif not first:
            remedy = (
                "Start each further place of the file with a line `@@` or `@@ CONTEXT`, and each file with its header"
            )
            raise InvalidHunk(start + 1, line, f"expected `@@`, found {quoted(line)}", remedy)
        old: list[str] = []
        new: list[str] = []
        at_end = False
        read = 0
        while self._at < self._end:
            line = self._lines[self._at]
            mark, rest = line[:1], line[1:]
            if line == END_OF_FILE and read:
                at_end = True
                self._at += 1
                break
            if mark not in ("", " ", "-", "+"):
                break
            if mark != "+":
                old.append(rest)
            if mark != "-":
                new.append(rest)
            read += 1
            self._at += 1
        if not read:
            raise self._empty_chunk()
        return Chunk(context, tuple(old), tuple(new), at_end, start + 1)

    def _empty_chunk(self) -> InvalidHunk:
        remedy = "Every line of a change starts with a blank (kept), `-` (removed) or `+` (added)"
        if self._at >= self._end:
            return InvalidHunk(self._at + 1, None, "the change has no lines", remedy)
        line = self._lines[self._at]
        return InvalidHunk(self._at + 1, line, f"{quoted(line)} cannot start a change", remedy)
