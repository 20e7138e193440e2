"""A small single-threaded process that starts commands, watches them, and ends them when its owner is gone.

It exists because confinement must be applied between ``fork`` and ``execve``, where a process with threads may do
almost nothing. What travels between the two is described in ``fork_protocol``.
"""

from __future__ import annotations

import contextlib
import errno
import marshal
import os
import select
import signal
import socket
import struct
import time

from agent_sandbox.fork_protocol import LENGTH, MAX_DESCRIPTORS, MAX_ORDER_BYTES, RECORD
from agent_sandbox.linux import child

TYPE_CHECKING = False
if TYPE_CHECKING:
    from agent_sandbox.linux.child import Order

_READ_BYTES = 1 << 16
_FAREWELL_SECONDS = 3.0
_SWEEPS = 5


class _Command:
    """One channel and what it started."""

    def __init__(self, channel: socket.socket, report: int, descriptors: list[int]) -> None:
        self.channel = channel
        self.report = report
        self.descriptors = descriptors
        self.buffer = bytearray()
        self.pid = 0
        self.running = False
        self.terminal = False
        self.nested = False

    def tell(self, letter: bytes, number: int) -> None:
        with contextlib.suppress(OSError):
            self.channel.send(RECORD.pack(letter, number))

    def release_descriptors(self) -> None:
        for descriptor in (*self.descriptors, self.report):
            os.close(descriptor)
        self.descriptors = []
        self.report = -1


class Server:
    """The loop and its tables: channels by descriptor, running commands by process id."""

    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._poll = select.poll()
        self._channels: dict[int, _Command] = {}
        self._running: dict[int, _Command] = {}
        self._left_behind: set[int] = set()
        self._open = True

    def serve(self) -> None:
        """Serve until the control socket ends, then kill what is left."""
        wakeup, alarm = socket.socketpair()
        for end in (wakeup, alarm):
            end.setblocking(False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(alarm.fileno(), warn_on_full_buffer=False)
        for descriptor in (self._control.fileno(), wakeup.fileno()):
            self._poll.register(descriptor, select.POLLIN)
        while self._open:
            for descriptor, _ in self._poll.poll():
                if descriptor == self._control.fileno():
                    self._accept()
                elif descriptor == wakeup.fileno():
                    with contextlib.suppress(BlockingIOError):
                        wakeup.recv(_READ_BYTES)
                    self._reap()
                elif descriptor in self._channels:
                    self._receive(self._channels[descriptor])
        self._farewell()

    def _accept(self) -> None:
        space = socket.CMSG_SPACE(MAX_DESCRIPTORS * 4)
        try:
            data, ancillary, flags, _ = self._control.recvmsg(1, space, socket.MSG_CMSG_CLOEXEC)
        except OSError:
            data, ancillary, flags = b"", [], 0
        descriptors = [number for _, _, block in ancillary for number in struct.unpack(f"={len(block) // 4}i", block)]
        if not data:
            self._open = False
        if not data or flags & socket.MSG_CTRUNC:
            # The kernel drops descriptors that this process has no room for; the client sees its channel end.
            for descriptor in descriptors:
                os.close(descriptor)
            return
        channel = socket.socket(fileno=descriptors[0])
        channel.setblocking(False)
        self._channels[channel.fileno()] = _Command(channel, descriptors[1], descriptors[2:])
        self._poll.register(channel.fileno(), select.POLLIN)

    def _receive(self, command: _Command) -> None:
        try:
            data = command.channel.recv(_READ_BYTES)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._forget(command)
        elif command.pid:
            for number in data:
                self._signal(command, number)
        else:
            self._collect(command, data)

    def _forget(self, command: _Command) -> None:
        self._poll.unregister(command.channel.fileno())
        del self._channels[command.channel.fileno()]
        command.channel.close()
        if not command.pid:
            command.release_descriptors()
        elif command.running:
            self._signal(command, signal.SIGKILL)

    def _collect(self, command: _Command, data: bytes) -> None:
        command.buffer += data
        if len(command.buffer) < LENGTH.size:
            return
        (length,) = LENGTH.unpack_from(command.buffer)
        if length > MAX_ORDER_BYTES:
            command.tell(b"E", errno.E2BIG)
            self._forget(command)
        elif len(command.buffer) >= LENGTH.size + length:
            order: Order = marshal.loads(command.buffer[LENGTH.size : LENGTH.size + length])
            command.buffer.clear()
            self._launch(command, order)

    def _launch(self, command: _Command, order: Order) -> None:
        server = os.getpid()
        try:
            pid = os.fork()
        except OSError as error:
            command.tell(b"E", error.errno or errno.EAGAIN)
            self._forget(command)
            return
        if pid == 0:
            child.become(order, command.descriptors, command.report, server)
        command.pid = pid
        command.running = True
        command.terminal, command.nested = order[5:7]
        self._running[pid] = command
        self._left_behind.discard(pid)
        command.release_descriptors()
        command.tell(b"P", pid)

    def _reap(self) -> None:
        while self._running:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            command = self._running.pop(pid)
            command.running = False
            # On a terminal, shells put jobs into groups of their own, so an empty first group proves nothing.
            if command.terminal or _signal_group(pid, 0):
                self._left_behind.add(pid)
            command.tell(b"X", status)

    def _signal(self, command: _Command, number: int) -> None:
        if not command.running:
            if command.pid in self._left_behind:
                _sweep({command.pid}, number)
            return
        groups = [command.pid]
        if command.nested and number != signal.SIGKILL:
            groups = _inner_groups(command.pid) or groups
        for group in groups:
            if not _signal_group(group, number) and group == command.pid:
                # Not yet the leader of a group: the child has only just been forked.
                _signal_process(group, number)
        if number == signal.SIGKILL:
            _sweep({command.pid}, number)

    def _farewell(self) -> None:
        deadline = time.monotonic() + _FAREWELL_SECONDS
        sessions = self._left_behind | set(self._running)
        for command in list(self._running.values()):
            self._signal(command, signal.SIGKILL)
        for _ in range(_SWEEPS):
            if not _sweep(sessions, signal.SIGKILL):
                break
        while self._running and time.monotonic() < deadline:
            self._reap()
            time.sleep(0.01)


def _signal_group(group: int, number: int) -> bool:
    """Signal ``group`` and return whether it exists."""
    try:
        os.killpg(group, number)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def _signal_process(pid: int, number: int) -> None:
    with contextlib.suppress(OSError):
        os.kill(pid, number)


def _inner_groups(wrapper: int) -> list[int]:
    """The groups of the processes that the wrapper's first process runs, seen from outside its process namespace."""
    inner = [pid for first in _children(wrapper) for pid in _children(first)]
    groups = []
    for pid in inner:
        with contextlib.suppress(OSError):
            groups.append(os.getpgid(pid))
    return groups


def _children(pid: int) -> list[int]:
    try:
        with open(f"/proc/{pid}/task/{pid}/children", "rb") as file:
            return [int(word) for word in file.read().split()]
    except OSError:
        return []


def _sweep(sessions: set[int], number: int) -> int:
    """Signal every process of ``sessions`` and return how many there were.

    The kernel keeps a session's number as long as it has members. Where the leader is alive and not a child of this
    server, the number has been given to a stranger since, and is left alone.
    """
    members: list[tuple[int, int]] = []
    strangers: set[int] = set()
    for name in filter(str.isdigit, _names("/proc")):
        try:
            with open(f"/proc/{name}/stat", "rb") as file:
                state, parent, _, session = file.read().rpartition(b")")[2].split()[:4]
        except OSError:
            continue
        if int(session) not in sessions:
            continue
        if name == session.decode() and int(parent) != os.getpid():
            strangers.add(int(session))
        if state not in (b"Z", b"X"):
            members.append((int(name), int(session)))
    found = [pid for pid, session in members if session not in strangers]
    for pid in found:
        _signal_process(pid, number)
    return len(found)


def _names(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []


def main(control: int) -> None:
    """Run the server on the inherited socket ``control`` and end the process."""
    for name in _names("/proc/self/fd") or _names("/dev/fd"):
        if int(name) > 2:
            with contextlib.suppress(OSError):
                os.set_inheritable(int(name), False)
    # A stop of the whole service reaches this process too, but it is the owner that decides when it is over.
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGQUIT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    Server(socket.socket(fileno=control)).serve()
    os._exit(0)
