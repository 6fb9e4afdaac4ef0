"""The desk where a paper, a scan or a typed code is verified. Nothing is stored."""

from typing import Final

from flask import Blueprint, render_template, request

from formsvc.documents.proof.verification import Verdict, verify, verify_code
from formsvc.web import csrf
from formsvc.web.held import catalogue, issuers, settings

DOCUMENT_LIMIT: Final = 10_000_000

verifying = Blueprint("verifying", __name__)
csrf.install(verifying)


@verifying.get("/verify")
def ask() -> str:
    """Where a file is handed in or a code typed."""
    return _page()


@verifying.post("/verify")
def answer() -> tuple[str, int] | str:
    """The verdict on a file, or on a code where there is no file."""
    request.max_content_length = DOCUMENT_LIMIT
    csrf.protect()
    file, code = request.files.get("file"), request.form.get("code", "").strip()
    editions, press = catalogue().editions(), settings().press
    if file and file.filename:
        verdict = verify(file.read(), editions, press, issuers())
        return _page(verdict, name=file.filename)
    if code:
        return _page(verify_code(code, editions, press), code=code)
    return _page(notice="请选择文件，或输入校验码，再按“核对”。"), 422


def _page(
    verdict: Verdict | None = None, *, name: str = "", code: str = "", notice: str = ""
) -> str:
    return render_template(
        "verify.html", verdict=verdict, name=name, code=code, notice=notice,
        limit=DOCUMENT_LIMIT // 1_000_000,
    )  # fmt: skip
