"""Uploads stay in memory, and text that was typed keeps the limit of typed text."""

import io
from typing import IO

from flask import Request


class MemoryRequest(Request):
    """A request whose files are never spooled to disk; their size is bounded by each route.

    werkzeug holds only multipart bodies to `max_form_memory_size`; here urlencoded ones are too.
    """

    def _load_form_data(self) -> None:
        limits = [limit for limit in (self.max_content_length, self.max_form_memory_size) if limit]
        if self.mimetype == "application/x-www-form-urlencoded":
            self.max_content_length = min(limits, default=None)
        super()._load_form_data()

    def _get_file_stream(
        self,
        total_content_length: int | None,
        content_type: str | None,
        filename: str | None = None,
        content_length: int | None = None,
    ) -> IO[bytes]:
        return io.BytesIO()
