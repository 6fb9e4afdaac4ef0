"""No pattern in the code, in a schema or in a form takes more than linear time."""

import ast
import itertools
import json
import re
import time
from functools import partial
from pathlib import Path

import jsonschema_rs
import pytest

from formsvc.intake import lists

ROOT = Path(__file__).parent.parent
SHORT, LONG = 2_000, 16_000
# Linear is 8 times as long for 8 times the text; the square would be 64 times.
GROWTH, FREE = 24, 0.05


_ALL = ("search", "match", "fullmatch", "sub")


def compiled():
    """Every pattern that a module compiles when it is loaded, and those written where they work."""
    import importlib
    import pkgutil

    import formsvc

    for module in pkgutil.walk_packages(formsvc.__path__, "formsvc."):
        if module.name.endswith("__main__"):
            continue
        loaded = importlib.import_module(module.name)
        source = Path(loaded.__file__).read_text("utf-8")
        for name, value in vars(loaded).items():
            for each in value if isinstance(value, tuple | list) else (value,):
                for part in each if isinstance(each, tuple) else (each,):
                    if isinstance(part, re.Pattern):
                        yield f"{module.name}.{name}", part, _ALL
        for node in ast.walk(ast.parse(source)):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and isinstance(node.func.value, ast.Name)
                and node.func.value.id == "re"
                and node.func.attr != "compile"
                and node.args
                and isinstance(node.args[0], ast.Constant)
            ):
                works = (node.func.attr,)
                yield f"{module.name}:{node.lineno}", re.compile(node.args[0].value), works
    for patterns in (lists._UTF8, lists._GB18030):
        yield "lists", patterns.inside, ("match",)
        yield "lists", patterns.quoted, ("match",)


def in_schemas():
    def patterns(node):
        if isinstance(node, dict):
            if isinstance(node.get("pattern"), str):
                yield node["pattern"]
            yield from itertools.chain.from_iterable(map(patterns, node.values()))
        elif isinstance(node, list):
            yield from itertools.chain.from_iterable(map(patterns, node))

    for path in [*ROOT.glob("schemas/**/*.json"), *ROOT.glob("formsvc/**/*.schema.json")]:
        for pattern in patterns(json.loads(path.read_text("utf-8"))):
            yield f"{path.relative_to(ROOT)} {pattern}", pattern


def seeds(pattern: str) -> list[str]:
    """What may be pumped: signs that the pattern itself speaks of, alone and in pairs."""
    own = sorted({c for c in pattern if c.isprintable()})[:12]
    some = ["0", "1 ", "a", " ", "\n", "/", "-", "长", '"', "\\", "{", "[", "x,", "<w:p>", "<w:r>", "<w:r ", "<w:pPr>", "<w:rPr>", "{{ a", "1.", "0/0 ", "\u3000"]  # fmt: skip
    return [*some, *own, *(a + b for a, b in itertools.pairwise(own))]


def seconds(work, text) -> float:
    began = time.process_time()
    work(text)
    return time.process_time() - began


def assert_linear(work, pattern, encode=lambda text: text):
    for seed in seeds(pattern):
        for tail in ("\x00", ""):
            long = encode(seed * (LONG // len(seed)) + tail)
            if (taken := seconds(work, long)) < FREE:
                continue
            short = encode(seed * (SHORT // len(seed)) + tail)
            usual = min(seconds(work, short) for _ in range(3))
            taken = min(taken, seconds(work, long))
            assert taken < max(usual * GROWTH, FREE), (pattern, seed, usual, taken)


CODE = {f"{name} {pattern.pattern!r}"[:90]: (pattern, works) for name, pattern, works in compiled()}
SCHEMA = dict(in_schemas())


@pytest.mark.parametrize("name", CODE)
def test_a_pattern_of_the_code_is_linear(name):
    pattern, works = CODE[name]
    is_bytes = isinstance(pattern.pattern, bytes)
    text = pattern.pattern.decode("latin-1") if is_bytes else pattern.pattern
    for work in works:
        act = (
            partial(pattern.sub, b"" if is_bytes else "")
            if work == "sub"
            else getattr(pattern, work)
        )
        assert_linear(act, text, str.encode if is_bytes else lambda text: text)


@pytest.mark.parametrize("name", SCHEMA)
def test_a_pattern_of_a_schema_is_linear_in_both_validators(name):
    pattern = SCHEMA[name]
    validator = jsonschema_rs.validator_for({"pattern": pattern})
    assert_linear(validator.is_valid, pattern)
    try:
        plain = re.compile(pattern)
    except re.error:  # of another dialect: only the validator reads it
        return
    assert_linear(plain.search, pattern)
