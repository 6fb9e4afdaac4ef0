"""What a rule demands, as a sentence for people, from its kind and parameters."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from formsvc.forms.form import Form, RuleSpec
from formsvc.writing.notation import yuan

Named = Callable[[str], str]
"""pointer → 「label」"""


def demand(form: Form, rule: RuleSpec) -> str:
    """A Chinese sentence without full stop."""

    def named(pointer: str) -> str:
        return f"“{label(form, pointer)}”"

    explain = _DEMANDS.get(rule.kind)
    return explain(named, rule.parameters) if explain else rule.citations[0].summary


def rule_title(catalogue: Mapping[str, Form], rule: str) -> str:
    """What is wrong where a rule is broken, in a few words for lists and charts."""
    titles = []
    for form in catalogue.values():
        for spec in form.rules:
            if spec.id == rule and (title := _title(form, spec)) not in titles:
                titles.append(title)
    family = rule.partition(".")[0]
    return "；".join(titles) or _BUILT_IN.get(rule) or _BUILT_IN.get(family) or rule


def _title(form: Form, rule: RuleSpec) -> str:
    def named(pointer: str) -> str:
        return label(form, pointer)

    title = _TITLES.get(rule.kind)
    return title(named, rule.parameters) if title else rule.citations[0].summary


def label(form: Form, pointer: str) -> str:
    """A field's label; that of a column says which list it is in."""
    outer, row, _ = pointer.partition("/*/")
    own = form.fields[pointer].label
    return f"{form.fields[outer].label}：{own}" if row else own


def places(form: Form, rule: RuleSpec) -> tuple[str, ...]:
    """The pointers that a rule reads, in the order of its parameters."""
    found: list[str] = []

    def collect(value: object) -> None:
        if isinstance(value, str) and value in form.fields:
            found.append(value)
        elif isinstance(value, list | tuple):
            for each in value:
                collect(each)
        elif isinstance(value, dict):
            collect(list(value.values()))

    collect(list(rule.parameters.values()))
    return tuple(dict.fromkeys(found))


def _list(named: Named, pointers: list[str], joint: str = "、") -> str:
    return joint.join(map(named, pointers))


def _between_by(n: Named, p: Mapping[str, Any]) -> str:
    cases = "；".join(
        f"{name} {yuan(low)}" if low == high else f"{name} {yuan(low)}至{yuan(high)}"
        for name, (low, high) in p["ranges"].items()
    )
    return f"{n(p['field'])}按{n(p['by'])}核定：{cases}"


def _one_of_by(n: Named, p: Mapping[str, Any]) -> str:
    groups: dict[str, list[str]] = {}
    for value, choice in p["wanted"].items():
        groups.setdefault(choice, []).append(value)
    cases = "；".join(
        f"{'、'.join(values)}填写{n(p['choices'][choice])}" for choice, values in groups.items()
    )
    return f"{cases}；其他至少填写其中一项"


# Findings that come from no form's rules: by id, or else by the part before the dot.
_BUILT_IN: Final[Mapping[str, str]] = {
    "schema.required": "必填的栏目没有填写",
    "schema.dependentRequired": "填了一处，另一处没有填",
    "schema.enum": "填的不在可选之列",
    "schema.minLength": "栏目是空白",
    "schema.maxLength": "文字太长",
    "schema.pattern": "格式不对",
    "schema.format": "号码或日期不对",
    "schema.type": "类型不对，如数字写成了文字",
    "schema.additionalProperties": "有本表没有的项目",
    "schema": "填写不符合栏目的要求",
    "text": "文字中有不可见的字符",
    "input": "文件无法读取",
    "print": "纸面上印不下或印不出",
    "same-person": "同一人报送了多种表",
    "same-account": "同一账号用于其他单位的人",
}

_DEMANDS: Final[Mapping[str, Callable[[Named, Mapping[str, Any]], str]]] = {
    "word_limit": lambda n, p: f"{n(p['field'])}不超过 {p['limit']} 字（按 Word 的字数计）",
    "at_most": lambda n, p: f"{n(p['field'])}不超过 {yuan(p['limit'])}",
    "between_by": _between_by,
    "sum_equals": lambda n, p: f"{_list(n, p['parts'])}各项相加等于{n(p['total'])}",
    "sum_covers": lambda n, p: f"{_list(n, p['parts'])}合计不少于{n(p['total'])}",
    "surplus_at_most": lambda n, p: (
        f"{_list(n, p['parts'])}合计减去{n(p['spent'])}的结余，"
        f"不超过{n(p['base'])}的 {p['percent']}%"
    ),
    "dates_ordered": lambda n, p: f"{n(p['start'])}早于{n(p['end'])}",
    "at_least_months": lambda n, p: (
        f"从{n(p['start'])}到{n(p['end'])}至少 {p['months']} 个月（首尾两天都算）"
    ),
    "within_months_after": lambda n, p: (
        f"{n(p['day'])}（未填按检查当天）不晚于{n(p['anchor'])}后 {p['months']} 个月"
    ),
    "within_years": lambda n, p: (
        f"{n(p['start'])}至{n(p['end'])}在{n(p['year'])}起 {p['years']} 年之内；"
        f"{n(p['longer_if'])}的再加 {p['longer_years']} 年"
    ),
    "not_starting_with": lambda n, p: f"{n(p['field'])}不在境内；港澳台算境外",
    "refused_if": lambda n, p: f"{n(p['field'])}为“{'是' if p['equals'] else '否'}”的不能申请",
    "contains_all": lambda n, p: f"{n(p['field'])}齐全：{'、'.join(p['values'])}",
    "items_among": lambda n, p: f"{n(p['field'])}限于{'、'.join(p['values'])}，各列一次",
    "none_contains": lambda n, p: f"{n(p['field'])}中不得有{'、'.join(p['words'])}",
    "one_of_by": _one_of_by,
    "unique_across": lambda n, p: (
        f"同一{_list(n, p['keys'])}在一批申报中只出现一次（批量审核时检查）"
    ),
    "id_agrees": lambda n, p: f"{n(p['birth_date'])}、{n(p['gender'])}与{n(p['id_number'])}一致",
    "id_age": lambda n, p: (
        f"按{n(p['id_number'])}计算的年龄在 {p['youngest']} 至 {p['oldest']} 岁之间"
    ),
    "id_region": lambda n, p: f"{n(p['id_number'])}开头两位是省级行政区代码",
}

_TITLES: Final[Mapping[str, Callable[[Named, Mapping[str, Any]], str]]] = {
    "word_limit": lambda n, p: f"{n(p['field'])}超过 {p['limit']} 字",
    "at_most": lambda n, p: f"{n(p['field'])}超过 {yuan(p['limit'])}",
    "between_by": lambda n, p: f"{n(p['field'])}与{n(p['by'])}的额度不符",
    "sum_equals": lambda n, p: f"{n(p['total'])}与各项之和不符",
    "sum_covers": lambda n, p: f"经费来源少于{n(p['total'])}",
    "surplus_at_most": lambda n, p: f"结余超过{n(p['base'])}的 {p['percent']}%",
    "dates_ordered": lambda n, p: f"{n(p['end'])}不晚于{n(p['start'])}",
    "at_least_months": lambda n, p: f"时间不足 {p['months']} 个月",
    "within_months_after": lambda n, p: f"超过{n(p['anchor'])}后 {p['months']} 个月才报送",
    "within_years": lambda n, p: f"时间超出{n(p['year'])}起的周期",
    "not_starting_with": lambda n, p: f"{n(p['field'])}在境内",
    "refused_if": lambda n, p: f"{n(p['field'])}不能申请",
    "contains_all": lambda n, p: f"{n(p['field'])}不齐",
    "items_among": lambda n, p: f"{n(p['field'])}不在可列支之内",
    "none_contains": lambda n, p: f"{n(p['field'])}有{'、'.join(p['words'])}",
    "one_of_by": lambda n, p: f"{'、'.join(map(n, p['choices'].values()))}与{n(p['by'])}不符",
    "unique_across": lambda n, p: "一人不止一份",
    "id_agrees": lambda n, p: f"{n(p['birth_date'])}或{n(p['gender'])}与{n(p['id_number'])}不一致",
    "id_age": lambda n, p: f"{n(p['id_number'])}的年龄不合",
    "id_region": lambda n, p: f"{n(p['id_number'])}的地区代码不明",
}
