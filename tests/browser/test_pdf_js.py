"""Blanks that a browser with pdf.js fills in, as Firefox does: Debian's own, served from here."""

import functools
import http.server
import re
import threading

import pytest

from formsvc import load_forms
from formsvc.catalogue import SAMPLES_ON
from formsvc.delivery import blank
from formsvc.forms.computed import completed
from formsvc.intake.reading import read
from tests.fillers import by_pdf_js
from tests.test_blanks import meant, texts
from tests.test_every_blank import sample

PROGRAM = "/usr/share/javascript/pdf"  # of libjs-pdf


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def pdf_js(chromium):
    """A page that has loaded pdf.js."""
    handler = functools.partial(Quiet, directory=PROGRAM)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        page = chromium.new_page()
        page.goto(f"http://127.0.0.1:{server.server_port}/build/")
        page.add_script_tag(url="/build/pdf.js")
        page.evaluate("pdfjsLib.GlobalWorkerOptions.workerSrc = '/build/pdf.worker.js'")
        yield page
        page.close()
        server.shutdown()


@pytest.mark.parametrize("form_id", list(load_forms(whole=False)))
def test_a_pdf_form_that_pdf_js_saved_is_read_as_it_was_filled_in(
    nearby, catalogue, pdf_js, form_id
):
    form, data = catalogue[form_id], completed(catalogue[form_id], sample(form_id), SAMPLES_ON)
    # This version of pdf.js saves no text in which a line is empty.
    written = {name: re.sub(r"\n\s*\n", "\n", text) for name, text in texts(form, data).items()}
    paper = by_pdf_js(pdf_js, blank(form, "pdf", SAMPLES_ON), written)
    found = completed(form, read(paper, catalogue).data, SAMPLES_ON)
    said, wanted = meant(form, found), meant(form, data)
    for kept in (said, wanted):
        for pointer, value in kept.items():
            if isinstance(value, str):
                kept[pointer] = re.sub(r"\n\s*\n", "\n", value).strip()
    assert said == wanted
