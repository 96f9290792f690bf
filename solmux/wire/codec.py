"""Frames to bytes and back, without I/O (docs/attach-protocol.md).

A frame is `length` (u32, big-endian, of what follows), `type` (u8), body. The bodies of the four frames that
every keystroke costs (`Input`, `Acked`, `Credit`, `Data`) are binary; every other body is one JSON object in
UTF-8.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields
from struct import Struct
from typing import Any, NoReturn

from solmux.wire.frames import (
    FRAME_TYPES,
    MAXIMUM_LENGTH,
    U32,
    U64,
    Acked,
    Credit,
    Data,
    Fields,
    Frame,
    Input,
    Texts,
)

_LENGTH = Struct(">I")  # of type and body
_HEADER = Struct(">IB")  # length, type
_DATA = Struct(">IQQ")  # channel, epoch, offset
_INPUT = Struct(">IQ")  # attachment, input id
_ACKED = _INPUT
_CREDIT = Struct(">II")  # attachment, characters
_TYPE_CODES = {cls: code for code, cls in FRAME_TYPES.items()}
_DATA_HEAD = Struct(">IBIQQ")  # header and fields of the one frame that is sent for every byte of output
_DATA_CODE = _TYPE_CODES[Data]


class WireError(Exception):
    """The peer sent bytes that are no frames; the connection is of no further use.

    Attributes:
      frames: whole frames that came before the fault in the same call of `feed`.
    """

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.frames: list[Frame] = []


class _FieldError(Exception):
    """A value of the wrong type or range; the text says which was found and which is allowed."""


def encode(frame: Frame) -> bytes:
    """Return *frame* as bytes.

    Text that cannot be written in UTF-8 (lone surrogates) goes out as question marks. A frame over
    `MAXIMUM_LENGTH` raises `ValueError`: the sender has to cut data and answers into pieces.
    """
    if isinstance(frame, Data):
        length = 1 + _DATA.size + len(frame.data)
        _check_length(length)
        return _DATA_HEAD.pack(length, _DATA_CODE, frame.channel, frame.epoch, frame.offset) + frame.data
    if isinstance(frame, Input):
        body = _INPUT.pack(frame.attachment, frame.input_id) + frame.data
    elif isinstance(frame, Acked):
        body = _ACKED.pack(frame.attachment, frame.input_id)
    elif isinstance(frame, Credit):
        body = _CREDIT.pack(frame.attachment, frame.characters)
    else:
        values = {entry.name: getattr(frame, entry.name) for entry in fields(frame)}
        body = json.dumps(values, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode(
            "utf-8", "replace"
        )
    _check_length(1 + len(body))
    return _HEADER.pack(1 + len(body), _TYPE_CODES[type(frame)]) + body


def _check_length(length: int) -> None:
    if length > MAXIMUM_LENGTH:
        raise ValueError(f"frame of {length} bytes, at most {MAXIMUM_LENGTH} are allowed")


class FrameDecoder:
    """Collects bytes in whatever pieces they come and returns whole frames."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._error: WireError | None = None

    def feed(self, data: bytes) -> list[Frame]:
        """Take *data*, return the frames completed by it.

        Raises:
          WireError: on anything malformed, and again on every later call. Frames that were complete before
            the fault are in its `frames`.
        """
        if self._error is not None:
            raise WireError(str(self._error))
        self._buffer += data
        frames: list[Frame] = []
        at = 0
        try:
            while len(self._buffer) - at >= _LENGTH.size:
                (length,) = _LENGTH.unpack_from(self._buffer, at)
                _check_announced(length)
                if len(self._buffer) - at < _HEADER.size:
                    break
                cls = _frame_type(self._buffer[at + _LENGTH.size])
                end = at + _LENGTH.size + length
                if len(self._buffer) < end:
                    break
                frames.append(_decode_body(cls, bytes(self._buffer[at + _HEADER.size : end])))
                at = end
        except WireError as error:
            error.frames = frames
            self._error = error
            self._buffer.clear()
            raise
        del self._buffer[:at]
        return frames


def _check_announced(length: int) -> None:
    if not 1 <= length <= MAXIMUM_LENGTH:
        raise WireError(f"frame length {length}, allowed are 1 to {MAXIMUM_LENGTH}")


def _frame_type(code: int) -> type[Frame]:
    cls = FRAME_TYPES.get(code)
    if cls is None:
        raise WireError(f"unknown frame type 0x{code:02x}")
    return cls


def _decode_body(cls: type[Frame], body: bytes) -> Frame:
    if cls is Data:
        _check_binary(cls, body, _DATA.size)
        channel, epoch, offset = _DATA.unpack_from(body)
        return Data(channel, epoch, offset, body[_DATA.size :])
    if cls is Input:
        _check_binary(cls, body, _INPUT.size)
        attachment, input_id = _INPUT.unpack_from(body)
        return Input(attachment, input_id, body[_INPUT.size :])
    if cls is Acked:
        _check_size(cls, body, _ACKED.size)
        return Acked(*_ACKED.unpack(body))
    if cls is Credit:
        _check_size(cls, body, _CREDIT.size)
        return Credit(*_CREDIT.unpack(body))
    name = cls.__name__
    try:
        values = json.loads(body.decode("utf-8"), parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise WireError(f"{name}: body is not JSON: {error}") from error
    if not isinstance(values, dict):
        raise WireError(f"{name}: body is not a JSON object")
    arguments: dict[str, Any] = {}
    for entry in fields(cls):
        if entry.name in values:
            try:
                arguments[entry.name] = _CHECKS[entry.type](values[entry.name])
            except _FieldError as error:
                raise WireError(f"{name}: {entry.name}: {error}") from error
        elif entry.default is MISSING and entry.default_factory is MISSING:
            raise WireError(f"{name}: {entry.name} is missing")
    return cls(**arguments)


def _check_binary(cls: type[Frame], body: bytes, minimum: int) -> None:
    if len(body) < minimum:
        raise WireError(f"{cls.__name__}: body of {len(body)} bytes, at least {minimum} are needed")


def _check_size(cls: type[Frame], body: bytes, size: int) -> None:
    if len(body) != size:
        raise WireError(f"{cls.__name__}: body of {len(body)} bytes, {size} are needed")


def _refuse_constant(text: str) -> NoReturn:
    raise ValueError(f"{text} is not JSON")


def _number(limit: int) -> Callable[[object], object]:
    def check(value: object) -> object:
        if not isinstance(value, int) or isinstance(value, bool):
            raise _FieldError(f"{_kind(value)} found, a whole number is needed")
        if not 0 <= value <= limit:
            raise _FieldError(f"number out of range, allowed are 0 to {limit}")
        return value

    return check


def _text(value: object) -> object:
    if not isinstance(value, str):
        raise _FieldError(f"{_kind(value)} found, a text is needed")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise _FieldError("text with half a surrogate pair") from None
    return value


def _texts(value: object) -> object:
    if not isinstance(value, list):
        raise _FieldError(f"{_kind(value)} found, a list of texts is needed")
    for item in value:
        _text(item)
    return tuple(value)


def _object(value: object) -> object:
    if not isinstance(value, dict):
        raise _FieldError(f"{_kind(value)} found, an object is needed")
    try:
        json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, RecursionError) as error:
        raise _FieldError(f"cannot be passed on: {error}") from error
    return value


def _text_object(value: object) -> object:
    if not isinstance(value, dict):
        raise _FieldError(f"{_kind(value)} found, an object of texts is needed")
    for key, item in value.items():
        _text(key)
        _text(item)
    return value


def _optional(check: Callable[[object], object]) -> Callable[[object], object]:
    return lambda value: None if value is None else check(value)


def _kind(value: object) -> str:
    names = {dict: "object", list: "list", str: "text", bool: "true or false", type(None): "null"}
    return names.get(type(value), "number")


_CHECKS: dict[object, Callable[[object], object]] = {
    U32: _number(0xFFFF_FFFF),
    U64: _number(0xFFFF_FFFF_FFFF_FFFF),
    U64 | None: _optional(_number(0xFFFF_FFFF_FFFF_FFFF)),
    str: _text,
    Texts: _texts,
    Fields: _object,
    Mapping[str, str]: _text_object,
}
