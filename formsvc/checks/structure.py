"""JSON Schema → findings, with jsonschema-rs."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from itertools import islice
from typing import Any

import jsonschema_rs

from formsvc import pointers
from formsvc.checks import formats, shapes
from formsvc.findings import Finding, Severity
from formsvc.forms import Field, Form
from formsvc.writing import texts
from formsvc.writing.masking import masked
from formsvc.writing.notation import yuan

_TYPES = {
    "string": "文字",
    "number": "数字",
    "integer": "整数",
    "boolean": "“是”或“否”（true 或 false）",
    "array": "列表",
    "object": "一组项目",
}
# Where several constraints fail at one place, the first of these tells most.
_PRECEDENCE = (
    "type", "required", "dependentRequired", "const", "enum", "minLength", "maxLength", "pattern",
    "format", "minimum", "maximum", "multipleOf", "minItems", "maxItems", "uniqueItems",
)  # fmt: skip
# jsonschema-rs checks dates itself, without a call into Python.
_OWN_FORMATS = ("id-number", "credit-code")
MOST = 500
_SHOWN = 40


class Structure:
    """A form's schema, compiled once."""

    def __init__(self, form: Form) -> None:
        self.form = form
        registry = jsonschema_rs.Registry([(str(form.common["$id"]), dict(form.common))])
        self._validator = jsonschema_rs.validator_for(
            dict(form.schema),
            formats={name: _holds(formats.FORMATS[name]) for name in _OWN_FORMATS},
            validate_formats=True,
            registry=registry,
            offline=True,
        )

    def is_valid(self, data: object) -> bool:
        """Whether the schema is met; False too for what is no JSON value at all."""
        try:
            return self._validator.is_valid(data)
        except (ValueError, TypeError, OverflowError):
            return False

    def findings(self, data: object) -> list[Finding]:
        """One finding a place, in no particular order; at most MOST errors are looked at."""
        try:
            errors = list(islice(self._validator.iter_errors(data), MOST))
        except (ValueError, TypeError, OverflowError):
            return [
                Finding(
                    "input.type", Severity.ERROR, "", self.form.title, "不是 JSON 能表示的数据。"
                )
            ]
        best: dict[str, tuple[int, Finding]] = {}
        for error in errors:
            for keyword, pointer, message in self._explain(error):
                rank = _PRECEDENCE.index(keyword) if keyword in _PRECEDENCE else -1
                if pointer not in best or rank < best[pointer][0]:
                    label = self.form.label(pointer)
                    finding = Finding(
                        f"schema.{keyword}", Severity.ERROR, pointer, label, f"{label}{message}。"
                    )
                    best[pointer] = (rank, finding)
        return [finding for _, finding in best.values()]

    def _explain(self, error: jsonschema_rs.ValidationError) -> Iterator[tuple[str, str, str]]:
        """(keyword, pointer, message after the label) for one error."""
        keyword = str(error.kind.name)
        details: Mapping[str, Any] = error.kind.as_dict()
        pointer = pointers.format(error.instance_path)
        field = self.form.field(pointer)
        if keyword == "required":
            name = str(details["property"])
            place = pointer + pointers.format([name])
            reason = "没有填写，请补填"
            if error.schema_path[-1] == "dependentRequired":
                keyword, reason = "dependentRequired", self._dependence(pointer, name)
            yield keyword, place, reason
        elif keyword == "additionalProperties":
            for name in details["unexpected"][:MOST]:
                yield keyword, pointer + pointers.format([name]), "不是本表的项目，请删去或改正名称"
        else:
            yield keyword, pointer, self._complaint(keyword, details, error.instance, field)

    def _dependence(self, pointer: str, name: str) -> str:
        parent = self.form.field(pointer)
        demands = (parent.schema if parent else self.form.schema)["dependentRequired"]
        givers = [given for given, wanted in demands.items() if name in wanted]
        labels = "、".join(self.form.label(pointer + pointers.format([given])) for given in givers)
        return f"没有填写，请补填（填了{labels}就要填写）"

    def _complaint(
        self, keyword: str, details: Mapping[str, Any], value: object, field: Field | None
    ) -> str:
        limit = details.get("limit")
        money = field is not None and field.kind == "money"
        match keyword:
            case "type":
                wanted = field.schema.get("type", "object") if field else "object"
                return _mistyped(str(wanted), value, spare=field is not None and not field.required)
            case "const":
                return f"填的是“{_shown(value)}”，应为“{details['expected_value']}”"
            case "enum":
                options = "、".join(str(option) for option in details["options"])
                return f"填的是“{_shown(value)}”，应为其中之一：{options}"
            case "minLength":
                return "不能为空，请补填"
            case "pattern" if field and isinstance(value, str):
                said = shapes.complaint(field, value, _shown(value))
                return said or _with_hint("填写不符合要求", field)
            case "maxLength":
                length = len(value) if isinstance(value, str) else 0
                return f"有 {length:,} 个字符，最多 {limit:,} 个，请删减"
            case "format":
                explain = formats.FORMATS.get(str(details["format"]))
                return (explain and explain(str(value))) or "格式不对"
            case "minimum" | "maximum" if limit is not None:
                side = "小于" if keyword == "minimum" else "大于"
                found, bound = (_amount(each, money=money) for each in (value, limit))
                return f"填的是 {found}，不能{side} {bound}"
            case "multipleOf" if money:
                return "最多写到分，即两位小数"
            case "minItems":
                return f"至少要有 {limit} 项"
            case "maxItems":
                return f"最多 {limit} 项，现在有 {len(value) if isinstance(value, list) else 0} 项"
            case "uniqueItems":
                items = value if isinstance(value, list) else []
                twice = dict.fromkeys(_shown(item) for item in items if items.count(item) > 1)
                return f"有重复的项目（{'、'.join(twice)}），请各列一次"
            case _:
                return _with_hint("填写不符合要求", field)


def _holds(explain: Any) -> Any:
    return lambda text: explain(text) is None


def _mistyped(wanted: str, value: object, *, spare: bool) -> str:
    found = mend = ""
    if isinstance(value, str):
        found = f"填的是文字“{_shown(value)}”，"
        mend = "，请去掉引号" if wanted in ("number", "integer") and _is_number(value) else ""
    elif isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        found = "填的是数字，"
        mend = "，请加上引号" if wanted == "string" else ""
    elif value is None and spare:
        mend = "；没有就删去这一项"
    return f"{found}应为{_TYPES.get(wanted, wanted)}{mend}"


def _is_number(text: str) -> bool:
    return text.isascii() and text.replace(".", "", 1).isdigit()


def _amount(value: object, *, money: bool) -> str:
    return yuan(value) if money and isinstance(value, int | float | Decimal) else _shown(value)


def _with_hint(problem: str, field: Field | None) -> str:
    return f"{problem}（{field.hint}）" if field and field.hint else problem


def _shown(value: object) -> str:
    text = masked(texts.clean(str(value)))
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"
