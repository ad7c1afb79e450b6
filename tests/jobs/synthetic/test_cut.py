from __future__ import annotations

import numpy as np
import pytest

from jobs.synthetic.cut import cut

PLACES = np.array([(0, 0), (2, 0), (2, 2), (0, 2), (4, 0), (4, 2)], float)
QUADS = np.array([(0, 1, 2, 3), (1, 4, 5, 2)], np.int32)


@pytest.mark.parametrize(("at", "area"), [(-1, 8), (1.0, 6), (3.0, 2), (2.5, 3), (5, 0)])
def test_what_lies_inside_of_the_line_stays_and_nothing_else(at, area):
    corners, triangles = cut(QUADS, QUADS, PLACES[:, 0] - at)
    blend, vertex = corners.vertices(6)
    places = blend @ PLACES
    np.testing.assert_allclose(places[vertex], corners.blended_texture(PLACES))
    a, b, c = np.moveaxis(places[vertex[triangles]], 1, 0)
    across = (b - a)[:, 0] * (c - a)[:, 1] - (b - a)[:, 1] * (c - a)[:, 0]
    assert (across >= 0).all()  # none is turned over
    assert across.sum() / 2 == pytest.approx(area)
    assert not len(places) or places[:, 0].min() >= at - 1e-9
    np.testing.assert_allclose(blend.sum(axis=1), 1)


def test_triangles_that_meet_share_vertices_also_along_the_cut():
    corners, _ = cut(QUADS, QUADS, PLACES[:, 1] - 1.0)
    blend, _ = corners.vertices(6)
    assert len(np.unique(np.round(blend @ PLACES, 9), axis=0)) == blend.shape[0]
