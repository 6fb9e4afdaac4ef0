"""经费: what was granted, as a table, a chart and a workbook."""

import io
from collections import defaultdict
from typing import Any, Final

import xlsxwriter  # type: ignore[import-untyped]
from flask import Response, render_template, request

from formsvc.bulk.outputs.workbook import MEDIA_TYPE
from formsvc.store import funds
from formsvc.store.access import SEEING
from formsvc.store.funds import Grant
from formsvc.web.attachments import attachment
from formsvc.web.filings.blueprint import filings, number, term
from formsvc.web.held import catalogue, signed_in, store

_CHARTED: Final = 12
_HEAD: Final = ("计划", "年度", "单位", "份数", "金额（元）")


@filings.get("/funds")
def money() -> str:
    """What was granted, by programme, year and unit."""
    who = signed_in()
    grants = _granted()
    by_unit: defaultdict[str, int] = defaultdict(int)
    by_year: defaultdict[int, int] = defaultdict(int)
    for grant in grants:
        by_unit[grant.unit] += grant.cents
        by_year[grant.year] += grant.cents
    seen = {seat.programme for seat in who.seats if seat.role in SEEING}
    return render_template(
        "funds.html",
        grants=grants,
        total=funds.total(grants),
        filings=sum(grant.filings for grant in grants),
        units=sorted(by_unit.items(), key=lambda each: -each[1])[:_CHARTED],
        more_units=max(len(by_unit) - _CHARTED, 0),
        years=sorted(by_year.items()),
        programmes=[each for each in catalogue().programmes.values() if each.id in seen],
        titles=_titles(),
        terms=_terms(),
    )


@filings.get("/funds.xlsx")
def money_sheet() -> Response:
    """The same as a workbook: texts are texts, amounts numbers that are exact to the 分."""
    grants, titles = _granted(), _titles()
    content = io.BytesIO()
    plain = dict.fromkeys(("strings_to_formulas", "strings_to_urls", "strings_to_numbers"), False)
    with xlsxwriter.Workbook(content, {"in_memory": True, **plain}) as book:
        bold, amount = book.add_format({"bold": True}), book.add_format({"num_format": "#,##0.00"})
        sheet = book.add_worksheet("经费")
        sheet.freeze_panes(1, 0)
        sheet.write_row(0, 0, _HEAD, bold)
        for row, grant in enumerate(grants, 1):
            sheet.write_string(row, 0, titles.get(grant.programme, grant.programme))
            sheet.write_number(row, 1, grant.year)
            sheet.write_string(row, 2, grant.unit)
            sheet.write_number(row, 3, grant.filings)
            sheet.write_number(row, 4, grant.cents / 100, amount)
        last = len(grants) + 1
        sheet.write_string(last, 0, "合计", bold)
        sheet.write_number(last, 3, sum(grant.filings for grant in grants), bold)
        sheet.write_number(last, 4, funds.total(grants) / 100, amount)
        for column, width in enumerate((36, 8, 36, 8, 18)):
            sheet.set_column(column, column, width)
    return attachment(content.getvalue(), "经费.xlsx", "funds.xlsx", MEDIA_TYPE)


def _granted() -> list[Grant]:
    with store().reading(signed_in()) as work:
        return funds.granted(work, **_terms())


def _terms() -> dict[str, Any]:
    sent = request.args
    return {"programme": term(sent.get("programme", "")), "year": number(sent.get("year", "")),
            "unit": term(sent.get("unit", ""))}  # fmt: skip


def _titles() -> dict[str, str]:
    return {each.id: each.title for each in catalogue().programmes.values()}
