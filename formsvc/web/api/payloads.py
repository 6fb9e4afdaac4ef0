"""HTTP envelopes, with marshmallow. The content of a form is the business of its JSON Schema."""

from typing import get_args

from marshmallow import Schema, fields, validate

from formsvc.documents import Format
from formsvc.documents.proof.verification import Status
from formsvc.findings import Severity
from formsvc.writing.notation import today


class OnQuery(Schema):
    on = fields.Date(
        load_default=today, metadata={"description": "按哪一天检查，默认今天（中国时间）"}
    )


class FillQuery(OnQuery):
    format = fields.String(
        load_default="docx",
        validate=validate.OneOf(get_args(Format), error="只能是 {choices}"),
        metadata={"description": "文件格式"},
    )
    draft = fields.Boolean(load_default=False, metadata={"description": "有问题也填，每页标“草稿”"})
    copies = fields.Integer(
        load_default=1,
        validate=validate.Range(1, 20),
        metadata={"description": "PDF 打印几份，编号并按双面补页"},
    )
    signature_fields = fields.Boolean(
        load_default=False, metadata={"description": "PDF 中留出电子签章的位置"}
    )


class CodeQuery(Schema):
    code = fields.String(
        validate=validate.Length(max=400), metadata={"description": "纸上印的校验码，代替文件"}
    )


class CitationPayload(Schema):
    regulation = fields.String(required=True)
    article = fields.String(required=True)
    summary = fields.String(required=True)


class FindingPayload(Schema):
    rule = fields.String(required=True, metadata={"description": "规则编号，程序以此为准"})
    severity = fields.String(
        required=True, validate=validate.OneOf([each.value for each in Severity])
    )
    pointer = fields.String(required=True, metadata={"description": "位置，JSON Pointer"})
    label = fields.String(required=True, metadata={"description": "栏目名称"})
    message = fields.String(required=True, metadata={"description": "给人看的说明，可能改动"})
    value = fields.Raw(allow_none=True, metadata={"description": "查到的数", "type": "number"})
    limit = fields.Raw(allow_none=True, metadata={"description": "允许的数", "type": "number"})
    citation = fields.Nested(CitationPayload, allow_none=True)


class SkippedPayload(Schema):
    rule = fields.String(required=True)
    reason = fields.String(required=True)


class ReportPayload(Schema):
    form = fields.String(required=True)
    edition = fields.String(required=True)
    values = fields.String(
        required=True, metadata={"description": "所用的政策数额从哪一天起执行，没有则为空"}
    )
    on = fields.String(required=True, metadata={"description": "按哪一天检查，没有检查则为空"})
    ok = fields.Boolean(
        required=True, metadata={"description": "没有错误（可以有要核对的，也可以有提示）"}
    )
    findings = fields.List(fields.Nested(FindingPayload), required=True)
    skipped = fields.List(fields.Nested(SkippedPayload), required=True)


class DifferencePayload(Schema):
    pointer = fields.String(required=True, metadata={"description": "栏目，JSON Pointer"})
    label = fields.String(required=True)
    shown = fields.String(required=True, metadata={"description": "纸面上的文字，空白为空"})
    carried = fields.String(required=True, metadata={"description": "文件所带的数据印出的文字"})


class VerdictPayload(Schema):
    status = fields.String(
        required=True,
        validate=validate.OneOf([status.value for status in Status]),
        metadata={
            "description": "与数据一致的有 unchanged、written（只在意见、签名、日期栏写了或盖了）、"
            "layout（只有字体或版式不同）、unchecked（有签名，没有公钥可核对）；"
            "values 为栏目被改，text 为其他文字被改，changed 为有表样没有的内容或校验码不符"
        },
    )
    message = fields.String(required=True)
    pointers = fields.List(fields.String(), required=True, metadata={"description": "不同的栏目"})
    differences = fields.List(
        fields.Nested(DifferencePayload),
        required=True,
        metadata={"description": "不同的栏目，纸面的和所带的数据"},
    )


class UnsurePayload(Schema):
    pointer = fields.String(required=True)
    label = fields.String(required=True)
    text = fields.String(required=True)
    reason = fields.String(required=True)


class SubmissionPayload(Schema):
    submission = fields.Raw(required=True, metadata={"description": "取出的申报数据"})
    report = fields.Nested(ReportPayload, required=True)
    origins = fields.Dict(
        keys=fields.String(),
        values=fields.String(),
        required=True,
        metadata={"description": "位置 → 数据从哪里读出：carried、control、box、label、sheet"},
    )
    differences = fields.List(
        fields.Nested(DifferencePayload),
        required=True,
        metadata={"description": "纸面与所带数据不同的栏目；submission 是所带的数据"},
    )
    unsure = fields.List(
        fields.Nested(UnsurePayload), required=True, metadata={"description": "不能确定的栏目"}
    )
    leftovers = fields.List(
        fields.String(), required=True, metadata={"description": "不属于任何栏目的文字"}
    )


class ProblemPayload(Schema):
    """RFC 9457; a refusal carries the whole report."""

    type = fields.String(required=True)
    title = fields.String(required=True)
    status = fields.Integer(required=True)
    detail = fields.String()
    errors = fields.Dict(metadata={"description": "参数名 → 问题"})
    report = fields.Nested(ReportPayload)


class FormPayload(Schema):
    id = fields.String(required=True)
    title = fields.String(required=True)
    about = fields.String(required=True, metadata={"description": "谁在什么时候填"})
    programme = fields.String(required=True, attribute="programme.title")
    edition = fields.String(required=True)
    copies = fields.Integer(required=True, metadata={"description": "一式几份"})


class CoverPayload(Schema):
    kind = fields.String(
        required=True,
        validate=validate.OneOf(["rule", "comparison", "form", "field", "step", "stage", "value"]),
    )
    name = fields.String(required=True, metadata={"description": "规则编号、位置或名称"})
    title = fields.String(required=True)
    form = fields.String(required=True, metadata={"description": "哪一种表，共有的为空"})
    note = fields.String(required=True, metadata={"description": "数额及其日期，或说明"})


class ClausePayload(Schema):
    article = fields.String(required=True)
    summary = fields.String(required=True, metadata={"description": "概括，不是原文"})
    by = fields.List(fields.Nested(CoverPayload), required=True)
    reason = fields.String(required=True, metadata={"description": "软件为什么不能，能则为空"})


class ArticlePayload(Schema):
    article = fields.String(required=True)
    clauses = fields.List(fields.Nested(ClausePayload), required=True)
    others = fields.List(
        fields.Nested(CoverPayload), required=True, metadata={"description": "另引用本条的"}
    )


class SourcePayload(CitationPayload):
    by = fields.List(fields.Nested(CoverPayload), required=True)


class CoveragePayload(Schema):
    programme = fields.String(required=True)
    title = fields.String(required=True)
    regulation = fields.String(required=True)
    articles = fields.List(fields.Nested(ArticlePayload), required=True)
    sources = fields.List(
        fields.Nested(SourcePayload), required=True, metadata={"description": "本办法以外的依据"}
    )


class FieldPayload(Schema):
    pointer = fields.String(required=True)
    label = fields.String(required=True)
    required = fields.Boolean(required=True)
    hint = fields.String(required=True)


class SectionPayload(Schema):
    title = fields.String(required=True)
    fields_ = fields.List(
        fields.Nested(FieldPayload), required=True, attribute="fields", data_key="fields"
    )


class RulePayload(Schema):
    id = fields.String(required=True)
    kind = fields.String(required=True)
    severity = fields.String(required=True)
    citations = fields.List(fields.Nested(CitationPayload), required=True)


class FormDetailPayload(FormPayload):
    sections = fields.List(fields.Nested(SectionPayload), required=True)
    rules = fields.List(fields.Nested(RulePayload), required=True)
