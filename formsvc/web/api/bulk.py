"""POST /api/v1/bulk: many submissions in one request, answered one by one as they are checked.

The server hands a request on when its body is in, up to 200 MB in an unlinked file: a client that
is slow to send holds no thread and no place.
"""

import io
import os
import shutil
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, closing, suppress
from datetime import date
from typing import IO, Any, Final, cast

from flask import Flask, Response, current_app, request
from werkzeug.exceptions import ClientDisconnected, RequestEntityTooLarge, UnsupportedMediaType

from formsvc.bulk.batch import Batch, Job, Loaded, check_item
from formsvc.bulk.comparison import Meetings
from formsvc.bulk.executors import HereExecutor
from formsvc.bulk.outputs import workbook
from formsvc.errors import UnreadableDocument
from formsvc.intake import registers
from formsvc.intake.bounds import bounded
from formsvc.intake.items import Item
from formsvc.intake.parts import lines
from formsvc.intake.sources import items
from formsvc.sandbox import in_memory
from formsvc.storage import is_full
from formsvc.web.api import payloads
from formsvc.web.api.arguments import Routes
from formsvc.web.api.description import BINARY, PROBLEM, SUBMISSION
from formsvc.web.attachments import attachment
from formsvc.web.held import forms, runs, settings
from formsvc.web.problems import problem
from formsvc.writing import jsonl

MAX_BODY: Final = 200_000_000
MAX_FORM: Final = 64_000_000  # a posted form is held in memory
LINES: Final = "application/x-ndjson"
_FORM: Final = "multipart/form-data"
_KINDS: Final = {
    LINES: ".jsonl",
    "application/jsonl": ".jsonl",
    "application/json": ".json",
    "application/zip": ".zip",
    "application/x-zip-compressed": ".zip",
    workbook.MEDIA_TYPE: ".xlsx",
    "text/csv": ".csv",
}
_BLOCK: Final = 1 << 16
_RETRY_SECONDS: Final = 10
_NAME: Final = "上传的内容"

bulk = Routes("bulk", __name__, url_prefix="/api/v1", description="批量检查")

_DESCRIBED: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "JSONL（一行一份）、JSON 列表、ZIP、XLSX 或 CSV；要核对人选的用"
        " multipart/form-data，附上名册（register）",
        "content": {
            **dict.fromkeys(_KINDS, BINARY),
            "application/json": {
                "schema": {"anyOf": [SUBMISSION, {"type": "array", "items": SUBMISSION}]}
            },
            _FORM: {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {
                        "file": {"type": "string", "format": "binary", "description": "申报"},
                        "register": {
                            "type": "string",
                            "format": "binary",
                            "description": "人选名册，XLSX 或 CSV",
                        },
                    },
                }
            },
        },
    },
    "responses": {
        "200": {
            "description": "JSONL：每份一行报告；之后是比对各份时发现问题的行（across），最后一行是"
            "合计（summary）。Accept 为 XLSX 时是 report.xlsx。",
            "content": {
                kind: {"schema": {"type": "string"}} for kind in (LINES, workbook.MEDIA_TYPE)
            },
        }
    },
}


class Places:
    """How many bulk runs may be active at once."""

    def __init__(self, count: int) -> None:
        self._free = threading.BoundedSemaphore(count)

    def take(self) -> Callable[[], None] | None:
        """A place, as the function that leaves it (once, however often called); None if full."""
        if not self._free.acquire(blocking=False):
            return None
        held = [self._free]
        return lambda: held.pop().release() if held else None


def install(app: Flask, threads: int) -> None:
    """Give the application its places: half of its threads, so that others are still served."""
    app.extensions["formsvc-bulk"] = Places(max(threads // 2, 1))


@bulk.post("/bulk")
@bulk.doc(**_DESCRIBED)
@bulk.arguments(payloads.OnQuery, location="query")
@bulk.alt_response(413, **PROBLEM, description="内容太大")
@bulk.alt_response(415, **PROBLEM, description="不支持这种内容类型")
@bulk.alt_response(507, **PROBLEM, description="没有空间可写")
@bulk.alt_response(422, **PROBLEM, description="名册有误")
@bulk.alt_response(429, **PROBLEM, description="批量检查太多，稍后再试")
def check_many(query: dict[str, Any]) -> Response:
    """批量检查：收齐后逐份答复"""
    kind = _KINDS.get(request.mimetype)
    if kind is None and request.mimetype != _FORM:
        raise UnsupportedMediaType
    # One byte more, so that a body of unknown length that is too long can be told from a full one.
    request.max_content_length = (MAX_BODY if kind else MAX_FORM) + 1
    places: Places = current_app.extensions["formsvc-bulk"]
    leave = places.take()
    if leave is None:
        wait = {"Retry-After": str(_RETRY_SECONDS)}
        return problem(429, "正在进行的批量检查太多，请稍后再试。", headers=wait)
    held = ExitStack()
    held.callback(leave)
    try:
        response = _answer(kind, query["on"], held)
    except UnreadableDocument as refusal:
        held.close()
        return problem(422, str(refusal))
    except BaseException:
        held.close()
        raise
    # The client may be gone before the answer has begun: then nothing else leaves the place.
    response.call_on_close(held.close)
    return response


def _answer(kind: str | None, on: date, held: ExitStack) -> Response:
    loaded = forms()
    people = b""
    # Fails before the answer has begun when the length that was told is too much.
    if kind is None:
        stream, kind, people = _form(loaded)
    else:
        stream = request.stream
    given = _items(stream, kind, loaded, held)
    if request.accept_mimetypes.best_match([LINES, workbook.MEDIA_TYPE]) == workbook.MEDIA_TYPE:
        content = _workbook(given, on, people)
        held.close()
        return attachment(content, "批量审核结果.xlsx", workbook.NAME, workbook.MEDIA_TYPE)
    response: Response = current_app.response_class(
        _ended(_stream(given, loaded, on, people), held),
        mimetype=LINES,
        headers={"X-Accel-Buffering": "no"},
    )
    return response


def _ended(stream: Iterable[bytes], held: ExitStack) -> Iterator[bytes]:
    try:
        yield from stream
    except (OSError, sqlite3.Error) as error:
        if not is_full(error):
            raise
        yield _line({"error": {"status": 507, "detail": "没有空间可写，已停止。"}})
    finally:
        held.close()


def _form(loaded: Loaded) -> tuple[IO[bytes], str, bytes]:
    """The submissions of a posted form, what they are by their name, and its packed register.

    Raises UnreadableDocument for a register with faults.
    """
    file, listed = request.files.get("file"), request.files.get("register")
    if file is None or not file.filename:
        raise UnreadableDocument("表单里要有 file（申报）；register（人选名册）可有可无。")
    people = b""
    if listed and listed.filename:
        known = registers.headings(loaded[0].programmes.values())
        people = registers.packed(registers.read(listed.read(), listed.filename, known))
    suffix = os.path.splitext(file.filename)[1].lower()
    return file.stream, ".jsonl" if suffix == ".ndjson" else suffix, people


def _items(stream: IO[bytes], kind: str, forms: Loaded, held: ExitStack) -> Iterator[Item]:
    """The items; what is not lines is held in memory, as a file that can be handed on."""
    reader: IO[bytes] = stream
    if not isinstance(stream, io.BytesIO):
        reader = io.BufferedReader(cast(io.RawIOBase, stream), _BLOCK)
    if kind == ".jsonl":
        return lines(reader, _NAME)
    content = held.enter_context(in_memory())
    shutil.copyfileobj(reader, content, _BLOCK)
    if content.tell() > MAX_BODY:
        raise RequestEntityTooLarge
    content.seek(0)
    return items(content, _NAME + kind, forms[0])


def _stream(given: Iterable[Item], forms: Loaded, on: date, people: bytes) -> Iterator[bytes]:
    """A line for each item, then what the comparison found, then the counts."""
    job = Job(on=on, secrets=(_SECRET,), register=people)
    submissions = passed = written = 0
    given = bounded(given, lambda: written)
    with closing(Meetings(*forms, on)) as meetings:
        try:
            for item in given:
                submissions += 1
                worked = check_item(forms, job, item, submissions, across=False)
                row = worked.row
                meetings.add(submissions, row.form, row.source, worked.entries)
                passed += not row.errors
                written += len(worked.line)
                yield worked.line
        except RequestEntityTooLarge:
            yield _line({"error": {"status": 413, "detail": f"最多 {MAX_BODY:,} 字节，已停止。"}})
            return
        except ClientDisconnected:
            return
        met = 0
        for number, found in meetings.findings():
            met += 1
            yield _line({"number": number, "across": [finding.to_dict() for finding in found]})
    yield _line({"summary": {"submissions": submissions, "passed": passed, "across": met}})


# Digests live as long as one request and leave it never: any key will do.
_SECRET: Final = b"one request"


def _line(value: dict[str, Any]) -> bytes:
    return jsonl.line(value)


def _workbook(given: Iterable[Item], on: date, people: bytes) -> bytes:
    """report.xlsx. Only reports and digests touch the disk, sealed; its folder goes at once."""
    with runs().scratch() as folder:
        job = Job(on=on, shelves=settings().shelves, press=settings().press, register=people)
        batch = Batch(folder, job)
        with suppress(ClientDisconnected):
            given = bounded(given, lambda: batch.size)
            batch.check(given, HereExecutor(), at_once=1)
        with closing(batch.compare()) as results:
            workbook.write(results)
        with folder.open(workbook.NAME) as stream:
            return stream.read()
