"""The Micrometer envelope, made as its clients make it: Snappy, AES under a fresh key, RSA-OAEP.

Needs the package `cryptography`, unlike the other modules here; not before something is sealed, so
that cases can be listed without.
"""

from __future__ import annotations

import os

AES_BLOCK_BYTES = 16


def pad(plain: bytes) -> bytes:
    """PKCS#7: always some, so that it can be taken off again."""
    count = AES_BLOCK_BYTES - len(plain) % AES_BLOCK_BYTES
    return plain + bytes([count]) * count


def seal_key(aes_key: bytes, key_der: bytes) -> bytes:
    """An AES key for who holds the private key: the metadata of a payload."""
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import padding

    # The Java parts mean SHA-256 for the label and SHA-1 for the mask.
    oaep = padding.OAEP(
        mgf=padding.MGF1(algorithm=hashes.SHA1()),  # noqa: S303
        algorithm=hashes.SHA256(),
        label=None,
    )
    return serialization.load_der_public_key(key_der).encrypt(aes_key, oaep)


def encrypt(padded: bytes, aes_key: bytes) -> bytes:
    """AES-128 in ECB, of whole blocks: the data of a payload."""
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    encryptor = Cipher(algorithms.AES(aes_key), modes.ECB()).encryptor()  # noqa: S305
    return encryptor.update(padded) + encryptor.finalize()


def seal(compressed: bytes, key_der: bytes) -> tuple[bytes, bytes]:
    """Data and metadata of the payload that carries this Snappy block."""
    aes_key = os.urandom(16)
    return encrypt(pad(compressed), aes_key), seal_key(aes_key, key_der)
