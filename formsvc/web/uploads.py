"""Uploads stay in memory: nothing of a person's data reaches a temporary file."""

import io
from typing import IO

from flask import Request


class MemoryRequest(Request):
    """A request whose files are never spooled to disk; their size is bounded by each route."""

    def _get_file_stream(
        self,
        total_content_length: int | None,
        content_type: str | None,
        filename: str | None = None,
        content_length: int | None = None,
    ) -> IO[bytes]:
        return io.BytesIO()
