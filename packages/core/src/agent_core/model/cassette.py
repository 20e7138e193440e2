"""Cassettes: recorded exchanges with a model, one file of JSON lines.

``{"line":"cassette","version":1,"noise":[…]}``
    comes first. ``noise`` are further regular expressions for text that differs from run to run.
``{"line":"request","kept":N,"added":[…],"members":{…}}``
    begins an exchange. The request is that of the exchange before, with its first ``N`` input items, then the
    ``added`` ones, and with these ``members`` in place of the earlier ones (``null`` stands for itself).
``{"line":"event","event":{…}}``
    one event of the answer, in order.
``{"line":"end","outcome":"completed"}``
    ends the exchange. The outcome is ``left`` when the run stopped listening, and ``failed`` when the answer failed;
    then ``error`` and ``facts`` say how.

Texts hold placeholders for what differs from run to run; see :mod:`agent_core.model.placeholder`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

import msgspec
from agent_protocol.wire import JsonValue, Record

from agent_core.model.errors import ModelError

VERSION = 1
Outcome: TypeAlias = Literal["completed", "left", "failed"]


@dataclass(kw_only=True, eq=False)
class CassetteInvalid(ModelError):
    """The file is not a cassette; ``line`` counts from 1 and is 0 when the file itself is the trouble."""

    path: str
    line: int
    reason: str

    def __str__(self) -> str:
        where = f"{self.path}:{self.line}" if self.line else self.path
        return f"Cannot replay {where}: {self.reason}"


class HeaderLine(Record, frozen=True, kw_only=True, tag_field="line", tag="cassette"):
    """The first line."""

    version: int = VERSION
    noise: tuple[str, ...] = ()


class RequestLine(Record, frozen=True, kw_only=True, tag_field="line", tag="request"):
    """How a request differs from the one before."""

    kept: int
    added: list[JsonValue]
    members: dict[str, JsonValue]


class EventLine(Record, frozen=True, kw_only=True, tag_field="line", tag="event"):
    """One event, with placeholders."""

    event: dict[str, JsonValue]


class EndLine(Record, frozen=True, kw_only=True, omit_defaults=True, tag_field="line", tag="end"):
    """How an exchange ended."""

    outcome: Outcome
    error: str | None = None
    facts: dict[str, JsonValue] = msgspec.field(default_factory=dict)


Line: TypeAlias = HeaderLine | RequestLine | EventLine | EndLine


@dataclass(frozen=True, kw_only=True, slots=True)
class Exchange:
    """A request in canonical form and the answer to it."""

    request: dict[str, JsonValue]
    events: Sequence[dict[str, JsonValue]]
    end: EndLine


@dataclass(frozen=True, kw_only=True, slots=True)
class Cassette:
    """What a cassette file holds."""

    noise: Sequence[str]
    exchanges: Sequence[Exchange]


def encode_line(line: Line) -> bytes:
    """Return one line of a cassette, with its line feed."""
    return msgspec.json.encode(line) + b"\n"


def request_line(previous: dict[str, JsonValue], request: dict[str, JsonValue]) -> RequestLine:
    """Return how ``request`` differs from ``previous``, the request of the exchange before or ``{}``."""
    earlier, now = previous.get("input", []), request["input"]
    kept = next(
        (index for index, (old, new) in enumerate(zip(earlier, now, strict=False)) if old != new),
        min(len(earlier), len(now)),
    )
    members = {name: value for name, value in request.items() if name != "input" and _differs(previous, name, value)}
    return RequestLine(kept=kept, added=now[kept:], members=members)


def request_after(previous: dict[str, JsonValue], line: RequestLine) -> dict[str, JsonValue]:
    """Undo :func:`request_line`."""
    return {**previous, **line.members, "input": [*previous.get("input", [])[: line.kept], *line.added]}


def load_cassette(path: Path) -> Cassette:
    """Read a cassette. An exchange that the end of the file cuts off is left out.

    Raises:
        CassetteInvalid: it cannot be read, or is none.
    """
    lines = _lines(path)
    header = next(lines, None)
    if header is None or not isinstance(header[1], HeaderLine):
        raise CassetteInvalid(path=str(path), line=1, reason="this is not a recording made with --record")
    if header[1].version != VERSION:
        reason = f"it has version {header[1].version}; this program knows {VERSION}. Record it again"
        raise CassetteInvalid(path=str(path), line=1, reason=reason)
    return Cassette(noise=header[1].noise, exchanges=list(_exchanges(path, lines)))


def _exchanges(path: Path, lines: Iterator[tuple[int, Line]]) -> Iterator[Exchange]:
    request: dict[str, JsonValue] = {}
    events: list[dict[str, JsonValue]] = []
    is_open = False
    for number, line in lines:
        match line:
            case RequestLine() if not is_open:
                request, events, is_open = request_after(request, line), [], True
            case EventLine(event=event) if is_open:
                events.append(event)
            case EndLine() if is_open:
                yield Exchange(request=request, events=events, end=line)
                is_open = False
            case _:
                raise CassetteInvalid(path=str(path), line=number, reason="this line does not belong here")


def _lines(path: Path) -> Iterator[tuple[int, Line]]:
    decoder: msgspec.json.Decoder[Line] = msgspec.json.Decoder(Line)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise CassetteInvalid(path=str(path), line=0, reason=error.strerror or str(error)) from error
    for number, text in enumerate(content.splitlines(), start=1):
        if not text.strip():
            continue
        try:
            yield number, decoder.decode(text)
        except msgspec.DecodeError as error:
            raise CassetteInvalid(path=str(path), line=number, reason=str(error)) from error


def _differs(previous: dict[str, JsonValue], name: str, value: JsonValue) -> bool:
    return name not in previous or previous[name] != value
