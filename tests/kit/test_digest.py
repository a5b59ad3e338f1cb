"""Equal values give the same bytes."""

import msgspec

from accord.kit.digest import canonical, digest


def test_the_order_of_keys_does_not_change_the_bytes():
    assert canonical({"b": 1, "a": {"d": 2, "c": 3}}) == b'{"a":{"c":3,"d":2},"b":1}'
    assert canonical({"a": {"c": 3, "d": 2}, "b": 1}) == b'{"a":{"c":3,"d":2},"b":1}'


def test_the_order_of_a_set_does_not_change_the_bytes():
    assert canonical({"x", "y", "a"}) == b'["a","x","y"]'


def test_a_struct_has_its_fields_in_declared_order():
    class Pair(msgspec.Struct, frozen=True):
        b: int
        a: int

    assert canonical(Pair(b=1, a=2)) == b'{"b":1,"a":2}'


def test_the_digest_is_sha_256_in_hexadecimal():
    assert digest(b"abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
