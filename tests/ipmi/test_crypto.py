"""Suites, the keyed hash and the payload cipher against plain HMAC and AES."""

import hmac
import random

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from hypothesis import given
from hypothesis import strategies as st

from solmux.ipmi.crypto import SUITE_3, SUITE_17, SUITES, Algorithms, KeyedHash, PayloadCipher, suite_for

KEY = bytes(range(20))
ENTROPY = random.Random(3).randbytes


def plain_decrypt(key: bytes, data: bytes) -> bytes:
    decryptor = Cipher(algorithms.AES(key[:16]), modes.CBC(data[:16])).decryptor()
    return decryptor.update(data[16:]) + decryptor.finalize()


def plain_encrypt(key: bytes, vector: bytes, plaintext: bytes) -> bytes:
    encryptor = Cipher(algorithms.AES(key[:16]), modes.CBC(vector)).encryptor()
    return vector + encryptor.update(plaintext) + encryptor.finalize()


def test_only_the_two_good_suites_are_spoken() -> None:
    assert list(SUITES) == [17, 3]
    assert suite_for(Algorithms(1, 1, 1)) is SUITE_3
    assert suite_for(Algorithms(3, 4, 1)) is SUITE_17
    for weak in ((0, 0, 0), (1, 0, 0), (1, 1, 0), (1, 1, 2), (2, 2, 1), (3, 0, 0), (3, 4, 0), (3, 4, 3)):
        assert suite_for(Algorithms(*weak)) is None
    assert str(SUITE_17) == "cipher suite 17"


@given(st.binary(max_size=64), st.binary(max_size=400), st.sampled_from(["sha1", "sha256"]))
def test_the_keyed_hash_is_hmac(key: bytes, data: bytes, name: str) -> None:
    keyed = KeyedHash(name, key, 12)
    assert keyed.code(data) == keyed.code(data) == hmac.digest(key, data, name)[:12]


def test_a_key_longer_than_a_hash_block_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(ValueError, match="64"):
        KeyedHash("sha1", bytes(65), 12)


@given(st.lists(st.binary(max_size=300), min_size=1, max_size=8))
def test_payloads_are_encrypted_as_the_specification_says(payloads: list[bytes]) -> None:
    cipher = PayloadCipher(KEY, ENTROPY)
    vectors = set()
    for payload in payloads:
        data = cipher.encrypt(payload)
        plaintext = plain_decrypt(KEY, data)
        count = plaintext[-1]
        assert len(data) % 16 == 0
        assert plaintext == payload + bytes(range(1, count + 1)) + bytes((count,))
        vectors.add(data[:16])
    assert len(vectors) == len(payloads)


@given(st.lists(st.binary(max_size=300), min_size=1, max_size=8))
def test_one_context_decrypts_packets_in_any_order(payloads: list[bytes]) -> None:
    sender = PayloadCipher(KEY, ENTROPY)
    receiver = PayloadCipher(KEY, ENTROPY)
    packets = [(payload, sender.encrypt(payload)) for payload in payloads]
    for payload, data in [*packets, *reversed(packets)]:
        assert receiver.decrypt(data) == payload


@given(st.binary(max_size=100))
def test_ciphertext_of_a_wrong_length_is_refused_and_harms_no_later_packet(data: bytes) -> None:
    cipher = PayloadCipher(KEY, ENTROPY)
    if len(data) % 16 or len(data) < 32:
        assert cipher.decrypt(data) is None
    assert cipher.decrypt(cipher.encrypt(b"later")) == b"later"


@pytest.mark.parametrize(
    "plaintext",
    [
        bytes(15) + b"\x10",  # a whole block of padding does not exist
        bytes(15) + b"\xff",
        bytes(14) + b"\x02\x01",
        bytes(12) + b"\x01\x02\x04\x03",
        bytes(12) + b"\x00\x00\x00\x03",
    ],
)
def test_padding_that_does_not_count_is_refused_and_harms_no_later_packet(plaintext: bytes) -> None:
    cipher = PayloadCipher(KEY, ENTROPY)
    assert cipher.decrypt(plain_encrypt(KEY, bytes(16), plaintext)) is None
    assert cipher.decrypt(cipher.encrypt(b"later")) == b"later"


@pytest.mark.parametrize("length", [0, 1, 10, 11, 12, 15, 16, 27])
def test_every_padding_length_is_read(length: int) -> None:
    cipher = PayloadCipher(KEY, ENTROPY)
    payload = bytes(range(length))
    assert cipher.decrypt(cipher.encrypt(payload)) == payload


def test_a_miserly_entropy_source_is_noticed_before_it_garbles_the_context() -> None:
    answers = [bytes(15), bytes(16)]
    cipher = PayloadCipher(KEY, lambda _length: answers.pop(0))
    with pytest.raises(ValueError, match="entropy"):
        cipher.encrypt(b"payload")
    assert plain_decrypt(KEY, cipher.encrypt(b"payload")).startswith(b"payload")


def test_contexts_are_made_anew_after_any_error() -> None:
    cipher = PayloadCipher(KEY, ENTROPY)
    good = cipher.encrypt(b"payload")
    cipher._encryptor.finalize()
    cipher._decryptor.finalize()
    with pytest.raises(Exception, match="finalized"):
        cipher.encrypt(b"payload")
    with pytest.raises(Exception, match="finalized"):
        cipher.decrypt(good)
    assert cipher.decrypt(good) == b"payload"
    assert cipher.decrypt(cipher.encrypt(b"again")) == b"again"
