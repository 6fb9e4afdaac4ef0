"""What cuts a ZIP or a list runs apart: what goes wrong there costs what comes after, no more."""

import io
import json
import multiprocessing
import os
import random
import re
import socket
import subprocess
import sys
import tempfile
import time
import zipfile
from contextlib import closing
from pathlib import Path

import pytest

from formsvc import sandbox
from formsvc.errors import UnreadableDocument
from formsvc.intake import parts
from formsvc.intake.sources import Sources, items
from formsvc.sandbox import stream_limited
from tests.conftest import ROOT
from tests.test_confinement import needs_landlock, needs_seccomp

GOOD = json.dumps({"form": "jiangxi-training-summary", "姓名": "张三"}, ensure_ascii=False).encode()
SPIN, SWELL, CRASH, SLEEP, CHATTER = b"spin", b"swell", b"crash", b"sleep", b"chatter"


def archive(*members):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as target:
        for name, content in members:
            target.writestr(name, content)
    return stream.getvalue()


def children():
    return set(multiprocessing.active_children())


def gone_wrong(messages):
    """Send messages until one names what is to go wrong."""
    for message in messages:
        if SPIN in message:
            while re.search("", ""):
                pass
        if SWELL in message:
            bytearray(2 << 30)
        if CRASH in message:
            os._exit(1)
        if SLEEP in message:
            time.sleep(600)
        if CHATTER in message:
            yield bytes(sandbox.MESSAGE + 1)
        yield message


def zip_gone_wrong(stream):
    return gone_wrong(parts._zip_messages(stream))


def list_gone_wrong(stream):
    return gone_wrong(parts._list_messages(stream))


BAD = [SPIN, SWELL, CRASH, SLEEP, CHATTER]


@pytest.fixture
def hurried(monkeypatch):
    monkeypatch.setattr(sandbox, "CPU", 1)


@pytest.mark.parametrize("bad", BAD)
def test_a_zip_that_breaks_a_limit_keeps_what_came_before(bad, catalogue, monkeypatch, hurried):
    monkeypatch.setattr(parts, "_zip_messages", zip_gone_wrong)
    raw = archive(*((f"{n:03}.json", GOOD) for n in range(200)), ("b.json", bad), ("c.json", GOOD))
    found = list(items(io.BytesIO(raw), "a.zip", catalogue))
    assert [item.raw for item in found] == [GOOD] * 200 + [None]
    assert "“a.zip/199.json”之后" in found[-1].findings[0].message
    assert not children()


@pytest.mark.parametrize("bad", BAD)
def test_a_list_that_breaks_a_limit_keeps_what_came_before(bad, catalogue, monkeypatch, hurried):
    monkeypatch.setattr(parts, "_list_messages", list_gone_wrong)
    raw = b"[" + b",".join([GOOD] * 200 + [b'"' + bad + b'"', GOOD]) + b"]"
    found = list(items(io.BytesIO(raw), "a.json", catalogue))
    assert [item.raw for item in found] == [GOOD] * 200 + [None]
    assert "第 200 项”之后" in found[-1].findings[0].message
    assert not children()


def test_a_process_that_sends_nonsense_is_one_refusal(catalogue, monkeypatch):
    monkeypatch.setattr(parts, "_zip_messages", nonsense)
    for place in range(len(NONSENSE)):
        found = list(items(io.BytesIO(bytes([place])), "a.zip", catalogue))
        assert [item.raw for item in found] == [None]


NONSENSE = [
    b"",
    b"i",
    b"i[]\n",
    b"i{}\n",
    b"i1\n",
    b'r["a","<b>","c"]\n',
    b"i" + b"[" * 10**6 + b"\n",
]


def nonsense(stream):
    yield NONSENSE[stream.read()[0]]


def test_who_stops_early_leaves_no_process_behind(catalogue):
    raw = archive(*((f"{number}.json", GOOD) for number in range(3_000)))
    told = []
    sandbox.watchers.append(told.append)
    try:
        for content, name in ((raw, "a.zip"), (b"[" + b",".join([GOOD] * 90_000) + b"]", "a.json")):
            with closing(items(io.BytesIO(content), name, catalogue)) as found:
                assert next(found).raw == GOOD
                assert len(children()) == 1
            assert not children()
    finally:
        sandbox.watchers.remove(told.append)
    assert told == ["answered", "answered"]


def endless(stream):
    for number in range(1 << 40):
        yield b"%d " % number + bytes(1_000_000)


def test_what_is_not_taken_is_not_made():
    with closing(stream_limited(endless, io.BytesIO(b""), 0)) as messages:
        next(messages)
        (child,) = children()
        time.sleep(0.3)
        spent = _spent(child.pid)
        time.sleep(0.5)
        assert _spent(child.pid) - spent <= 2  # ticks
        assert next(messages).startswith(b"1 ")


DYING = """
import io, os, multiprocessing
from tests.test_streams import endless
from formsvc.sandbox import stream_limited
messages = stream_limited(endless, io.BytesIO(b""), 0)
next(messages)
print(multiprocessing.active_children()[0].pid, flush=True)
os.kill(os.getpid(), 9)
"""


def test_who_dies_takes_the_process_along():
    command = [sys.executable, "-c", DYING]
    # Not through a pipe, which the process would hold open.
    with tempfile.TemporaryFile("w+") as said:
        subprocess.run(command, stdout=said, stderr=subprocess.DEVNULL, cwd=ROOT, check=False)
        said.seek(0)
        status = Path(f"/proc/{int(said.read())}/stat")
    until = time.monotonic() + 10
    while status.exists() and status.read_text().rpartition(")")[2].split()[0] != "Z":
        assert time.monotonic() < until
        time.sleep(0.05)


def _spent(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def attempts(stream):
    path, port = stream.read().decode().split()
    for attempt in (
        lambda: Path(path).read_bytes(),
        lambda: Path(path).write_bytes(b"x"),
        lambda: Path("/etc/passwd").read_bytes(),
        lambda: socket.create_connection(("127.0.0.1", int(port)), 1),
        lambda: os.write(stream.fileno(), b"x"),
    ):
        try:
            attempt()
        except OSError as error:
            yield type(error).__name__.encode()
        else:
            yield b"done"


@needs_landlock
@needs_seccomp
def test_what_cuts_a_zip_reaches_its_file_and_no_other_and_no_network(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        given = f"{tmp_path / 'key'} {port}".encode()
        (tmp_path / "key").write_bytes(bytes(32))
        found = list(stream_limited(attempts, io.BytesIO(given), 0))
    assert found[:4] == [b"PermissionError"] * 4
    assert found[4] == b"OSError"


def test_files_streams_and_pipes_give_the_same_items(tmp_path, catalogue):
    elements = [json.dumps({"n": n, "x": random.Random(n).random()}).encode() for n in range(2_000)]
    contents = {
        "a.json": b"[" + b",".join(elements) + b"]",
        "a.zip": archive(*((f"{n:05}.json", each) for n, each in enumerate(elements))),
    }
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
        sources = Sources([str(tmp_path / name)], catalogue)
        assert [item.raw for item in sources] == elements
        assert sources.fraction == 1.0
        assert [item.raw for item in items(io.BytesIO(content), name, catalogue)] == elements
    with open(tmp_path / "a.json", "rb") as stream:
        assert [i.raw for i in items(Unseekable(stream), "a.json", catalogue)] == elements


class Unseekable(io.RawIOBase):
    def __init__(self, stream):
        self._stream = stream

    def read(self, size=-1):
        return self._stream.read(size)

    def seekable(self):
        return False


def test_what_a_function_refuses_comes_after_what_it_gave():
    messages = stream_limited(refusing, io.BytesIO(b"1"), 0)
    assert next(messages) == b"1"
    with pytest.raises(UnreadableDocument, match="这里"):
        next(messages)


def refusing(stream):
    yield stream.read()
    raise UnreadableDocument("这里")


def test_a_large_table_in_a_zip_is_handed_over_whole(catalogue):
    content = random.Random(1).randbytes(49_999_000)
    raw = archive(("a.csv", content))
    (part,) = parts.of(io.BytesIO(raw), "a.zip")
    assert part == parts.File("a.zip/a.csv", content)
