# SPDX-License-Identifier: MIT
import basket


def test_put():
    assert basket.put(7, 10) == 1


def test_total():
    assert basket.total(7, 10) == 10


def test_label():
    basket.label("fruit")


def test_describe():
    try:
        assert basket.describe(7, 8) == " 7 8"
    except MemoryError:
        pass


def test_copy():
    assert basket.copy(7, 10) == 10
