"""Who somebody is: photographs of known people, and a face that is laid upright."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from media.stills import read_still
from pipeline.estimators.identity.face_embedder import (
    PLACES,
    POINTS,
    FaceEmbedder,
    PackagedFaceEmbedder,
    similarity_2d,
    upright,
)
from pipeline.estimators.identity.face_net import SIDE, loaded
from pipeline.estimators.identity.packaged import FACE_NETWORK
from pipeline.estimators.mediapipe.face import MediapipeFace
from pipeline.estimators.mediapipe.person import MediapipePerson
from schemas.tracks import FaceTrack
from storage.packaged_files import read_packaged


@pytest.fixture(scope="module")
def embedder() -> FaceEmbedder:
    return PackagedFaceEmbedder().build()


def test_one_person_is_nearer_to_itself_than_to_another(embedder: FaceEmbedder, corpus: Path) -> None:
    person, face = MediapipePerson().build(), MediapipeFace().build()
    vectors = {}
    for path in sorted((corpus / "groundtruth" / "identity_named").glob("*.jpg")):
        frames = read_still(path, max_pixels=800 * 800)[None]
        vectors[path.stem] = embedder(frames, face(frames, person(frames))).vectors[0]
    pairs = [(a, b) for a in vectors for b in vectors if a < b]
    cosine = {pair: float(vectors[pair[0]] @ vectors[pair[1]]) for pair in pairs}
    same = [value for (a, b), value in cosine.items() if a.split("_")[0] == b.split("_")[0]]
    other = [value for (a, b), value in cosine.items() if a.split("_")[0] != b.split("_")[0]]
    assert (len(same), len(other)) == (4, 6)
    assert min(same) > max(other) + 0.1


def test_no_face_has_no_vector(embedder: FaceEmbedder) -> None:
    nobody = FaceTrack(
        box=np.zeros((2, 4), np.float32),
        mesh=np.zeros((2, 478, 3), np.float32),
        score=np.zeros(2, np.float32),
        eyes_open=np.zeros(2, np.float32),
        valid=np.zeros(2, np.bool_),
    )
    assert not embedder(np.zeros((2, 32, 32, 3), np.uint8), nobody).vectors.any()


def test_a_similarity_is_found_from_its_points() -> None:
    points = np.random.default_rng(1).normal(size=(5, 2))
    turn = np.array([[0.6, -0.8], [0.8, 0.6]]) * 3
    affine = similarity_2d(points, points @ turn.T + [4, 5])
    np.testing.assert_allclose(affine, np.column_stack([turn, [4, 5]]), atol=1e-12)


def test_a_face_is_laid_where_the_network_expects_it() -> None:
    frame = np.zeros((400, 400, 3), np.uint8)
    mesh = np.zeros((478, 3))
    tilted = (PLACES - 0.5) @ np.array([[0.8, 0.6], [-0.6, 0.8]]) * 200 + 200
    mesh[list(POINTS), :2] = tilted
    x, y = tilted[4].round().astype(int)
    frame[y - 3 : y + 4, x - 3 : x + 4] = 255
    laid = upright(frame, mesh)[..., 0].astype(float)
    row, column = (float((laid * axis).sum() / laid.sum()) for axis in np.mgrid[:SIDE, :SIDE])
    expected = (PLACES[4] + 0.25) / 1.5 * SIDE
    assert (column, row) == pytest.approx(expected, abs=1.0)


def test_another_file_is_no_network() -> None:
    content = read_packaged(FACE_NETWORK)
    with pytest.raises(ValueError, match="not the weights of this network"):
        loaded(content[: len(content) // 2])
    with pytest.raises(ValueError, match="none where a layer has 4736 numbers"):
        loaded(b"nothing at all")
