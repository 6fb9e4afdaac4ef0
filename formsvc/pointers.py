"""RFC 6901 JSON Pointers, the only way to name a place in a submission."""

from collections.abc import Iterable
from functools import lru_cache
from itertools import pairwise
from typing import Final

Token = str | int


class Missing:
    """The type of MISSING, which `get` answers where nothing stands at a pointer."""

    def __repr__(self) -> str:
        return "MISSING"

    def __bool__(self) -> bool:
        return False


MISSING: Final = Missing()


@lru_cache(4096)
def parse(pointer: str) -> tuple[str, ...]:
    """Split a pointer into its reference tokens; ValueError when it does not start with `/`."""
    if pointer == "":
        return ()
    if not pointer.startswith("/"):
        raise ValueError(f"not a JSON Pointer: {pointer!r}")
    return tuple(token.replace("~1", "/").replace("~0", "~") for token in pointer[1:].split("/"))


def format(tokens: Iterable[Token]) -> str:
    """Join reference tokens into a pointer."""
    return "".join("/" + str(token).replace("~", "~0").replace("/", "~1") for token in tokens)


def get(data: object, pointer: str) -> object:
    """The value at a pointer, or MISSING."""
    for token in parse(pointer):
        if isinstance(data, dict) and token in data:
            data = data[token]
        elif isinstance(data, list) and _is_index(token) and int(token) < len(data):
            data = data[int(token)]
        else:
            return MISSING
    return data


def set_(data: dict[str, object], pointer: str, value: object) -> None:
    """Put a value at a pointer; missing objects are made, a list grows by its next index.

    Raises ValueError when the pointer names the whole document or runs through a scalar.
    """
    tokens = parse(pointer)
    if not tokens:
        raise ValueError("cannot replace the whole document")
    place: object = data
    for token, following in pairwise(tokens):
        fresh: object = [] if _is_index(following) else {}
        place = _child(place, token, fresh)
    _assign(place, tokens[-1], value)


def within(pointer: str, ancestor: str) -> bool:
    """Whether a pointer names `ancestor` itself or a place inside it."""
    return pointer == ancestor or pointer.startswith(ancestor + "/")


def _child(place: object, token: str, fresh: object) -> object:
    if isinstance(place, dict):
        return place.setdefault(token, fresh)
    if isinstance(place, list) and _is_index(token):
        if int(token) == len(place):
            place.append(fresh)
        if int(token) < len(place):
            return place[int(token)]
    raise ValueError(f"no place for {token!r}")


def _assign(place: object, token: str, value: object) -> None:
    if isinstance(place, dict):
        place[token] = value
    elif isinstance(place, list) and _is_index(token) and int(token) <= len(place):
        place[int(token) :] = [value, *place[int(token) + 1 :]]
    else:
        raise ValueError(f"no place for {token!r}")


def _is_index(token: str) -> bool:
    return token.isascii() and token.isdigit() and (token == "0" or token[0] != "0")
