"""What is quick says the same as what is plain: of every sample, of spoilt ones, and of junk."""

import random
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from formsvc import submissions

from .conftest import ROOT

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
        patch.setattr(submissions, "_quickly", lambda raw: None)
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
    assert sum(submissions._quickly(raw) is not None for raw in raws) > len(raws) * 0.95


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
