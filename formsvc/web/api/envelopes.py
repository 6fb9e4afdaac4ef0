"""HTTP envelopes of the store, with marshmallow; see `payloads`."""

from typing import get_args

from marshmallow import Schema, ValidationError, fields, validate

from formsvc.documents import Format
from formsvc.store.life import MAX_WORDS, Outcome, State
from formsvc.web.api.description import DEMANDED
from formsvc.web.api.payloads import CitationPayload, FindingPayload

_STATES = validate.OneOf([state.value for state in State], error="只能是 {choices}")
_ID = validate.Range(1, (1 << 63) - 1, error="没有这样的编号")
_SHA256 = 64  # hexadecimal digits
MOST = 200  # on a page


def _text(value: str) -> None:
    """Nothing that a database does not keep."""
    if any(character == "\0" or "\ud800" <= character < "\ue000" for character in value):
        raise ValidationError("含有不能保存的字符")


class ListQuery(Schema):
    which = fields.String(
        load_default="mine",
        validate=validate.OneOf(["mine", "waiting", "visible"], error="只能是 {choices}"),
        metadata={"description": "mine 我申报的；waiting 等我办理的；visible 我能看到的"},
    )
    q = fields.String(
        load_default="",
        validate=[validate.Length(max=100), _text],
        metadata={"description": "姓名、单位、编号，或完整的证件号、账号"},
    )
    state = fields.String(validate=_STATES, metadata={"description": "办理状态"})
    form = fields.String(
        validate=[validate.Length(max=64), _text], metadata={"description": "哪一种表"}
    )
    after = fields.String(
        load_default="",
        validate=[validate.Length(max=200), _text],
        metadata={"description": "上一页给出的 next；没有则从头"},
    )
    limit = fields.Integer(
        load_default=50,
        validate=validate.Range(1, MOST),
        metadata={"description": "一页最多几份"},
    )


class NoticesQuery(Schema):
    after = fields.Integer(validate=_ID, metadata={"description": "上一页给出的 next"})
    limit = fields.Integer(
        load_default=50,
        validate=validate.Range(1, MOST),
        metadata={"description": "一页最多几条"},
    )


class OfficeQuery(Schema):
    office = fields.Integer(
        validate=_ID,
        metadata={"description": "经哪个单位申报（编号见 /api/v1/offices），请求内容里没写时用"},
    )


class VersionQuery(Schema):
    version = fields.Integer(
        validate=_ID,
        metadata={"description": "第几版；不写为最新：申报人手上的草稿，否则最后提交的一版"},
    )


class DocumentQuery(VersionQuery):
    format = fields.String(
        load_default="docx",
        validate=validate.OneOf(get_args(Format), error="只能是 {choices}"),
        metadata={"description": "文件格式"},
    )
    copies = fields.Integer(
        load_default=1,
        validate=validate.Range(1, 20),
        metadata={"description": "PDF 打印几份，编号并按双面补页"},
    )


class WithQuery(Schema):
    with_ = fields.Integer(
        required=True, data_key="with", validate=_ID, metadata={"description": "与第几版相比"}
    )


class ConditionHeaders(Schema):
    # Demanded by `conditions.revision`, which answers 428 to whoever may see the submission.
    if_match = fields.String(
        data_key="If-Match",
        metadata={DEMANDED: True, "description": "看到的那一次的 ETag；没有则 428，已被改动则 412"},
    )


class HandInHeaders(ConditionHeaders):
    key = fields.String(
        data_key="Idempotency-Key",
        validate=validate.Regexp(
            r"^[!-~]{1,128}$", error="Idempotency-Key 应为 1 至 128 个可见的 ASCII 字符"
        ),
        metadata={"description": "同一次提交重发时带同一个，只办一次"},
    )


class DraftBody(Schema):
    form = fields.String(
        validate=validate.Length(max=64), metadata={"description": "哪一种表；缺省看 submission"}
    )
    unit = fields.Integer(
        allow_none=True, validate=_ID, metadata={"description": "经哪个单位申报，机构编号"}
    )
    submission = fields.Dict(required=True, metadata={"description": "申报数据"})


class ChosenPayload(Schema):
    rule = fields.String(required=True, validate=validate.Length(max=200))
    pointer = fields.String(required=True, validate=validate.Length(max=400))


class OpinionBody(Schema):
    digest = fields.String(
        required=True,
        validate=validate.Length(equal=_SHA256, error="应为 64 位十六进制"),
        metadata={"description": "看的是哪一版：该版的 digest；内容变了则 409"},
    )
    words = fields.String(
        load_default="",
        validate=[validate.Length(max=MAX_WORDS, error="不超过 {max} 字"), _text],
        metadata={"description": "意见"},
    )
    findings = fields.List(
        fields.Nested(ChosenPayload),
        load_default=list,
        validate=validate.Length(max=500),
        metadata={"description": "从该版报告中选出的问题"},
    )


class ReturnBody(OpinionBody):
    until = fields.Date(
        load_default=None, allow_none=True, metadata={"description": "改正期限，当天仍算"}
    )


class OfficePayload(Schema):
    id = fields.Integer(required=True)
    name = fields.String(required=True)
    kind = fields.String(required=True, metadata={"description": "机构类别"})
    programme = fields.String(required=True)


class MyOfficePayload(OfficePayload):
    roles = fields.List(fields.String(), required=True, metadata={"description": "在那里的身份"})
    forms = fields.List(
        fields.String(), required=True, metadata={"description": "可以经这里申报的表"}
    )


class FilingPayload(Schema):
    id = fields.Integer(required=True)
    number = fields.String(
        required=True, allow_none=True, metadata={"description": "编号，第一次提交时给"}
    )
    programme = fields.String(required=True)
    form = fields.String(required=True)
    title = fields.String(required=True)
    person = fields.String(required=True, metadata={"description": "申报人姓名，按所填"})
    unit = fields.String(required=True, metadata={"description": "单位名称，按所填"})
    state = fields.String(required=True, validate=_STATES)
    stage = fields.String(required=True, metadata={"description": "在哪个环节，不在办理为空"})
    holder = fields.Nested(
        OfficePayload, required=True, allow_none=True, metadata={"description": "现在由谁办理"}
    )
    due = fields.Date(required=True, allow_none=True, metadata={"description": "最迟哪一天"})
    amount = fields.Raw(
        required=True, allow_none=True, metadata={"description": "申请的金额，元", "type": "number"}
    )
    version = fields.Integer(required=True, metadata={"description": "提交到第几版，草稿为 0"})
    revision = fields.Integer(required=True, metadata={"description": "ETag 中的数"})
    changed = fields.AwareDateTime(required=True)
    came = fields.AwareDateTime(
        required=True, allow_none=True, metadata={"description": "何时到这个环节"}
    )


class FilingsPayload(Schema):
    items = fields.List(fields.Nested(FilingPayload), required=True)
    next = fields.String(required=True, metadata={"description": "下一页的 after，没有则为空"})


class StagePayload(Schema):
    id = fields.String(required=True)
    title = fields.String(required=True)
    does = fields.String(required=True)
    offices = fields.List(fields.String(), required=True, metadata={"description": "机构类别"})
    citations = fields.List(fields.Nested(CitationPayload), required=True)


class PassagePayload(Schema):
    stage = fields.String(required=True)
    version = fields.Integer(required=True)
    office = fields.Nested(OfficePayload, required=True, allow_none=True)
    came = fields.AwareDateTime(required=True)
    left = fields.AwareDateTime(required=True, allow_none=True)
    due = fields.Date(required=True, allow_none=True)
    outcome = fields.String(
        required=True,
        validate=validate.OneOf(["", *(each.value for each in Outcome)]),
        metadata={"description": "怎样结束，还在办理为空"},
    )
    digest = fields.String(required=True, metadata={"description": "意见针对哪一版"})
    words = fields.String(required=True)
    findings = fields.List(fields.Nested(FindingPayload), required=True)


class VersionPayload(Schema):
    number = fields.Integer(required=True)
    edition = fields.String(required=True)
    digest = fields.String(required=True, metadata={"description": "内容的 SHA-256"})
    handed = fields.AwareDateTime(required=True)
    erased = fields.Boolean(required=True, metadata={"description": "内容已按保存期限删除"})


class FilingDetailPayload(FilingPayload):
    stages = fields.List(
        fields.Nested(StagePayload),
        required=True,
        metadata={"description": "这种表各环节，按顺序；不是每份都要全部经过"},
    )
    passages = fields.List(fields.Nested(PassagePayload), required=True)
    versions = fields.List(fields.Nested(VersionPayload), required=True)


class ChangedPayload(Schema):
    pointer = fields.String(required=True)
    label = fields.String(required=True)
    before = fields.String(required=True, metadata={"description": "较早一版纸面上的文字"})
    after = fields.String(required=True, metadata={"description": "较晚一版纸面上的文字"})


class NoticePayload(Schema):
    id = fields.Integer(required=True)
    submission = fields.Integer(required=True, allow_none=True, attribute="filing_id")
    text = fields.String(required=True)
    at = fields.AwareDateTime(required=True)
    read = fields.AwareDateTime(required=True, allow_none=True)


class NoticesPayload(Schema):
    items = fields.List(fields.Nested(NoticePayload), required=True)
    next = fields.Integer(required=True, allow_none=True)
