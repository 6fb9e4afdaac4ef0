"""The front page is for people; the manuals are served beside what they explain."""

import re

import pytest

from .conftest import ROOT

MANUALS = ("applicant", "employer", "reviewer")


def main_of(page: str) -> str:
    return re.search(r"<main.*?</main>", page, re.DOTALL)[0]


def test_the_front_page_holds_nothing_for_programmers(client):
    text = re.sub(r"<[^>]+>", "", main_of(client.get("/").text))
    for word in ("curl", "formsvc", "JSON", "接口", "命令行", "API"):
        assert word not in text


def test_the_front_page_says_in_one_sentence_each_what_one_may_want(client):
    wants = re.search(r'<ul class="cards wants">.*?</ul>', client.get("/").text, re.DOTALL)[0]
    said = re.findall(r"<p>([^<]+)</p>", wants)
    assert len(said) == len(re.findall("<h3>", wants))
    assert all(each.count("。") == 1 and each.endswith("。") for each in said)


@pytest.mark.parametrize(
    "path", ["/", "/unit", "/review", "/forms/jiangxi-training-summary", "/no"]
)
def test_every_page_leads_to_the_manuals_to_verify_and_to_the_interface(client, path):
    page = client.get(path).text
    for where in (*(f"/manuals/{who}" for who in MANUALS), "/verify", "/coverage", "/api/docs"):
        assert f'href="{where}"' in page


@pytest.mark.parametrize("who", MANUALS)
def test_a_manual_is_served_whole_with_its_pictures(client, who):
    source = (ROOT / f"docs/manual-{who}.md").read_text("utf-8")
    page = main_of(client.get(f"/manuals/{who}").text)
    assert page.count("<h1>") == 1
    for chapter in re.findall(r"^## (.+)$", source, re.MULTILINE):
        assert f">{chapter}</h2>" in page
    pictures = re.findall(r'<img src="([^"]+)"', page)
    assert len(pictures) == source.count("![")
    for picture in pictures:
        answer = client.get(f"/manuals/{picture}")
        assert (answer.status_code, answer.mimetype) == (200, "image/jpeg")
        answer.close()


def test_a_manual_that_is_not_there_is_nowhere(client):
    assert client.get("/manuals/nobody").status_code == 404
    assert client.get("/manuals/images/..%2Foperating.md").status_code == 404
