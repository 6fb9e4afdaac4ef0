"""What the store knows of a person fills a form, for those alone who may read it anyway."""

import json
import re

from formsvc.checks.register import Register, Registered
from formsvc.store import rosters

from .world import submission

STUDY = "jiangxi-study-application"


def test_a_person_known_by_an_earlier_filing_is_filled_in(desks, world):
    mine = submission()
    id = world.handed_in(world.actor("申报人"), "江西某大学", mine)
    browser = desks.of("申报人")
    browser.get(f"/forms/{STUDY}")
    assert f'value="known {id}"' in browser.page
    filled = browser.post(
        f"/forms/{STUDY}", {"do": f"known {id}", "/person/email": "new@example.cn"}
    )
    assert f'value="{mine["person"]["mobile"]}"' in filled
    assert f'value="{mine["unit"]["department"]}"' in filled
    assert 'value="new@example.cn"' in filled  # what stands there stays
    assert mine["training"]["project_name"] not in filled


def test_nobody_is_filled_in_from_what_others_handed_in(desks, world):
    id = world.handed_in(world.actor("申报人"), "江西某大学")
    browser = desks.of("单位")
    browser.get(f"/forms/{STUDY}")
    assert "known " not in browser.page
    filled = browser.post(f"/forms/{STUDY}", {"do": f"known {id}"})
    assert submission()["person"]["mobile"] not in filled


def test_the_register_fills_category_and_year_of_who_is_on_it(desks, world):
    person = submission()["person"]
    people = Register((Registered(person["name"], person["id_number"], "技能人才", 2019),))
    with world.store.writing() as work:
        rosters.keep(work, work.store.forms[0].programmes["jiangxi"], people, "名册")
    asked = {"/person/name": person["name"], "/person/id_number": person["id_number"]}
    browser = desks.of("申报人")
    browser.get(f"/forms/{STUDY}")
    offers = json.loads(browser.post(f"/forms/{STUDY}/live", asked))["offers"]
    assert offers["/person/selected_year"][0] == "2019"
    nobody = desks.of("")
    nobody.get(f"/forms/{STUDY}")
    offers = json.loads(nobody.post(f"/forms/{STUDY}/live", asked))["offers"]
    assert "/person/selected_year" not in offers
    assert re.match("19|20", offers["/person/birth_date"][0])
