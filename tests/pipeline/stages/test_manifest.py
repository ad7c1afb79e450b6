"""What a manifest says of its videos, whoever wrote it."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.stages.corpus import Corpus, DropCopies, copies, list_corpus
from schemas.arrow import to_row
from schemas.origin import Lens, Origin
from schemas.outcome import Reject

HEAD = "uri,licence,domain,subject,take,camera,consent,focal_px,principal_x,principal_y,shoot,note\n"


def origins(path: Path) -> list[Origin]:
    return [row.origin for row in list_corpus(path)]


def test_every_column_is_kept(tmp_path: Path) -> None:
    rows = "a.mp4,CC0,talk,anna,t1,left,form 7,900.5,319.5,239.5,5,ü\nb.mp4,,,,,,,,,,,\n"
    (tmp_path / "list.csv").write_text(HEAD + rows)
    full, nothing = origins(tmp_path / "list.csv")
    told = Origin(
        licence="CC0",
        domain="talk",
        subject="anna",
        take="t1",
        camera="left",
        consent="form 7",
        extra={"shoot": "5", "note": "ü"},
        lens=Lens(focal_px=900.5, principal_x=319.5, principal_y=239.5),
    )
    assert to_row(full) == to_row(told)
    assert to_row(nothing) == to_row(Origin())


def test_a_parquet_table_says_it_in_its_own_types(tmp_path: Path) -> None:
    table = pa.table({"uri": ["a.mp4", "b.mp4"], "subject": [7, None], "focal_px": [900.5, None]})
    table = table.append_column("principal_x", pa.array([1, None])).append_column(
        "principal_y", pa.array([2, None])
    )
    pq.write_table(table.append_column("age", pa.array([31, None])), tmp_path / "list.parquet")
    first, second = origins(tmp_path / "list.parquet")
    assert (first.subject, first.extra) == ("7", {"age": "31"})
    assert first.lens is not None
    assert (first.lens.focal_px, first.lens.principal_x) == (900.5, 1.0)
    assert to_row(second) == to_row(Origin())


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("a.mp4,,,,,,,900,,,,", "row 1: focal_px, principal_x, principal_y are three numbers or all empty"),
        ("a.mp4,,,,,,,wide,1,1,,", "three numbers or all empty"),
        ("a.mp4,,,,,,,-900,1,1,,", "no camera has focal_px -900"),
        ("a.mp4,,,,,,,inf,1,1,,", "no camera has focal_px inf"),
        ("a.mp4,,,,,,,900,nan,1,,", "no camera has focal_px 900 and its principal point at nan"),
        ("a.mp4,,,,,,,,,,,,one more", "row 1 has more cells than there are columns"),
        ("a.mp4,,," + "a" * 2049, "row 1 has more than 2048 bytes of subject"),
        ("a.mp4,,,,,,,,,," + "a" * 1500 + "," + "b" * 600, "of other columns together"),
        ("a.mp4,,,anna\na.mp4,,,ben", "row 2 contradicts an earlier row on .*a.mp4"),
        ("a.mp4,,,,,,,900,1,1\na.mp4,,,,,,,901,1,1", "row 2 contradicts"),
    ],
)
def test_what_cannot_be_is_told_with_its_row(row: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text(f"{HEAD}{row}\n")
    with pytest.raises(ValueError, match=message):
        list_corpus(tmp_path / "list.csv")


def test_a_broken_parquet_manifest(tmp_path: Path) -> None:
    (tmp_path / "list.parquet").write_bytes(b"PAR1 or not")
    with pytest.raises(ValueError, match="the manifest cannot be read"):
        list_corpus(tmp_path / "list.parquet")


def test_copies_of_which_other_things_are_told_are_named(tmp_path: Path) -> None:
    """Whose consent holds must not depend on which of two names of the same bytes came first, in silence."""
    for name in ("a.mp4", "b.mp4", "c.mp4"):
        (tmp_path / name).write_bytes(b"the same")
    rows = "a.mp4,anna,form 1\nb.mp4,ben,\nc.mp4,anna,form 1\n"
    (tmp_path / "list.csv").write_text(f"uri,subject,consent\n{rows}")
    sources = [source for row in list_corpus(tmp_path / "list.csv") for source in Corpus()(row)]
    (group,) = copies(sources)
    first, other, same = DropCopies()(group)
    assert first.uri == str(tmp_path / "a.mp4")
    assert isinstance(other, Reject)
    assert other.detail == f"{first.uri}; its subject, consent is told otherwise, and that one's holds"
    assert isinstance(same, Reject)
    assert same.detail == first.uri
