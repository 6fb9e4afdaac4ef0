"""Run a parser on untrusted bytes in a process that can be killed.

Only bytes cross the boundary, in both directions: nothing that the child sends is unpickled. What
else the child is denied stands in formsvc.confinement.
"""

import io
import os
import resource
import shutil
import stat
import struct
import tempfile
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import suppress
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from multiprocessing.reduction import DupFd
from typing import IO, Any, Final, cast

from formsvc import forkserver
from formsvc.confinement import confine
from formsvc.errors import UnreadableDocument

MEMORY: Final = 1 << 30
CPU: Final = 5
WALL: Final = 10.0
ANSWER: Final = 20_000_000
# The most that one message holds is a table as it came, 50 MB, and where it stood.
MESSAGE: Final = 51_000_000
# What a stream goes through in a second of CPU at the least, in bytes. Measured: 20 MB of
# submissions of 500 bytes, 60 MB and more of longer ones.
PACE: Final = 10_000_000
# Of all the time that a stream is waited for, the part that may be its CPU at the least: beside a
# busy server a kind process has a tenth of a core.
_SHARE: Final = 10
_KINDNESS: Final = 10  # `nice`: whoever waits for the server itself goes first
_ANSWER, _REFUSAL, _FAULT, _MESSAGE = b"a", b"r", b"f", b"m"
_SIZE: Final = struct.Struct("!i")  # before every message, as multiprocessing writes it
_BLOCK: Final = 1 << 18
# Whoever has caught up with a stream lets this much gather, in seconds: to wake for every message
# costs more than the message.
_PATIENCE: Final = 0.002
_preloaded: list[str] = []

Parser = Callable[[bytes], bytes]
Cutter = Callable[[IO[bytes]], Iterator[bytes]]
watchers: Final[list[Callable[[str], None]]] = []
"""Told of every call how it ended: answered, refused (by the parser) or stopped (by a limit)."""


def preload(module: str) -> None:
    """Have a module, of which a parser is run here, imported before the first upload."""
    _preloaded.append(module)
    forkserver.preload([*_preloaded])


def run_limited(
    function: Parser,
    payload: bytes,
    memory: int = MEMORY,
    cpu: int = CPU,
    wall: float = WALL,
) -> bytes:
    """`function(payload)`, computed in a process of its own.

    `function` is defined at the top of a module. `memory` in bytes, `cpu` and `wall` in seconds.
    Raises UnreadableDocument (Chinese, for the sender) when a limit is passed, when the process
    dies, when its answer has more than ANSWER bytes, or when the function raises; an
    UnreadableDocument keeps its message.
    """
    deadline = time.monotonic() + wall
    ours, child = _started(_serve, function, memory, cpu)
    outcome = "stopped"
    try:
        with suppress(OSError):  # then the child has died, and there is nothing to be received
            ours.send_bytes(payload)
        kind, content = _Receiver(ours, ANSWER).next(deadline)
        outcome = _OUTCOMES.get(kind, outcome)
    finally:
        _end(ours, child, outcome)
    if kind == _ANSWER:
        return content
    raise UnreadableDocument(content.decode("utf-8", "replace"))


def stream_limited(
    function: Cutter, payload: IO[bytes], work: int, memory: int = MEMORY
) -> Generator[bytes, None, None]:
    """What `function(payload)` yields, computed in a process of its own while it is asked for.

    The process gets the open file itself, from where it stands, and a copy where there is none
    (`with_descriptor`). It is held up while nothing is taken, and killed when the iterator is
    closed. `work` is how many bytes it may have to go through: it has CPU seconds and one for each
    PACE of them; a message is waited for twice as long, all messages together _SHARE times as long.
    Raises UnreadableDocument as `run_limited` does, after what was received before; each message
    has at most MESSAGE bytes.
    """
    cpu = CPU + work // PACE
    source = with_descriptor(payload)
    ours, child = _started(_serve_stream, DupFd(source.fileno()), function, memory, cpu)
    outcome, waited = "stopped", 0.0
    try:
        receiver = _Receiver(ours, MESSAGE, _PATIENCE)
        while True:
            began = time.monotonic()
            kind, content = receiver.next(began + min(2 * cpu, _SHARE * cpu - waited))
            if kind != _MESSAGE:
                break
            waited += time.monotonic() - began
            yield content
        outcome = _OUTCOMES.get(kind, outcome)
    except GeneratorExit:  # all that was asked for was answered
        outcome = "answered"
        raise
    finally:
        _end(ours, child, outcome)
        if source is not payload:
            source.close()
    if kind != _ANSWER:
        raise UnreadableDocument(content.decode("utf-8", "replace"))


def with_descriptor(stream: IO[bytes]) -> IO[bytes]:
    """A stream that is a file: this one, where it stands, or a copy of the rest of it.

    The copy has no name. What is in memory stays there.
    """
    with suppress(OSError, AttributeError):
        if stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
            place = stream.tell()
            stream.seek(0, os.SEEK_END)  # so that nothing is held in a buffer of ours
            os.lseek(stream.fileno(), place, os.SEEK_SET)
            return stream
    copy = in_memory() if isinstance(stream, io.BytesIO) else _on_disk()
    shutil.copyfileobj(stream, copy, _BLOCK)
    copy.seek(0)
    return copy


def in_memory() -> IO[bytes]:
    """A file without a name, in memory where the system has such."""
    if hasattr(os, "memfd_create"):
        return open(os.memfd_create("formsvc", os.MFD_CLOEXEC), "w+b")
    return _on_disk()


def _on_disk() -> IO[bytes]:
    return cast(IO[bytes], tempfile.TemporaryFile())


# Our side


_OUTCOMES: Final = {_ANSWER: "answered", _REFUSAL: "refused"}


def _started(serve: Callable[..., None], *arguments: Any) -> tuple[Connection, BaseProcess]:
    context = forkserver.context()
    ours, theirs = context.Pipe()
    child = context.Process(target=serve, args=(theirs, *arguments), daemon=True)
    try:
        child.start()
    except BaseException:
        ours.close()
        raise
    finally:
        theirs.close()
    return ours, child


def _end(connection: Connection, child: BaseProcess, outcome: str) -> None:
    connection.close()
    child.kill()
    child.join()
    child.close()
    for tell in watchers:
        tell(outcome)


class _Receiver:
    """Messages from the child, each with its kind, as they come. A child that has stopped in the
    middle of one is not waited for longer than one that sends none."""

    def __init__(self, connection: Connection, limit: int, patience: float = 0) -> None:
        self._connection = connection
        self._limit = limit + 1  # with the kind
        self._patience = patience
        self._held = bytearray()
        os.set_blocking(connection.fileno(), False)

    def next(self, deadline: float) -> tuple[bytes, bytes]:
        (size,) = _SIZE.unpack(self._taken(_SIZE.size, deadline))
        if not 0 < size <= self._limit:
            raise UnreadableDocument("文件里的内容太多，已经停止；请分成几个文件。")
        return self._taken(1, deadline), self._taken(size - 1, deadline)

    def _taken(self, size: int, deadline: float) -> bytes:
        while len(self._held) < size:
            try:
                block = os.read(self._connection.fileno(), _BLOCK)
            except BlockingIOError:
                if wait([self._connection], max(deadline - time.monotonic(), 0)):
                    time.sleep(self._patience)
                    continue
                message = "读取这个文件用的时间太长，已经停止；请另存为新文件后再试。"
                raise UnreadableDocument(message) from None
            except OSError:
                block = b""
            if not block:
                raise UnreadableDocument("读取这个文件超出了允许的时间或内存，已经停止。")
            self._held += block
        taken = bytes(memoryview(self._held)[:size])
        del self._held[:size]
        return taken


# The child's side


def _serve(connection: Connection, function: Parser, memory: int, cpu: int) -> None:
    """The child: take the payload, put on the limits, answer."""
    payload = connection.recv_bytes()
    _put_on(memory, cpu)
    connection.send_bytes(b"".join(_concluded(lambda: function(payload))))


def _serve_stream(
    connection: Connection, source: Any, function: Cutter, memory: int, cpu: int
) -> None:
    """The child of a stream: put on the limits, send every message at once, then the end.

    At once, so that a message is not lost by what comes of the next one.
    """
    with open(source.detach(), "rb") as payload:
        _put_on(memory, cpu)

        def work() -> bytes:
            for message in function(payload):
                connection.send_bytes(_MESSAGE + message)
            return b""

        connection.send_bytes(b"".join(_concluded(work)))


def _put_on(memory: int, cpu: int) -> None:
    # What a parser has to say about a file quotes it, and the log is no place for that.
    silence = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(silence, stream)
    os.nice(_KINDNESS)
    confine()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    spent = int(sum(resource.getrusage(resource.RUSAGE_SELF)[:2]))
    resource.setrlimit(resource.RLIMIT_CPU, (spent + cpu, spent + cpu))


def _concluded(work: Callable[[], bytes]) -> tuple[bytes, bytes]:
    """What the work came to: an answer, a refusal by the parser, or a fault of the file."""
    try:
        content = work()
        if len(content) > ANSWER:
            return _FAULT, "文件里的内容太多，已经停止；请分成几个文件。".encode()
    except UnreadableDocument as refusal:
        return _REFUSAL, str(refusal).encode()
    except MemoryError:
        return _FAULT, "读取这个文件要用的内存太多，已经停止。".encode()
    except Exception as fault:  # whatever a parser trips over is the file's fault
        message = f"文件已损坏或不是所要的格式，无法读取（{type(fault).__name__}）。"
        return _FAULT, message.encode()
    return _ANSWER, content
