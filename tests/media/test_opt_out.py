"""Reservations are read wherever files keep them, from made-up files; what breaks bounds is cut off."""

from __future__ import annotations

import io
import json
import struct
from pathlib import Path
from typing import Any

import pytest

from media import opt_out
from media.manifests import MAX_DEPTH, CborReader, refused_uses
from media.opt_out import C2PA_ID, XMP_ID, reservations
from pipeline.stages.probe import Probe, ProbeSettings
from schemas.outcome import Rejected
from tests.films import film, numbered, source_of
from tests.mp4 import box

NO = "http://ns.useplus.org/ldf/vocab/DMI-PROHIBITED-GENAIMLTRAINING"


def cbor(value: Any) -> bytes:
    """A map of texts as CBOR."""
    if isinstance(value, str):
        data = value.encode()
        return (bytes([0x60 + len(data)]) if len(data) < 24 else bytes([0x78, len(data)])) + data
    return bytes([0xA0 + len(value)]) + b"".join(cbor(name) + cbor(part) for name, part in value.items())


def jumbf(label: str, *parts: bytes) -> bytes:
    return box(b"jumb", box(b"jumd", bytes(16), b"\3", label.encode(), b"\0"), *parts)


def manifest(assertion: str, **uses: str) -> bytes:
    """A manifest store with one assertion."""
    family = assertion.partition(".")[0]
    said = {"entries": {f"{family}.{name}": {"use": use} for name, use in uses.items()}}
    body = jumbf(assertion, box(b"cbor", cbor(said)))
    return jumbf("c2pa", jumbf("urn:uuid:1", jumbf("c2pa.assertions", body)))


def uuid(store: bytes) -> bytes:
    return box(b"uuid", C2PA_ID, bytes(4), b"manifest\0", bytes(8), store)


def riff(*chunks: tuple[bytes, bytes]) -> bytes:
    body = b"".join(
        struct.pack("<4sI", name, len(data)) + data + bytes(len(data) % 2) for name, data in chunks
    )
    return struct.pack("<4sI4s", b"RIFF", len(body) + 4, b"AVI ") + body


def said(data: bytes, **tags: str) -> list[str]:
    return reservations(io.BytesIO(data), tags)


@pytest.mark.parametrize(
    "assertion", ["c2pa.training-mining", "cawg.training-mining", "c2pa.training-mining__1"]
)
def test_a_manifest_that_forbids_learning(assertion: str) -> None:
    family = assertion[:4]
    no = manifest(assertion, ai_generative_training="notAllowed", ai_inference="notAllowed")
    assert said(box(b"ftyp") + uuid(no) + box(b"mdat")) == [f"{family}.ai_generative_training notAllowed"]
    assert said(riff((b"LIST", b"x"), (b"C2PA", no))) == [f"{family}.ai_generative_training notAllowed"]
    some = manifest(assertion, data_mining="constrained", ai_training="allowed")
    assert said(uuid(some)) == [f"{family}.data_mining constrained"]
    assert said(uuid(manifest(assertion, ai_training="allowed", ai_inference="notAllowed"))) == []


def test_an_assertion_as_json_and_one_that_cannot_be_read() -> None:
    entry = {"entries": {"c2pa.ai_training": {"use": "notAllowed"}}}
    label = "c2pa.training-mining"
    assert list(refused_uses(jumbf(label, box(b"json", json.dumps(entry).encode())))) == [
        "c2pa.ai_training notAllowed"
    ]
    for broken in (
        b"",
        b"\xff",
        b"\xa1\x61a",
        b"\x7f",
        cbor({"entries": "none"}),
        b"\x81" * 40,
        b"\xbb" + b"\xff" * 8,
    ):
        assert list(refused_uses(jumbf(label, box(b"cbor", broken)))) == [f"{label} that cannot be read"]
    assert list(refused_uses(jumbf("c2pa.actions", box(b"cbor", b"\xff")))) == []


def test_cbor_as_its_standard_shows() -> None:
    examples = {
        "1903e8": 1000,
        "3863": -100,
        "83010203": [1, 2, 3],
        "f5": True,
        "c074323031332d30332d32315432303a30343a30305a": "2013-03-21T20:04:00Z",
    }
    for text, value in examples.items():
        assert CborReader(bytes.fromhex(text)).value() == value
    with pytest.raises(ValueError, match="too deep"):
        CborReader(b"\x81" * (MAX_DEPTH + 2)).value()


@pytest.mark.parametrize(
    "text",
    [
        f'<rdf:Description plus:DataMining="{NO}"/>',
        f'<plus:DataMining rdf:resource="{NO}"/>',
        f"<plus:DataMining>\n {NO}</plus:DataMining>",
        f'<a:DataMining b="{NO}"/>',
    ],
)
def test_iptc_in_an_xmp_packet(text: str) -> None:
    wanted = ["DataMining DMI-PROHIBITED-GENAIMLTRAINING"]
    packet = text.encode()
    assert said(box(b"uuid", XMP_ID, packet)) == wanted
    assert said(box(b"moov", box(b"mvhd"), box(b"udta", box(b"XMP_", packet)))) == wanted
    assert said(riff((b"_PMX", packet))) == wanted
    assert said(box(b"uuid", XMP_ID, packet.replace(b"PROHIBITED-GENAIMLTRAINING", b"ALLOWED"))) == []
    assert said(box(b"uuid", bytes(16), packet)) == []


def test_tdm_and_tags_of_any_container() -> None:
    assert said(b"", **{"TDM-RESERVATION": "1"}) == ["tdm-reservation 1"]
    assert said(b"", DataMining="DMI-PROHIBITED") == ["DataMining DMI-PROHIBITED"]
    assert said(box(b"uuid", XMP_ID, b'<rdf:Description tdm:reservation="1"/>')) == ["tdm-reservation 1"]
    assert said(b"", **{"tdm-reservation": "0", "title": "DMI-PROHIBITED", "comment": "reservation 1"}) == []
    assert said(b"", **{"tdm-reservation": "10"}) == []


def test_no_more_is_read_than_the_bounds_allow(monkeypatch: pytest.MonkeyPatch) -> None:
    no = uuid(manifest("c2pa.training-mining", ai_training="notAllowed"))
    assert said(box(b"uuid", XMP_ID) * opt_out.MOST + no) == []
    monkeypatch.setattr(opt_out, "MAX_PARTS", 8)
    assert said(box(b"free") * 8 + no) == []
    monkeypatch.setattr(opt_out, "MAX_BYTES", 64)
    assert said(no) == []


def test_such_a_file_is_a_reject_that_says_so(tmp_path: Path) -> None:
    path = film(tmp_path / "a.mp4", numbered(30))
    with path.open("ab") as file:
        file.write(uuid(manifest("c2pa.training-mining", ai_training="notAllowed")))
    source = source_of(path)
    with pytest.raises(Rejected, match=r"opted_out: c2pa.ai_training notAllowed"):
        list(Probe(ProbeSettings())(source))
    (video,) = Probe(ProbeSettings(keep_opted_out=True))(source)
    assert video.num_frames == 30
