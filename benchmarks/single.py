"""One submission: checking from bytes to report, and filling Word."""

import io
import json
from collections.abc import Callable
from decimal import Decimal

import jsonschema
import jsonschema_rs
import orjson
from docxtpl import DocxTemplate

from benchmarks.names import names
from benchmarks.timing import pair, show
from formsvc import Catalogue, Form, fill, load_forms
from formsvc.catalogue import SAMPLES_ON
from formsvc.checks import checker, formats
from formsvc.documents.printing import printed
from formsvc.forms.complaints import registry


def main() -> None:
    catalogue = load_forms()
    for form in catalogue.values():
        samples = sorted((form.samples / "valid").glob("*.json"))
        contents = [path.read_bytes() for path in samples]
        contents = [raw for raw in contents if raw.startswith(b"{")]
        size = sum(map(len, contents)) // len(contents)
        print(f"\n{form.id}: {len(contents)} samples of {size:,} bytes on average")
        _check(catalogue, form, contents)
        _fill(catalogue, form, contents[0])


def _check(catalogue: Catalogue, form: Form, contents: list[bytes]) -> None:
    def ours() -> None:
        for raw in contents:
            catalogue.check(raw, on=SAMPLES_ON, form=form.id)

    plain, bare = _plain(form), _bare(form)

    def with_jsonschema() -> None:
        for raw in contents:
            plain(raw)

    def without_rules() -> None:
        for raw in contents:
            bare(raw)

    show("check", "json + jsonschema + the same rules", pair(ours, with_jsonschema), 30)
    measured = pair(ours, without_rules, theirs_calls=50)
    show("check", "orjson + jsonschema-rs, no rules, no messages", measured)


def _plain(form: Form) -> Callable[[bytes], object]:
    """What one writes without formsvc: stdlib json, jsonschema with a checker, our rules."""
    checks = jsonschema.FormatChecker(formats=())
    for name, explain in formats.FORMATS.items():
        checks.checks(name)(lambda text, f=explain: not isinstance(text, str) or f(text) is None)
    schema = json.loads(json.dumps(form.schema), parse_float=Decimal)
    common = json.loads(json.dumps(form.common), parse_float=Decimal)
    validator = jsonschema.Draft202012Validator(
        schema, registry=registry(common), format_checker=checks
    )
    rules = checker(form).rules(SAMPLES_ON)

    def check(raw: bytes) -> object:
        data = json.loads(raw, parse_float=Decimal)
        errors = list(validator.iter_errors(data))
        return errors, [rule.judge(form, data, SAMPLES_ON) for rule in rules]

    return check


def _bare(form: Form) -> Callable[[bytes], object]:
    """The fastest parts with nothing around them: a lower bound, which says yes or no."""
    registry = jsonschema_rs.Registry([(str(form.common["$id"]), dict(form.common))])
    validator = jsonschema_rs.validator_for(dict(form.schema), registry=registry, offline=True)
    return lambda raw: validator.is_valid(orjson.loads(raw))


def _fill(catalogue: Catalogue, form: Form, raw: bytes) -> None:
    data = catalogue.check(raw, on=SAMPLES_ON, form=form.id).data

    def by_docxtpl() -> bytes:
        template = DocxTemplate(form.docx)
        template.render(names(form, printed(form, data)), autoescape=True)
        output = io.BytesIO()
        template.save(output)
        return output.getvalue()

    measured = pair(lambda: fill(form, data, "docx"), by_docxtpl, theirs_calls=1)
    show("fill Word", "docxtpl as its manual calls it", measured, 80)
