"""Films are signed as the official library asks, and our reader of reservations reads what it writes."""

from __future__ import annotations

import json
from pathlib import Path

import c2pa
import numpy as np
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from media import credentials
from media.credentials import SETTINGS, TRAINED, sign_film, signer_of
from media.encode import VideoSettings, write_video
from media.opt_out import reservations
from tests.signing import Key, write_signer


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("plain") / "film.mp4"
    write_video(path, [np.full((4, 64, 96, 3), 90, np.uint8)], VideoSettings())
    return path


def state_of(path: Path) -> str | None:
    """What the official reader says of a file: Valid, or Invalid; Trusted needs a list of roots."""
    state: str | None = c2pa.Reader(
        str(path), context=c2pa.Context.from_dict(SETTINGS)
    ).get_validation_state()
    return state


@pytest.mark.parametrize(
    "key",
    [
        ec.generate_private_key(ec.SECP256R1()),
        ec.generate_private_key(ec.SECP384R1()),
        ed25519.Ed25519PrivateKey.generate(),
        rsa.generate_private_key(65537, 2048),
    ],
    ids=["ES256", "ES384", "Ed25519", "PS256"],
)
def test_a_signed_film_says_that_a_trained_model_made_it(key: Key, plain: Path, tmp_path: Path) -> None:
    film = tmp_path / "film.mp4"
    sign_film(plain, film, signer_of(*write_signer(tmp_path, key)))
    assert state_of(film) == "Valid"
    found = json.loads(c2pa.Reader(str(film)).json())
    manifest = found["manifests"][found["active_manifest"]]
    (created,) = next(one for one in manifest["assertions"] if one["label"].startswith("c2pa.actions"))[
        "data"
    ]["actions"]
    assert (created["action"], created["digitalSourceType"]) == ("c2pa.created", TRAINED)
    assert manifest["claim_generator_info"][0]["name"] == "Understudy"
    assert "thumbnail" not in manifest


def test_what_is_changed_afterwards_is_no_longer_valid(plain: Path, tmp_path: Path) -> None:
    film = tmp_path / "film.mp4"
    sign_film(plain, film, signer_of(*write_signer(tmp_path)))
    data = bytearray(film.read_bytes())
    data[data.rindex(b"mdat") + 40] ^= 1
    film.write_bytes(data)
    assert state_of(film) == "Invalid"


def test_files_that_do_not_sign_are_one_sentence_before_anything_is_made(tmp_path: Path) -> None:
    chain, key = write_signer(tmp_path)
    (tmp_path / "other").mkdir()
    _, strange = write_signer(tmp_path / "other", rsa.generate_private_key(65537, 2048))
    with pytest.raises(ValueError, match=r"chain.pem and .*key.pem do not sign: "):
        signer_of(chain, strange)
    with pytest.raises(ValueError, match=r"chain.pem: no private key without a password"):
        signer_of(chain, chain)
    with pytest.raises(ValueError, match=r"none.pem: no PEM file"):
        signer_of(tmp_path / "none.pem", key)
    small = tmp_path / "small.pem"
    small.write_bytes(write_signer(tmp_path, ec.generate_private_key(ec.SECP256K1()))[1].read_bytes())
    with pytest.raises(ValueError, match=r"small.pem: C2PA signs by ES256"):
        signer_of(chain, small)


@pytest.mark.parametrize("use", ["notAllowed", "allowed"])
def test_reservations_that_the_official_library_writes_are_read(
    use: str, plain: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    manifest = credentials.claim("video/mp4")
    entries = {"cawg.ai_generative_training": {"use": use}, "cawg.data_mining": {"use": "allowed"}}
    manifest["assertions"].append({"label": "cawg.training-mining", "data": {"entries": entries}})
    monkeypatch.setattr(credentials, "claim", lambda kind: manifest)
    film = tmp_path / "film.mp4"
    sign_film(plain, film, signer_of(*write_signer(tmp_path)))
    with film.open("rb") as file:
        found = reservations(file, {})
    assert [line.endswith("cawg.ai_generative_training notAllowed") for line in found] == (
        [True] if use == "notAllowed" else []
    )
