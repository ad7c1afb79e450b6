"""Content Credentials: a film says, under its maker's signature, that a trained model made it.

Source: the C2PA specification 2.2 (`c2pa.actions.v2`) and IPTC's digital source types.
"""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any, BinaryIO

import cv2
import numpy as np

TRAINED = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
SETTINGS = {
    "verify": {"remote_manifest_fetch": False, "ocsp_fetch": False, "verify_after_sign": True},
    "builder": {"thumbnail": {"enabled": False}},
}
"""Nothing is fetched from anywhere."""
CURVES = {"secp256r1": "es256", "secp384r1": "es384", "secp521r1": "es512"}
MAX_PEM_BYTES = 2**20


@dataclass(frozen=True)
class Signer:
    """Who signs: PEM texts of a chain of certificates, the signer's first, and of its key."""

    certificates: bytes
    key: bytes = field(repr=False)
    algorithm: str


def signer_of(certificates: Path, key: Path) -> Signer:
    """The signer of two files, tried on a picture of one pixel.

    Raises:
        ValueError: c2pa-python is missing, a file cannot be read, or the two do not sign together.
    """
    try:
        import c2pa  # noqa: F401
    except ImportError as absent:
        raise ValueError("films are signed by c2pa-python: install the extra `c2pa`") from absent
    secret = read_pem(key)
    signer = Signer(read_pem(certificates), secret, algorithm_of(secret, key))
    pixel = cv2.imencode(".png", np.zeros((1, 1, 3), np.uint8))[1].tobytes()
    try:
        sign("image/png", io.BytesIO(pixel), io.BytesIO(), signer)
    except ValueError as failed:
        raise ValueError(f"{certificates} and {key} do not sign: {failed}") from failed
    return signer


def read_pem(file: Path) -> bytes:
    """The bytes of a PEM file.

    Raises:
        ValueError: it is no regular file, or a large one.
    """
    if not file.is_file() or file.stat().st_size > MAX_PEM_BYTES:
        raise ValueError(f"{file}: no PEM file")
    return file.read_bytes()


def algorithm_of(key: bytes, file: Path) -> str:
    """The algorithm of C2PA that a private key signs by.

    Raises:
        ValueError: it is no key, has a password, or is one that C2PA does not know.
    """
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        private = load_pem_private_key(key, password=None)
    except (ValueError, TypeError) as odd:
        raise ValueError(f"{file}: no private key without a password: {odd}") from odd
    if isinstance(private, ec.EllipticCurvePrivateKey) and private.curve.name in CURVES:
        return CURVES[private.curve.name]
    if isinstance(private, rsa.RSAPrivateKey):
        return "ps256"
    if isinstance(private, ed25519.Ed25519PrivateKey):
        return "ed25519"
    raise ValueError(f"{file}: C2PA signs by ES256, ES384, ES512, PS256 or Ed25519")


def sign_film(film: Path, out: Path, signer: Signer) -> None:
    """Write a film with the same streams and Content Credentials: made by Understudy, a trained model.

    Raises:
        ValueError: it cannot be signed, or what was written does not validate.
    """
    with film.open("rb") as source, out.open("w+b") as target:
        sign("video/mp4", source, target, signer)


def sign(kind: str, source: BinaryIO, target: BinaryIO, signer: Signer) -> None:
    """Write a file of a media type with Content Credentials.

    Raises:
        ValueError: it cannot be signed.
    """
    import c2pa

    context = c2pa.Context.from_dict(SETTINGS)
    try:
        signs = c2pa.Signer.from_info(
            c2pa.C2paSignerInfo(signer.algorithm, signer.certificates, signer.key, None)
        )
        c2pa.Builder(claim(kind), context=context).sign(signs, kind, source, target)
    except c2pa.C2paError as failed:
        raise ValueError(str(failed)) from failed


def claim(kind: str) -> dict[str, Any]:
    """What the credentials of a file say."""
    maker = {"name": "Understudy", "version": version("understudy")}
    created = {"action": "c2pa.created", "digitalSourceType": TRAINED, "softwareAgent": maker}
    actions = {"label": "c2pa.actions.v2", "data": {"actions": [created]}}
    return {"claim_generator_info": [maker], "format": kind, "assertions": [actions]}
