"""Carrying out a patch on the file system. Imports the standard library only, and little of that."""

import os

from agent_core.patch.grammar import AddHunk, Chunk, DeleteHunk, Hunk, PatchError, UpdateHunk, quoted
from agent_core.patch.match import FileLines

_SHOWN_LINES = 12


class EmptyPatch(PatchError):
    """The patch has no hunks."""

    def __init__(self) -> None:
        super().__init__("the patch holds no changes, so no files were modified. Give at least one file header")


class ContextNotFound(PatchError):
    """The line after ``@@`` does not stand in the file where it is looked for."""

    def __init__(self, path: str, chunk: Chunk, elsewhere: int | None) -> None:
        self.path = path
        self.context = chunk.context or ""
        self.line_number = chunk.line_number
        self.elsewhere = elsewhere
        where = (
            f"It stands at line {elsewhere + 1}, above the preceding change: give the changes in the order of the file"
            if elsewhere is not None
            else "Read the file again and give a line that stands in it, whole, or a bare `@@`"
        )
        super().__init__(
            f"{path}: the context line {quoted(self.context)} (line {chunk.line_number} of the patch) "
            f"was not found. {where}"
        )


class LinesNotFound(PatchError):
    """The lines to be kept or removed do not stand in the file where they are looked for."""

    def __init__(self, path: str, chunk: Chunk, hint: str) -> None:
        self.path = path
        self.lines = chunk.old
        self.line_number = chunk.line_number
        self.hint = hint
        shown = [f"  {line}" for line in chunk.old[:_SHOWN_LINES]]
        if len(chunk.old) > _SHOWN_LINES:
            shown.append(f"  (and {len(chunk.old) - _SHOWN_LINES} more)")
        super().__init__(
            f"{path}: the lines expected by the change at line {chunk.line_number} of the patch were not found:\n"
            + "\n".join(shown)
            + f"\n{hint}"
        )


class FileOperationFailed(PatchError):
    """The file system refused an operation; ``reason`` is its own word."""

    def __init__(self, operation: str, path: str, reason: str) -> None:
        self.operation = operation
        self.path = path
        self.reason = reason
        super().__init__(f"Failed to {operation} {path}: {reason}")


class PartlyApplied(PatchError):
    """A hunk failed after others had been carried out; ``done`` lists those as the summary does."""

    def __init__(self, error: PatchError, done: list[str]) -> None:
        self.error = error
        self.done = tuple(done)
        listed = "".join(f"\n{line}" for line in done)
        super().__init__(f"{error}\nAlready applied before that; leave it out of the next patch:{listed}")


def apply(hunks: tuple[Hunk, ...], cwd: str) -> str:
    """Carry out ``hunks`` in order, paths resolved against ``cwd``, and return the summary text.

    Raises:
        EmptyPatch: there is nothing to do.
        PatchError: the first hunk cannot be carried out; nothing was changed.
        PartlyApplied: a later hunk cannot be carried out; the hunks before it were.
    """
    if not hunks:
        raise EmptyPatch
    done: dict[str, list[str]] = {"A": [], "M": [], "D": []}
    for hunk in hunks:
        try:
            letter, path = _carry_out(hunk, cwd)
        except PatchError as error:
            listed = _listed(done)
            if not listed:
                raise
            raise PartlyApplied(error, listed) from error
        done[letter].append(path)
    return "".join(f"{line}\n" for line in ("Success. Updated the following files:", *_listed(done)))


def resolved(cwd: str, path: str) -> str:
    """Return the absolute path a patch means. ``..`` is taken out by name, so what is checked is what is written."""
    return os.path.normpath(os.path.join(cwd, path))


def read_text(path: str, shown: str) -> str:
    """Return a file's text, line ends untouched; ``shown`` is the path as the model wrote it.

    Raises:
        FileOperationFailed: the file cannot be read or is not UTF-8.
    """
    try:
        with open(path, "rb") as file:
            return file.read().decode()
    except UnicodeDecodeError as error:
        raise FileOperationFailed("read file", shown, f"it is not UTF-8 text (byte {error.start})") from error
    except (OSError, ValueError) as error:
        raise FileOperationFailed("read file", shown, _reason(error)) from error


def updated_text(path: str, text: str, chunks: tuple[Chunk, ...]) -> str:
    """Return ``text`` with ``chunks`` carried out. The result ends with a newline unless it is empty.

    Raises:
        ContextNotFound, LinesNotFound: the text does not hold what a chunk expects; ``path`` is for the message.
    """
    lines = text.split("\n")
    if not lines[-1]:
        lines.pop()
    for start, length, new in reversed(_replacements(path, FileLines(lines), chunks)):
        lines[start : start + length] = new
    return "".join(f"{line}\n" for line in lines)


def _replacements(path: str, file: FileLines, chunks: tuple[Chunk, ...]) -> list[tuple[int, int, tuple[str, ...]]]:
    """Return (position, count, new lines) in ascending order, none overlapping another."""
    found: list[tuple[int, int, tuple[str, ...]]] = []
    added: tuple[str, ...] = ()
    position = floor = 0
    for chunk in chunks:
        if chunk.context is not None:
            at = file.find((chunk.context,), position)
            if at is None:
                raise ContextNotFound(path, chunk, file.find((chunk.context,), 0))
            position = at + 1
        if not chunk.old:
            added += chunk.new
            continue
        old, new = chunk.old, chunk.new
        start = file.find(old, position, at_end=chunk.at_end, floor=floor)
        if start is None and not old[-1]:
            old = old[:-1]
            new = new[:-1] if new and not new[-1] else new
            start = file.find(old, position, at_end=chunk.at_end, floor=floor)
        if start is None:
            raise LinesNotFound(path, chunk, _hint(file, chunk, position))
        found.append((start, len(old), new))
        position = floor = start + len(old)
    if added:
        before_blank = bool(file.lines) and not file.lines[-1]
        found.append((max(len(file.lines) - before_blank, floor), 0, added))
    return found


def _hint(file: FileLines, chunk: Chunk, position: int) -> str:
    anywhere = file.find(chunk.old, 0)
    if anywhere is not None:
        if chunk.at_end:
            return f"They stand at line {anywhere + 1}, not at the end of the file: leave out `*** End of File`."
        if anywhere < position:
            return (
                f"They stand at line {anywhere + 1}, above the preceding change or context: "
                "give the changes in the order of the file."
            )
    at, count = file.nearest(chunk.old)
    if not count:
        return "Not even the first of them is in the file: read it again and copy the lines exactly."
    here = at + count
    there = quoted(file.lines[here]) if here < len(file.lines) else "the end of the file"
    return (
        f"The first {count} of them stand at line {at + 1} of the file, but then it has {there} where "
        f"the patch has {quoted(chunk.old[count])}: read the file again and copy the lines exactly."
    )


def _carry_out(hunk: Hunk, cwd: str) -> tuple[str, str]:
    target = resolved(cwd, hunk.path)
    if isinstance(hunk, AddHunk):
        _write(target, hunk.path, hunk.content)
        return "A", hunk.path
    if isinstance(hunk, DeleteHunk):
        _remove(target, hunk.path)
        return "D", hunk.path
    return "M", _update(hunk, target, cwd)


def _update(hunk: UpdateHunk, source: str, cwd: str) -> str:
    text = updated_text(hunk.path, read_text(source, hunk.path), hunk.chunks)
    if hunk.move_to is None:
        _write(source, hunk.path, text)
        return hunk.path
    target = resolved(cwd, hunk.move_to)
    _write(target, hunk.move_to, text)
    if not os.path.samefile(source, target):
        _keep_mode(source, target)
        _remove(source, hunk.path)
    return hunk.move_to


def _write(path: str, shown: str, text: str) -> None:
    try:
        parent = os.path.dirname(path)
        if not os.path.isdir(parent):
            os.makedirs(parent, exist_ok=True)
        with open(path, "wb") as file:
            file.write(text.encode())
    except (OSError, ValueError) as error:
        raise FileOperationFailed("write file", shown, _reason(error)) from error


def _keep_mode(source: str, target: str) -> None:
    try:
        os.chmod(target, os.stat(source).st_mode & 0o777)
    except OSError as error:
        raise FileOperationFailed("write file", target, _reason(error)) from error


def _remove(path: str, shown: str) -> None:
    try:
        os.remove(path)
    except (OSError, ValueError) as error:
        raise FileOperationFailed("delete file", shown, _reason(error)) from error


def _reason(error: OSError | ValueError) -> str:
    return error.strerror or type(error).__name__ if isinstance(error, OSError) else str(error)


def _listed(done: dict[str, list[str]]) -> list[str]:
    return [f"{letter} {path}" for letter, paths in done.items() for path in paths]
