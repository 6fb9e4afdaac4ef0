"""接口说明 in a real browser: a call is tried from the page."""

import re

import pytest
from playwright.sync_api import expect

CHECK = "POST /api/v1/forms/{form}/check"


def attempt(page, called: str):
    """The part of the page in which a call is tried, opened."""
    page.goto("/api/docs")
    part = page.locator("details.try", has=page.get_by_text(f"：{called}", exact=True))
    part.locator("summary").click()
    return part


def test_a_submission_is_checked_from_the_page(open_page):
    part = attempt(open_page(), CHECK)
    part.get_by_role("button", name="发送").click()
    expect(part.locator(".status")).to_contain_text("→ 200")
    expect(part.locator("pre")).to_contain_text('"ok": ')


def test_what_is_refused_shows_why(open_page):
    part = attempt(open_page(), CHECK)
    part.get_by_role("textbox", name=re.compile("按哪一天")).fill("明天")
    part.get_by_role("button", name="发送").click()
    expect(part.locator(".status.failed")).to_contain_text("→ 422")
    expect(part.locator("pre")).to_contain_text("应为日期")


def test_a_file_that_is_answered_can_be_saved(open_page):
    part = attempt(open_page(), "GET /api/v1/forms/{form}/blank.{format}")
    part.get_by_role("button", name="发送").click()
    expect(part.get_by_role("link", name=re.compile("下载"))).to_have_attribute(
        "download", re.compile(r"\.docx$")
    )


@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_breaks_in_the_middle_of_a_number_or_a_name(open_page, width):
    page = open_page(width=width)
    page.goto("/api/docs")
    broken = page.evaluate(
        """[...document.querySelectorAll('td.number, td:first-child code')].filter((each) => {
             const text = document.createRange();
             text.selectNodeContents(each);
             return text.getClientRects().length > 1;
           }).map((each) => each.textContent)"""
    )
    assert broken == []


def test_nothing_on_the_page_is_in_english(open_page):
    """But names: of parameters, types, media types and addresses."""
    page = open_page()
    page.goto("/api/docs")
    cells = page.locator(
        "main td:last-child, main td:nth-child(2), main th, main p, main summary, main label"
    )
    said = [re.sub(r"\s*\(.*?\)", "", text) for text in cells.all_inner_texts()]
    words = {
        "OK",
        "Created",
        "Unprocessable",
        "Not Found",
        "string",
        "integer",
        "boolean",
        "object",
    }
    assert [text for text in said if words & set(re.split(r"[\s（）：]+", text))] == []
