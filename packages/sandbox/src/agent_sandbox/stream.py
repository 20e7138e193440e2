"""Bytes to and from a command, through descriptors that never block the event loop."""

from __future__ import annotations

import errno
import os
from typing import Self

import anyio
from anyio import BrokenResourceError, ClosedResourceError
from anyio.lowlevel import cancel_shielded_checkpoint, checkpoint_if_cancelled

DEFAULT_READ_BYTES = 65536


class Descriptor:
    """A non-blocking file descriptor that is closed once."""

    def __init__(self, number: int) -> None:
        os.set_blocking(number, False)
        self._number = number

    @property
    def closed(self) -> bool:
        """Whether ``close`` has been called."""
        return self._number < 0

    def fileno(self) -> int:
        """Return the number. Raises ``ClosedResourceError`` after ``close``."""
        if self._number < 0:
            raise ClosedResourceError
        return self._number

    def close(self) -> None:
        """Close the descriptor and wake whoever waits on it. May be called again."""
        if self._number >= 0:
            number, self._number = self._number, -1
            anyio.notify_closing(number)
            os.close(number)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    async def receive(self, max_bytes: int = DEFAULT_READ_BYTES) -> bytes:
        """Return at least one byte and at most ``max_bytes``, or ``b""`` at the end.

        Raises ``ClosedResourceError`` when closed here, before or meanwhile.
        """
        await checkpoint_if_cancelled()
        while True:
            try:
                data = os.read(self.fileno(), max_bytes)
            except BlockingIOError:
                await anyio.wait_readable(self.fileno())
            except OSError as error:
                if error.errno == errno.EIO:
                    # A terminal whose other side is closed answers so instead of with an empty read.
                    return b""
                raise
            else:
                await cancel_shielded_checkpoint()
                return data

    async def send(self, data: bytes) -> None:
        """Write all of ``data``.

        Raises ``BrokenResourceError`` when nobody reads any more and ``ClosedResourceError`` when closed here.
        """
        await checkpoint_if_cancelled()
        view = memoryview(data)
        while view:
            try:
                view = view[os.write(self.fileno(), view) :]
            except BlockingIOError:
                await anyio.wait_writable(self.fileno())
            except OSError as error:
                if error.errno in (errno.EPIPE, errno.EIO, errno.ECONNRESET):
                    raise BrokenResourceError from None
                raise
        await cancel_shielded_checkpoint()
