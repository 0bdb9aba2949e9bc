"""The bounded pool: everything is done, little is held, and a fault ends what has not begun."""

from __future__ import annotations

import threading
from functools import partial

import pytest

from audiences.delivery.pool import at_once, bounded, putting
from shared.errors import ConfigurationError
from tests.fakes import MemoryStore


def test_what_came_of_each_is_returned_in_order() -> None:
    assert at_once(str, range(100), 7) == [str(n) for n in range(100)]
    assert at_once(str, [5], 7) == ["5"]
    assert at_once(str, [], 7) == []


def test_no_more_is_held_than_twice_the_threads() -> None:
    gate, begun = threading.Event(), list[int]()

    def fill() -> None:
        with bounded(2) as begin:
            for number in range(10):
                begin(partial(gate.wait, 20.0))
                begun.append(number)

    filling = threading.Thread(target=fill)
    filling.start()
    filling.join(0.3)
    assert len(begun) == 4
    gate.set()
    filling.join(20.0)
    assert len(begun) == 10


def test_a_fault_is_raised_and_nothing_more_begins() -> None:
    done: list[int] = []

    def work(number: int) -> None:
        if number == 3:
            raise OSError(number)
        done.append(number)

    with pytest.raises(OSError, match="3"):
        at_once(work, range(1000), 2)
    assert len(done) < 1000


@pytest.mark.parametrize("files", [0, 1, 50])
def test_all_files_are_there_when_the_block_is_over(files: int) -> None:
    store = MemoryStore()
    with putting(store) as put:
        for number in range(files):
            put(f"a/{number}", b"x")
    assert len(store.files) == files


def test_a_file_that_cannot_be_written_is_told_at_the_end() -> None:
    with pytest.raises(ConfigurationError), putting(MemoryStore()) as put:
        put("../b", b"x")
