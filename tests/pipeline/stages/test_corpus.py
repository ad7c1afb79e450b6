"""Which files are listed, what their content is called, and what becomes of copies."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from media.fetch import at_hand
from pipeline.stages.corpus import Corpus, CorpusSettings, DropCopies, copies, list_corpus, survey
from schemas.media import Copies, Listed, Source
from schemas.origin import Origin
from schemas.outcome import Reject, Rejected


def touch(path: Path, content: bytes = b"x") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def uris(videos: Path) -> list[str]:
    return [item.uri for item in list_corpus(videos)]


def listed(path: Path | str) -> Listed:
    return Listed(key="0", uri=str(path), origin=Origin(licence="cc0", domain="test"))


def reason_of(path: Path | str) -> str:
    with pytest.raises(Rejected) as no:
        next(Corpus()(listed(path)))
    return no.value.reason


def test_a_tree_is_listed_in_order(tmp_path: Path) -> None:
    made = [touch(tmp_path / name) for name in ("b.MP4", "a/z.mkv", "a/b/c.gif", "c.webm")]
    assert uris(tmp_path) == sorted(str(path) for path in made)
    first = list_corpus(tmp_path)[0]
    assert first.key == hashlib.sha256(first.uri.encode()).hexdigest()[:12]
    assert (first.origin.licence, first.origin.domain) == ("unknown", "unknown")


def test_other_files_are_counted(tmp_path: Path) -> None:
    for name in ("a.mp4", "a.txt", "b/b.TXT", "b/c.jpg", "readme"):
        touch(tmp_path / name)
    assert len(uris(tmp_path)) == 1
    assert survey(tmp_path).others == Counter({".txt": 2, ".jpg": 1, "": 1})


@pytest.mark.parametrize(
    "name", ["two words.mp4", "line\nbreak.mp4", "влог.mp4", "人 物.mov", "'\"$(x);.mp4"]
)
def test_odd_names_are_found_again(tmp_path: Path, name: str) -> None:
    touch(tmp_path / name)
    item = list_corpus(tmp_path)[0]
    assert next(Corpus()(item)).uri == str(tmp_path / name)


def test_a_name_that_is_no_text_is_told_by_escapes_and_found(tmp_path: Path) -> None:
    touch(Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xe9/\xff.mp4")))
    (item,) = list_corpus(tmp_path)
    assert item.uri == str(tmp_path / "\\xe9" / "\\xff.mp4")
    source = next(Corpus()(item))
    assert source.uri == item.uri
    with at_hand(source) as path:
        assert path.read_bytes() == b"x"


def test_a_name_with_such_escapes_in_letters_is_what_it_says(tmp_path: Path) -> None:
    touch(tmp_path / "\\xff.mp4")
    (item,) = list_corpus(tmp_path)
    assert next(Corpus()(item)).uri == str(tmp_path / "\\xff.mp4")


def test_links_lead_to_a_file_once(tmp_path: Path) -> None:
    real = touch(tmp_path / "real" / "a.mp4")
    (tmp_path / "alias.mp4").symlink_to(real)
    (tmp_path / "again").symlink_to(tmp_path / "real")
    (tmp_path / "real" / "up").symlink_to(tmp_path)
    assert uris(tmp_path) == [str(real)]


def test_links_out_of_the_folder_are_followed_only_if_asked(tmp_path: Path) -> None:
    real = touch(tmp_path / "elsewhere" / "a.mp4")
    near = touch(tmp_path / "videos" / "b.mp4")
    (tmp_path / "videos" / "link").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "videos" / "c.mp4").symlink_to(real)
    (tmp_path / "videos" / "up").symlink_to("../videos")
    (tmp_path / "alias").symlink_to(tmp_path / "videos")
    for folder in ("videos", "alias"):
        assert uris(tmp_path / folder) == [str(near)]
        assert survey(tmp_path / folder).links_out == 2
        found = survey(tmp_path / folder, CorpusSettings(follow_links=True))
        assert [item.uri for item in found.videos] == [str(real), str(near)]
        assert found.links_out == 0


@pytest.mark.parametrize("store", ["videos/.store", "elsewhere"])
def test_a_link_into_a_store_that_names_files_by_content(tmp_path: Path, store: str) -> None:
    """Judged and listed by the name that was given: the file's own name tells nothing."""
    blobs = [touch(tmp_path / store / f"{number:064x}", bytes([number])) for number in range(4)]
    names = ("b.mp4", "a.MKV", "notes.txt", "c.mp4")
    touch(tmp_path / "videos" / "d.mp4")
    for name, blob in zip(names, blobs, strict=True):
        (tmp_path / "videos" / name).symlink_to(blob)
    (tmp_path / "videos" / "again.mp4").symlink_to("c.mp4")
    found = survey(tmp_path / "videos", CorpusSettings(follow_links=True))
    assert [Path(item.uri).name for item in found.videos] == ["a.MKV", "again.mp4", "b.mp4", "d.mp4"]
    assert found.others == Counter({"" if store != "elsewhere" else ".txt": 1})
    assert next(Corpus()(found.videos[0])).sha256 == hashlib.sha256(bytes([1])).hexdigest()


def test_a_manifest_names_a_link_into_a_store(tmp_path: Path) -> None:
    blob = touch(tmp_path / "blobs" / ("0" * 64))
    (tmp_path / "a.mp4").symlink_to(blob)
    (tmp_path / "b.mp4").symlink_to(touch(tmp_path / "blobs" / "real.mp4"))
    touch(tmp_path / "list.csv", b"uri\na.mp4\nb.mp4\n")
    assert uris(tmp_path / "list.csv") == [str(tmp_path / "a.mp4"), str(tmp_path / "blobs" / "real.mp4")]


@pytest.mark.parametrize(
    "name", ["take.0001", "Miller vs. Jones, live", "a.b\x1b[2J", "a." + "x" * 240, "a."]
)
def test_what_follows_the_last_dot_may_be_no_suffix(tmp_path: Path, name: str) -> None:
    """Names end in anything: they are counted together, not a line each."""
    touch(tmp_path / name)
    touch(tmp_path / ("y" * 251 + ".mp4"))
    found = survey(tmp_path)
    assert found.others == Counter({"": 1})
    assert next(Corpus()(found.videos[0])).num_bytes == 1


def test_links_that_lead_nowhere_are_rejected(tmp_path: Path) -> None:
    (tmp_path / "gone.mp4").symlink_to(tmp_path / "nothing.mp4")
    (tmp_path / "self.mp4").symlink_to(tmp_path / "self.mp4")
    assert [reason_of(uri) for uri in uris(tmp_path)] == ["missing", "not_a_file"]


def test_a_folder_that_cannot_be_opened_is_listed_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = touch(tmp_path / "closed" / "a.mp4").parent
    scandir = os.scandir

    def refusing(folder: Path):
        if folder == closed:
            raise PermissionError(13, "Permission denied", str(folder))
        return scandir(folder)

    monkeypatch.setattr(os, "scandir", refusing)  # chmod does not stop root
    assert uris(tmp_path) == [str(closed)]
    assert reason_of(closed) == "not_a_file"


def test_a_csv_manifest_says_licence_and_domain(tmp_path: Path) -> None:
    touch(tmp_path / "clips" / "b c.mp4")
    rows = (
        f'\ufeffuri,licence,domain\n"clips/b c.mp4",cc0,dance\n{tmp_path}/a.mp4,,\ns3://bucket/c.mp4,mit,\n'
    )
    touch(tmp_path / "list.csv", rows.encode())
    assert [
        (item.uri, item.origin.licence, item.origin.domain) for item in list_corpus(tmp_path / "list.csv")
    ] == [
        (str(tmp_path / "a.mp4"), "unknown", "unknown"),
        (str(tmp_path / "clips" / "b c.mp4"), "cc0", "dance"),
        ("s3://bucket/c.mp4", "mit", "unknown"),
    ]
    assert survey(tmp_path / "list.csv").others == Counter()


def test_a_parquet_manifest_is_the_same(tmp_path: Path) -> None:
    folder = tmp_path / "year=2024"
    folder.mkdir()
    table = pa.table({"uri": ["b.mp4", "a.mp4"], "licence": ["cc0", None], "seconds": [1.0, 2.0]})
    pq.write_table(table, folder / "list.parquet")
    found = list_corpus(folder / "list.parquet")
    assert [(item.uri, item.origin.licence, item.origin.domain) for item in found] == [
        (str(folder / "a.mp4"), "unknown", "unknown"),
        (str(folder / "b.mp4"), "cc0", "unknown"),
    ]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"path,licence\na.mp4,cc0\n", "needs a column uri, this one has path, licence"),
        (b"", "needs a column uri, this one has none"),
        (b"uri,license\na.mp4,cc0\n", "the column license is called licence"),
        (b"uri\na.mp4\n\xff\xfe.mp4\n", "cannot be read"),
        (b'uri\n"a.mp4\n', "cannot be read"),
        (b"uri,domain\na.mp4,talk\n./a.mp4,dance\n", "row 2 contradicts an earlier row"),
        (b"uri,licence\na.mp4," + b"a" * 2049, "row 1 has more than 2048 bytes of licence"),
    ],
)
def test_a_manifest_that_cannot_be_used(tmp_path: Path, content: bytes, message: str) -> None:
    touch(tmp_path / "list.csv", content)
    with pytest.raises(ValueError, match=message):
        list_corpus(tmp_path / "list.csv")


@pytest.mark.parametrize(("name", "first"), [("absent", "nothing is there; "), ("words.txt", "")])
def test_neither_folder_nor_manifest(tmp_path: Path, name: str, first: str) -> None:
    touch(tmp_path / "words.txt")
    with pytest.raises(ValueError, match=f"{name}: {first}expected a folder of videos, a video, or a manif"):
        list_corpus(tmp_path / name)


def test_a_source_is_known_by_its_content(tmp_path: Path) -> None:
    content = os.urandom(3_000_000)
    source = next(Corpus()(listed(touch(tmp_path / "a.mp4", content))))
    assert source.sha256 == hashlib.sha256(content).hexdigest()
    assert source.key == source.sha256[:12]
    assert source.num_bytes == len(content)
    assert (source.origin.licence, source.origin.domain) == ("cc0", "test")


def test_what_is_no_readable_file_is_rejected(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.mp4")
    touch(tmp_path / "empty.mp4", b"")
    (tmp_path / "folder.mp4").mkdir()
    assert reason_of(tmp_path / "pipe.mp4") == "not_a_file"  # and does not wait for a writer
    assert reason_of(tmp_path / "folder.mp4") == "not_a_file"
    assert reason_of("/dev/null") == "not_a_file"
    assert reason_of(tmp_path / "empty.mp4") == "empty"
    assert reason_of(tmp_path / "absent.mp4") == "missing"
    assert reason_of(tmp_path / "empty.mp4" / "a.mp4") == "missing"
    assert reason_of("s3://bucket/a//b.mp4") == "unsupported_uri"
    assert reason_of("https://example.org/a.mp4") == "unsupported_uri"


def test_a_file_that_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = touch(tmp_path / "a.mp4")

    def refuse(*args: object, **named: object) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(os, "open", refuse)  # chmod does not stop root
    assert reason_of(path) == "unreadable"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_whose_mode_forbids_reading(tmp_path: Path) -> None:
    touch(tmp_path / "a.mp4").chmod(0)
    assert reason_of(tmp_path / "a.mp4") == "unreadable"


def sources(*names_and_contents: tuple[str, str]) -> list[Source]:
    return [
        Source(key=content * 12, uri=name, sha256=content * 64, num_bytes=1, origin=Origin())
        for name, content in names_and_contents
    ]


def test_copies_are_rejected_and_name_the_first(tmp_path: Path) -> None:
    groups = copies(sources(("c", "1"), ("b", "2"), ("a", "1"), ("d", "1")))
    assert [[member.uri for member in group.members] for group in groups] == [["c", "a", "d"], ["b"]]
    assert [group.key for group in groups] == ["1" * 12, "2" * 12]
    outcomes = [outcome for group in groups for outcome in DropCopies()(group)]
    assert [outcome.uri for outcome in outcomes if isinstance(outcome, Source)] == ["c", "b"]
    assert [(no.uri, no.reason, no.detail) for no in outcomes if isinstance(no, Reject)] == [
        ("a", "duplicate", "c"),
        ("d", "duplicate", "c"),
    ]


def test_a_file_alone_is_a_corpus_of_one(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(b"1")
    (tmp_path / "b.mp4").write_bytes(b"2")
    (item,) = survey(tmp_path / "a.mp4", CorpusSettings(licence="CC0", domain="talk")).videos
    assert (item.uri, item.origin.licence, item.origin.domain) == (str(tmp_path / "a.mp4"), "CC0", "talk")
    (tmp_path / "list.csv").write_text("uri,licence\na.mp4,mine\nb.mp4,\n")
    rows = survey(tmp_path / "list.csv", CorpusSettings(licence="CC0")).videos
    assert [(item.origin.licence, item.origin.domain) for item in rows] == [
        ("mine", "unknown"),
        ("CC0", "unknown"),
    ]
    with pytest.raises(ValueError, match="--licence or --domain has more than 2048 bytes of licence"):
        survey(tmp_path, CorpusSettings(licence="x" * 3000))


def test_the_first_copy_that_is_not_dropped_is_taken() -> None:
    group = Copies(key="k", members=tuple(source(uri) for uri in ("a", "b", "c")))
    assert [(out.uri, getattr(out, "reason", "")) for out in DropCopies({"a"})(group)] == [
        ("a", "gone"),
        ("b", ""),
        ("c", "duplicate"),
    ]
    assert {getattr(out, "reason", "") for out in DropCopies({"a", "b", "c"})(group)} == {"gone"}


def source(uri: str) -> Source:
    return Source(key="k", uri=uri, sha256="0" * 64, num_bytes=1, origin=Origin())
