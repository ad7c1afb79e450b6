"""A signer of tests: a root, a certificate that it signs, and keys of every kind that C2PA takes."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

Key = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey


def write_signer(folder: Path, key: Key | None = None) -> tuple[Path, Path]:
    """Files of a chain of certificates and of the signer's key."""
    root, key = ec.generate_private_key(ec.SECP256R1()), key or ec.generate_private_key(ec.SECP256R1())
    chain = (certificate("signer", key, root), certificate("root", root, root))
    certificates, secret = folder / "chain.pem", folder / "key.pem"
    certificates.write_bytes(b"".join(one.public_bytes(Encoding.PEM) for one in chain))
    secret.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return certificates, secret


def certificate(name: str, key: Key, root: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    """A certificate that the root signs; the root's own where it is its key."""
    own = key is root
    uses = dict.fromkeys(
        ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement"), False
    ) | dict.fromkeys(("encipher_only", "decipher_only"), False)
    built = (
        x509.CertificateBuilder()
        .subject_name(called(name))
        .issuer_name(called("root"))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2099, 1, 1, tzinfo=UTC))
        .add_extension(x509.BasicConstraints(ca=own, path_length=None), critical=True)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(root.public_key()), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.KeyUsage(digital_signature=not own, key_cert_sign=own, crl_sign=own, **uses), critical=True
        )
    )
    if not own:
        mail = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION])
        built = built.add_extension(mail, critical=True)
    return built.sign(root, hashes.SHA256())


def called(name: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COMMON_NAME, name),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Tests"),
        ]
    )
