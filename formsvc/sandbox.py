"""Run a parser on untrusted bytes in a process that can be killed.

Only bytes cross the boundary, in both directions: nothing that the child sends is unpickled. What
else the child is denied stands in formsvc.confinement.
"""

import multiprocessing
import os
import resource
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Final

from formsvc.confinement import confine
from formsvc.errors import UnreadableDocument

MEMORY: Final = 1 << 30
CPU: Final = 5
WALL: Final = 10.0
ANSWER: Final = 20_000_000
_KINDNESS: Final = 10  # `nice`: whoever waits for the server itself goes first
_ANSWER, _REFUSAL, _FAULT = b"a", b"r", b"f"
# A fork server is safe beside threads.
_CONTEXT: Final = multiprocessing.get_context("forkserver")
_preloaded: list[str] = []

Parser = Callable[[bytes], bytes]
watchers: Final[list[Callable[[str], None]]] = []
"""Told of every call how it ended: answered, refused (by the parser) or stopped (by a limit)."""


def preload(module: str) -> None:
    """Have a module, of which a parser is run here, imported before the first upload."""
    _preloaded.append(module)
    _CONTEXT.set_forkserver_preload([*_preloaded])


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
    ours, theirs = _CONTEXT.Pipe()
    child = _CONTEXT.Process(target=_serve, args=(theirs, function, memory, cpu), daemon=True)
    child.start()
    theirs.close()
    outcome = "stopped"
    try:
        kind, content = _answer(ours, payload, deadline)
        outcome = {_ANSWER: "answered", _REFUSAL: "refused"}.get(kind, outcome)
    finally:
        ours.close()
        child.kill()
        child.join()
        child.close()
        for tell in watchers:
            tell(outcome)
    if kind == _ANSWER:
        return content
    raise UnreadableDocument(content.decode("utf-8", "replace"))


def _answer(connection: Connection, payload: bytes, deadline: float) -> tuple[bytes, bytes]:
    try:
        connection.send_bytes(payload)
        if not connection.poll(max(deadline - time.monotonic(), 0)):
            raise UnreadableDocument("读取这个文件用的时间太长，已经停止；请另存为新文件后再试。")
        answer = connection.recv_bytes(ANSWER + 1)
    except (EOFError, OSError):
        raise UnreadableDocument("读取这个文件超出了允许的时间或内存，已经停止。") from None
    return answer[:1], answer[1:]


def _serve(connection: Connection, function: Parser, memory: int, cpu: int) -> None:
    """The child: take the payload, put on the limits, answer."""
    payload = connection.recv_bytes()
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
    try:
        kind, content = _ANSWER, function(payload)
        if len(content) > ANSWER:
            kind, content = _FAULT, "文件里的内容太多，已经停止；请分成几个文件。".encode()
    except UnreadableDocument as refusal:
        kind, content = _REFUSAL, str(refusal).encode()
    except MemoryError:
        kind, content = _FAULT, "读取这个文件要用的内存太多，已经停止。".encode()
    except Exception as fault:  # whatever a parser trips over is the file's fault
        message = f"文件已损坏或不是所要的格式，无法读取（{type(fault).__name__}）。"
        kind, content = _FAULT, message.encode()
    connection.send_bytes(kind + content)
