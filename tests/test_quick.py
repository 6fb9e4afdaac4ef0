"""What is quick says the same as what is plain: of every sample, of spoilt ones, and of junk."""

import contextlib
import copy
import json
import random
from datetime import date, timedelta
from decimal import Decimal

import jsonschema_rs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from formsvc import load_forms, pointers, submissions
from formsvc.catalogue import SAMPLES_ON
from formsvc.checks import Checker, checker
from formsvc.checks.sureness import surely
from formsvc.documents.press.bounds import Bounds
from formsvc.writing import jsonl
from formsvc.writing.notation import today

from .conftest import ROOT

CATALOGUE = load_forms(whole=False)
FORMS = CATALOGUE.editions()
DAYS = [SAMPLES_ON, date(2019, 12, 31), date(2022, 6, 1), date(2031, 1, 1)]
NAMES = [f"{form.id}-{form.edition}" for form in FORMS]
SAMPLES = sorted(
    path for path in ROOT.glob("samples/**/*.json") if not path.name.endswith(".findings.json")
)
ODD = [
    b"", b" ", b"{}", b"[]", b"null", b"1", b'{"a":1,"a":2}', b'{"a" :1,"a":2}', b'{"a"\n:1,"a":":"}',
    b'{"a":":","b":"\\":"}', b'{"a":{"b":1,"b":1}}', b'{"a":"x","a":"\\":"}', b'{"a":1,"\\u0061":2}',
    b'"\\ud800"', b'"\\udc00"', b'"\\udc00\\ud800"', b'"\\ud83d\\ude00"', b'"\xed\xa0\x80"', b'"\xff"',
    b'"\x00"', b'"\\u0000"', b'"\x7f"', b'"a\nb"', b'"\t"', b"NaN", b"Infinity", b"-Infinity", b"-0",
    b"-0.0", b"1e5", b"1E+20", b"1e21", b"1e400", b"1e-400", b"1e99999999999999999999", b"0.1e-20",
    b"9" * 21, b"9" * 22, b"9" * 5000, b"01", b"1.", b".5", b"+1", b"[1,]", b'{"a":1,}', b"1 x", b"[1]\x00",
    b"[" * 32 + b"]" * 32, b"[" * 33 + b"]" * 33, b"[" * 5000 + b"]" * 5000, b"[" * 200_000,
    b'{"a":' * 32 + b"1" + b"}" * 32, b'{"a":' * 33 + b"1" + b"}" * 33, b"\xef\xbb\xbf{}", "{“a”：1}".encode(),
    '{"姓名":"张三"}'.encode("gb18030"), b"tru", b"true", b"// x\n{}", b"{'a':1}", b'{"a":1} {"a":1}',
]  # fmt: skip


def plainly(raw: bytes, monkeypatch) -> submissions.Submission:
    with monkeypatch.context() as patch:
        patch.setattr(submissions, "_quickly", lambda raw, keys: None)
        return submissions.parse(raw)


def typed(value: object) -> object:
    """A value that is equal only to one of the same types all through."""
    if isinstance(value, dict):
        return [(key, typed(each)) for key, each in value.items()]
    if isinstance(value, list):
        return list(map(typed, value))
    return type(value), str(value)


def assert_read_alike(raw: bytes, monkeypatch):
    quick, plain = submissions.parse(raw), plainly(raw, monkeypatch)
    assert quick.findings == plain.findings
    assert typed(quick.data) == typed(plain.data)


def mutated(raw: bytes, chance: random.Random) -> bytes:
    """The bytes with something put in, taken out or written over."""
    at = chance.randrange(len(raw) + 1)
    put = chance.choice([*b'":,{}[]\\ \t\n0123456789.eE-ux\x80\xe5\xff', 0, None, None])
    return raw[:at] + (b"" if put is None else bytes([put])) + raw[at + chance.randrange(3) :]


@pytest.mark.parametrize("raw", ODD, ids=lambda raw: repr(raw[:20]))
def test_odd_bytes_are_read_alike(raw, monkeypatch):
    assert_read_alike(raw, monkeypatch)


def test_every_sample_is_read_alike_and_so_are_spoilt_ones(monkeypatch):
    chance = random.Random(1)
    for path in SAMPLES:
        raw = path.read_bytes()
        assert_read_alike(raw, monkeypatch)
        for _ in range(8):
            assert_read_alike(mutated(raw, chance), monkeypatch)


def test_samples_are_read_quickly():
    raws = [path.read_bytes() for path in SAMPLES if path.parent.name == "valid"]
    assert (
        sum(submissions._quickly(raw, lambda data: 0) is not None for raw in raws)
        > len(raws) * 0.95
    )


PIECES = st.sampled_from(
    ['"', ":", ",", "{", "}", "[", "]", " ", "\n", '"a"', '"a":', '"b" :', '"\\":"', "1", "1.50", "-0", "1e5", "null", "true", '"张三"', "\\", "\\u", "d800"]
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(pieces=st.lists(PIECES, max_size=12))
def test_junk_is_read_alike(pieces):
    with pytest.MonkeyPatch.context() as patch:
        assert_read_alike("".join(pieces).encode(), patch)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5)
    | st.decimals(allow_nan=False, allow_infinity=False).map(lambda x: x + Decimal("0.0")),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(data=JSON)
def test_any_json_is_read_alike(data):
    with pytest.MonkeyPatch.context() as patch:
        assert_read_alike(submissions.encoded(data), patch)


# Structure


def spoils(field) -> list[object]:
    """Values for a field, on and beyond every bound that its schema may set."""
    schema = field.schema
    some: list[object] = [
        None, True, False, 0, 1, -1, 2000, 2100, 10**9, 10**9 + 1, 10**30, 1.5, float("nan"), float("inf"),
        Decimal("0.01"), Decimal("0.07"), Decimal("1.005"), Decimal("5.0"), Decimal("-0.0"), Decimal("1e9"),
        Decimal("1e20"), Decimal("0." + "0" * 30 + "1"), Decimal("NaN"), Decimal("sNaN"), Decimal("Infinity"),
        "", " ", "\u3000", "\n", "一", "一\n", "一\n二", "\n一", "\t", "a\x00", "\x7f", "\u202e", "\ufffe", "\U0001ffff",
        "\ud800", "\xa0", "\u2028", "一\u2028", "２０２４-01-01", "2024-02-30", "2024-2-3", "20240101", "2024-W01-1",
        "2024-01-01\n", "0000-01-01", "1900-01-01", "11010519491231002X", "11010519491231002x", " 11010519491231002X",
        "１1010519491231002X", "110105194912310021", "13800138000", "13800138000\n", "a@b.cn", "a@b", "0791-86386000",
        "330046", "３３００４６", "36 00-12345678", "x" * 50, "x" * 51, "x" * 200, "x" * 201, "😀" * 200, "x" * 20_001,
        [], [1], ["一"], ["一", "一"], {}, {"a": 1}, ("一",), b"x",
    ]  # fmt: skip
    some += [
        schema.get("const"),
        *field.choices[:1],
        list(field.choices[:2]),
        list(field.choices[:1]) * 2,
    ]
    return some


def changed(data: object, pointer: str, value: object) -> object:
    """A copy of a submission with another value at a place; the same where there is none."""
    made = copy.deepcopy(data)
    with contextlib.suppress(ValueError):
        pointers.set_(made, pointer, value)
    return made


def alike(form, data: object, on: date, monkeypatch, *, printed: bool = False) -> None:
    """Assert that a submission is judged alike by what is quick and by what is plain; `printed`
    has every text typeset."""
    quick = CATALOGUE.check_data(data, on=on, form=form.id)
    hold = Bounds.hold
    with monkeypatch.context() as patch:
        patch.setattr(Checker, "surely", lambda self, data, on: None)
        patch.setattr(Bounds, "hold", lambda self, data, spoken, text: (
            not printed and hold(self, data, spoken, None)))  # fmt: skip
        plain = CATALOGUE.check_data(data, on=on, form=form.id)
    assert quick.report == plain.report
    assert quick.report.to_dict() == plain.report.to_dict()
    assert typed(quick.data) == typed(plain.data)


@pytest.mark.parametrize("form", FORMS, ids=NAMES)
def test_what_surely_meets_a_schema_meets_it(form):
    judge = checker(form)
    chance = random.Random(2)
    for path in sorted((form.samples / "valid").glob("*.json"))[:3]:
        data = submissions.parse(path.read_bytes()).data
        assert judge.surely(data, SAMPLES_ON), path
        for field in form.fields.values():
            place = field.pointer.replace("*", "0")
            for value in chance.sample(spoils(field), 16):
                spoilt = changed(data, place, value)
                if judge.surely(spoilt, SAMPLES_ON):
                    assert judge.structure.is_valid(spoilt), (place, value)
        for place in [*map(str, form.fields), "/x", "/person/x"]:
            lacking = without(data, place)
            if judge.surely(lacking, SAMPLES_ON):
                assert judge.structure.is_valid(lacking), place


def without(data: object, pointer: str) -> object:
    """A copy of a submission that lacks a place, or has it where there was none."""
    made = copy.deepcopy(data)
    around, _, name = pointer.replace("*", "0").rpartition("/")
    parent = pointers.get(made, around)
    if isinstance(parent, dict):
        parent.pop(name) if name in parent else parent.update({name: "一"})
    return made


@pytest.mark.parametrize("form", FORMS, ids=NAMES)
def test_a_report_is_the_same_whichever_way_it_comes_about(form, monkeypatch):
    chance = random.Random(3)
    samples = [path for path in SAMPLES if form.samples in path.parents]
    for path in chance.sample(samples, min(12, len(samples))):
        data = submissions.parse(path.read_bytes()).data
        alike(form, data, SAMPLES_ON, monkeypatch, printed=path.parent.name == "valid")
        places = [field.pointer.replace("*", "0") for field in form.fields.values()]
        for place in chance.sample(places, min(12, len(places))):
            alike(form, without(data, place), SAMPLES_ON, monkeypatch)
        for _ in range(12):
            spoilt = data
            for field in chance.sample([*form.fields.values()], chance.choice([1, 1, 2, 4])):
                place = field.pointer.replace("*", "0")
                spoilt = changed(spoilt, place, chance.choice(near(field, data, chance)))
            alike(form, spoilt, chance.choice(DAYS), monkeypatch)


def near(field, data: object, chance: random.Random) -> list[object]:
    """Values that a field may well have, so that the rules have to say."""
    found = pointers.get(data, field.pointer.replace("*", "0"))
    other = "一" if found is pointers.MISSING else found
    match field.kind:
        case "date":
            day = date.fromisoformat("2024-02-29") + timedelta(days=chance.randrange(-900, 900))
            return [day.isoformat()]
        case "money":
            return [
                0,
                1,
                50_000,
                Decimal("0.01"),
                Decimal("49999.99"),
                10**9,
                Decimal("33333.33"),
                -1,
            ]
        case "integer":
            return [1, 2, 3, 2019, 2024, 2026, 12]
        case "boolean":
            return [True, False]
        case "id-number":
            return [
                "11010519491231002X",
                "11010519491231002x",
                " 11010519491231002X",
                "１1010519491231002X",
            ]
        case "array":
            rows = other if isinstance(other, list) else []
            return [rows[:1], rows[1:], rows * 2, rows[::-1]]
    if field.choices:
        return [*field.choices]
    return [
        other,
        "香港",
        "美国",
        f" {other}",
        "一" * 1501,
        "字 word " * 400,
        "管理费",
        "—" * 30,
        "Ａ",
        "䶮",
    ]


PATTERNS = st.lists(
    st.sampled_from([*"ab0一 -", "[ab]", "[^ab]", "[a-c0-9]", "[ -]", "[^\\n\\t]", "(a|b)", "(ab)", "|"])
    .flatmap(lambda one: st.sampled_from(["", "", "*", "+", "?", "{2}", "{1,3}"]).map(lambda more: one + (more if one != "|" else ""))),
    max_size=5,
).flatmap(lambda parts: st.sampled_from(["{}", "^{}", "{}$", "^{}$"]).map(lambda around: around.format("".join(parts))))  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(
    pattern=PATTERNS,
    texts=st.lists(st.text("ab0一 -\n\r\u2028", max_size=5), min_size=5, max_size=10),
)
def test_a_pattern_means_the_same_in_both_languages(pattern, texts):
    schema = {"type": "object", "additionalProperties": False, "required": ["t"],
              "properties": {"t": {"type": "string", "pattern": pattern}}}  # fmt: skip
    found = surely(schema, {"$id": "urn:x"})
    assert found is not None
    validator = jsonschema_rs.validator_for(schema)
    for text in texts:
        if found({"t": text}, SAMPLES_ON):
            assert validator.is_valid({"t": text})


@pytest.mark.parametrize(
    "odd",
    [
        {"type": "string", "pattern": "\\d"}, {"type": "string", "pattern": "a.b"},
        {"type": "string", "pattern": "a++"}, {"type": "string", "pattern": "(?i)a"},
        {"type": "string", "pattern": "[[a]]"}, {"type": "string", "pattern": "[a--b]"}, {"type": "string", "pattern": "a$b"},
        {"type": "string", "format": "email"}, {"type": "string", "not": {"pattern": "[a]"}},
        {"type": "string", "not": {"const": "a"}}, {"type": ["string", "null"]}, {"enum": ["a", 1]},
        {"type": "number", "multipleOf": 3}, {"type": "number", "minimum": 0.5}, {"type": "integer", "multipleOf": 2},
        {"type": "string", "contentEncoding": "base64"}, {"$ref": "#/$defs/a"}, {"$ref": "urn:y#/$defs/a"}, True,
        {"type": "array", "items": {"type": "object", "additionalProperties": False}, "uniqueItems": True},
        {"type": "array", "prefixItems": []}, {"type": "object"}, {"type": "object", "patternProperties": {}},
        {"anyOf": [{"type": "string"}]}, {"type": "string", "const": 1},
    ],
    ids=str,
)  # fmt: skip
def test_a_schema_that_is_not_wholly_known_has_nothing_quick(odd):
    schema = {"type": "object", "additionalProperties": False, "properties": {"t": odd}}
    assert surely(schema, {"$id": "urn:x", "$defs": {}}) is None


def test_what_an_author_writes_never_comes_into_the_source():
    name = "'];import os;x['\n"
    schema = {"type": "object", "additionalProperties": False, "required": [name],
              "properties": {name: {"const": name}}}  # fmt: skip
    found = surely(schema, {"$id": "urn:x"})
    assert found({name: name}, SAMPLES_ON)
    assert not found({name: "x"}, SAMPLES_ON)


# Answers


def test_a_lean_route_answers_as_the_long_way_round(client):
    for path in [path for path in SAMPLES if "jiangxi-training-summary" in str(path)]:
        where = "/api/v1/forms/jiangxi-training-summary/check"
        raw = path.read_bytes()
        lean, long = client.post(where, data=raw), client.post(f"{where}?on={today()}", data=raw)
        assert lean.status_code == long.status_code
        assert lean.data == long.data
        assert lean.headers == long.headers


@settings(max_examples=100, deadline=None)
@given(data=JSON)
def test_a_line_is_read_as_the_standard_library_writes_it(data):
    plain = json.loads(submissions.encoded(data))
    assert jsonl.read(jsonl.line(plain)) == plain
    assert json.loads(jsonl.line(plain)) == plain


def test_half_a_character_never_stops_a_line():
    assert json.loads(jsonl.line({"a": "一\ud800"})) == {"a": "一?"}
    with pytest.raises(ValueError, match="truncated"):
        jsonl.read(b"{")
