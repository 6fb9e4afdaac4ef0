"""A programme for the tests alone, with every kind of rule, and a submission that fills all of it."""

from pathlib import Path

from formsvc import Shelf

_HERE = Path(__file__).parent
EVERY = Shelf(_HERE / "schemas", _HERE / "templates", _HERE / "samples")

WHOLE = {
    "form": "every-kind",
    "person": {
        "name": "张三", "id_number": "11010519491231002X", "birth_date": "1949-12-31", "gender": "女",
        "level": "第三层次", "selected_year": 2024, "extension_years": 1, "basic_research": True,
        "legacy": False,
    },
    "unit": {"name": "甲单位", "holder": "甲单位", "account": "12345678", "type": "省属企业"},
    "project": {
        "request": "变更", "reason": "省内调动", "to": "乙单位", "place": "德国", "summary": "总结",
        "granted": 200000, "spent": 150000.5, "start": "2026-03-01", "end": "2026-08-31",
    },
    "roll": [
        {"name": "李四", "level": "第一层次", "under": "市", "months": 12},
        {"name": "王五", "level": "第三层次", "under": "市", "months": 12},
    ],
    "grades": [{"year": 2024, "grade": "优秀"}, {"year": 2025, "grade": "合格"}, {"year": 2026}],
    "materials": ["证明", "机票"],
    "year": 2025,
    "sent": "2026-02-28",
}  # fmt: skip
