"""jsonschema-rs does the work; plain jsonschema says whether it is right."""

import json
import math
import re
from decimal import Decimal

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from formsvc import pointers, submissions
from formsvc.checks import checker, formats
from formsvc.forms.complaints import registry
from formsvc.pointers import set_

from .conftest import first_sample, sample_folder

FORMS = ["jiangxi-training-summary", "jiangxi-project-funding"]


def oracle(form) -> jsonschema.Draft202012Validator:
    """jsonschema with our formats, ECMA's `$`, exact decimals and JSON's integers."""

    def pattern(validator, expression, instance, schema):
        if isinstance(instance, str) and not re.search(
            re.sub(r"(?<!\\)\$$", r"\\Z", expression), instance
        ):
            yield jsonschema.ValidationError("pattern")

    def multiple_of(validator, factor, instance, schema):
        if isinstance(instance, int | float | Decimal) and not isinstance(instance, bool):
            exact = Decimal(repr(instance)) if isinstance(instance, float) else Decimal(instance)
            if exact % Decimal(str(factor)):
                yield jsonschema.ValidationError("multipleOf")

    checker_ = jsonschema.FormatChecker(formats=())
    for name, explain in formats.FORMATS.items():
        checker_.checks(name)(lambda value, f=explain: not isinstance(value, str) or not f(value))
    numbers = jsonschema.Draft202012Validator.TYPE_CHECKER.redefine(
        "number",
        lambda _, value: (
            isinstance(value, int | float | Decimal)
            and not isinstance(value, bool)
            and math.isfinite(value)
        ),
    ).redefine(
        "integer",
        lambda _, value: (
            isinstance(value, int | float | Decimal)
            and not isinstance(value, bool)
            and math.isfinite(value)
            and value == int(value)
        ),
    )
    build = jsonschema.validators.extend(
        jsonschema.Draft202012Validator,
        {"pattern": pattern, "multipleOf": multiple_of},
        type_checker=numbers,
    )
    return build(form.schema, registry=registry(form.common), format_checker=checker_)


def places(error) -> set[tuple[str, str]]:
    """(pointer, keyword) of one jsonschema error, as our findings name them."""
    here = pointers.format(error.absolute_path)
    if error.validator == "required":
        missing = [n for n in error.validator_value if n not in error.instance]
        return {(here + pointers.format([name]), "required") for name in missing}
    if error.validator == "additionalProperties":
        known = error.schema.get("properties", {})
        unknown = [name for name in error.instance if name not in known]
        return {(here + pointers.format([name]), "additionalProperties") for name in unknown}
    return {(here, error.validator)}


@pytest.mark.parametrize("form_id", FORMS)
def test_both_validators_agree_on_every_sample(catalogue, form_id):
    form = catalogue[form_id]
    validator = oracle(form)
    for path in sorted(sample_folder(form_id).rglob("*.json")):
        data = submissions.parse(path.read_bytes()).data
        if path.name.endswith(".findings.json") or data is None:
            continue
        expected = {place for error in validator.iter_errors(data) for place in places(error)}
        found = checker(form).structure.findings(data)
        assert checker(form).structure.is_valid(data) is not bool(expected), path.name
        assert {f.pointer for f in found if f.rule != "schema.dependentRequired"} == {
            pointer for pointer, keyword in expected if keyword != "dependentRequired"
        }, path.name


JUNK = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**12), 10**12)
    | st.decimals(allow_nan=False, allow_infinity=False, places=3, min_value=-1e6, max_value=1e12)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
    | st.sampled_from(
        ["2024-02-30", "2024-02-29", "1899-12-31", "2024-9-1", "１２３４５６", "330031\n"]
    ),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=5,
)


@pytest.mark.parametrize("form_id", FORMS)
@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(draw=st.data())
def test_both_validators_agree_on_spoilt_submissions(catalogue, form_id, draw):
    form = catalogue[form_id]
    data = first_sample(form_id)
    leaves = [p for p, field in form.fields.items() if "*" not in p]
    for pointer in draw.draw(st.lists(st.sampled_from(leaves), min_size=1, max_size=3)):
        try:
            set_(data, pointer, draw.draw(JUNK))
        except ValueError:
            continue
    data = submissions.parse(json.dumps(data, default=float, ensure_ascii=False).encode()).data
    expected = {place for error in oracle(form).iter_errors(data) for place in places(error)}
    assert checker(form).structure.is_valid(data) is not bool(expected)
    found = checker(form).structure.findings(data)
    assert {f.pointer for f in found} >= {p for p, k in expected if k != "dependentRequired"}
