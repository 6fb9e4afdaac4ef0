"""What rules demand and what is wrong where they are broken, as texts for people and authors."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any, Final

from formsvc.checks import checker
from formsvc.checks.kinds import Hint, Kind
from formsvc.checks.rules import KINDS
from formsvc.findings import Citation, Severity
from formsvc.forms import Field, Form
from formsvc.forms.loading import RULE
from formsvc.forms.schemas import described

# Findings that come from no form's rules: by id, or else by the part before the dot.
_BUILT_IN: Final = {
    "schema.required": "必填的栏目没有填写",
    "schema.dependentRequired": "填了一处，另一处没有填",
    "schema.enum": "填的不在可选之列",
    "schema.minLength": "栏目是空白",
    "schema.maxLength": "文字太长",
    "schema.pattern": "格式不对",
    "schema.format": "号码或日期不对",
    "schema.type": "类型不对，如数字写成了文字",
    "schema.additionalProperties": "有本表没有的项目",
    "schema.minimum": "数目太小",
    "schema.maximum": "数目太大",
    "schema.multipleOf": "小数的位数太多",
    "schema.minItems": "列的项数不够",
    "schema.maxItems": "列的项数太多",
    "schema.uniqueItems": "有重复的项",
    "schema.more": "问题太多，没有全部列出",
    "schema": "填写不符合栏目的要求",
    "text": "文字中有不可见的字符",
    "input.archive": "压缩包无法读取",
    "input.control": "文件中有控制字符",
    "input.depth": "文件的层次太深",
    "input.document": "表格文件无法读取",
    "input.duplicate-key": "文件中同一项写了两次",
    "input.encoding": "文件的编码不对",
    "input.erased": "内容已到期删除",
    "input.form": "没有写明是哪一种表",
    "input.kind": "文件的种类不对",
    "input.many": "太多，没有全部读取",
    "input.number": "文件中的数字无法读取",
    "input.number-cell": "表格里的号码存成了数字",
    "input.size": "文件太大",
    "input.surrogate": "文件中有残缺的字符",
    "input.syntax": "文件的写法不对",
    "input.table": "工作表无法读取",
    "input.type": "文件的内容不是申报数据",
    "input.written": "填写的意思不明确",
    "input": "文件无法读取",
    "computed": "填写的与计算的不一致",
    "print.glyph": "纸面上有字印不出",
    "print": "纸面上印不下",
    "paper.added": "纸面上多出了内容",
    "paper.code": "校验码与内容不符",
    "paper.differs": "纸面与数据不同",
    "paper.leftover": "纸面上留有表样的文字",
    "paper": "纸面上的内容没有读准",
}


@dataclass(frozen=True, slots=True)
class Demand:
    """A rule or comparison for people: `text` is a sentence without full stop."""

    id: str
    severity: Severity
    text: str
    citations: tuple[Citation, ...]
    fields: tuple[Field, ...]


def demands(form: Form, on: date) -> tuple[Demand, ...]:
    """All that a form's rules and comparisons ask for, with the policy values of a day."""
    rules = [
        Demand(
            rule.spec.id,
            rule.spec.severity,
            _asked(rule.kind)
            + rule.kind.said(rule.spec.demand or rule.kind.demand, lambda f: f"“{label(form, f)}”"),
            rule.spec.citations,
            tuple(operand.field for operand in rule.kind.operands),
        )
        for rule in checker(form).rules(on)
    ]
    compared = [
        Demand(each.id, each.severity, each.demand or _compared(form, fields),
               (each.citation,), fields)
        for each in form.comparisons
        for fields in [tuple(form.fields[name] for known in each.keys for name in known)]
    ]  # fmt: skip
    return (*rules, *compared)


def _asked(kind: Kind) -> str:
    """When a rule is judged, put before what it asks: “申请事项”为“终止”的，"""
    said = "且".join(each.said for each in kind.guard.conditions)
    return f"{said}的，" if said else ""


def _compared(form: Form, fields: Iterable[Field]) -> str:
    named = "、".join(f"“{label(form, field)}”" for field in fields)
    return f"同一{named}在一批申报中只出现一次（批量审核时检查）"


def rule_title(forms: Iterable[Form], rule: str, on: date) -> str:
    """What is wrong where a rule is broken, in a few words for lists and charts."""
    titles: dict[str, None] = {}
    for form in forms:
        for each in checker(form).rules(on):
            if each.spec.id == rule:
                text = each.spec.title or each.kind.title
                titles[each.kind.said(text, partial(label, form))] = None
        for comparison in (*form.comparisons, *form.programme.comparisons):
            if comparison.id == rule:
                titles[comparison.title] = None
    family = rule.partition(".")[0]
    return "；".join(titles) or _BUILT_IN.get(rule) or _BUILT_IN.get(family) or rule


def asked_by(form: Form | None, on: date) -> Callable[[str], str]:
    """rule → what it asks for in a form, for the list of what was not checked; where it is not of
    the form any more, what is wrong where it is broken."""
    known = (form,) if form else ()
    asked = {each.id: each.text for each in demands(form, on)} if form else {}
    return lambda rule: asked.get(rule) or rule_title(known, rule, on)


def rule_titles(forms: Iterable[Form], rules: Iterable[str], on: date) -> dict[str, str]:
    """The titles of rules for lists and charts; those that are alike say which form they are of."""
    forms = tuple(forms)
    titles = {rule: rule_title(forms, rule, on) for rule in rules}
    often = Counter(titles.values())
    return {
        rule: f"{title}（{declaring}）"
        if often[title] > 1 and (declaring := _declaring(forms, rule))
        else title
        for rule, title in titles.items()
    }


def _declaring(forms: Iterable[Form], rule: str) -> str:
    """The forms that have a rule, by their titles."""
    names = [
        form.title
        for form in forms
        if rule in [*(each.id for each in form.rules), *(each.id for each in form.comparisons)]
    ]
    return "、".join(dict.fromkeys(names))


def label(form: Form, field: Field) -> str:
    """A field's label; that of a column says which list it is in."""
    return f"{form.fields[field.list].label}：{field.label}" if field.list else field.label


def hints(form: Form, on: date) -> dict[str, Hint]:
    """What the rules say of a field alone, by pointer; several hints of one field are joined."""
    found: dict[str, Hint] = {}
    for rule in checker(form).rules(on):
        for hint in rule.kind.hints():
            before = found.get(hint.pointer, Hint(hint.pointer))
            text = _asked(rule.kind) + hint.text if hint.text else ""
            found[hint.pointer] = Hint(
                hint.pointer,
                "；".join(filter(None, (before.text, text))),
                min(filter(None, (before.words, hint.words)), default=0),
                before.decided_by or hint.decided_by,
            )
    return found


def leads(form: Form, on: date) -> dict[str, list[str]]:
    """By pointer, the fields outside of lists to ask for before it: they say what it should be, or
    whether it is asked for."""
    found: dict[str, list[str]] = {}
    for rule in checker(form).rules(on):
        for first, then in rule.kind.leads():
            if not (first.field.list or then.field.list):
                found.setdefault(then.pointer, []).append(first.pointer)
    return found


def hint(form: Form, field: Field, on: date) -> str:
    """What is allowed in a field, from its schema and the rules that limit it alone."""
    own = hints(form, on).get(field.pointer)
    said = [field.hint, own.text if own else ""]
    if field.type == "array":
        said += ["可填多项，用顿号隔开", "、".join(form.fields[f"{field.pointer}/*"].choices)]
    return "；".join(filter(None, said))


# For authors


def documented_kinds() -> str:
    """The table of kinds in docs/authoring.md."""
    rows = [
        "| kind | parameters | not met when | messages and their names |",
        "| --- | --- | --- | --- |",
    ]
    for name, kind in KINDS.items():
        takes = ", ".join(
            f"[`{each}`]" if kind.is_optional(each) else f"`{each}`" for each in kind.parameters()
        )
        says = "; ".join(
            f"[`{key}`]: {names}" if key in kind.unsaid else f"`{key}`: {names}"
            for key, names in kind.messages.items()
        )
        meaning = " ".join((kind.__doc__ or "").split())
        rows.append(f"| `{name}` | {takes} | {meaning} | {says} |")
    return "\n".join(rows)


def form_schema() -> dict[str, Any]:
    """The JSON Schema of form.toml with the parameters of every kind, for editors."""
    schema: dict[str, Any] = _inlined(described("form"), described("programme")["$defs"])
    rule = schema["properties"]["rule"]["items"]
    rule["properties"]["kind"] = {"enum": list(KINDS)}
    rule["allOf"] = [
        {
            "if": {"properties": {"kind": {"const": name}}, "required": ["kind"]},
            "then": {
                "required": [
                    *(each for each in kind.parameters() if not kind.is_optional(each)),
                    "message",
                ],
                "propertyNames": {"enum": [*sorted(RULE), *kind.parameters(), *kind.messages]},
                "properties": {
                    key: {"anyOf": [parameter.schema, {"$ref": "#/$defs/policy"}]}
                    for key, parameter in kind.parameters().items()
                },
            },
        }
        for name, kind in KINDS.items()
    ]
    return schema


def _inlined(node: Any, shared: dict[str, Any]) -> Any:
    """A schema that needs no other file: what programme.toml's describes stands in it."""
    if isinstance(node, list):
        return [_inlined(each, shared) for each in node]
    if not isinstance(node, dict):
        return node
    made = {key: _inlined(value, shared) for key, value in node.items()}
    if "$defs" in made:
        made["$defs"] = {**made["$defs"], **shared}
    reference = made.get("$ref", "")
    if reference.startswith("urn:formsvc:programme.toml#"):
        made["$ref"] = reference.partition("toml")[2]
    return made
