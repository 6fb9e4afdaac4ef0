"""What marshmallow complains of, in Chinese: said before any envelope is made, which keeps it."""

from typing import Any, Final

from marshmallow import Schema, fields, validate

_FIELDS: Final[dict[type[fields.Field[Any]], dict[str, str]]] = {
    fields.Field: {"required": "缺少此项", "null": "不能为空", "validator_failed": "内容不对"},
    fields.String: {"invalid": "应为文字", "invalid_utf8": "应为 UTF-8 编码的文字"},
    fields.Integer: {"invalid": "应为整数"},
    fields.Number: {"invalid": "应为数字", "too_large": "数字太大"},
    fields.Boolean: {"invalid": "应为 true 或 false"},
    fields.Date: {"invalid": "应为日期，例如 2026-03-01"},
    fields.Mapping: {"invalid": "应为 JSON 对象"},
    fields.List: {"invalid": "应为列表"},
    fields.Nested: {"type": "应为 JSON 对象"},
}


def speak_chinese() -> None:
    """Give marshmallow our words, in the place that it has for them."""
    for kind, said in _FIELDS.items():
        kind.default_error_messages = {**kind.default_error_messages, **said}
    Schema._default_error_messages |= {"type": "应为 JSON 对象", "unknown": "没有这个参数"}
    validate.Length.message_min = "至少 {min} 个"
    validate.Length.message_max = "最多 {max} 个"
    validate.Length.message_all = "应为 {min} 至 {max} 个"
    validate.Length.message_equal = "应为 {equal} 个"
    validate.Range.message_min = "应{min_op} {{min}}"
    validate.Range.message_max = "应{max_op} {{max}}"
    validate.Range.message_all = "应{min_op} {{min}}，且{max_op} {{max}}"
    validate.Range.message_gte, validate.Range.message_gt = "不小于", "大于"
    validate.Range.message_lte, validate.Range.message_lt = "不大于", "小于"
    validate.OneOf.default_message = "只能是 {choices}"
