"""What the patches of a turn have changed so far, as one git-style diff."""

import hashlib
import os
import stat
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import anyio.to_thread
from agent_protocol.rollout.event import DeleteFile, EventMsg, FileChange, TurnDiffEvent, UpdateFile

from agent_core.patch.linediff import unified_hunks

_CONTEXT_LINES = 3
_NO_BLOB = "0" * 40


@dataclass(frozen=True, slots=True)
class _State:
    """A file at one moment; ``mode`` is git's, None when there is no file."""

    mode: str | None
    content: bytes

    @property
    def blob(self) -> str:
        if self.mode is None:
            return _NO_BLOB
        header = b"blob %d\0" % len(self.content)
        return hashlib.sha1(header + self.content, usedforsecurity=False).hexdigest()


_ABSENT = _State(None, b"")


@dataclass(frozen=True, slots=True)
class _Baseline:
    """Where a file was and what it was when the turn first touched it."""

    path: str
    state: _State


class TurnDiffTracker:
    """Compares the files a turn's patches touched with what they were before. One tracker serves one turn.

    Files changed in other ways are seen only as far as a patch touched them, too. Its methods read files, so they
    belong on a worker thread, one at a time.
    """

    def __init__(self) -> None:
        self._baselines: dict[str, _Baseline] = {}
        """By the path the file has now."""
        self._last: dict[str, tuple[str, str, _State, str]] = {}
        """The names, state and diff each file had when it was last compared: the same diff is asked for often."""

    @property
    def is_empty(self) -> bool:
        """Whether no file was noted yet."""
        return not self._baselines

    def note(self, changes: Mapping[str, FileChange]) -> None:
        """Remember the files that ``changes``, keyed by absolute path, are about to touch. Call it before they do."""
        for path, change in changes.items():
            if isinstance(change, UpdateFile) and change.move_path not in (None, path):
                self._touch(path)
                self._move(path, change.move_path)
            else:
                self._touch(path if isinstance(change, DeleteFile) else _resolved(path))

    def unified_diff(self) -> str:
        """Return the diff of all touched files as they are now, sorted by the path shown; ``""`` for none."""
        roots: dict[str, str | None] = {}
        parts: list[tuple[str, str]] = []
        for path, baseline in self._baselines.items():
            state = _state(path)
            if state.mode is None and baseline.path != path and _state(baseline.path).mode is not None:
                path, state = baseline.path, _state(baseline.path)
            before = _shown(baseline.path if baseline.state.mode is not None else path, roots)
            after = _shown(path if state.mode is not None else baseline.path, roots)
            parts.append((_shown(path, roots), self._compared(baseline, before, after, state)))
        return "".join(text for _, text in sorted(parts))

    def _compared(self, baseline: _Baseline, before: str, after: str, state: _State) -> str:
        last = self._last.get(baseline.path)
        if last is None or last[:3] != (before, after, state):
            last = (before, after, state, _file_diff(before, after, baseline.state, state))
            self._last[baseline.path] = last
        return last[3]

    def _touch(self, path: str) -> None:
        if path not in self._baselines:
            self._baselines[path] = _Baseline(path, _state(path))

    def _move(self, source: str, target: str | None) -> None:
        """Let ``target`` inherit the past of ``source``, unless it has one of its own."""
        if target is None or target in self._baselines:
            return
        state = _state(target)
        self._baselines[target] = self._baselines.pop(source) if state.mode is None else _Baseline(target, state)


async def show_diff(tracker: TurnDiffTracker, emit: Callable[[EventMsg], None]) -> None:
    """Emit the diff of the turn so far, if there is one."""
    if not tracker.is_empty:
        diff = await anyio.to_thread.run_sync(tracker.unified_diff)
        if diff:
            emit(TurnDiffEvent(unified_diff=diff))


def _resolved(path: str) -> str:
    try:
        return os.path.realpath(path)
    except (OSError, ValueError):
        return path


def _state(path: str) -> _State:
    try:
        status = os.lstat(path)
        if stat.S_ISLNK(status.st_mode):
            return _State("120000", os.fsencode(os.readlink(path)))
        if not stat.S_ISREG(status.st_mode):
            return _ABSENT
        with open(path, "rb") as file:
            return _State("100755" if status.st_mode & 0o111 else "100644", file.read())
    except (OSError, ValueError):
        return _ABSENT


def _shown(path: str, roots: dict[str, str | None]) -> str:
    """Return a path relative to the repository it is in, or as it is outside of any."""
    root = _repository(os.path.dirname(path), roots)
    shown = path if root is None else os.path.relpath(path, root)
    # A link may lead to a name that is not text.
    return os.fsencode(shown).decode(errors="replace")


def _repository(folder: str, roots: dict[str, str | None]) -> str | None:
    if folder not in roots:
        parent = os.path.dirname(folder)
        if os.path.exists(os.path.join(folder, ".git")):
            roots[folder] = folder
        else:
            roots[folder] = None if parent == folder else _repository(parent, roots)
    return roots[folder]


def _file_diff(before: str, after: str, old: _State, new: _State) -> str:
    renamed = before != after
    if old == new and (not renamed or old.mode is None):
        return ""
    lines = [f"diff --git a/{before} b/{after}"]
    if old.mode is None:
        lines.append(f"new file mode {new.mode}")
    elif new.mode is None:
        lines.append(f"deleted file mode {old.mode}")
    elif old.mode != new.mode:
        lines += [f"old mode {old.mode}", f"new mode {new.mode}"]
    if old == new:
        lines += ["similarity index 100%", f"rename from {before}", f"rename to {after}"]
    if old.blob != new.blob:
        lines.append(f"index {old.blob}..{new.blob}")
    head = "\n".join(lines) + "\n"
    if old.content == new.content:
        return head
    sides = (
        f"--- {'/dev/null' if old.mode is None else f'a/{before}'}\n"
        f"+++ {'/dev/null' if new.mode is None else f'b/{after}'}\n"
    )
    try:
        hunks = unified_hunks(old.content.decode(), new.content.decode(), _CONTEXT_LINES)
    except UnicodeDecodeError:
        hunks = "Binary files differ\n"
    return f"{head}{sides}{hunks}"
