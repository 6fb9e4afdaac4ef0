"""A form with a fault is refused at load, with file and place named; a form that loads cannot crash."""

import copy
import datetime
import itertools
import json
import re
import shutil
import tomllib
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from formsvc import Shelf, check, load_forms
from formsvc.catalogue import SAMPLES_ON, verify_samples
from formsvc.checks import Checker, explain, parameters, tables
from formsvc.checks.register import Register, Registered
from formsvc.checks.rules import KINDS
from formsvc.errors import FormError
from formsvc.forms import Field, built_in, read
from formsvc.pointers import set_

from .conftest import first_sample
from .every_kind import EVERY, WHOLE

LOADED = load_forms(whole=False)
REGISTER = Register((Registered("张三", "11010519491231002X"), Registered("李四", withdrawn=True)))
FORM = "jiangxi-training-summary"
PLACE = f"jiangxi/{FORM}/2026-1"


def refusal(*shelves: Shelf) -> str:
    with pytest.raises(FormError) as caught:
        load_forms(*shelves)
    return str(caught.value)


def edit(path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")


FAULTS = {
    "pointer that the schema does not have": (
        "form.toml", 'field = "/training/content"', 'field = "/training/contents"', "content-length: field",
    ),
    "unknown kind": ("form.toml", 'kind = "word_limit"', 'kind = "wordlimit"', "wordlimit"),
    "missing parameter": ("form.toml", "limit = 500\n", "", "content-length: limit: is missing"),
    "unknown parameter": ("form.toml", "limit = 500\n", "limit = 500\nmax = 3\n", "content-length: max"),
    "policy value that there is not": ("form.toml", '"study-grant"', '"study-grand"', "provincial-cap: most"),
    "rule that cites nothing declared": ("form.toml", 'cite = "annex-1"', 'cite = "annex-9"', "annex-9"),
    "wrong severity": ("form.toml", 'severity = "error"', 'severity = "bad"', "id-matches: severity"),
    "rule declared twice": ("form.toml", 'id = "outcome-length"', 'id = "content-length"', "twice"),
    "comparison named as a rule": ("form.toml", 'id = "once-abroad"', 'id = "deadline"', "deadline: is declared twice"),
    "format specification in a message": ("form.toml", "{excess}", "{excess.real}", "content-length: message"),
    "name that a kind does not give": ("form.toml", "{excess}", "{surplus}", "surplus"),
    "name that is no parameter in a title": ("form.toml", 'title = "{field}在境内"', 'title = "{fields}在境内"', "abroad: title"),
    "field missing from the layout": ("form.toml", '"/training/content", ', "", "/training/content"),
    "field twice in the layout": ("form.toml", '"/materials", ', '"/materials", "/training/place", ', "more than once"),
    "print box over a field": (
        "form.toml", 'name = "/training/location"', 'name = "/training/place"', "/training/place",
    ),
    "unknown style in a print box": ("form.toml", "{/training/country} ", "{/training/country:wan} ", "[[print]] /training/location: text"),
    "words of what is no amount": ("form.toml", "{/training/country} ", "{/training/country:words} ", "cannot be printed so"),
    "unknown table": ("form.toml", "[form]", "[[rules]]\nid = 1\n[form]", "rules"),
    "unknown key of the form": ("form.toml", "[form]", "[form]\ncopy = 2", "[form]"),
    "guard that is none": ("form.toml", "[[step]]", '[[step]]\nwhen = "x"', "[[step]]"),
    "copies below one": ("form.toml", "[form]", "[form]\ncopies = -1", "[form]: copies"),
    "copies in words": ("form.toml", "[form]", '[form]\ncopies = "two"', "[form]: copies"),
    "fields that are none": ("form.toml", "[[section]]", '[[section]]\ntitle = "x"\nfields = 3\n[[section]]', "[[section]] x: fields"),
    "cite that is no name": ("form.toml", 'cite = "annex-1"', "cite = 3", "cite"),
    "severity that is a list": ("form.toml", 'severity = "error"', "severity = []", "severity"),
    "day that is none": ("form.toml", "since = 2021-01-01", 'since = "soon"', "[form]: since"),
    "field of the day that is no date": ("form.toml", 'day = "/submitted_on"', 'day = "/person/name"', "[form]: day"),
    "person that is no text": ("form.toml", 'person = "/person/name"', 'person = "/person/selected_year"', "[form]: person"),
    "broken TOML": ("form.toml", "[form]", "[form", "form.toml"),
    "broken JSON": ("schema.json", "{", "", "schema.json"),
    "schema that is none": ("schema.json", '"type": "object"', '"type": "objekt"', "schema.json"),
    "another form's id": ("schema.json", f'"const": "{FORM}"', '"const": "x"', "/properties/form"),
    "another edition": ("schema.json", '"const": "2026-1"', '"const": "2022-1"', "/properties/edition"),
    "field without a label": ("schema.json", '"title": "手机", ', "", "/person/mobile"),
    "field whose name is a number": ("schema.json", '"mobile": {', '"7": {', "'7'"),
    "reference that leads nowhere": ("schema.json", "#/$defs/mobile", "#/$defs/mobil", "/person/mobile"),
    "reference to another host": (
        "schema.json", "urn:formsvc:common#/$defs/mobile", "http://127.0.0.1:1/x.json", "/person/mobile",
    ),
    "open object": (
        "schema.json", '"dependentRequired": { "number": ["bank"] },\n      "additionalProperties": false',
        '"additionalProperties": true', "/account",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("file", "old", "new", "named"), FAULTS.values(), ids=FAULTS)
def test_a_fault_is_named_with_file_and_place(shelf, file, old, new, named):
    edit(shelf.schemas / PLACE / file, old, new)
    message = refusal(shelf)
    assert named in message
    assert f"{PLACE}/{file}" in message


@pytest.mark.parametrize(
    ("node", "named"),
    [
        ({"type": ["string", "null"], "title": "栏"}, "one type"),
        ({"title": "栏"}, "one type"),
        ({"type": "string", "title": "栏"}, "free text"),
        ({"type": "string", "format": "money", "title": "栏"}, "format 'money'"),
        ({"type": "string", "format": "date", "title": "栏"}, "common date type"),
        ({"enum": [1, 2], "title": "栏"}, "enum must be of texts"),
        ({"type": "array", "title": "栏"}, "describe its items"),
        ({"type": "array", "title": "栏", "items": {"type": "integer", "title": "数"}}, "texts or rows"),
        (
            {"type": "array", "title": "栏", "items": {"type": "object", "title": "行", "additionalProperties": False}},
            "maxItems",
        ),
        (
            {"type": "array", "title": "栏", "maxItems": 3, "items": {
                "type": "object", "title": "行", "additionalProperties": False, "properties": {
                    "a": {"type": "array", "title": "列", "items": {"enum": ["x"], "title": "项"}}}}},
            "rows cannot hold lists",
        ),
    ],
)  # fmt: skip
def test_a_shape_that_the_service_does_not_know_is_refused(shelf, node, named):
    path = shelf.schemas / PLACE / "schema.json"
    schema = json.loads(path.read_text("utf-8"))
    schema["properties"]["person"]["properties"]["odd"] = node
    path.write_text(json.dumps(schema, ensure_ascii=False), "utf-8")
    message = refusal(shelf)
    assert named in message
    assert "/person/odd" in message


# form.toml and programme.toml hold nothing that is not looked at

JUNK = (3, -1, 2.5, True, "x", "", [], [1], ["x", "x"], {}, {"x": 1}, datetime.date(2024, 1, 1))


def toml(value) -> str:
    """A value as TOML, tables inline."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(k)} = {toml(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return f"[{', '.join(map(toml, value))}]"
    if isinstance(value, datetime.date):
        return value.isoformat()
    return json.dumps(value, ensure_ascii=False)


def written(table: dict) -> str:
    return "".join(f"{key} = {toml(value)}\n" for key, value in table.items())


def places(table: dict):
    """One place for each key of each kind of table."""
    seen = set()
    for name, value in table.items():
        yield (name,)
        for number, entry in enumerate(value) if isinstance(value, list) else [(None, value)]:
            for key in entry:
                if (name, key, entry.get("kind")) not in seen:
                    seen.add((name, key, entry.get("kind")))
                    yield (name, key) if number is None else (name, number, key)


def copied(schemas: Path, file: str, folder: Path) -> Path:
    """A file that is tried, with no more around it than it is loaded with: a form.toml with its
    programme, but for its coverage, which names all forms; a programme.toml with all of its forms.
    """
    programme, *around = Path(file).parts
    shutil.copytree(schemas / Path(file).parent, folder / Path(file).parent)
    if len(around) > 1:
        text = (schemas / programme / "programme.toml").read_text("utf-8")
        head = re.split(r"(?m)^(?=\[\[coverage\]\])", text)[0]
        (folder / programme / "programme.toml").write_text(head, "utf-8")
    if (schemas / "common.schema.json").exists():
        shutil.copy(schemas / "common.schema.json", folder)
    return folder / file


def with_value(table: dict, place: tuple, value) -> dict:
    changed = copy.deepcopy(table)
    inside = changed
    for step in place[:-1]:
        inside = inside[step]
    inside[place[-1]] = value
    return changed


@pytest.mark.parametrize(
    ("file", "step"),
    [
        (f"{PLACE}/form.toml", 7),
        ("jiangxi/programme.toml", 7),
        ("demo/every-kind/1/form.toml", 13),
        ("demo/programme.toml", 1),
    ],
)
def test_any_value_in_a_toml_file_loads_or_is_refused_with_file_and_place(tmp_path, file, step):
    source = EVERY if file.startswith("demo") else built_in()
    shelf = Shelf(tmp_path, tmp_path, tmp_path)
    path = copied(source.schemas, file, tmp_path)
    table = tomllib.loads(path.read_text("utf-8"))
    refused = []
    for place, value in [*itertools.product(places(table), JUNK)][::step]:
        path.write_text(written(with_value(table, place, value)), "utf-8")
        try:
            for form in read([shelf]):
                Checker(form)
        except FormError as error:
            refused.append((str(error), place, value))
    assert len(refused) > 50
    for said, *what in refused:
        assert re.match(rf"{shelf.schemas}\S+toml: (\[|the file)", said), what


# Parameters of rules


# Types and formats that each operand takes; None for any. A field in a list takes the rule row by row.
WANTED = {
    parameters.Text: {"string", "paragraphs"},
    parameters.Sum: {"money"},
    parameters.Total: {"money", "integer"},
    parameters.Day: {"date"},
    parameters.Anchor: {"date", "integer"},
    parameters.Year: {"integer"},
    parameters.Flag: {"boolean"},
    parameters.Listed: {"array"},
    parameters.IdNumber: {"id-number"},
}
OPERANDS = {alias.__metadata__[0]: wanted for alias, wanted in WANTED.items()}
GATHERED = {
    parameters.Cells.__metadata__[0]: {"string"},
    parameters.Years.__metadata__[0]: {"integer"},
    parameters.Columns.__metadata__[0].each: {"string", "integer"},
}


def takes(operand, field) -> bool:
    """Whether an operand takes a field, said in another way than the operand does."""
    if operand.enumerated:
        return bool(field.choices)
    known = {field.type, field.kind}
    if operand in GATHERED:
        return bool(GATHERED[operand] & known) and bool(field.list)
    wanted = OPERANDS.get(operand, {"string"} if operand.kinds else None)
    return wanted is None or bool(wanted & known)


FORMS = [*LOADED.values(), *read([EVERY])]
RULES = [
    pytest.param(form, spec, name, parameter, id=f"{form.id}-{spec.id}-{name}")
    for form in FORMS[-1:]  # has every kind with every parameter
    for spec in form.rules
    for name, parameter in KINDS[spec.kind].parameters().items()
    if name in spec.parameters
]


def compiled(form, spec, **changes):
    """The form with this one rule, its parameters changed; FormError when it does not load."""
    own = replace(spec, parameters={**spec.parameters, **changes})
    changed = replace(form, rules=(own,), comparisons=())
    Checker(changed)
    return changed


def refused(form, spec, name, value) -> None:
    with pytest.raises(FormError) as error:
        compiled(form, spec, **{name: value})
    assert re.search(rf"form\.toml: \[\[rule\]\] {spec.id}: {name}: ", str(error.value)), value


def test_every_kind_and_every_parameter_of_it_is_tried_here():
    tried = {
        (spec.kind, name) for form in FORMS[-1:] for spec in form.rules for name in spec.parameters
    }
    assert tried == {(kind, name) for kind, each in KINDS.items() for name in each.parameters()}


DEFINED = {key: explain.form_schema()[key] for key in ("$defs",)}


@pytest.mark.parametrize(("form", "spec", "name", "parameter"), RULES)
def test_a_parameter_of_a_wrong_type_is_refused(form, spec, name, parameter):
    described = jsonschema.Draft202012Validator({**DEFINED, **parameter.schema})
    for value in (*JUNK[:-1], None, float("nan"), float("inf"), 10**40, object()):
        try:
            described.validate(value)
        except (jsonschema.ValidationError, OverflowError, ValueError):
            refused(form, spec, name, value)


@pytest.mark.parametrize(("form", "spec", "name", "parameter"), RULES)
def test_a_parameter_with_a_field_of_a_wrong_kind_is_refused(form, spec, name, parameter):
    def shaped(pointer):
        if isinstance(parameter, parameters.Several):
            return [pointer]
        return {"own": pointer} if isinstance(parameter, parameters.Table) else pointer

    each = getattr(parameter, "each", parameter)
    if isinstance(each, parameters.Amounts):
        for field in form.fields.values():
            if field.kind not in ("money", "integer"):
                refused(form, spec, name, shaped(field.pointer))
    elif isinstance(each, parameters.Operand):
        for field in form.fields.values():
            is_rows = field.pointer in form.lists or field.type == "object"
            if (is_rows and each.kinds) or not takes(each, field):
                refused(form, spec, name, shaped(field.pointer))
    else:
        return
    refused(form, spec, name, shaped("/no/such/field"))


@pytest.mark.parametrize(("form", "spec", "name", "parameter"), RULES)
def test_a_value_of_an_enum_that_is_missing_or_unknown_is_refused(form, spec, name, parameter):
    given = spec.parameters[name]
    if isinstance(parameter, tables.Range) and isinstance(given, dict):
        table = form.programme.values[given["value"]][0].value
        for gone in table:
            left = {k: v for k, v in table.items() if k != gone}
            refused(form, spec, name, {"table": left, "by": given["by"]})
        more = {**table, "别的": next(iter(table.values()))}
        refused(form, spec, name, {"table": more, "by": given["by"]})
        for odd in (3, "x", [1], [2, 1], [1, "x"], {}):
            refused(form, spec, name, {"table": {**table, gone: odd}, "by": given["by"]})
    elif isinstance(parameter, tables.Allowed):
        for gone in given:
            refused(form, spec, name, {k: v for k, v in given.items() if k != gone})
            refused(form, spec, name, {**given, gone: ["别的"]})
        refused(form, spec, name, {**given, "别的": next(iter(given.values()))})
    elif isinstance(parameter, tables.Waivers):
        for odd in (
            {},
            {"values": ["机票"]},
            {"values": ["别的"], "when": given[0]["when"]},
            {"values": ["机票"], "when": {}},
            {"values": ["机票"], "when": {"field": "/x", "present": True}},
        ):
            refused(form, spec, name, [odd])
    elif isinstance(parameter, tables.Calendar):
        for odd in (
            {},
            {"month": 2},
            {"month": 13, "day": 1},
            {"month": 1, "day": 32},
            {"years": -1, "month": 1, "day": 1},
            {"month": 1, "day": 1, "hour": 1},
        ):
            refused(form, spec, name, odd)
    elif isinstance(parameter, tables.Assigned):
        refused(form, spec, name, {**given, "别的": next(iter(given.values()))})
        refused(form, spec, name, {**given, next(iter(given)): "typo"})
    elif isinstance(parameter, parameters.Members):
        field = form.fields[spec.parameters[parameter.of]]
        if field.choices or form.fields.get(f"{field.pointer}/*", field).choices:
            refused(form, spec, name, [*given, "别的"])


WRONG_AMOUNTS = (
    {}, {"sum": []}, {"sum": "/project/spent"}, {"minus": ["/project/spent"]}, {"plus": [1, 2]},
    {"sum": ["/project/spent"], "of": 3}, {"percent": 3}, {"months": ["/project/start"]},
    {"months": ["/project/start", "/project/spent"]}, {"count": "/project/spent"}, {"count": "/none"},
    {"times": ["/project/summary"]}, {"value": "no-such"}, {"value": "rate"}, {"value": "payer", "by": "/person/level"},
    {"value": "rate", "by": "/project/place"},
    {"value": "rate", "by": []}, {"value": "rate", "by": ["/person/level"] * 3},
    {"table": {"第一层次": 1}, "by": "/person/level"}, {"value": "grants", "by": "/person/level"},
    {"sum": ["/project/spent"], "where": {"field": "/project/request", "equals": "变更"}},
    {"sum": ["/roll/*/months"], "where": {"field": "/grades/*/grade", "equals": "优秀"}},
    {"sum": ["/roll/*/months"], "where": {"field": "/roll/*/level", "equals": "第九层次"}},
    {"percent": {"percent": {}, "of": 1}, "of": 1}, ["/project/spent", True], 10**16,
)  # fmt: skip


@pytest.mark.parametrize("amount", WRONG_AMOUNTS, ids=str)
def test_an_amount_that_is_none_is_refused(amount):
    (form,) = read([EVERY])
    spec = next(each for each in form.rules if each.id == "spent-at-most")
    refused(form, spec, "amount", amount)


WRONG_GUARDS = (
    {"field": "/none", "present": True}, {"field": "/person/level"}, {"field": "/person/level", "equals": "第九层次"},
    {"field": "/person/level", "equals": 1}, {"field": "/project/spent", "equals": 1}, {"field": "/person/legacy", "equals": 1},
    {"field": "/person/level", "at_least": 1}, {"field": "/project/spent", "at_least": {"value": "rate"}},
    {"field": "/project/spent", "at_least": {"value": "none"}}, {"field": "/roll/*/level", "equals": "第一层次"},
    {"field": "/year", "starts_with": ["20"]}, {"field": "/project/place", "starts_with": ["！"]},
    {"field": "/person/level", "equals": "第一层次", "present": True},
)  # fmt: skip


@pytest.mark.parametrize("when", WRONG_GUARDS, ids=str)
def test_a_guard_that_cannot_be_asked_is_refused(when):
    (form,) = read([EVERY])
    spec = next(each for each in form.rules if each.id == "spent-at-most")
    with pytest.raises(FormError, match=r"\[\[rule\]\] spent-at-most: when: "):
        Checker(replace(form, rules=(replace(spec, when=(when,)),), comparisons=()))


POINTERS = sorted({name for form in FORMS for name in form.fields})
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**12), 10**12) | st.sampled_from(POINTERS)
    | st.sampled_from(["一", "省直厅局", "技能人才", "account", "code", "其他"]),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.sampled_from(["account", "code", "技能人才", "其他"]), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.floats()
    | st.sampled_from(["2024-02-29", "9999-12-31", "0000-01-01", "11010519491231002X"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=4,
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_a_rule_that_loads_judges_any_data(data):
    form = data.draw(st.sampled_from(FORMS))
    spec = data.draw(st.sampled_from(form.rules))
    name = data.draw(st.sampled_from(list(spec.parameters)))
    sample = first_sample(form.id) if form.id in LOADED else copy.deepcopy(WHOLE)
    for pointer in data.draw(st.lists(st.sampled_from(list(form.fields)), max_size=3)):
        try:
            set_(sample, pointer.replace("*", "0"), data.draw(ANYTHING))
        except ValueError:
            continue
    try:
        loaded = compiled(form, spec, **{name: data.draw(VALUES)})
    except FormError:
        loaded = form
    assert check(loaded, sample, on=SAMPLES_ON, register=REGISTER).form == form.id


# Programmes, editions, shelves


def test_an_amount_is_changed_without_touching_python(shelf, summary):
    edit(shelf.schemas / "jiangxi/programme.toml", "value = 100000", "value = 1")
    report = check(load_forms(shelf)[FORM], summary, on=SAMPLES_ON)
    assert "provincial-cap" in {finding.rule for finding in report.findings}


def test_a_submission_is_judged_by_the_values_of_its_own_day(shelf, summary):
    later = '\n[[value]]\nid = "study-grant"\nsince = 2026-01-01\ncite = "article-7"\nvalue = 1\n'
    path = shelf.schemas / "jiangxi/programme.toml"
    path.write_text(path.read_text("utf-8") + later, "utf-8")
    form = load_forms(shelf)[FORM]
    for day, values, found in (
        ("2025-12-31", "2021-01-01", False),
        ("2026-01-01", "2026-01-01", True),
    ):
        report = check(form, {**summary, "submitted_on": day}, on=SAMPLES_ON)
        assert report.values == values
        assert ("provincial-cap" in {finding.rule for finding in report.findings}) is found


def test_before_the_first_value_holds_its_rules_are_skipped_with_the_reason(catalogue, summary):
    report = check(catalogue[FORM], {**summary, "submitted_on": "2020-06-30"}, on=SAMPLES_ON)
    assert report.values == ""
    skipped = {each.rule: each.reason for each in report.skipped}
    assert "早于" in skipped["provincial-cap"]


def test_values_must_follow_each_other(shelf):
    again = '\n[[value]]\nid = "study-grant"\nsince = 2021-01-01\ncite = "article-7"\nvalue = 1\n'
    path = shelf.schemas / "jiangxi/programme.toml"
    path.write_text(path.read_text("utf-8") + again, "utf-8")
    assert "[[value]] study-grant: since" in refusal(shelf)


def test_a_later_value_is_verified_too(shelf):
    later = '\n[[value]]\nid = "project-grant"\nsince = 2030-01-01\ncite = "article-8"\nvalue = { "技能人才" = [1, 2] }\n'
    path = shelf.schemas / "jiangxi/programme.toml"
    path.write_text(path.read_text("utf-8") + later, "utf-8")
    assert "amount-by-category: within: nothing is said for" in refusal(shelf)


def test_what_covers_an_article_must_exist(shelf):
    edit(shelf.schemas / "jiangxi/programme.toml", f"{FORM}/abroad", f"{FORM}/abrod")
    assert "[[coverage]] 第七条" in refusal(shelf)


def test_a_missing_template_is_named(shelf):
    (shelf.templates / PLACE / "form.docx").unlink()
    assert "form.docx" in refusal(shelf)


def test_a_placeholder_that_the_form_does_not_have_is_named(shelf):
    import docx

    path = shelf.templates / PLACE / "form.docx"
    document = docx.Document(path)
    document.add_paragraph("{{ person.nickname }}")
    document.save(path)
    assert "/person/nickname" in refusal(shelf)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("{{ person.name | upper }}", "only names"),
        ("{% if person.name %}x{% endif %}", "alone in a paragraph"),
        ("{%p if person %}", "asks whether a field, a list or a box is given"),
        ("{%p endif %}", "endif without its if"),
        ("{% for a in b %}x{% endfor %}", "no list of rows"),
    ],
)
def test_a_template_knows_names_and_what_is_given_alone(shelf, text, named):
    import docx

    path = shelf.templates / PLACE / "form.docx"
    document = docx.Document(path)
    document.add_paragraph(text)
    document.save(path)
    assert named in refusal(shelf)


def test_a_rule_without_a_failing_sample_is_named(shelf):
    for expected in (shelf.samples / PLACE / "invalid").glob("*.findings.json"):
        if "materials-complete" in expected.read_text("utf-8"):
            expected.with_name(expected.name.replace(".findings", "")).unlink()
            expected.unlink()
    with pytest.raises(FormError, match="materials-complete"):
        verify_samples(load_forms(shelf)[FORM])


def test_a_sample_that_gives_other_findings_than_it_should_is_named(shelf):
    expected = next((shelf.samples / PLACE / "invalid").glob("*.findings.json"))
    expected.write_text('{"findings": [], "skipped": []}')
    with pytest.raises(FormError, match=expected.name.partition(".")[0]):
        verify_samples(load_forms(shelf)[FORM])


# An office's own shelf


def own(shelf: Shelf, id: str, edition: str = "1") -> Shelf:
    """A shelf that holds one form, made from one that comes along, and no common definitions."""
    root = shelf.schemas.parent / "own"
    for kind in ("schemas", "templates", "samples"):
        source = getattr(shelf, kind) / PLACE
        target = root / kind / f"jiangxi/{id}/{edition}"
        target.parent.mkdir(parents=True)
        source.rename(target)
        for path in target.glob("schema.json"):
            text = path.read_text("utf-8").replace(f'"{FORM}"', f'"{id}"')
            text = text.replace('"const": "2026-1"', f'"const": "{edition}"')
            path.write_text(text.replace(f"{FORM}:2026-1", f"{id}:{edition}"), "utf-8")
    return Shelf(root / "schemas", root / "templates", root / "samples")


def test_own_forms_stand_beside_those_that_come_along_and_use_their_definitions(shelf):
    forms = load_forms(built_in(), own(shelf, "own-summary"))
    assert {"own-summary", *LOADED} == set(forms)
    assert forms["own-summary"].programme is forms[FORM].programme


def test_one_edition_twice_is_refused(shelf):
    (shelf.schemas / "jiangxi/programme.toml").unlink()
    message = refusal(built_in(), shelf)
    assert "stands in" in message
    assert "edition" in message


def test_a_programme_twice_is_refused(shelf):
    assert "programme: stands in" in refusal(built_in(), shelf)


def test_a_form_outside_of_a_programme_and_edition_is_refused(shelf):
    misplaced = shelf.schemas / "jiangxi" / FORM
    (misplaced / "2026-1/form.toml").rename(misplaced / "form.toml")
    assert "<programme>/<form>/<edition>" in refusal(shelf)


def test_a_form_of_no_programme_is_refused(shelf):
    (shelf.schemas / "jiangxi/programme.toml").unlink()
    assert "there is no jiangxi/programme.toml" in refusal(shelf)


@pytest.fixture
def two_editions(shelf):
    """The training summary in a second edition, in force from 2026-02-01, with another limit."""
    newer = own(shelf, FORM, "2026-2")
    toml_ = newer.schemas / f"jiangxi/{FORM}/2026-2/form.toml"
    edit(toml_, "since = 2021-01-01", "since = 2026-02-01")
    edit(toml_, "limit = 500", "limit = 5")
    return load_forms(built_in(), newer, whole=False)


def test_two_editions_of_a_form_stand_side_by_side(two_editions, summary):
    for day, named, edition in (
        ("2026-01-31", None, "2026-1"),
        ("2026-02-01", None, "2026-2"),
        ("2026-02-01", "2026-1", "2026-1"),
        ("2020-01-01", "2026-2", "2026-2"),
    ):
        data = {**summary, "submitted_on": day, "edition": named}
        if named is None:
            data.pop("edition")
        report = two_editions.check_data(data, on=SAMPLES_ON).report
        assert report.edition == edition
        found = {finding.rule for finding in report.findings}
        assert ("content-length" in found) is (edition == "2026-2")


@pytest.mark.parametrize("day", ["2021-01-01", "2025-10-31", "2026-01-01"])
def test_a_submission_that_names_no_edition_is_judged_by_the_mended_reading(catalogue, day):
    # The articles were the same on all these days; only their reading was mended.
    assert catalogue.in_force(FORM, day).edition == "2026-1"


def test_an_edition_that_there_is_not_is_a_finding(two_editions, summary):
    report = two_editions.check_data({**summary, "edition": "1999-1"}, on=SAMPLES_ON).report
    assert ("schema.const", "/edition") in {(f.rule, f.pointer) for f in report.findings}


@pytest.mark.parametrize("format", ["docx", "pdf"])
def test_an_old_paper_is_read_printed_and_verified_by_its_own_edition(
    two_editions, summary, format
):
    from formsvc import fill
    from formsvc import read as read_paper
    from formsvc.documents.proof.verification import Status, verify

    old = two_editions.edition(FORM, "2026-1")
    summary.pop("edition")
    paper = fill(old, summary, format)
    back = read_paper(paper, two_editions).data
    assert back == {**summary, "edition": "2026-1"}
    assert two_editions.check_data(back, on=SAMPLES_ON).form is old
    assert verify(paper, two_editions.editions()).status is Status.UNCHANGED
    newest = fill(two_editions[FORM], summary, format)
    assert read_paper(newest, two_editions).data == summary


def test_a_pointer_with_a_slash_in_a_name_is_a_place_like_any_other(shelf):
    path = shelf.schemas / PLACE / "schema.json"
    text = path.read_text("utf-8").replace('"home_phone": {', '"a/b~c": {')
    path.write_text(text, "utf-8")
    toml_ = shelf.schemas / PLACE / "form.toml"
    toml_.write_text(
        toml_.read_text("utf-8").replace("/person/home_phone", "/person/a~1b~0c"), "utf-8"
    )
    form = [form for form in read([shelf]) if form.id == FORM][-1]
    assert form.fields["/person/a~1b~0c"].tokens == ("person", "a/b~c")
    data = first_sample(FORM)
    data["person"].pop("home_phone", None)
    data["person"]["a/b~c"] = "12345678"
    from formsvc.documents.printing import printed

    assert printed(form, data)["/person/a~1b~0c"] == "12345678"
    assert check(form, data, on=SAMPLES_ON).findings == ()


def test_a_field_is_known_by_what_its_schema_says():
    field = Field("/a/*/b", "乙", {"type": "number", "format": "money"}, True)
    assert (field.type, field.kind, field.list, field.in_row(2)) == (
        "number",
        "money",
        "/a",
        "/a/2/b",
    )
    assert field.places({"a": [{}, {}]}) == ("/a/0/b", "/a/1/b")
    assert field.places({"a": 3}) == ()
