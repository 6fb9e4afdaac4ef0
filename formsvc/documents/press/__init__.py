"""What an office prints with, and what of a submission cannot be printed with it.

PDFs are made by formsvc.documents.press.drawing, which whoever only checks does not load.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from formsvc.documents.press import layouts
from formsvc.documents.press.bounds import Bounds, limited, surely_fits
from formsvc.documents.press.fitting import Fitter
from formsvc.documents.press.fonts import FontError, Fonts, installed
from formsvc.documents.press.refusals import missing, names_of, overflow, worst
from formsvc.documents.press.typesetter import Typesetter
from formsvc.documents.printing import printed
from formsvc.errors import FormsvcError
from formsvc.findings import Finding, Skipped
from formsvc.forms import Form

__all__ = [
    "Bound",
    "FontError",
    "Fonts",
    "Press",
    "Unprintable",
    "findings",
    "installed",
    "typesetter",
]


@dataclass(frozen=True, slots=True)
class Press:
    """What an office prints with: its own font folders, searched first, and its signing key.

    `key` is a raw Ed25519 seed of 32 bytes; with it the printed codes are signed. `public_key`,
    raw as well, checks signatures where the key itself is not.
    """

    fonts: tuple[Path, ...] = ()
    key: bytes | None = None
    public_key: bytes | None = None

    @property
    def verifier(self) -> bytes | None:
        """The public key that signatures are checked with."""
        if self.key is None:
            return self.public_key
        from formsvc.documents.proof.marks import public_key  # noqa: PLC0415  # for signed codes

        return public_key(self.key)


class Unprintable(FormsvcError):
    """The data is sound but does not go on this paper; `findings` say where and why (Chinese)."""

    def __init__(self, findings: tuple[Finding, ...]) -> None:
        super().__init__("；".join(finding.message for finding in findings))
        self.findings = findings


@dataclass(frozen=True, slots=True)
class Bound:
    """A submission in a print pack: the bookmark that leads to it, and how many copies of it."""

    title: str
    form: Form
    data: object
    copies: int = 1
    draft: bool = False


def findings(
    form: Form,
    data: object,
    press: Press,
    spoken: Collection[str] = (),
    text: str | None = None,
) -> tuple[Finding, ...] | Skipped:
    """What of a submission cannot be printed, but at places `spoken` of already: `print.overflow`
    and `print.glyph`.

    Lengths decide for nearly all texts, widths of characters for most others; only what is close
    is typeset. `text` has all texts, choices aside, of data that
    meets its schema but at places `spoken` of. Skipped, with the reason, where no fonts for Chinese
    are installed.
    """
    try:
        setter = typesetter(press.fonts)
    except FontError as error:
        return Skipped("print", f"没有可用的中文字体，无法判断能否打印：{error}")
    if _bounds(form, setter).hold(data, spoken, text):
        return ()
    return tuple(f for f in _unprintable(form, data, setter) if f.pointer not in spoken)


@cache
def typesetter(folders: tuple[Path, ...]) -> Typesetter:
    """The typesetter of an office, ready once a process."""
    return Typesetter(installed(folders))


def _unprintable(form: Form, data: object, setter: Typesetter) -> tuple[Finding, ...]:
    layout, fitter = layouts.load(form), Fitter(setter)
    values = printed(form, data)
    found = missing(form, values, setter.fonts, layout)
    if found:
        return found
    close = [
        replace(site, pointer=name)
        for site in limited(form)
        if not site.when or values.get(site.when)
        for name in names_of(values, site.pointer)
        if (text := values.get(name)) and not surely_fits(site, text, fitter)
    ]
    settings = [(site, fitter.fit(site, values[site.pointer])) for site in close]
    return worst(
        overflow(form, values, site, fitter.excess(site, setting))
        for site, setting in settings
        if not setting.fits
    )


@cache
def _bounds(form: Form, setter: Typesetter) -> Bounds:
    return Bounds(form, setter)
