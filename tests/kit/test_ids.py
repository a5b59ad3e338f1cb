"""Ids carry their kind and sort by time."""

import contextlib
import os
import re
import threading

import pytest

from accord.kit import ids
from accord.kit.errors import Fault, InputError
from accord.kit.ids import derive, kind_of, new_id

AT = 1_773_306_000_000_000  # 2026-03-12T09:00:00Z


def bits_of(id: str) -> int:
    number = 0
    for letter in id.partition("_")[2]:
        number = number * 32 + "0123456789abcdefghjkmnpqrstvwxyz".index(letter)
    return number


def test_an_id_is_its_kind_and_26_letters_without_i_l_o_u():
    assert re.fullmatch(r"com_[0-7][0-9abcdefghjkmnpqrstvwxyz]{25}", new_id("com"))


def test_the_bits_are_those_of_a_uuid_version_7_with_the_time_in_front():
    bits = bits_of(new_id("com", AT))

    assert bits >> 80 == AT // 1_000
    assert bits >> 76 & 15 == 7
    assert bits >> 62 & 3 == 0b10


def test_ids_of_one_process_sort_as_they_were_made():
    made = [new_id("com") for _ in range(5_000)]

    assert made == sorted(set(made))


def test_ids_of_one_given_moment_sort_as_they_were_made():
    made = [new_id("com", AT) for _ in range(1_000)] + [new_id("com", AT + 1_000)]

    assert made == sorted(set(made))


def test_a_given_moment_is_kept_even_when_it_goes_back():
    later = new_id("com", AT + 1_000_000)
    earlier = new_id("com", AT)

    assert earlier < later
    assert bits_of(earlier) >> 80 == AT // 1_000


def test_a_clock_set_back_does_not_make_ids_go_back(monkeypatch):
    now = iter([2_000_000_000, 1_000_000_000, 1_000_000_000])
    monkeypatch.setattr(ids, "_clock", ids._Sequence(follows_clock=True))
    monkeypatch.setattr(ids.time, "time_ns", lambda: next(now))

    made = [new_id("com") for _ in range(3)]

    assert made == sorted(set(made))
    assert {bits_of(id) >> 80 for id in made} == {2_000}


def test_a_full_millisecond_goes_on_in_the_next(monkeypatch):
    sequence = ids._Sequence(follows_clock=True)
    sequence.next(5)
    sequence._tail = (1 << 74) - 1

    bits = sequence.next(5)

    assert bits >> 80 == 6
    assert sequence.next(5) > bits


def two_at_once(monkeypatch, lock) -> list[int]:
    """The next bits for two threads, the second of which comes while the first is in the middle."""
    sequence = ids._Sequence(follows_clock=True)
    sequence.next(5)
    sequence._lock = lock
    inside, go_on = threading.Event(), threading.Event()
    made: list[int] = []

    def randbits(_: int) -> int:
        if not inside.is_set():
            inside.set()
            go_on.wait(10)
        return 0

    monkeypatch.setattr(ids.secrets, "randbits", randbits)
    first = threading.Thread(target=lambda: made.append(sequence.next(5)))
    second = threading.Thread(target=lambda: made.append(sequence.next(5)))
    first.start()
    assert inside.wait(10)
    second.start()
    second.join(0.2)  # without a lock it ends here
    go_on.set()
    first.join(10)
    second.join(10)
    return made


def test_two_at_once_never_get_the_same_id(monkeypatch):
    assert len(set(two_at_once(monkeypatch, threading.Lock()))) == 2


def test_without_the_lock_two_at_once_get_the_same_id(monkeypatch):
    assert len(set(two_at_once(monkeypatch, contextlib.nullcontext()))) == 1


@pytest.mark.skipif(not hasattr(os, "register_at_fork"), reason="only where processes fork")
def test_a_forked_process_does_not_count_on_from_its_parent():
    new_id("com")
    before = ids._clock

    ids._forget()  # what the child of a fork runs first

    assert ids._clock is not before


def test_a_child_id_is_derived_from_its_parents():
    assert derive("com", "prm_06b3x0000000000000000000ab", 1) == "com_06b3x0000000000000000000ab-1"
    assert derive("drw", "com_06b3x-1", 2, 3) == "drw_06b3x-1-2-3"
    assert derive("dec", "prm_06b3x") == "dec_06b3x"


def test_a_child_is_not_derived_with_a_negative_number():
    with pytest.raises(Fault):
        derive("com", "prm_06b3x", -1)


def test_the_kind_is_what_stands_in_front():
    assert kind_of(new_id("com")) == "com"
    assert kind_of("com_06b3x-1") == "com"


@pytest.mark.parametrize(
    "text", ["", "com", "com_", "_x", "COM_x", "com_x y", "com__x", "com_\n", "c_x", "com_x\n"]
)
def test_what_is_no_id_is_an_error_that_says_so(text):
    with pytest.raises(InputError, match="is not an id"):
        kind_of(text)
