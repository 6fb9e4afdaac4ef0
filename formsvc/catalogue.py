"""All forms of a service, loaded and verified before anything is served."""

import json
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any, Final

from formsvc import checks, submissions
from formsvc.checks.steps import next_steps
from formsvc.documents import authoring, docx
from formsvc.errors import FormError
from formsvc.findings import Finding, Report, Severity
from formsvc.forms import form as forms
from formsvc.forms.form import Form

# The day that samples are checked as of, so that their findings never change.
SAMPLES_ON: Final = date(2026, 3, 1)


class Catalogue(Mapping[str, Form]):
    """Forms by id, in order of their ids."""

    def __init__(self, forms_: list[Form]) -> None:
        self._forms = {form.id: form for form in forms_}

    def __getitem__(self, name: str) -> Form:
        return self._forms[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._forms)

    def __len__(self) -> int:
        return len(self._forms)

    def of(self, data: object) -> Form | None:
        """The form that a submission says it is of."""
        name = data.get("form") if isinstance(data, dict) else None
        return self._forms.get(name) if isinstance(name, str) else None

    def check(self, raw: bytes, *, on: date, form: Form | None = None) -> tuple[object, Report]:
        """Bytes → (submission, report), the one way of every shell.

        The submission is None when the bytes cannot be read. Without `form`, the submission's
        own "form" decides.
        """
        parsed = submissions.parse(raw)
        if parsed.data is None and parsed.findings:
            head = (form.id, form.edition) if form else ("", "")
            return None, Report(*head, parsed.findings)
        report = self.check_data(parsed.data, on=on, form=form)
        return parsed.data, report.preceded_by(parsed.findings)

    def check_data(self, data: object, *, on: date, form: Form | None = None) -> Report:
        """Check data that was read already; see `check`."""
        form = form or self.of(data)
        if form is None:
            names = "、".join(f"{form.id}（{form.title}）" for form in self.values())
            message = f"没有写明是哪一种表，请在“form”中填写其中之一：{names}。"
            return Report(
                "", "", (Finding("input.form", Severity.ERROR, "/form", "表单", message),)
            )
        return checks.check(form, data, on=on)


def load_forms(schemas: Path | None = None, templates: Path | None = None) -> Catalogue:
    """Load every form under `schemas`, strictly: FormError names the file and place of a fault.

    Without arguments, the forms that come with formsvc.
    """
    loaded = read_forms(schemas, templates)
    for form in loaded:
        checks.checker(form)
        docx.prepared(form)
        authoring.verify(form, form.pdf_names)
        next_steps(form, {})
    return Catalogue(loaded)


def read_forms(schemas: Path | None = None, templates: Path | None = None) -> list[Form]:
    """The same without their templates, for those who are about to make them."""
    schemas = schemas or data_folder("schemas")
    templates = templates or data_folder("templates")
    common = forms.load_common(schemas)
    folders = sorted(path.parent for path in schemas.glob("*/form.toml"))
    if not folders:
        raise FormError(f"{schemas}: holds no form")
    return [forms.load(folder, common, templates / folder.name) for folder in folders]


def data_folder(name: str) -> Path:
    """`schemas` or `templates`: inside the installed package, else beside it in a checkout."""
    package = Path(__file__).parent
    inside = package / name
    return inside if inside.is_dir() else package.parent / name


def verify_samples(form: Form, samples: Path) -> None:
    """Every sample gives the findings beside it, and every rule has a sample that breaks it,
    but for those that only a batch can break.

    FormError names the first sample or rule for which that is not so.
    """
    broken: set[str] = set()
    valid = sorted((samples / form.id / "valid").glob("*.json"))
    if not valid:
        raise FormError(f"{samples / form.id / 'valid'}: holds no sample")
    for path in valid:
        report = sample_report(form, path)
        if report.findings:
            first = report.findings[0]
            raise FormError(f"{path}: breaks {first.rule}: {first.message}")
    for path in sorted((samples / form.id / "invalid").glob("*.json")):
        if path.name.endswith(".findings.json"):
            continue
        expected = _expected(path)
        found = summary(sample_report(form, path))
        if found != expected:
            raise FormError(f"{path}: gives {found}, but the file beside it says {expected}")
        broken.update(str(finding["rule"]) for finding in found["findings"])
    for rule in form.rules:
        if rule.id not in broken and rule.kind != "unique_across":
            raise FormError(f"{samples / form.id}: no sample breaks rule {rule.id!r}")


def sample_report(form: Form, path: Path) -> Report:
    """The report on one sample file, as of SAMPLES_ON."""
    return Catalogue([form]).check(path.read_bytes(), on=SAMPLES_ON, form=form)[1]


def summary(report: Report) -> dict[str, list[Any]]:
    """What a `.findings.json` file holds: the contract of a report, without its messages."""
    return {
        "findings": [
            {
                "rule": finding.rule,
                "severity": finding.severity.value,
                "pointer": finding.pointer,
            }
            for finding in report.findings
        ],
        "skipped": [skipped.rule for skipped in report.skipped],
    }


def _expected(path: Path) -> dict[str, list[Any]]:
    beside = path.with_suffix(".findings.json")
    try:
        value = json.loads(beside.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise FormError(f"{beside}: {error}") from error
    if not isinstance(value, dict):
        raise FormError(f"{beside}: must hold one JSON object")
    return value
