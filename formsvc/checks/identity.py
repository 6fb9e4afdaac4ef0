"""Rule kinds about citizen identity numbers (GB 11643-1999)."""

from datetime import date
from typing import Any

from formsvc.checks.formats import REGIONS, id_birth_date
from formsvc.checks.operands import MET, Breach, Breaches, Evaluate, Place, says
from formsvc.writing.notation import identity_code, long_date


@says(message="stated encoded", message_gender="stated encoded")
def id_agrees(id_number: Place, birth_date: Place, gender: Place) -> Evaluate:
    """Birth date and gender agree with the ID number."""

    def evaluate(data: Any, on: date) -> Breaches:
        code = identity_code(id_number.get(data))
        breaches = []
        born, stated = id_birth_date(code), birth_date.find(data)
        if stated and born and stated != born.isoformat():
            said = {"stated": long_date(date.fromisoformat(stated)), "encoded": long_date(born)}
            breaches.append(Breach(birth_date.field.pointer, said))
        encoded, chosen = "男" if int(code[16]) % 2 else "女", gender.find(data)
        if chosen and chosen != encoded:
            said = {"stated": chosen, "encoded": encoded}
            breaches.append(Breach(gender.field.pointer, said, message="message_gender"))
        return breaches

    return evaluate


@says(message="value youngest oldest", message_future="encoded")
def id_age(id_number: Place, youngest: int, oldest: int) -> Evaluate:
    """The age by the ID number on the day of the check is within bounds, in whole years."""

    def evaluate(data: Any, on: date) -> Breaches:
        born = id_birth_date(identity_code(id_number.get(data)))
        if born is None:
            return MET
        if born > on:
            said: dict[str, object] = {"encoded": long_date(born)}
            return [Breach(id_number.field.pointer, said, message="message_future")]
        age = on.year - born.year - ((on.month, on.day) < (born.month, born.day))
        if youngest <= age <= oldest:
            return MET
        said = {"value": age, "youngest": youngest, "oldest": oldest}
        limit = youngest if age < youngest else oldest
        return [Breach(id_number.field.pointer, said, age, limit)]

    return evaluate


@says(message="region")
def id_region(id_number: Place) -> Evaluate:
    """The first two digits are a known region; abolished counties stay valid."""

    def evaluate(data: Any, on: date) -> Breaches:
        region = identity_code(id_number.get(data))[:2]
        return MET if region in REGIONS else [Breach(id_number.field.pointer, {"region": region})]

    return evaluate
