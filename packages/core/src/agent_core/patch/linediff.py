"""Differences between two texts, by lines, in unified form."""

from collections import Counter
from collections.abc import Iterator, Sequence
from io import StringIO

Change = tuple[int, int, int, int]
"""Lines ``a[i1:i2]`` became ``b[j1:j2]``: the four numbers, counted from 0."""

_MOST_EDITS = 400
"""Edits up to which the shortest script is searched; its cost grows with their square."""

_NO_NEWLINE = "\\ No newline at end of file\n"


def unified_hunks(before: str, after: str, context: int) -> str:
    """Return the hunks that turn ``before`` into ``after``, without file header; equal texts give ``""``.

    Lines end at ``\\n`` alone. Each hunk carries ``context`` unchanged lines around its changes.
    """
    a, b = StringIO(before).readlines(), StringIO(after).readlines()
    return "".join(_hunk(a, b, group, context) for group in _groups(changes(a, b), context))


def changes(a: Sequence[str], b: Sequence[str]) -> list[Change]:
    """Return what differs between two lists of lines, in order, no two changes touching each other."""
    found: list[Change] = []
    for i1, i2, j1, j2 in _changes(a, b, 0, len(a), 0, len(b)):
        if found and found[-1][1] == i1 and found[-1][3] == j1:
            found[-1] = (found[-1][0], i2, found[-1][2], j2)
        else:
            found.append((i1, i2, j1, j2))
    return _slid_down(a, b, found)


def _changes(a: Sequence[str], b: Sequence[str], i1: int, i2: int, j1: int, j2: int) -> Iterator[Change]:
    while i1 < i2 and j1 < j2 and a[i1] == b[j1]:
        i1, j1 = i1 + 1, j1 + 1
    while i1 < i2 and j1 < j2 and a[i2 - 1] == b[j2 - 1]:
        i2, j2 = i2 - 1, j2 - 1
    if i1 == i2 or j1 == j2:
        if i1 < i2 or j1 < j2:
            yield i1, i2, j1, j2
        return
    script = _shortest(a[i1:i2], b[j1:j2])
    if script is not None:
        for x1, x2, y1, y2 in script:
            yield i1 + x1, i1 + x2, j1 + y1, j1 + y2
        return
    anchors = _anchors(a, b, i1, i2, j1, j2)
    if not anchors:
        yield i1, i2, j1, j2
        return
    for x, y in [*anchors, (i2, j2)]:
        yield from _changes(a, b, i1, x, j1, y)
        i1, j1 = x, y


def _shortest(a: Sequence[str], b: Sequence[str]) -> list[Change] | None:
    """Return a shortest edit script (Myers' greedy search), or None when it would take too long to find."""
    n, m = len(a), len(b)
    furthest = {1: 0}
    trace: list[dict[int, int]] = []
    for edits in range(min(n + m, _MOST_EDITS) + 1):
        reached: dict[int, int] = {}
        for diagonal in range(-edits, edits + 1, 2):
            down = diagonal == -edits or (
                diagonal != edits and furthest.get(diagonal - 1, -1) < furthest.get(diagonal + 1, -1)
            )
            x = furthest.get(diagonal + 1, -1) if down else furthest.get(diagonal - 1, -1) + 1
            y = x - diagonal
            if x < 0 or x > n or y < 0 or y > m:
                continue
            while x < n and y < m and a[x] == b[y]:
                x, y = x + 1, y + 1
            reached[diagonal] = x
            if x == n and y == m:
                return _walked_back(trace, n, m)
        trace.append(reached)
        furthest = reached
    return None


def _walked_back(trace: list[dict[int, int]], x: int, y: int) -> list[Change]:
    script: list[Change] = []
    for reached in reversed(trace):
        diagonal = x - y
        left, right = reached.get(diagonal - 1, -1), reached.get(diagonal + 1, -1)
        from_above = right >= 0 and (left < 0 or left < right)
        before_x = right if from_above else left
        before_y = before_x - (diagonal + 1 if from_above else diagonal - 1)
        step = (
            (before_x, before_x, before_y, before_y + 1) if from_above else (before_x, before_x + 1, before_y, before_y)
        )
        if script and step[1] == script[-1][0] and step[3] == script[-1][2]:
            script[-1] = (step[0], script[-1][1], step[2], script[-1][3])
        else:
            script.append(step)
        x, y = before_x, before_y
    return script[::-1]


def _anchors(a: Sequence[str], b: Sequence[str], i1: int, i2: int, j1: int, j2: int) -> list[tuple[int, int]]:
    """Return the longest ascending run of pairs of lines that stand exactly once on either side."""
    count_a, count_b = Counter(a[i1:i2]), Counter(b[j1:j2])
    places = {line: j for j, line in enumerate(b[j1:j2], j1) if count_b[line] == 1}
    pairs = [(i, places[line]) for i, line in enumerate(a[i1:i2], i1) if count_a[line] == 1 and line in places]
    ends: list[int] = []
    tails: list[int] = []
    back: list[int] = []
    for number, (_, j) in enumerate(pairs):
        low, high = 0, len(tails)
        while low < high:
            middle = (low + high) // 2
            low, high = (middle + 1, high) if tails[middle] < j else (low, middle)
        back.append(ends[low - 1] if low else -1)
        tails[low : low + 1] = [j]
        ends[low : low + 1] = [number]
    run: list[tuple[int, int]] = []
    number = ends[-1] if ends else -1
    while number >= 0:
        run.append(pairs[number])
        number = back[number]
    return run[::-1]


def _slid_down(a: Sequence[str], b: Sequence[str], found: list[Change]) -> list[Change]:
    """Move pure insertions and deletions as far down as the text allows, joining those that come to touch."""
    slid: list[Change] = []
    for number in range(len(found) - 1, -1, -1):
        i1, i2, j1, j2 = found[number]
        limit_a, limit_b = (slid[-1][0], slid[-1][2]) if slid else (len(a), len(b))
        if i1 == i2:
            while j2 < limit_b and i2 < limit_a and b[j1] == b[j2]:
                i1, i2, j1, j2 = i1 + 1, i2 + 1, j1 + 1, j2 + 1
        elif j1 == j2:
            while i2 < limit_a and j2 < limit_b and a[i1] == a[i2]:
                i1, i2, j1, j2 = i1 + 1, i2 + 1, j1 + 1, j2 + 1
        if slid and i2 == slid[-1][0] and j2 == slid[-1][2]:
            slid[-1] = (i1, slid[-1][1], j1, slid[-1][3])
        else:
            slid.append((i1, i2, j1, j2))
    return slid[::-1]


def _groups(found: list[Change], context: int) -> Iterator[list[Change]]:
    group: list[Change] = []
    for change in found:
        if group and change[0] - group[-1][1] > 2 * context:
            yield group
            group = []
        group.append(change)
    if group:
        yield group


def _hunk(a: Sequence[str], b: Sequence[str], group: list[Change], context: int) -> str:
    i, j = max(group[0][0] - context, 0), max(group[0][2] - context, 0)
    lead = min(group[0][0] - i, group[0][2] - j)
    i, j = group[0][0] - lead, group[0][2] - lead
    tail = min(context, len(a) - group[-1][1])
    parts = [f"@@ -{_range(i, group[-1][1] + tail)} +{_range(j, group[-1][3] + tail)} @@\n"]
    for i1, i2, j1, j2 in group:
        parts += _marked(" ", a[i:i1])
        parts += _marked("-", a[i1:i2])
        parts += _marked("+", b[j1:j2])
        i = i2
    parts += _marked(" ", a[i : i + tail])
    return "".join(parts)


def _range(start: int, stop: int) -> str:
    length = stop - start
    if length == 1:
        return f"{start + 1}"
    return f"{start + 1 if length else start},{length}"


def _marked(mark: str, lines: Sequence[str]) -> list[str]:
    return [f"{mark}{line}" if line.endswith("\n") else f"{mark}{line}\n{_NO_NEWLINE}" for line in lines]
