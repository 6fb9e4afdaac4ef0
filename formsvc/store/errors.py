"""Why something was not done with a filing. The messages are Chinese and for who asked."""

from typing import ClassVar

from formsvc.errors import FormsvcError
from formsvc.findings import Report


class StoreError(FormsvcError):
    """Base of what the store answers when it does not do as asked. Nothing was changed."""


class NotThere(StoreError):
    """There is no such thing, or it is not for this person to see: the two are the same."""

    def __init__(self) -> None:
        super().__init__("没有找到：可能编号有误，或者不在您可以查看的范围内。")


class Overtaken(StoreError):
    """Somebody else changed the filing since it was read."""

    def __init__(self) -> None:
        super().__init__("这份材料刚被别人改动过，请看最新的情况后再办。您填的内容还在。")


class Refused(StoreError):
    """Seen, but not for this person to do, or not now. `code` is for the history."""

    code: ClassVar[str] = "refused"

    def __init__(self, message: str, verb: str = "", filing: int | None = None) -> None:
        super().__init__(message)
        self.verb = verb
        self.filing = filing


class NotAllowed(Refused):
    """The person has not the role."""

    code = "role"


class NotNow(Refused):
    """The state of the filing does not allow it."""

    code = "state"


class NotReady(Refused):
    """What is handed in has errors; the report says which."""

    code = "errors"

    def __init__(self, report: Report, filing: int | None = None) -> None:
        super().__init__(f"还有 {report.errors} 处错误，改正后才能提交。", "hand-in", filing)
        self.report = report


class Void(Refused):
    """An opinion was given on another version than the one that is there now."""

    code = "void"


class Reused(Refused):
    """An Idempotency-Key came a second time with another request."""

    code = "reused"


class Invalid(StoreError):
    """What was sent cannot be taken; the message says what and how to mend it."""


class Overloaded(StoreError):
    """So much waits to be done in the background that no more is taken; come again later."""

    seconds: ClassVar[int] = 30

    def __init__(self, message: str = "后台要做的事太多了，请过半分钟再试。") -> None:
        super().__init__(message)


class Unreachable(Overloaded):
    """The database is gone for a moment, or so busy that it gave this up; come again soon.

    Where the connection broke at the very end it may have been done all the same.
    """

    seconds: ClassVar[int] = 5

    def __init__(self) -> None:
        super().__init__("数据库刚才没有应答，多半没有办成；请过几秒看看最新的情况，再试一次。")


class Full(StoreError):
    """The database has no room left to write."""

    def __init__(self) -> None:
        super().__init__("没有空间可写，没有办理；请稍后再试，或与管理员联系。")
