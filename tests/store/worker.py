"""Processes that work on a store without end, and say what was acknowledged: killed by tests.

python -m tests.store.worker DATA DATABASE PERSONS UNIT LOG: each line on standard input begins one,
whose number is answered. For each acknowledged verb it writes a line to LOG at once:
`handed-in ID VERSION`, `passed-on ID STAGE`, `draft ID`.
"""

import os
import random
import signal
import sys
import traceback
from contextlib import suppress
from pathlib import Path

from formsvc.bulk.batch import loaded
from formsvc.config import Settings
from formsvc.store import drafts, life
from formsvc.store.access import Actor
from formsvc.store.errors import StoreError, Unreachable
from formsvc.store.life import Opinion, State
from formsvc.store.store import Store

from .world import submission


def main(*given: str) -> None:
    loaded((), Settings().press)  # once: those that are killed are copies
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for _ in sys.stdin:
        pid = os.fork()
        if not pid:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            random.seed(os.getpid())
            try:
                work_on(*given)
            except BaseException:
                traceback.print_exc()  # nobody else says why it ended
            finally:
                os._exit(1)
        print(pid, flush=True)


def work_on(data: str, address: str, people: str, unit: str, log: str) -> None:
    told = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    store, actors = None, []
    while True:
        with suppress(Unreachable):  # its connection broke: it goes on with another one
            store = store or Store.open(Settings(data=Path(data), database=address))
            if not actors:
                with store.reading() as work:
                    actors = [store.actor(work.session, int(each)) for each in people.split(",")]
                os.write(told, b"begun\n")
            owner, *others = actors
            one_life(store, owner, others, int(unit), told)


def one_life(store: Store, owner: Actor, others: list[Actor], unit: int, told: int) -> None:
    id, revision = begun(store, owner, unit)
    os.write(told, f"draft {id}\n".encode())
    with store.writing(owner) as work:
        version = life.hand_in(work, id, revision, key=f"key-{id}", request="same").number
    os.write(told, f"handed-in {id} {version}\n".encode())
    for _ in range(random.randrange(6)):
        stage = passed(store, others, id)
        if stage:
            os.write(told, f"passed-on {id} {stage}\n".encode())


def begun(store: Store, owner: Actor, unit: int) -> tuple[int, int]:
    data = submission("jiangxi-project-change")
    with store.writing(owner) as work:
        form = store.forms[0].in_force(data["form"], work.today)
        made = drafts.begin(work, form, data, unit)
        return made.id, made.revision


def passed(store: Store, others: list[Actor], id: int) -> str:
    for actor in others:
        try:
            with store.writing(actor) as work:
                filing = life.find(work, id)
                if filing.state != State.OPEN or not actor.handles(filing.holder_id):
                    continue
                stage = filing.stage
                opinion = Opinion(life.current(filing).digest, "同意")
                life.pass_on(work, id, filing.revision, opinion)
            return stage
        except StoreError:
            continue
    return ""


if __name__ == "__main__":
    main(*sys.argv[1:])
