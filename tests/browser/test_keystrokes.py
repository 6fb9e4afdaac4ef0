"""How many clicks and keystrokes a form takes that is filled in from a person's papers.

Somebody goes from field to field with Tab, types digits and short texts, chooses with one key, and
pastes (one stroke) long texts: more than ten characters, or twenty where they are all of the
keyboard. Digits are typed. What may be
left out is left out; what stands there already is not typed again.
"""

import json
import re
from datetime import date, timedelta

from playwright.sync_api import Page, expect

from formsvc.writing.notation import today
from tests.browser.test_applicant import SAMPLE, SUMMARY

LONG = 10
MOST_CLICKS = 3
MOST_KEYSTROKES = 190


class Clerk:
    """Fills in a page by keyboard, and counts."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.clicks = self.keystrokes = 0

    def click(self, name: str) -> None:
        self.page.get_by_role("button", name=name, exact=True).click()
        self.clicks += 1

    def press(self, key: str) -> None:
        self.page.keyboard.press(key)
        self.keystrokes += 1

    def fill(self, wanted: dict[str, str | list[str]]) -> None:
        """From the first field on, until all is there that is wanted."""
        self.page.locator("[data-field] input").first.click()
        self.clicks += 1
        left = dict(wanted)
        while left:
            typed = self._field(left)
            if left:
                self.press("Tab")
            if typed:  # nobody is quicker than the answer
                self.page.wait_for_function(
                    "() => !document.getElementById('form').dataset.waiting"
                )

    def _field(self, left: dict[str, str | list[str]]) -> bool:
        """Whether something was typed into the field that one is in."""
        here = self.page.evaluate(
            "() => { const at = document.activeElement; return [at.name, at.type, at.value]; }"
        )
        name, kind, value = here
        if name not in left:
            return False
        text = left[name]
        if isinstance(text, list):  # all that is asked for is there
            del left[name]
            while "勾选全部" not in self.page.evaluate("document.activeElement.textContent"):
                self.press("Tab")
            self.press("Enter")
            return False
        del left[name]
        if kind == "radio":
            self._choose(name, text)
        elif kind == "select-one":
            self.page.locator(f'[name="{name}"]').select_option(text)
            self.keystrokes += 1  # its first letter
        elif re.sub("-", "", value) != text:
            self.page.keyboard.insert_text(text)
            self.keystrokes += 1 if is_long(text) else len(text)
            return True
        return False

    def _choose(self, name: str, text: str) -> None:
        """The first with a blank, the last with the arrow up, others with the arrow down; nothing
        where it is chosen already."""
        options = self.page.locator(f'[name="{name}"]')
        if options.and_(self.page.locator(":checked")).count():
            return
        if options.last.get_attribute("value") == text:
            self.press("ArrowUp")
            return
        self.press("Space")
        while self.page.evaluate("document.activeElement.value") != text:
            self.press("ArrowDown")


def is_long(text: str) -> bool:
    return (len(text) > LONG and not text.isascii()) or len(text) > 2 * LONG


def papers() -> dict[str, str | list[str]]:
    """What stands in a person's papers, by pointer, as one writes it quickly."""
    data = json.loads(SAMPLE.read_text("utf-8-sig"))
    found: dict[str, str | list[str]] = {}
    for group in ("person", "unit", "training", "funding", "expenses", "account"):
        for name, value in data[group].items():
            text = str(value)
            found[f"/{group}/{name}"] = text.replace("-", "") if name.endswith("_date") else text
    found["/materials"] = data["materials"]
    del found["/person/office_phone"]  # may be left out
    # A stay of six months that ended with the last month.
    end = today().replace(day=1)
    start = date(end.year - (end.month < 7), (end.month - 7) % 12 + 1, 1)
    found["/training/start_date"] = f"{start:%Y%m%d}"
    found["/training/end_date"] = f"{end - timedelta(days=1):%Y%m%d}"
    found["/person/selected_year"] = str(start.year - 1)
    return found


def test_a_summary_is_filled_from_a_person_s_papers_with_few_strokes(open_page):
    page = open_page()
    page.goto(SUMMARY)
    clerk = Clerk(page)
    clerk.fill(papers())
    clerk.click("检查全部")
    expect(page.locator("#summary")).to_contain_text("没有问题")
    with page.expect_download():
        clerk.click("PDF 表格")
    assert clerk.clicks <= MOST_CLICKS
    assert clerk.keystrokes <= MOST_KEYSTROKES
