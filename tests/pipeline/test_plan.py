from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pipeline.plan import plan_shards

keys = st.dictionaries(
    st.from_regex(r"[0-9a-f]{12}-[0-9]{6}-0", fullmatch=True), st.sampled_from(["784x784", "1024x592"])
)


@given(keys, st.integers(1, 5))
def test_each_sample_is_in_one_tar_of_its_bucket(samples: dict[str, str], size: int) -> None:
    tars = plan_shards(samples.items(), size)
    assert sorted(key for _, _, held in tars for key in held) == sorted(samples)
    for bucket, _, held in tars:
        assert {samples[key] for key in held} == {bucket}
        assert 1 <= len(held) <= size
        assert list(held) == sorted(held)


@given(keys, st.integers(1, 5), st.randoms())
def test_the_plan_does_not_depend_on_the_order_of_landing(samples, size, random) -> None:
    shuffled = list(samples.items())
    random.shuffle(shuffled)
    assert plan_shards(shuffled, size) == plan_shards(samples.items(), size)


def test_tars_are_numbered_within_their_bucket() -> None:
    tars = plan_shards([("b", "784x784"), ("a", "784x784"), ("c", "1024x592")], 1)
    assert tars == [("1024x592", 0, ("c",)), ("784x784", 0, ("a",)), ("784x784", 1, ("b",))]
