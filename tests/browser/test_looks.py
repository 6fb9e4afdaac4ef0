"""Every page by day, in the dark, in colours of one's own and on paper, wide and on a phone."""

import re
from dataclasses import replace

import pypdfium2
import pytest
from playwright.sync_api import expect

from formsvc.config import Settings
from formsvc.store.store import Store
from tests.store.world import Clock

from .conftest import STANDARDS, violated
from .test_applicant import FUNDING as FUNDING_FORM
from .test_applicant import SAMPLE, SUMMARY, load
from .test_batches import FUNDING, GOOD, hand_in
from .test_filings import Office

SCHEMES = {
    "light": {"color_scheme": "light"},
    "dark": {"color_scheme": "dark"},
    "forced": {"color_scheme": "dark", "forced_colors": "active"},
}
COLOURS = {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}
NAVIGATION = "header.site, footer.site nav, nav.contents, .crumbs, .pager, .actions button"
# Of whom each page is: an address, or a link (pattern) to be followed from an address before.
OPEN = [
    "/", SUMMARY, f"{SUMMARY}/rules", "/unit", "/review", "/verify", "/coverage",
    "/coverage/jiangxi", "/api/docs", "/manuals/applicant", "/manuals/employer",
    "/manuals/reviewer", "/account/login", "/account/reset", "/no/such",
]  # fmt: skip
OWN = ["/notices", "/account/", "/account/password", "/account/second", "/account/passkey-again",
       "/account/recovery-codes", "/account/passkeys", "/account/tokens"]  # fmt: skip
FILING = r"/filings/\d+$"
PAGES = {
    "": OPEN,
    "申报人": ["/", "/filings", FILING, "/filings/1/versions/1", "/filings",
            r"/filings/\d+/edit$", "/filings", "/filings/2/hand-in", *OWN],
    "单位": ["/todo", FILING, "/filings/all", "/jobs", "/admin/", r"/admin/offices/\d+$"],
    "省厅": ["/todo", "/funds"],
    "管理员": ["/admin/", r"/admin/offices/\d+$", "/admin/admins", "/admin/history"],
}  # fmt: skip
# Pages that one comes to by what one does, which their own tests walk through with axe; and files.
ELSEWHERE = {
    "batches.show", "batches.item", "batches.changes", "batches.cover", "batches.ask",
    "answers.show",
    "security.verify",
    "security.two_factor_token_validation", "security.wan_signin", "security.wan_delete",
    "security.mf_recovery", "security.two_factor_rescue", "security.reset_password",
    "security.tf_select", "accounts.first", "accounts.come", "accounts.ask_to_register",
}  # fmt: skip
FILES = {
    "views.security", "views.sheet", "views.healthz", "views.readyz", "static", "manuals.picture",
    "batches.document", "batches.picture", "batches.submission", "batches.take", "batches.status",
    "goods.get", "goods.receipt", "filings.document", "filings.money_sheet", "jobs.table",
    "filings.history_whole", "sso.leave", "sso.back", "filings.start",
}  # fmt: skip


@pytest.fixture(scope="module")
def office(tmp_path_factory, chromium):
    """A store with a draft and one that was handed in, when the samples were in time."""
    made = Office(tmp_path_factory.mktemp("looks"), chromium)
    then = Store.open(Settings(data=made.store.settings.data), Clock())
    world = replace(made.world, store=then)
    world.handed_in(world.actor("申报人"), "江西某大学")
    then.close()
    made.world.draft(made.world.actor("申报人"), "江西某大学")
    yield made
    made.close()


# The numbers that stand on two lines: phones, codes, days as 2026-12-01.
BROKEN = """() => {
  const found = [];
  const walk = document.createTreeWalker(document.querySelector('main'), NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    for (const each of walk.currentNode.data.matchAll(/\\d[\\d.,:-]{4,28}\\d/g)) {
      const range = document.createRange();
      range.setStart(walk.currentNode, each.index);
      range.setEnd(walk.currentNode, each.index + each[0].length);
      if (new Set([...range.getClientRects()].filter((rect) => rect.width > 1).map((rect) => Math.round(rect.top))).size > 1)
        found.push(each[0]);
    }
  }
  return found;
}"""


def faults(page) -> list[str]:
    """What is wrong with a page as it looks: by axe in each scheme, at each width, on paper."""
    found = []
    for name, media in SCHEMES.items():
        page.emulate_media(**media)
        # What else axe knows does not hang on colours.
        only = STANDARDS if name == "light" else COLOURS
        found += [f"{name}: {each}" for each in violated(page, only)]
    page.emulate_media(media="print", color_scheme="dark", forced_colors="none")
    if (
        page.evaluate("getComputedStyle(document.documentElement).getPropertyValue('--paper')")
        != "#fff"
    ):
        found.append("print: not by day")
    if page.locator(NAVIGATION).filter(visible=True).count():
        found.append("print: navigation")
    page.emulate_media(media="screen", color_scheme="light")
    for width in (390, 1280):
        page.set_viewport_size({"width": width, "height": 900})
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            found.append(f"{width}: wider than the screen")
        found += [f"{width}: {number} is broken" for number in page.evaluate(BROKEN)]
    return [f"{page.url}: {each}" for each in found]


@pytest.mark.parametrize("who", PAGES, ids=lambda who: who or "nobody")
def test_every_page_is_right_in_every_light_and_width_and_on_paper(office, who):
    page = office.page(who)
    found = []
    for where in PAGES[who]:
        go(page, where)
        found += faults(page)
    assert not found, "\n".join(found)


def go(page, where: str) -> None:
    """Go to an address, or where the first link of a pattern leads."""
    if "\\" in where:
        links = page.locator("main a").evaluate_all("all => all.map(each => each.pathname)")
        where = next(link for link in links if re.search(where, link))
    assert page.goto(where).status == (404 if where == "/no/such" else 200), where


def test_a_form_and_a_batch_are_right_in_every_light_and_width_and_on_paper(open_page, mixed):
    page = open_page()
    page.goto(SUMMARY)
    page.get_by_role("button", name="检查全部").click()
    page.locator("#summary li").first.wait_for()
    found = faults(page)
    page.goto(SUMMARY)
    load(page, SAMPLE)
    found += faults(page)
    hand_in(page, "unit", [GOOD, FUNDING, mixed])
    found += faults(page)
    batch = page.url.partition("?")[0]
    for where in ("cover", "delete"):
        page.goto(f"{batch}/{where}")
        found += faults(page)
    hand_in(page, "review", [GOOD])
    hand_in(page, "review", [mixed])
    found += faults(page)
    page.locator("table.submissions th a").nth(8).click()
    found += faults(page)
    page.go_back()
    page.get_by_role("link", name="比较").first.click()
    found += faults(page)
    assert not found, "\n".join(found)


def test_no_page_is_left_out(office):
    app = office.app
    adapter = app.url_map.bind("localhost")
    known = {"filings.mine", "security.login", *ELSEWHERE, *FILES}
    for where in (each for listed in PAGES.values() for each in listed):
        path = re.sub(r"\\d\+", "1", where).removesuffix("$")
        if path != "/no/such":
            known.add(adapter.match(path)[0])
    pages = {
        rule.endpoint
        for rule in app.url_map.iter_rules()
        if "GET" in rule.methods and not rule.rule.startswith("/api/v1")
    }
    assert pages - known == set()


def test_a_submission_prints_whole(open_page, mixed):
    """Its pages beside each other on a screen, one below the other on paper, with every field."""
    page = open_page()
    hand_in(page, "review", [mixed])
    page.locator("table.submissions th a").nth(8).click()
    page.emulate_media(media="print")
    cut = page.evaluate(
        """[...document.querySelectorAll('main *')].filter((each) =>
             each.offsetParent && each.scrollHeight > each.clientHeight + 2
             && ['auto', 'scroll', 'hidden'].includes(getComputedStyle(each).overflowY)
             && !each.matches('.unseen, .unseen *')).map((each) => each.outerHTML.slice(0, 80))"""
    )
    assert cut == []
    assert page.locator(".sheet dd").first.is_visible()


def test_what_is_folded_on_the_screen_prints_whole(open_page, tmp_path):
    """With the style alone, in a browser without script, and with the script alone."""
    asked = "“姓名”在名册上"
    for scripts in (True, False):
        page = open_page(scripts=scripts)
        hand_in(page, "review", [FUNDING])
        page.locator("tbody th a").last.click()
        expect(page.locator(".side details", has_text=asked)).not_to_have_attribute("open", "")
        for picture in page.locator(".prints img").all():
            picture.scroll_into_view_if_needed()  # whoever prints by hand is waited for
            expect(picture).to_have_js_property("complete", True)
        assert asked in printed(page, tmp_path)
        assert pictures_on(tmp_path) == page.locator(".prints img").count() > 0
        page.goto(FUNDING_FORM)
        load(page, FUNDING)
        assert asked in printed(page, tmp_path)
    page = open_page()
    page.goto("/unit")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    folded = page.locator("main details")
    assert folded.evaluate_all("all => all.length && all.every((each) => each.open)")
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert folded.evaluate_all("all => all.every((each) => !each.open)")


def printed(page, folder) -> str:
    """What stands on the paper of a page."""
    page.pdf(path=folder / "printed.pdf", format="A4")
    sheets = pypdfium2.PdfDocument(folder / "printed.pdf")
    return "".join("".join(each.get_textpage().get_text_bounded().split()) for each in sheets)


def pictures_on(folder) -> int:
    """The large pictures on what was printed."""
    sheets = pypdfium2.PdfDocument(folder / "printed.pdf")
    found = [each for sheet in sheets for each in sheet.get_objects() if each.type == 3]
    return sum(each.get_px_size()[0] > 500 for each in found)
