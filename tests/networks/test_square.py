from __future__ import annotations

import numpy as np

from szfast.networks import symmetries


def test_eight_distinct_images_that_form_a_group():
    image = np.arange(16.0).reshape(4, 4)
    images = symmetries(image)
    assert len({picture.tobytes() for picture in images}) == 8
    for picture in images:
        assert {turned.tobytes() for turned in symmetries(picture)} == {turned.tobytes() for turned in images}


def test_neighbours_stay_neighbours():
    image = np.arange(25.0).reshape(5, 5)
    for picture in symmetries(image):
        steps = {abs(picture[1, 1] - picture[0, 1]), abs(picture[1, 1] - picture[1, 0])}
        assert steps == {1.0, 5.0}
        assert picture[2, 2] == image[2, 2]


def test_each_map_of_a_stack_is_turned_alike():
    maps = np.random.default_rng(0).normal(size=(3, 6, 6))
    turned = symmetries(maps)
    assert turned.shape == (8, 3, 6, 6)
    for i in range(3):
        np.testing.assert_array_equal(turned[:, i], symmetries(maps[i]))
