"""What the desks do in the background, told so that any process can begin it anew."""

from datetime import date
from typing import Final

from formsvc.bulk.batch import Job, loaded
from formsvc.config import Settings
from formsvc.web.desks.products import PRODUCTS, Making, place
from formsvc.web.desks.uploads import read, results
from formsvc.web.runs.runs import Perform, Run, Task

_READ: Final = "read"
_MAKE: Final = "make"


def reading(on: date) -> Task:
    """Read what was handed in, as of a day."""
    return Task(_READ, {"on": on.isoformat()})


def making(product: str) -> Task:
    """Make a product of a batch that is read."""
    return Task(_MAKE, {"product": product})


def performer(settings: Settings) -> Perform:
    """Who does these tasks, with the forms that the operator set."""

    def perform(run: Run, task: Task) -> None:
        catalogue = loaded(settings.shelves, settings.press)[0]
        if task.name == _READ:
            on = date.fromisoformat(task.arguments["on"])
            job = Job(on, settings.shelves, press=settings.press, keeps=True)
            read(run.folder, job, catalogue, run.tell)
            return
        name = task.arguments["product"]
        with results(run, catalogue) as batch, run.folder.create(place(name)) as out:
            PRODUCTS[name].make(Making(batch, settings, run.tell), out)

    return perform
