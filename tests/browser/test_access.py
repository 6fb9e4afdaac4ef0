"""Every page: no violation that axe can find, room on a phone, an answer in a moment."""

import statistics
import time
import urllib.request

import pytest
from playwright.sync_api import expect

from .test_applicant import SAMPLE, SUMMARY, load
from .test_batches import FUNDING, GOOD, hand_in

PLAIN = [
    "/",
    SUMMARY,
    "/forms/jiangxi-project-funding",
    f"{SUMMARY}/rules",
    "/unit",
    "/review",
    "/verify",
    "/api/docs",
    "/no/such",
]
MEDIAN = 0.1


def is_wider_than_screen(page) -> bool:
    return page.evaluate("document.documentElement.scrollWidth > innerWidth")


def is_fine(page, violations) -> bool:
    """No violation, and no page wider than a screen of either width."""
    assert violations(page) == []
    for width in (390, 1280):
        page.set_viewport_size({"width": width, "height": 900})
        assert not is_wider_than_screen(page), width
    return True


@pytest.mark.parametrize("path", PLAIN)
def test_a_page_is_accessible_and_fits(open_page, violations, path):
    page = open_page()
    page.goto(path)
    assert is_fine(page, violations)
    assert page.locator("html").get_attribute("lang") == "zh-CN"


def test_a_form_with_findings_is_accessible_and_fits(open_page, violations):
    page = open_page(width=390)
    page.goto(SUMMARY)
    page.get_by_role("button", name="检查全部").click()
    expect(page.locator("#summary")).to_contain_text("处问题")
    assert is_fine(page, violations)
    page.goto(SUMMARY)
    load(page, SAMPLE)
    assert is_fine(page, violations)


def test_a_batch_is_accessible_and_fits(open_page, violations, mixed):
    page = open_page(width=390)
    hand_in(page, "unit", [GOOD, FUNDING, mixed])
    assert is_fine(page, violations)
    hand_in(page, "review", [GOOD])
    hand_in(page, "review", [mixed])
    assert is_fine(page, violations)
    page.locator("table.submissions th a").nth(8).click()
    assert is_fine(page, violations)
    page.go_back()
    page.get_by_role("link", name="比较").first.click()
    assert is_fine(page, violations)


@pytest.mark.parametrize("path", PLAIN[:-1])
def test_a_page_answers_in_a_moment(address, path):
    times = []
    for _ in range(15):
        began = time.perf_counter()
        urllib.request.urlopen(address + path).read()
        times.append(time.perf_counter() - began)
    assert statistics.median(times) < MEDIAN


@pytest.mark.parametrize("width", [1280, 390])
def test_nothing_that_is_pressed_is_small(open_page, width):
    """WCAG 2.2, 2.5.8: 24 by 24 CSS pixels, links within a text aside."""
    page = open_page(width=width)
    page.goto(SUMMARY)
    small = page.evaluate(
        """[...document.querySelectorAll('button:not(.unseen), input:not([type=hidden]), select, textarea, summary, .contents a, header a')]
        .filter((each) => each.offsetParent)
        .map((each) => (each.closest('.choice') ?? each).getBoundingClientRect())
        .filter((box) => box.width < 24 || box.height < 24)
        .map((box) => JSON.stringify(box))"""
    )
    assert small == []
