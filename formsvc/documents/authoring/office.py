"""DOCX → PDF by LibreOffice: for authors of forms and for tests. A service never runs it."""

import os
import signal
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from formsvc.errors import TemplateError

_TIMEOUT: Final = 120  # seconds; a first start of LibreOffice takes about five
_FONTS: Final = """<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd"><fontconfig>
<include ignore_missing="yes">/etc/fonts/fonts.conf</include>%s</fontconfig>"""
_ALIAS: Final = """<alias binding="same"><family>%s</family>
<prefer><family>%s</family></prefer></alias>"""
# Labels look the same wherever the form is built, and like the values that formsvc typesets.
_SUBSTITUTES: Final = {
    "宋体": "Noto Serif CJK SC",
    "仿宋_GB2312": "Noto Serif CJK SC",
    "方正小标宋简体": "Noto Serif CJK SC",
    "Times New Roman": "Noto Serif CJK SC",
    "黑体": "Noto Sans CJK SC",
}


def convert(packages: Sequence[bytes]) -> list[bytes]:
    """Each DOCX as a PDF by LibreOffice, in a profile of its own and set in Noto fonts.

    Only for documents of our own: LibreOffice fetches what a DOCX links to. TemplateError when
    it is missing, fails, or takes longer than two minutes.
    """
    with tempfile.TemporaryDirectory(prefix="formsvc-") as name:
        folder = Path(name)
        sources = [folder / f"{number}.docx" for number in range(len(packages))]
        for path, package in zip(sources, packages, strict=True):
            path.write_bytes(package)
        aliases = "".join(_ALIAS % pair for pair in _SUBSTITUTES.items())
        (folder / "fonts.conf").write_text(_FONTS % aliases, "utf-8")
        said = _run_office(folder, sources)
        try:
            return [path.with_suffix(".pdf").read_bytes() for path in sources]
        except OSError as error:
            raise TemplateError(f"soffice: made no PDF: {said}") from error


def _run_office(folder: Path, sources: Sequence[Path]) -> str:
    command = [
        "soffice", f"-env:UserInstallation={(folder / 'profile').as_uri()}", "--headless",
        "--convert-to", "pdf", "--outdir", str(folder), *map(str, sources),
    ]  # fmt: skip
    environment = {**os.environ, "FONTCONFIG_FILE": str(folder / "fonts.conf")}
    try:
        office = subprocess.Popen(  # noqa: S603  # a fixed command on files of our own
            command, env=environment, start_new_session=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
    except OSError as error:
        raise TemplateError(f"soffice: {error}; building a form.pdf needs LibreOffice") from error
    try:
        return office.communicate(timeout=_TIMEOUT)[0].decode("utf-8", "replace")
    except subprocess.TimeoutExpired as error:
        os.killpg(office.pid, signal.SIGKILL)
        office.communicate()
        raise TemplateError(f"soffice: did not finish in {_TIMEOUT} s") from error
