"""A kind of rule stands in one place: a new one, declared here, is known wherever kinds are."""

import io
import json
import re
from collections.abc import Iterator
from datetime import date
from typing import ClassVar

import openpyxl
import pytest

from formsvc import check, load_forms
from formsvc.bulk.batch import Batch, Job
from formsvc.bulk.executors import HereExecutor
from formsvc.bulk.outputs import letters, workbook
from formsvc.catalogue import SAMPLES_ON
from formsvc.checks import explain
from formsvc.checks.kinds import MET, Aside, Breach, Hint, Kind
from formsvc.checks.parameters import Count, Sum
from formsvc.checks.rules import KINDS
from formsvc.config import Settings
from formsvc.errors import FormError
from formsvc.intake import sheets
from formsvc.intake.items import Item
from formsvc.storage import folder
from formsvc.web import create_app

from .conftest import ROOT, first_sample

PACKAGE = ROOT / "formsvc"


class RoundTo(Kind):
    """the amount is no multiple of so many 元"""

    field: Sum
    step: Count

    messages: ClassVar = {"message": "label value step"}
    title = "{field}不是 {step} 元的整数倍"
    demand = "{field}是 {step} 元的整数倍"

    def check(self, data, on: date):
        value = self.field.get(data)
        if value % self.step == 0:
            return MET
        said = {"label": self.field.label, "value": value, "step": self.step}
        return [Breach(self.field.pointer, said, value, self.step)]

    def hints(self) -> Iterator[Hint]:
        yield Hint(self.field.pointer, f"{self.step} 元的整数倍")

    def asides(self, data) -> Iterator[Aside]:
        yield Aside(self.field.pointer, f"每 {self.step} 元一档")


RULE = """
[[rule]]
id = "round-grant"
kind = "round_to"
severity = "error"
cite = "article-7"
field = "/funding/provincial"
step = 7000
message = "{label}为 {value} 元，应是 {step} 元的整数倍。"
"""
FORM = "jiangxi-training-summary"


@pytest.fixture
def with_kind(shelf, monkeypatch):
    """A shelf whose training summary has a rule of the new kind."""
    monkeypatch.setitem(KINDS, "round_to", RoundTo)
    path = shelf.schemas / f"jiangxi/{FORM}/2026-1/form.toml"
    path.write_text(path.read_text("utf-8") + RULE, "utf-8")
    return shelf


def test_it_judges_with_its_message_and_citation(with_kind):
    report = check(load_forms(with_kind)[FORM], first_sample(FORM), on=SAMPLES_ON)
    (finding,) = [each for each in report.findings if each.rule == "round-grant"]
    assert finding.message.endswith("应是 7000 元的整数倍。")
    assert finding.citation.article == "第七条"
    assert finding.limit == 7000


def test_its_parameters_are_verified(with_kind):
    path = with_kind.schemas / f"jiangxi/{FORM}/2026-1/form.toml"
    path.write_text(path.read_text("utf-8").replace("step = 7000", 'step = "many"'), "utf-8")
    with pytest.raises(FormError, match=r"form\.toml: \[\[rule\]\] round-grant: step: must be"):
        load_forms(with_kind)


def test_it_is_on_the_rules_page_and_on_the_form_s_page(with_kind):
    client = create_app(Settings(shelves=(with_kind,))).test_client()
    page = client.get(f"/forms/{FORM}/rules").text
    assert 'id="rule-round-grant"' in page
    assert "“省专项资金资助”是 7000 元的整数倍。" in page
    live = client.post(f"/forms/{FORM}/live", data={"/funding/provincial": "1"}).json
    assert "每 7000 元一档" in live["asides"]["/funding/provincial"]
    assert "应是 7000 元的整数倍" in live["findings"]["/funding/provincial"]


def test_it_is_in_the_blank_sheet_as_a_hint(with_kind):
    book = openpyxl.load_workbook(
        io.BytesIO(sheets.write(load_forms(with_kind)[FORM], date(2026, 3, 1)))
    )
    rules = {rule.promptTitle: rule for rule in book.worksheets[0].data_validations.dataValidation}
    assert "7000 元的整数倍" in rules["省专项资金资助"].prompt


def test_it_is_in_the_workbook_the_letter_and_the_review(with_kind, tmp_path):
    batch = Batch(folder(str(tmp_path / "out")), Job(on=SAMPLES_ON, shelves=(with_kind,)))
    raw = json.dumps(first_sample(FORM)).encode()
    batch.check([Item("甲.json", raw)], HereExecutor(), at_once=1)
    results = batch.compare()
    workbook.write(results, letters.write(results))
    book = openpyxl.load_workbook(tmp_path / "out" / workbook.NAME)
    said = [str(cell.value) for sheet in book for row in sheet.iter_rows() for cell in row]
    assert any("应是 7000 元的整数倍" in each for each in said)
    assert "省专项资金资助不是 7000 元的整数倍" in said
    assert "round-grant" not in said


def test_it_is_in_the_table_for_authors_and_in_the_schema_for_editors(with_kind):
    assert (
        "| `round_to` | `field`, `step` | the amount is no multiple of so many 元 |"
        in explain.documented_kinds()
    )
    rule = explain.form_schema()["properties"]["rule"]["items"]
    assert "round_to" in rule["properties"]["kind"]["enum"]
    (own,) = [
        each for each in rule["allOf"] if each["if"]["properties"]["kind"]["const"] == "round_to"
    ]
    assert own["then"]["required"] == ["field", "step", "message"]


def test_the_schema_for_editors_allows_what_comes_along_and_refuses_wrong_types(catalogue):
    import tomllib

    import jsonschema

    validator = jsonschema.Draft202012Validator(explain.form_schema())
    for form in catalogue.editions():
        table = json.loads(json.dumps(tomllib.loads(form.toml.read_text("utf-8")), default=str))
        assert list(validator.iter_errors(table)) == []
        table["rule"][0].pop("severity")
        table["form"]["copies"] = "two"
        assert len(list(validator.iter_errors(table))) == 2


def test_what_no_form_declares_has_a_title_of_its_own_too(catalogue):
    """What a paper, a file or a schema is found to break: in workbook and lists as in words."""
    found = re.compile(r'"((?:schema|text|input|computed|print|paper)\.[a-zA-Z-]+)"')
    ids = {id for path in PACKAGE.rglob("*.py") for id in found.findall(path.read_text("utf-8"))}
    ids = {id for id in ids if id != "schema.json"} | {"schema.minimum", "schema.maxItems"}
    titles = explain.rule_titles(catalogue.values(), ids, SAMPLES_ON)
    assert len(ids) > 20
    assert not [title for title in titles.values() if re.search("[a-z]", title)]


def test_rules_that_are_titled_alike_say_which_form_they_are_of(catalogue):
    forms = [catalogue[name] for name in ("jiangsu333-goals", "jiangxi-final-assessment")]
    ids = [each.id for form in forms for each in form.comparisons]
    titles = explain.rule_titles(forms, ids, SAMPLES_ON)
    assert len(ids) == len(set(ids)) == len(set(titles.values())) > 1
    assert all(form.title in " ".join(titles.values()) for form in forms)
