"""The small data set of the loader's tests."""

from tests.model.data.conftest import data_set, videos

__all__ = ["data_set", "videos"]
