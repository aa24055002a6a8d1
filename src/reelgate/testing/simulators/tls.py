"""Certificates nobody should believe, made on the spot: a client that talks to one of these is broken."""

from __future__ import annotations

import datetime
import ssl
import tempfile
from pathlib import Path
from typing import Final, Literal

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

Fault = Literal["self-signed", "expired", "wrong-name"]
FAULTS: Final[tuple[Fault, ...]] = ("self-signed", "expired", "wrong-name")


def untrusted(fault: Fault, host: str = "localhost") -> ssl.SSLContext:
    """Make a server's TLS with a certificate that has this fault; signed by itself in any case."""
    key = ec.generate_private_key(ec.SECP256R1())
    named = "somebody-else.example" if fault == "wrong-name" else host
    now = datetime.datetime.now(datetime.UTC)
    age = datetime.timedelta(days=400 if fault == "expired" else 1)
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.COMMON_NAME, named),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "simulator"),
        ]
    )
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - age)
        .not_valid_after(now - age + datetime.timedelta(days=365))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(named)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.TemporaryDirectory() as folder:
        # The ssl module reads certificates from files only.
        both = Path(folder) / "both.pem"
        both.write_bytes(secret + certificate.public_bytes(serialization.Encoding.PEM))
        context.load_cert_chain(both)
    return context
