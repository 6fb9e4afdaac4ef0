"""What the desks do in the background, told so that any process can begin it anew."""

from datetime import date
from typing import Final

from formsvc.bulk.batch import Job, loaded
from formsvc.config import Settings
from formsvc.web.desks.mending import put_back, settle
from formsvc.web.desks.products import Making, make, place
from formsvc.web.desks.uploads import judging, read, results
from formsvc.web.runs.runs import Perform, Run, Task

_READ: Final = "read"
_MAKE: Final = "make"
_MEND: Final = "mend"
_SETTLE: Final = "settle"


def reading(on: date) -> Task:
    """Read what was handed in, as of a day."""
    return Task(_READ, {"on": on.isoformat()})


def making(product: str) -> Task:
    """Make a product of a batch that is read."""
    return Task(_MAKE, {"product": product})


def putting_back(number: int, on: date) -> Task:
    """Put a mended submission back into a batch that was judged as of a day."""
    return Task(_MEND, {"number": number, "on": on.isoformat()})


def settling(number: int, on: date) -> Task:
    """Take a submission out of such a batch, or put it in again."""
    return Task(_SETTLE, {"number": number, "on": on.isoformat()})


def performer(settings: Settings) -> Perform:
    """Who does these tasks, with the forms that the operator set."""

    def perform(run: Run, task: Task) -> None:
        catalogue = loaded(settings.shelves, settings.press)[0]
        if task.name == _MAKE:
            name = task.arguments["product"]
            with results(run, catalogue) as batch, run.folder.create(place(name)) as out:
                make(name, Making(batch, settings, run.tell), out)
            return
        on = date.fromisoformat(task.arguments["on"])
        job = Job(on, settings.shelves, press=settings.press, keeps=True)
        if task.name == _READ:
            read(run.folder, job, catalogue, run.tell, mends=True)
            return
        number, job = task.arguments["number"], judging(run.folder, job)
        doing = put_back if task.name == _MEND else settle
        doing(run.folder, number, job, catalogue, run.tell)

    return perform
