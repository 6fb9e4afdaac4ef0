"""Every page: an answer in a moment, and nothing too small to press. How it looks: test_looks."""

import statistics
import time
import urllib.request

import pytest

from .test_applicant import SUMMARY

PLAIN = [
    "/",
    SUMMARY,
    "/forms/jiangxi-project-funding",
    f"{SUMMARY}/rules",
    "/unit",
    "/review",
    "/verify",
    "/api/docs",
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
