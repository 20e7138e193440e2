"""What a patch would do, found out before anyone is asked and before anything is written."""

from collections.abc import Mapping
from dataclasses import dataclass

from agent_protocol.rollout.event import AddFile, DeleteFile, FileChange, UpdateFile

from agent_core.patch.apply import EmptyPatch, read_text, resolved, updated_text
from agent_core.patch.grammar import AddHunk, DeleteHunk, Hunk, UpdateHunk, parse
from agent_core.patch.linediff import unified_hunks

_CONTEXT_LINES = 1


@dataclass(frozen=True, slots=True)
class VerifiedPatch:
    """A patch that can be carried out on the files as they are now."""

    patch: str
    cwd: str
    """Absolute; the paths in the patch are relative to it."""
    changes: Mapping[str, FileChange]
    """By absolute path, in the order of the patch; a file changed twice keeps the last change."""

    @property
    def paths(self) -> tuple[str, ...]:
        """Every absolute path that is written or removed, targets of moves included."""
        moved = (c.move_path for c in self.changes.values() if isinstance(c, UpdateFile) and c.move_path is not None)
        return tuple(dict.fromkeys((*self.changes, *moved)))


def verify(patch: str, cwd: str) -> VerifiedPatch:
    """Return what ``patch`` would change, read from the files under ``cwd``. Blocks on the file system.

    Raises:
        PatchError: the text is no patch, holds no changes, or does not fit the files.
    """
    hunks = parse(patch)
    if not hunks:
        raise EmptyPatch
    changes: dict[str, FileChange] = {}
    for hunk in hunks:
        path = resolved(cwd, hunk.path)
        changes.pop(path, None)
        changes[path] = _change(hunk, path, cwd)
    return VerifiedPatch(patch, cwd, changes)


def _change(hunk: Hunk, path: str, cwd: str) -> FileChange:
    if isinstance(hunk, AddHunk):
        return AddFile(content=hunk.content)
    before = read_text(path, hunk.path)
    if isinstance(hunk, DeleteHunk):
        return DeleteFile(content=before)
    return _update(hunk, before, cwd)


def _update(hunk: UpdateHunk, before: str, cwd: str) -> UpdateFile:
    after = updated_text(hunk.path, before, hunk.chunks)
    return UpdateFile(
        unified_diff=unified_hunks(before, after, _CONTEXT_LINES),
        move_path=None if hunk.move_to is None else resolved(cwd, hunk.move_to),
    )
