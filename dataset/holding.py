"""Who must stand on one side when samples are held out: rows that share a person, a take or a file."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.int64]


def groups(codes: Sequence[Codes], words: Sequence[Sequence[str]]) -> tuple[Codes, list[str]]:
    """For each row the group that it belongs to, and what each group is called.

    Given are, for subject, take and source, a code for each row and the words that codes stand for; an empty
    subject or take joins nothing. Rows that share any are of one group, and so on from row to row. A group
    is called by the first of its subjects, else of its takes, else of its sources.
    """
    rows = np.unique(np.stack(codes, axis=1), axis=0)
    called = [{code: name(kind, word) for code, word in enumerate(texts)} for kind, texts in enumerate(words)]
    tokens = [
        [called[kind][code] for kind, code in enumerate(row) if words[kind][code]] for row in rows.tolist()
    ]
    top = joined(tokens)
    roots = sorted(set(top.values()))
    number = {root: at for at, root in enumerate(roots)}
    by_source = {row[-1]: number[top[named[-1]]] for row, named in zip(rows.tolist(), tokens, strict=True)}
    most = max(by_source, default=-1) + 1
    table = np.array([by_source.get(code, -1) for code in range(most)], np.int64)
    return table[codes[-1]], [root[1] for root in roots]


def name(kind: int, word: str) -> tuple[int, str]:
    """What a word is known by: first by whom it names. A source's own digest, as it always was."""
    return kind, (f"subject {word}", f"take {word}", word)[kind]


def joined(tokens: Sequence[Sequence[tuple[int, str]]]) -> dict[tuple[int, str], tuple[int, str]]:
    """For each token the first, in their order, of all that are joined with it by standing in one list."""
    above: dict[tuple[int, str], tuple[int, str]] = {}

    def top(token: tuple[int, str]) -> tuple[int, str]:
        while (over := above.setdefault(token, token)) != token:
            above[token] = above[over]  # halves the way for the next who asks
            token = over
        return token

    for named in tokens:
        roots = sorted(map(top, named))
        for root in roots:
            above[root] = roots[0]
    return {token: top(token) for token in above}
