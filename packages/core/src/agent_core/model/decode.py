"""From the data of a stream's events to model events."""

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TypeAlias

import msgspec
from agent_protocol.rollout.error import RecordError
from agent_protocol.rollout.response_item import ResponseItem, UnknownItem, decode_response_item
from agent_protocol.rollout.usage import TokenUsage
from agent_protocol.wire import JsonValue, Record

from agent_core.model.errors import ModelError, ResponseIncomplete
from agent_core.model.event import (
    Completed,
    Created,
    ModelEvent,
    ModelsEtag,
    OutputItemAdded,
    OutputItemDone,
    OutputTextDelta,
    RateLimits,
    ReasoningIncluded,
    ReasoningSummaryDelta,
    ReasoningSummaryPartAdded,
    ReasoningTextDelta,
    ServerModel,
)
from agent_core.model.fault import stream_fault
from agent_core.model.limits import snapshots

_log = logging.getLogger(__name__)
_MODEL_HEADERS = ("openai-model", "x-openai-model")


class _Created(Record, frozen=True, kw_only=True, tag_field="type", tag="response.created"):
    response: msgspec.Raw


class _Added(Record, frozen=True, kw_only=True, tag_field="type", tag="response.output_item.added"):
    item: msgspec.Raw


class _Done(Record, frozen=True, kw_only=True, tag_field="type", tag="response.output_item.done"):
    item: msgspec.Raw


class _Outcome(Record, frozen=True, kw_only=True):
    id: str = ""
    error: JsonValue = None
    incomplete_details: JsonValue = None
    usage: JsonValue = None


class _Failed(Record, frozen=True, kw_only=True, tag_field="type", tag="response.failed"):
    response: _Outcome = _Outcome()


class _Incomplete(Record, frozen=True, kw_only=True, tag_field="type", tag="response.incomplete"):
    response: _Outcome = _Outcome()


class _Completed(Record, frozen=True, kw_only=True, tag_field="type", tag="response.completed"):
    response: _Outcome = _Outcome()


class _Finished(Record, frozen=True, kw_only=True, tag_field="type", tag="response.done"):
    response: _Outcome = _Outcome()


class _Error(Record, frozen=True, kw_only=True, tag_field="type", tag="error"):
    error: JsonValue = None
    code: JsonValue = None
    message: JsonValue = None


_Marker: TypeAlias = _Created | _Added | _Done | _Failed | _Incomplete | _Completed | _Finished | _Error
_Data: TypeAlias = OutputTextDelta | ReasoningSummaryDelta | ReasoningSummaryPartAdded | ReasoningTextDelta | _Marker
_DELTAS = (OutputTextDelta, ReasoningSummaryDelta, ReasoningSummaryPartAdded, ReasoningTextDelta)


class ResponseReader:
    """Reads one answer. ``failure`` is what the server reported went wrong: to be raised when the stream ends."""

    def __init__(self, url: str) -> None:
        self.failure: ModelError | None = None
        self._url = url
        self._model: str | None = None
        self._decoder: msgspec.json.Decoder[_Data] = msgspec.json.Decoder(_Data)

    def head(self, headers: Mapping[str, str]) -> list[ModelEvent]:
        """Return the events that the response headers (names in lower case) stand for."""
        events = self._server_model(headers.get("openai-model"))
        events += [RateLimits(snapshot=snapshot) for snapshot in snapshots(headers)]
        if etag := headers.get("x-models-etag"):
            events.append(ModelsEtag(etag=etag))
        if "x-reasoning-included" in headers:
            events.append(ReasoningIncluded())
        return events

    def read(self, batch: Iterable[bytes]) -> list[ModelEvent]:
        """Return what the data of these server-sent events stands for; what is not understood is left out."""
        events: list[ModelEvent] = []
        decode = self._decoder.decode
        for data in batch:
            if b'"headers"' in data:
                events += self._server_model(_stated_model(data))
            try:
                decoded = decode(data)
            except msgspec.DecodeError as error:
                _log.debug("skipped a stream event: %s", error)
                continue
            if isinstance(decoded, _DELTAS):
                events.append(decoded)
            else:
                events += self._meaning(decoded)
        return events

    def _meaning(self, decoded: _Marker) -> Sequence[ModelEvent]:
        match decoded:
            case _Created():
                return [Created()]
            case _Added(item=raw):
                return [OutputItemAdded(item=item) for item in _items(raw)]
            case _Done(item=raw):
                return [OutputItemDone(item=item) for item in _items(raw)]
            case _Completed(response=outcome) | _Finished(response=outcome):
                return [Completed(response_id=outcome.id, usage=_usage(outcome.usage))]
            case _Failed(response=outcome):
                self.failure = stream_fault(outcome.error, self._url)
            case _Error():
                stated = decoded.error or {"code": decoded.code, "message": decoded.message}
                self.failure = stream_fault(stated, self._url)
            case _Incomplete(response=outcome):
                self.failure = ResponseIncomplete(reason=_reason(outcome.incomplete_details))
        return ()

    def _server_model(self, model: str | None) -> list[ModelEvent]:
        if not model or model == self._model:
            return []
        self._model = model
        return [ServerModel(model=model)]


def _items(raw: msgspec.Raw) -> Iterator[ResponseItem]:
    try:
        item = decode_response_item(raw)
    except RecordError as error:
        _log.debug("skipped an output item: %s", error)
        return
    if isinstance(item, UnknownItem):
        _log.debug("skipped an output item of the unknown kind %r", item.kind)
    else:
        yield item


def _usage(stated: JsonValue) -> TokenUsage | None:
    if not isinstance(stated, dict):
        return None
    spent, written = _count(stated, "input_tokens"), _count(stated, "output_tokens")
    return TokenUsage(
        input_tokens=spent,
        cached_input_tokens=_count(stated.get("input_tokens_details"), "cached_tokens"),
        output_tokens=written,
        reasoning_output_tokens=_count(stated.get("output_tokens_details"), "reasoning_tokens"),
        total_tokens=_count(stated, "total_tokens") or spent + written,
    )


def _count(members: JsonValue, name: str) -> int:
    value = members.get(name) if isinstance(members, dict) else None
    return value if isinstance(value, int) else 0


def _reason(details: JsonValue) -> str:
    reason = details.get("reason") if isinstance(details, dict) else None
    return reason if isinstance(reason, str) and reason else "it gave no reason"


def _stated_model(data: bytes) -> str | None:
    """Return the model that the headers inside an event name."""
    try:
        event = msgspec.json.decode(data)
    except msgspec.DecodeError:
        return None
    for holder in (event.get("response"), event) if isinstance(event, dict) else ():
        headers = holder.get("headers") if isinstance(holder, dict) else None
        for name, value in headers.items() if isinstance(headers, dict) else ():
            first = value[0] if isinstance(value, list) and value else value
            if name.lower() in _MODEL_HEADERS and isinstance(first, str):
                return first
    return None
