"""Which of several wants gets which of several places, so that the scores add up to the most."""

from collections.abc import Mapping, Sequence
from typing import Final

_MOST: Final = 200  # of each side in one group; time grows with the cube
Pair = tuple[int, int]


def assigned(scores: Mapping[Pair, float]) -> dict[int, int]:
    """Want → place, each place once, of pairs with positive scores; the best sum of scores.

    A group of more than 200 wants or places that hang together keeps its best pairs.
    """
    result: dict[int, int] = {}
    for group in _groups(scores):
        kept = _kept(group, scores)
        wants = sorted({want for want, _ in kept})
        places = sorted({place for _, place in kept})
        table = [[scores.get((want, place), 0.0) for place in places] for want in wants]
        for row, column in _best(table, len(places)):
            if table[row][column] > 0:
                result[wants[row]] = places[column]
    return result


def _kept(group: Sequence[Pair], scores: Mapping[Pair, float]) -> list[Pair]:
    wants: set[int] = set()
    places: set[int] = set()
    kept = []
    for want, place in sorted(group, key=lambda pair: -scores[pair]):
        fits_in = len(wants | {want}) <= _MOST and len(places | {place}) <= _MOST
        if fits_in and scores[want, place] > 0:
            wants.add(want)
            places.add(place)
            kept.append((want, place))
    return kept


def _groups(scores: Mapping[Pair, float]) -> list[list[Pair]]:
    """The pairs that hang together by a want or a place."""
    leader: dict[tuple[str, int], tuple[str, int]] = {}

    def lead(node: tuple[str, int]) -> tuple[str, int]:
        while leader.setdefault(node, node) != node:
            leader[node] = leader[leader[node]]
            node = leader[node]
        return node

    for want, place in scores:
        leader[lead(("want", want))] = lead(("place", place))
    groups: dict[tuple[str, int], list[Pair]] = {}
    for pair in scores:
        groups.setdefault(lead(("want", pair[0])), []).append(pair)
    return list(groups.values())


def _best(table: Sequence[Sequence[float]], places: int) -> list[Pair]:
    """The Hungarian method (Kuhn 1955, with potentials); every want may also go without."""
    wants = len(table)
    columns = places + wants  # one place more for each want that goes without, at score 0
    potential_row, potential_column = [0.0] * (wants + 1), [0.0] * (columns + 1)
    held = [0] * (columns + 1)
    for want in range(1, wants + 1):
        held[0] = want
        column = 0
        least = [float("inf")] * (columns + 1)
        came_from = [0] * (columns + 1)
        used = [False] * (columns + 1)
        while True:
            used[column] = True
            row = held[column]
            delta, following = float("inf"), 0
            for other in range(1, columns + 1):
                if used[other]:
                    continue
                score = table[row - 1][other - 1] if other <= places else 0.0
                cost = -score - potential_row[row] - potential_column[other]
                if cost < least[other]:
                    least[other], came_from[other] = cost, column
                if least[other] < delta:
                    delta, following = least[other], other
            for other in range(columns + 1):
                if used[other]:
                    potential_row[held[other]] += delta
                    potential_column[other] -= delta
                else:
                    least[other] -= delta
            column = following
            if held[column] == 0:
                break
        while column:
            held[column] = held[came_from[column]]
            column = came_from[column]
    return [(held[column] - 1, column - 1) for column in range(1, places + 1) if held[column]]
