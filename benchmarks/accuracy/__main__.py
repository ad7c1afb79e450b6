"""Measures every estimator against the ground truth; prints the tables, keeps them in two files."""

from __future__ import annotations

import os
from pathlib import Path

import tyro

from benchmarks.accuracy import body, face, hands, head, identity, shots, synthetic
from benchmarks.accuracy.table import markdown

FOLDER = Path(__file__).parent
SHARED = Path(os.environ.get("UNDERSTUDY_SHARED", FOLDER.parents[2] / "shared"))
HEADER = """# Accuracy

The embedded estimators against `groundtruth/` of the corpus, measured by `python -m benchmarks.accuracy`.
A goal is reached where the value meets it and nothing that is labelled was missed.

"""


def main(corpus: Path = SHARED / "corpus") -> None:
    """Print the table of all parts and write it to RESULTS.md, then that of synthetic people.

    Args:
        corpus: folder with `clips/`, `images/` and `groundtruth/`.
    """
    rows = [row for part in (head, face, body, hands, identity, shots) for row in part.measure(corpus)]
    text = HEADER + markdown(rows)
    (FOLDER / "RESULTS.md").write_text(text)
    print(text)
    synthetic.main()


if __name__ == "__main__":
    tyro.cli(main)
