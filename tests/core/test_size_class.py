"""Classes of sizes as vendors name them."""

from __future__ import annotations

import pytest

from reelgate.core.size_class import class_of
from reelgate.core.task import parse_size


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("640x360", "360p"),
        ("854x480", "480p"),
        ("864x496", "480p"),
        ("640x640", "480p"),
        ("1280x720", "720p"),
        ("720x1280", "720p"),
        ("960x960", "720p"),
        ("1470x630", "720p"),
        ("1088x832", "720p"),
        ("1920x1080", "1080p"),
        ("1440x1440", "1080p"),
        ("3840x2160", "4k"),
        ("2160x3840", "4k"),
        ("2x2", "360p"),
    ],
)
def test_a_size_belongs_to_the_class_of_the_nearest_area(text, name):
    size = parse_size(text)

    assert size is not None
    assert class_of(size) == name
