"""Blanks filled in by the programs that people use, each in its own way."""

import base64
import ctypes
import io
import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from copy import deepcopy
from pathlib import Path

import docx
import pikepdf
import pymupdf
import pypdf
import pypdfium2
import pypdfium2.raw as pdfium
from docx.oxml.ns import qn
from playwright.sync_api import Page
from pypdf.generic import NameObject, TextStringObject

from formsvc.documents.controls import TICKED

from . import typist

Texts = Mapping[str, str]


def by_python_docx(blank: bytes, texts: Texts) -> bytes:
    """Every control of a Word form, its first place of each pointer and all others alike."""
    document = docx.Document(io.BytesIO(blank))
    for control in document.element.body.iter(qn("w:sdt")):
        properties, content = control.find(qn("w:sdtPr")), control.find(qn("w:sdtContent"))
        text = texts.get(properties.find(qn("w:tag")).get(qn("w:val")))
        if text:
            if (mark := properties.find(qn("w:showingPlcHdr"))) is not None:
                properties.remove(mark)
            write(content, text)
    return saved(document)


def write(content, text: str) -> None:
    """The text in the first run of a control, its lines in paragraphs of their own behind it."""
    first, *lines = text.split("\n")
    run = content.find(qn("w:r"))
    run.find(qn("w:t")).text = first
    last = paragraph = next(run.iterancestors(qn("w:p")))
    for line in lines:
        own = deepcopy(run)
        own.find(qn("w:t")).text = line
        added = deepcopy(paragraph)
        for node in added.findall("*"):
            if node.tag != qn("w:pPr"):
                added.remove(node)
        added.append(own)
        last.addnext(added)
        last = added


def saved(document) -> bytes:
    target = io.BytesIO()
    document.save(target)
    return target.getvalue()


def saved_by_libreoffice(documents: list[bytes], kind: str = "docx") -> list[bytes]:
    """Each opened and saved as a Word document; `kind` names a filter of LibreOffice."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        sources = [folder / f"{number}.docx" for number in range(len(documents))]
        for path, document in zip(sources, documents, strict=True):
            path.write_bytes(document)
        command = ["soffice", f"-env:UserInstallation={(folder / 'profile').as_uri()}",
                   "--headless", "--convert-to", kind, "--outdir", name + "/out"]  # fmt: skip
        subprocess.run([*command, *map(str, sources)], check=True, capture_output=True, timeout=240)
        return [(folder / "out" / path.name).read_bytes() for path in sources]


def typed_in_libreoffice(filled: Sequence[tuple[bytes, Texts]]) -> list[bytes]:
    """Word forms with texts typed, chosen and ticked in every place of each pointer."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        jobs = []
        for number, (blank, texts) in enumerate(filled):
            source, target = folder / f"{number}.docx", folder / f"{number}-saved.docx"
            source.write_bytes(blank)
            jobs.append([str(source), str(target), acts(blank, texts)])
        said = json.dumps(jobs).encode()
        for attempt in range(8):
            # The kit wants a profile that has been started with.
            profile = folder / f"profile-{attempt}"
            started = ["soffice", f"-env:UserInstallation={profile.as_uri()}", "--headless",
                       "--terminate_after_init"]  # fmt: skip
            subprocess.run(started, check=True, capture_output=True, timeout=120)
            typed = subprocess.run([sys.executable, typist.__file__, str(profile)], input=said,
                                   capture_output=True, timeout=300)  # fmt: skip
            if not typed.returncode:
                break  # else it has come to a stop, as the kit does once in some ten thousand keys
            for lock in folder.glob(".~lock*"):
                lock.unlink()
        assert not typed.returncode, typed.stderr.decode()
        return [Path(target).read_bytes() for _, target, _ in jobs]


def acts(blank: bytes, texts: Texts) -> list[tuple[str, str, dict[str, str] | None]]:
    """What somebody does in a Word form: the bookmark of each place, and what to type or choose."""
    found = []
    for control in docx.Document(io.BytesIO(blank)).element.body.iter(qn("w:sdt")):
        properties, mark = control.find(qn("w:sdtPr")), control.getprevious()
        text = texts.get(properties.find(qn("w:tag")).get(qn("w:val")))
        lock = properties.find(qn("w:lock"))
        is_ours = lock is not None and lock.get(qn("w:val")) == "sdtContentLocked"
        if not text or is_ours:  # what the form works out is typed by nobody
            continue
        offered = [item.get(qn("w:value")) for item in properties.iter(qn("w:listItem"))]
        day = re.fullmatch(r"(\d+)年(\d+)月(\d+)日", text)
        choice = None
        if text in offered:
            choice = {"type": "drop-down", "selected": str(offered.index(text))}
        elif day and properties.find(qn("w:date")) is not None:
            chosen = "{:0>4}-{:0>2}-{:0>2}T00:00:00Z".format(*day.groups())
            choice = {"type": "date", "selected": chosen}
        found.append((mark.get(qn("w:name")), "" if text == TICKED else text, choice))
    return found


def by_pypdf(blank: bytes, texts: Texts) -> bytes:
    """The values alone: to draw them all takes it long, see `drawn_by_pypdf`."""
    writer = pypdf.PdfWriter(clone_from=io.BytesIO(blank))
    for node in writer._root_object["/AcroForm"]["/Fields"]:
        field = node.get_object()
        if text := texts.get(field["/T"]):
            value = NameObject("/Yes") if text == TICKED else TextStringObject(text)
            field[NameObject("/V")] = value
    return written(writer)


def drawn_by_pypdf(blank: bytes, texts: Texts) -> bytes:
    """Values and what is seen of them, in the font of the form."""
    writer = pypdf.PdfWriter(clone_from=io.BytesIO(blank))
    for page in writer.pages:
        writer.update_page_form_field_values(page, dict(texts), auto_regenerate=False)
    return written(writer)


def written(writer: pypdf.PdfWriter) -> bytes:
    target = io.BytesIO()
    writer.write(target)
    return target.getvalue()


def by_pikepdf(blank: bytes, texts: Texts) -> bytes:
    with pikepdf.open(io.BytesIO(blank)) as pdf:
        for field in pdf.Root.AcroForm.Fields:
            if text := texts.get(str(field.T)):
                field.V = pikepdf.Name.Yes if text == TICKED else pikepdf.String(text)
        target = io.BytesIO()
        pdf.save(target)
    return target.getvalue()


def by_mupdf(blank: bytes, texts: Texts) -> bytes:
    document = pymupdf.open(stream=blank)
    for page in document:
        for widget in page.widgets():
            if text := texts.get(widget.field_name):
                widget.field_value = True if text == TICKED else text
                widget.update()
    return document.tobytes()


def by_pdfium(blank: bytes, texts: Texts) -> bytes:
    """As a browser does: a click into each field, then the text or the choice; a click on a box."""
    document = pypdfium2.PdfDocument(blank)
    document.init_forms()
    form, pages = document.formenv, list(document)
    for name, (number, x, y, choices) in places(blank).items():
        if not (text := texts.get(name)):
            continue
        page = pages[number]
        pdfium.FORM_OnLButtonDown(form, page, 0, x, y)
        pdfium.FORM_OnLButtonUp(form, page, 0, x, y)
        if choices:
            pdfium.FORM_SetIndexSelected(form, page, choices.index(text), True)
        elif text != TICKED:
            units = (text + "\0").encode("utf-16-le")
            array = (ctypes.c_ushort * (len(units) // 2)).from_buffer_copy(units)
            pdfium.FORM_ReplaceSelection(form, page, array)
        pdfium.FORM_ForceToKillFocus(form)
    target = io.BytesIO()
    document.save(target)
    document.close()
    return target.getvalue()


def places(blank: bytes) -> dict[str, tuple[int, float, float, list[str]]]:
    """Field → page, a point inside of its last widget, left of where a list opens, and what can
    only be chosen."""
    with pikepdf.open(io.BytesIO(blank)) as pdf:
        found = {}
        for number, page in enumerate(pdf.pages):
            for widget in page.obj.Annots:
                left, bottom, right, top = map(float, widget.Rect)
                field = widget if "/T" in widget else widget.Parent
                is_list = int(field.get("/Ff", 0)) == 1 << 17
                choices = [str(each) for each in field.Opt] if is_list else []
                spot = left + (right - left) / 3, (bottom + top) / 2
                found[str(field.T)] = (number, *spot, choices)
        return found


def by_pdf_js(page: Page, blank: bytes, texts: Texts) -> bytes:
    """As Firefox does, in a page that has loaded pdf.js: every place of a field, then saved."""
    sent = [base64.b64encode(blank).decode(), dict(texts), TICKED]
    return base64.b64decode(page.evaluate(PDF_JS, sent))


PDF_JS = """async ([blank, texts, ticked]) => {
  const data = Uint8Array.from(atob(blank), character => character.charCodeAt(0));
  const pdf = await pdfjsLib.getDocument({data, cMapUrl: "/web/cmaps/", cMapPacked: true}).promise;
  for (const [name, fields] of Object.entries(await pdf.getFieldObjects()))
    for (const {id} of texts[name] ? fields : [])
      pdf.annotationStorage.setValue(id, {value: texts[name] === ticked || texts[name]});
  const saved = new Blob([await pdf.saveDocument()]);
  return await new Promise(done => {
    const reader = new FileReader();
    reader.onload = () => done(reader.result.split(",")[1]);
    reader.readAsDataURL(saved);
  });
}"""
