"""Take the pictures of the manuals: every page of the served application, wide and narrow,
with a store that the demo filled.

python -m docs.screenshots            all into docs/images
python -m docs.screenshots FOLDER     somewhere else
"""

import contextlib
import json
import os
import re
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, sync_playwright

from benchmarks.generate import batch
from tests.browser.conftest import launched
from tests.serving import Served, served

ROOT = Path(__file__).parent.parent
SUMMARY = "/forms/jiangxi-training-summary"
FUNDING = "/forms/jiangxi-project-funding"
SAMPLE = ROOT / "samples/jiangxi/jiangxi-training-summary/2021-1/valid/half-year-to-31-august.json"
IMAGES = ROOT / "docs/images"
WIDTHS = {1280: "", 390: "-phone"}
# What the manuals show: a picture's name, and where on the page it begins and how high it is.
SHOWN = {
    "index": ("header", 820),
    "form": ("header", 980),
    "form-phone": ("header", 1000),
    "form-findings": ("header", 900),
    "form-with-rows": ("#section-2", 440),
    "form-clean": ("#finish", 760),
    "rules": ("header", 900),
    "unit-start": ("header", 560),
    "unit": ("header", 1150),
    "review": ("header", 1000),
    "review-list": ("#list", 760),
    "review-item": ("header", 900),
    "review-changes": ("header", 760),
    "filings": ("header", 900),
    "filings-phone": ("header", 1000),
    "todo": ("header", 900),
    "filing": ("header", 1000),
    "funds": ("header", 760),
}
# Whose pages of the store are shown: an address of the demo, and what is shown of it.
APPLICANT = "jiangsu333-unit-13-applicant@demo.example"
CLERK = "jiangsu333-province-1-clerk@demo.example"
PEOPLE = {APPLICANT: ("filings",), CLERK: ("todo", "filing", "funds")}


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as scratch,
        demonstrated(Path(scratch)) as (server, password),
        sync_playwright() as playwright,
        launched(playwright) as browser,
    ):
        for width, suffix in WIDTHS.items():
            context = browser.new_context(
                base_url=server.address, locale="zh-CN", viewport={"width": width, "height": 800}
            )
            page = context.new_page()
            for name in pictures(page, Path(scratch)):
                take(page, folder, f"{name}{suffix}")
            context.close()
            for address, names in PEOPLE.items():
                context = browser.new_context(
                    base_url=server.address, locale="zh-CN",
                    viewport={"width": width, "height": 800},
                )  # fmt: skip
                page = context.new_page()
                sign_in(page, address, password)
                for name in names:
                    open_own(page, name)
                    take(page, folder, f"{name}{suffix}")
                context.close()


@contextlib.contextmanager
def demonstrated(scratch: Path, filings: int = 160) -> Iterator[tuple[Served, str]]:
    """The application over a store of the demo, and the one password in it."""
    given = {"FORMSVC_DATA": str(scratch / "data"), "FORMSVC_RUNS": str(scratch / "runs")}
    command = [sys.executable, "-m", "formsvc", "admin", "demo", "--filings", str(filings)]
    said = subprocess.run(  # noqa: S603  # our own command
        command, env=os.environ | given, capture_output=True, text=True, check=True
    ).stdout
    (password,) = re.findall(r"^  (\S+)$", said, re.MULTILINE)
    with served(scratch, **given) as server:
        yield server, password


def sign_in(page: Page, address: str, password: str) -> None:
    page.goto("/account/login")
    page.fill("#email", address)
    page.fill("#password", password)
    page.get_by_role("button", name="登录", exact=True).click()


def open_own(page: Page, name: str) -> None:
    """Bring the page of somebody signed in to a picture."""
    if name == "filing":
        page.goto("/todo")
        page.locator(".filing-list th a").first.click()
    else:
        page.goto(f"/{name}")


def take(page: Page, folder: Path, name: str) -> None:
    if folder != IMAGES:
        page.screenshot(path=folder / f"{name}.png", full_page=True)
    elif name in SHOWN:
        start, height = SHOWN[name]
        box = page.locator(start).first.bounding_box()
        size = page.evaluate("[innerWidth, document.documentElement.scrollHeight]")
        top = max(box["y"] + page.evaluate("scrollY") - 24, 0) if box else 0
        page.screenshot(
            path=folder / f"{name}.jpg", type="jpeg", quality=72, full_page=True,
            clip={"x": 0, "y": top, "width": size[0], "height": min(height, size[1] - top)},
        )  # fmt: skip


def pictures(page: Page, scratch: Path) -> Iterator[str]:
    """Bring the page to each state worth a picture; yields its name."""
    page.goto("/")
    yield "index"
    page.goto(SUMMARY)
    yield "form"
    page.goto(FUNDING)
    yield "form-with-rows"
    page.goto(SUMMARY)
    load(page, faulty(scratch))
    yield "form-findings"
    page.goto(SUMMARY)
    load(page, SAMPLE)
    yield "form-clean"
    page.goto(f"{SUMMARY}/rules")
    yield "rules"
    page.goto("/unit")
    yield "unit-start"
    hand_in(page, people(scratch / "本单位.zip", 7, units=1, seed=5))
    yield "unit"
    page.goto("/review")
    yield "review-start"
    hand_in(page, people(scratch / "上次.zip", 180, units=24, seed=2, faulty_share=0.45))
    page.goto("/review")
    hand_in(page, people(scratch / "各单位.zip", 180, units=24, seed=2))
    yield "review"
    yield "review-list"
    page.select_option("#state", "error")
    page.select_option("#order", "errors")
    page.get_by_role("button", name="筛选").click()
    page.locator("table.submissions th a").nth(6).click()
    yield "review-item"
    page.go_back()
    page.get_by_role("link", name="比较").first.click()
    yield "review-changes"
    page.goto("/api/docs")
    yield "interface"


def faulty(scratch: Path) -> Path:
    data: dict[str, Any] = json.loads(SAMPLE.read_text("utf-8-sig"))
    data["person"]["id_number"] = data["person"]["id_number"][:-1] + "0"
    data["funding"]["provincial"] = 120000
    data["expenses"]["total"] += 100
    data["materials"] = data["materials"][:2]
    del data["person"]["postcode"]
    path = scratch / "我的草稿.json"
    path.write_text(json.dumps(data, ensure_ascii=False))
    return path


def people(path: Path, count: int, *, units: int, seed: int, faulty_share: float = 0.3) -> Path:
    """A ZIP of invented submissions."""
    with zipfile.ZipFile(path, "w") as archive:
        for number, data in enumerate(batch(count, units=units, faulty=faulty_share, seed=seed), 1):
            name = data["person"].get("name", "")
            text = json.dumps(data, ensure_ascii=False)
            archive.writestr(f"{number:03d}-{name}.json", text)
        if units > 1:
            archive.writestr("打不开.json", "{")
    return path


def load(page: Page, path: Path) -> None:
    page.locator("details.load summary").click()
    page.set_input_files("#file", path)
    page.get_by_role("button", name="载入", exact=True).click()
    page.locator("p.notice").first.wait_for()


def hand_in(page: Page, path: Path) -> None:
    page.set_input_files("#files", path)
    page.locator("button.primary").click()
    page.locator(".tiles").first.wait_for(timeout=30_000)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else IMAGES)
