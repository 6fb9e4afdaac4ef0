"""typst, with a compiler for every thread that is kept and used again.

A compilation is the same bytes for the same input, in any process: nothing looks at a clock.
"""

import json
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import typst

from formsvc.documents.press.fonts import Fonts

_PROGRAM: Final = Path(__file__).with_name("program.typ")
_STANDARDS: Final = ("a-3a", "ua-1")
# Of the documents' dates, where the standards ask for one: as in the DOCX, the first day of ZIP.
_EPOCH: Final = 315_532_800


class Typesetter:
    """Runs the press's program in one set of fonts. Safe to share between threads."""

    def __init__(self, fonts: Fonts) -> None:
        self.fonts = fonts
        self._own = threading.local()

    def compile(self, job: Mapping[str, Any], layouts: Mapping[str, Any], *, strict: bool) -> bytes:
        """A PDF of the job's documents, by PDF/A-3a and PDF/UA-1 when `strict`."""
        made = self._compiler().compile(
            format="pdf",
            sys_inputs=_inputs(job, layouts),
            pdf_standards=list(_STANDARDS) if strict else [],
            timestamp=_EPOCH,
        )
        assert isinstance(made, bytes)  # noqa: S101  # without `output`, one PDF
        return made

    def heights(self, texts: Sequence[Mapping[str, Any]]) -> list[float]:
        """How high each text is, set in a width: {width, style, value} as in program.typ."""
        fonts = {text["style"]["font"] for text in texts}
        job = {"texts": texts, "fonts": self.families(fonts)}
        compiler = typst.Compiler(
            _PROGRAM, root=_PROGRAM.anchor, font_paths=self.fonts.typst, sys_inputs=_inputs(job, {})
        )
        found: list[float] = json.loads(compiler.query("<heights>", field="value", one=True))
        return found

    def families(self, fonts: set[str]) -> dict[str, Any]:
        """What the fonts of a layout are called here."""
        return {font: self.fonts.families(font) for font in sorted(fonts)}

    def _compiler(self) -> typst.Compiler:
        compiler: typst.Compiler | None = getattr(self._own, "compiler", None)
        if compiler is None:
            compiler = self._own.compiler = typst.Compiler(
                _PROGRAM, root=_PROGRAM.anchor, font_paths=self.fonts.typst
            )
        return compiler


def _inputs(job: Mapping[str, Any], layouts: Mapping[str, Any]) -> dict[str, str]:
    return {
        "job": json.dumps(job, ensure_ascii=False, separators=(",", ":")),
        "layouts": json.dumps(layouts, ensure_ascii=False, separators=(",", ":")),
    }
