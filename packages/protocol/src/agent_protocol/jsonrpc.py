"""The JSON-RPC dialect of the app-server: bytes to messages and back.

Messages carry no ``jsonrpc`` member. What arrives is taken for the first shape it fits, in the order request,
notification, response, error; so an object with a method but an unusable id is a notification.
"""

from typing import Annotated, Final, TypeAlias, TypeVar, cast

from msgspec import UNSET, DecodeError, Meta, Raw, Struct, UnsetType, ValidationError
from msgspec.json import Decoder, Encoder

from agent_protocol.errors import MalformedMessage, UndecodableRequest
from agent_protocol.ids import RequestId
from agent_protocol.registry import Method, Notification, ServerRequest
from agent_protocol.wire import JsonValue

P = TypeVar("P")
R = TypeVar("R")


class ErrorObject(Struct, frozen=True, kw_only=True):
    """What a peer says of a failed request."""

    code: Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
    data: JsonValue | UnsetType = UNSET
    message: str


class RequestMessage(Struct, frozen=True, kw_only=True):
    """A message that wants an answer. ``params`` is ``UNSET`` where it is absent or null."""

    method: str
    id: RequestId
    params: Raw | UnsetType = UNSET


class NotificationMessage(Struct, frozen=True, kw_only=True):
    """A message that wants no answer. ``params`` is ``UNSET`` where it is absent or null."""

    method: str
    params: Raw | UnsetType = UNSET


class ResponseMessage(Struct, frozen=True, kw_only=True):
    """The answer to a request."""

    id: RequestId
    result: Raw


class ErrorMessage(Struct, frozen=True, kw_only=True):
    """The failure of a request."""

    error: ErrorObject
    id: RequestId


Envelope: TypeAlias = RequestMessage | NotificationMessage | ResponseMessage | ErrorMessage
"""A message whose params or result are still raw. They are views: copy them before keeping them."""

_WireId: TypeAlias = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)] | str


class _Frame(Struct, frozen=True):
    id: _WireId | UnsetType = UNSET
    method: str | UnsetType = UNSET
    params: Raw | UnsetType = UNSET
    result: Raw | UnsetType = UNSET
    error: ErrorObject | UnsetType = UNSET


class _OddFrame(Struct, frozen=True):
    id: Raw | UnsetType = UNSET
    method: Raw | UnsetType = UNSET
    params: Raw | UnsetType = UNSET
    result: Raw | UnsetType = UNSET
    error: Raw | UnsetType = UNSET


_FRAME: Final = Decoder(_Frame)
_ODD_FRAME: Final = Decoder(_OddFrame)
_ID: Final[Decoder[RequestId]] = Decoder(_WireId)
_METHOD: Final = Decoder(str)
_ERROR: Final = Decoder(ErrorObject)
_ANY_OBJECT: Final = Decoder(dict[str, Raw])
_ENCODER: Final = Encoder()

_NULL: Final = b"null"
_UNREADABLE: Final = (DecodeError, UnicodeDecodeError, RecursionError)
"""All that msgspec raises for bytes it cannot read."""


def decode_envelope(frame: bytes | bytearray | memoryview) -> Envelope:
    """Read one message. Raises ``MalformedMessage`` for anything that fits no shape; such bytes get no answer."""
    try:
        # Raw members are skipped over, not read, so that their text has to be looked at here.
        str(frame, "utf-8")
        return _classify(_FRAME.decode(frame))
    except ValidationError:
        return _classify(_decode_odd(frame))
    except _UNREADABLE as error:
        raise MalformedMessage(str(error)) from error


def _decode_odd(frame: bytes | bytearray | memoryview) -> _Frame:
    """Read an object of which some member has the wrong type, as if that member were absent."""
    try:
        odd = _ODD_FRAME.decode(frame)
    except _UNREADABLE as cause:
        raise MalformedMessage(str(cause)) from cause
    request_id = _member(_ID, odd.id)
    method = _member(_METHOD, odd.method)
    error = _member(_ERROR, odd.error)
    return _Frame(id=request_id, method=method, params=odd.params, result=odd.result, error=error)


def _member(decoder: Decoder[R], raw: Raw | UnsetType) -> R | UnsetType:
    if raw is UNSET:
        return UNSET
    try:
        return decoder.decode(raw)
    except _UNREADABLE:
        return UNSET


def _classify(frame: _Frame) -> Envelope:
    if frame.method is not UNSET:
        if frame.id is not UNSET:
            return RequestMessage(method=frame.method, id=frame.id, params=_given(frame.params))
        return NotificationMessage(method=frame.method, params=_given(frame.params))
    if frame.id is not UNSET:
        if frame.result is not UNSET:
            return ResponseMessage(id=frame.id, result=frame.result)
        if frame.error is not UNSET:
            return ErrorMessage(id=frame.id, error=frame.error)
    raise MalformedMessage("neither request, notification, response nor error")


def _given(params: Raw | UnsetType) -> Raw | UnsetType:
    if params is UNSET or (memoryview(params).nbytes == len(_NULL) and bytes(params) == _NULL):
        return UNSET
    return params


def decode_params(method: Method[P, R], params: Raw | UnsetType) -> P:
    """Read the params of a request.

    A method without params takes them absent or as any object, and its result here is ``None``. Raises
    ``UndecodableRequest`` for params that are missing where they are needed, or of the wrong shape.
    """
    try:
        return _decode_declared(method.params_decoder, params)
    except MalformedMessage as error:
        raise UndecodableRequest(error.detail) from error


def decode_notification(notification: Notification[P], params: Raw | UnsetType) -> P:
    """Read the params of a notification, ``None`` for one that has none. Raises ``MalformedMessage``."""
    return _decode_declared(notification.params_decoder, params)


def decode_question(request: ServerRequest[P, R], params: Raw | UnsetType) -> P:
    """Read the params of a server request. Raises ``MalformedMessage``."""
    return _decode_declared(request.params_decoder, params)


def decode_result(request: Method[P, R] | ServerRequest[P, R], result: Raw) -> R:
    """Read the answer to *request*. Raises ``MalformedMessage``."""
    return _decode(request.result_decoder, result)


def _decode_declared(decoder: Decoder[P] | None, params: Raw | UnsetType) -> P:
    if decoder is None:
        if params is not UNSET:
            _decode(_ANY_OBJECT, params)
        return cast("P", None)
    if params is UNSET:
        raise MalformedMessage("missing field `params`")
    return _decode(decoder, params)


def _decode(decoder: Decoder[R], raw: Raw) -> R:
    try:
        return decoder.decode(raw)
    except _UNREADABLE as error:
        raise MalformedMessage(str(error)) from error


class _OutgoingRequest(Struct, frozen=True):
    method: str
    id: RequestId
    params: JsonValue | UnsetType


class _OutgoingNotification(Struct, frozen=True):
    method: str
    params: JsonValue | UnsetType


class _OutgoingResponse(Struct, frozen=True):
    id: RequestId
    result: JsonValue


def encode_request(request_id: RequestId, request: Method[P, R] | ServerRequest[P, R], params: P) -> bytes:
    """A request as bytes, without a line end. Params of ``None`` are left out."""
    return _ENCODER.encode(_OutgoingRequest(request.name, request_id, UNSET if params is None else params))


def encode_notification(notification: Notification[P], params: P) -> bytes:
    """A notification as bytes, without a line end. Params of ``None`` are left out."""
    return _ENCODER.encode(_OutgoingNotification(notification.name, UNSET if params is None else params))


def encode_response(request_id: RequestId, result: object) -> bytes:
    """The answer to a request as bytes, without a line end. *result* is the struct the method declares."""
    return _ENCODER.encode(_OutgoingResponse(request_id, result))


def encode_error(request_id: RequestId, code: int, message: str, data: JsonValue | UnsetType = UNSET) -> bytes:
    """The failure of a request as bytes, without a line end."""
    return _ENCODER.encode(ErrorMessage(error=ErrorObject(code=code, data=data, message=message), id=request_id))
