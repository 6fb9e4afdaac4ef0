"""typst, with a compiler for every thread that is kept and used again.

A compilation is the same bytes for the same input, in any process: nothing looks at a clock.
"""

import json
import threading
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from formsvc.documents.press.fonts import ROLES, Fonts

if TYPE_CHECKING:
    import typst

_PROGRAM: Final = Path(__file__).with_name("program.typ")
_LETTER: Final = Path(__file__).with_name("letter.typ")
_RECEIPT: Final = Path(__file__).with_name("receipt.typ")
_STANDARDS: Final = ("a-3a", "ua-1")
# Of the documents' dates, where the standards ask for one: as in the DOCX, the first day of ZIP.
_EPOCH: Final = 315_532_800


class Typesetter:
    """Runs the press's program in one set of fonts. Safe to share between threads."""

    def __init__(self, fonts: Fonts) -> None:
        self.fonts = fonts
        self._own = threading.local()

    @cached_property
    def _inputs(self) -> dict[str, Any]:
        return {"fonts": _json({role: self.fonts.families(role) for role in ROLES})}

    def compile(self, job: Mapping[str, Any], layouts: Mapping[str, Any], *, strict: bool) -> bytes:
        """A PDF of the job's documents, by PDF/A-3a and PDF/UA-1 when `strict`."""
        return self._drawn(_call("draw", job, layouts), strict=strict)

    def letter(self, job: Mapping[str, Any]) -> bytes:
        """A PDF of a letter, as letter.typ takes it."""
        return self._drawn(_call("letter", job, program=_LETTER), strict=True)

    def receipt(self, job: Mapping[str, Any]) -> bytes:
        """A PDF of a receipt, as receipt.typ takes it."""
        return self._drawn(_call("receipt", job, program=_RECEIPT), strict=True)

    def _drawn(self, source: bytes, *, strict: bool) -> bytes:
        made = self._compiler().compile(
            source,
            format="pdf",
            pdf_standards=list(_STANDARDS) if strict else [],
            timestamp=_EPOCH,
        )
        assert isinstance(made, bytes)  # noqa: S101  # without `output`, one PDF
        return made

    def heights(self, texts: Sequence[Mapping[str, Any]]) -> list[float]:
        """How high each text is, set in a width: {width, style, value} as in program.typ."""
        compiler = self._new(_call("heights", texts))
        found: list[float] = json.loads(compiler.query("<heights>", field="value", one=True))
        return found

    def _compiler(self) -> "typst.Compiler":
        compiler: typst.Compiler | None = getattr(self._own, "compiler", None)
        if compiler is None:
            compiler = self._own.compiler = self._new(b"")
        return compiler

    def _new(self, source: bytes) -> "typst.Compiler":
        from typst import Compiler  # noqa: PLC0415  # as in fonts

        return Compiler(
            source, root=_PROGRAM.anchor, font_paths=self.fonts.typst, sys_inputs=self._inputs
        )


def _call(function: str, *arguments: object, program: Path = _PROGRAM) -> bytes:
    """A source that calls a function of a program."""
    given = ", ".join(f"json(bytes({_json(_json(argument))}))" for argument in arguments)
    path = "/" + program.relative_to(program.anchor).as_posix()
    return f"#import {_json(path)}: {function}\n#{function}({given})".encode()


def _json(value: object) -> str:
    """Of a text it is also how typst writes it, control characters apart: JSON escapes those
    first."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
