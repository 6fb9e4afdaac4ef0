"""Every blank, filled in by the programs that people have, is read as it was filled in."""

import pytest

from formsvc import load_forms, submissions
from formsvc.catalogue import SAMPLES_ON
from formsvc.delivery import blank
from formsvc.forms.computed import completed
from formsvc.intake.reading import read

from .conftest import valid_samples
from .fillers import typed_in_libreoffice
from .test_blanks import meant, texts

FORMS = list(load_forms(whole=False))


def sample(form_id):
    return submissions.parse(valid_samples(form_id)[0].read_bytes()).data


@pytest.fixture(scope="module")
def in_libreoffice(catalogue) -> dict[str, bytes]:
    filled = [
        (blank(form, "docx", SAMPLES_ON), texts(form, sample(form.id)))
        for form in catalogue.values()
    ]
    return dict(zip(catalogue, typed_in_libreoffice(filled), strict=True))


@pytest.mark.parametrize("form_id", FORMS)
def test_a_word_form_is_read_as_somebody_typed_it_in_libreoffice(
    nearby, catalogue, in_libreoffice, form_id
):
    form, data = catalogue[form_id], sample(form_id)
    reading = read(in_libreoffice[form_id], catalogue)
    assert (reading.form, reading.findings) == (form_id, ())
    found = completed(form, reading.data, SAMPLES_ON)
    assert meant(form, found) == meant(form, completed(form, data, SAMPLES_ON))
