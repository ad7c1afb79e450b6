"""FaceVerse v4 (arXiv 2203.14057 and later): a head's pose by a regressor and a 3D morphable model."""
