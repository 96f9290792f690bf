"""The gateway's connection to the core: kept up, and silent about frames."""

import asyncio
import logging
from pathlib import Path
from typing import Protocol

from solmux.wire.codec import FrameDecoder, WireError, encode
from solmux.wire.frames import VERSION, Frame, Hello

RETRY_DELAYS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.0)  # seconds, the last one for ever
HELLO_LIMIT = 5.0  # seconds for the core to say hello
UNSENT_LIMIT = 4 << 20  # bytes that wait for a core which does not read: it hangs, and is left
_READ_SIZE = 128 << 10

log = logging.getLogger(__name__)


class CoreListener(Protocol):
    """Who is told what the core says."""

    def core_up(self, hello: Hello) -> None:
        """The core is there; frames can be sent."""

    def core_down(self) -> None:
        """The core is gone: whatever was asked of it has to be asked again."""

    def core_says(self, frame: Frame) -> None:
        """The core sent a frame other than its first `Hello`."""


class CoreLink:
    """One connection to the core at a time, made again for ever.

    Attributes:
      connected: whether frames can be sent.
    """

    def __init__(self, path: Path, listener: CoreListener) -> None:
        self._path = path
        self._listener = listener
        self._writer: asyncio.StreamWriter | None = None
        self.connected = False

    def send(self, frame: Frame) -> bool:
        """Send *frame*; False when the core is away (the listener has been told or is about to be)."""
        if not self.connected or self._writer is None:
            return False
        self._writer.write(encode(frame))
        if self._writer.transport.get_write_buffer_size() > UNSENT_LIMIT:
            log.error("the core does not read what it is sent; leaving it")
            self._writer.transport.abort()
            return False
        return True

    async def run(self) -> None:
        """Connect, pass frames on, connect again; ends by cancellation only."""
        failures = 0
        while True:
            reason = await self._connect_once()
            if self.connected:
                self.connected = False
                failures = 0
                log.warning("core: %s", reason)
                self._listener.core_down()
            elif failures == 0:
                log.warning("core: %s; trying again", reason)
            await asyncio.sleep(RETRY_DELAYS[min(failures, len(RETRY_DELAYS) - 1)])
            failures += 1

    async def _connect_once(self) -> str:
        """Connect and serve until the connection ends; return why it did."""
        try:
            reader, writer = await asyncio.open_unix_connection(self._path)
        except OSError as error:
            return f"no core at {self._path}: {error.strerror or error}"
        self._writer = writer
        try:
            return await self._serve(reader, writer)
        except TimeoutError:
            return "it does not say hello"
        except OSError as error:
            return f"connection lost: {error.strerror or error}"
        except WireError as error:
            return f"it sends what is no frame: {error}"
        finally:
            self._writer = None
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> str:
        decoder = FrameDecoder()
        async with asyncio.timeout(HELLO_LIMIT):
            frames = await _read(reader, decoder)
            while frames == []:
                frames = await _read(reader, decoder)
        if frames is None:
            return "connection closed"
        hello = frames[0]
        if not isinstance(hello, Hello) or hello.version != VERSION or hello.text:
            text = (
                (hello.text or f"it speaks version {hello.version}")
                if isinstance(hello, Hello)
                else "no hello"
            )
            return f"no core of protocol version {VERSION}: {text}"
        writer.write(encode(Hello(VERSION, "gateway")))
        self.connected = True
        log.info("core: connected, %d consoles", len(hello.consoles))
        self._listener.core_up(hello)
        frames = frames[1:]
        while frames is not None:
            for frame in frames:
                self._listener.core_says(frame)
            await asyncio.sleep(0)  # a flood of frames must not starve those who read them
            frames = await _read(reader, decoder)
        return "connection closed"


async def _read(reader: asyncio.StreamReader, decoder: FrameDecoder) -> list[Frame] | None:
    """Return the next frames, which may be none yet, or None at the end of the stream."""
    data = await reader.read(_READ_SIZE)
    return decoder.feed(data) if data else None
