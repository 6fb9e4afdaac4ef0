"""Files as downloads."""

from urllib.parse import quote

from flask import Response, current_app


def attachment(content: bytes, name: str, fallback: str, media_type: str) -> Response:
    """A download with its Chinese name (RFC 6266, RFC 5987) and an ASCII fallback."""
    response = inline(content, media_type)
    response.headers["Content-Disposition"] = (
        f"attachment; filename=\"{fallback}\"; filename*=UTF-8''{quote(name, safe='')}"
    )
    return response


def inline(content: bytes, media_type: str) -> Response:
    """A file that the browser itself shows."""
    response: Response = current_app.response_class(content, mimetype=media_type)
    response.headers["Content-Disposition"] = "inline"
    return response
