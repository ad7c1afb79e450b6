"""Why something was not kept: one closed list, a fixed word each, and what each word says."""

from __future__ import annotations

from typing import Literal

Reason = Literal[
    "black",
    "blurred",
    "broken_audio",
    "changed",
    "crashed",
    "damaged",
    "damaged_tar",
    "denied",
    "duplicate",
    "empty",
    "failed",
    "frozen",
    "gone",
    "invalid_data",
    "killed",
    "low_rate",
    "missing",
    "missing_member",
    "missing_shard",
    "no_canvas",
    "no_face",
    "no_frame_times",
    "no_head",
    "no_person",
    "no_reference",
    "no_sound",
    "no_video",
    "nobody",
    "not_a_file",
    "not_comparable",
    "not_finite",
    "odd_orientation",
    "oversized_tables",
    "person_too_small",
    "several_people",
    "several_pictures",
    "size_changes",
    "stretched_pixels",
    "timed_out",
    "times_go_back",
    "too_few_frames",
    "too_large",
    "too_long",
    "too_many_packets",
    "too_short",
    "too_small",
    "transition",
    "truncated",
    "undecodable",
    "unreachable",
    "unreadable",
    "unsupported_codec",
    "unsupported_container",
    "unsupported_uri",
    "withdrawn",
    "wrong_digest",
    "wrong_latents",
    "wrong_meta",
    "wrong_sound",
    "wrong_still",
    "wrong_tracks",
    "wrong_video",
]

MEANINGS: dict[Reason, str] = {
    # files of the corpus
    "changed": "the file is not what it was when it was listed",
    "denied": "its store does not let it be read",
    "duplicate": "another file of the corpus has the same bytes",
    "empty": "there is nothing in it, or a step made nothing of it",
    "missing": "there is no such file or object",
    "not_a_file": "it is a folder, a pipe or a device",
    "unreachable": "its store does not answer",
    "unsupported_uri": "the address is none that videos are read from",
    "unreadable": "it cannot be opened as what it says it is",
    "withdrawn": "whoever is in it has left the data set, for ever",
    # containers and streams
    "broken_audio": "the sound cannot be decoded",
    "damaged": "packets of the video are marked as damaged",
    "invalid_data": "the container's data make no sense",
    "no_frame_times": "pictures do not say when they are shown",
    "no_sound": "there is no sound in it",
    "no_video": "there is no video stream in it",
    "odd_orientation": "it is turned by something else than quarter turns",
    "oversized_tables": "its tables of samples are larger than any video of its size needs",
    "several_pictures": "a still picture was wanted and there are several in it",
    "size_changes": "pictures of one stream have different sizes",
    "stretched_pixels": "its pixels are too far from squares",
    "times_go_back": "pictures are shown before earlier ones",
    "too_few_frames": "it has fewer pictures than a clip needs",
    "too_large": "its pictures are larger than the limit",
    "too_long": "it lasts longer than the limit",
    "too_many_packets": "it has more packets than its duration can hold",
    "truncated": "it ends before it says it does",
    "undecodable": "its pictures cannot be decoded",
    "unsupported_codec": "its codec is not one that is read",
    "unsupported_container": "its container is not one that is read",
    # shots
    "black": "the shot is dark throughout",
    "blurred": "the shot is not sharp enough",
    "frozen": "the pictures of the shot hardly change",
    "gone": "it was there when it was listed, and is there no more",
    "low_rate": "it has too few distinct pictures a second",
    "too_short": "it is shorter than a clip has to be",
    "too_small": "its pictures are too small for the canvas",
    "transition": "one shot goes over into another, or fades",
    "no_canvas": "no canvas of the wanted size has nearly the shape of its pictures",
    # people
    "no_face": "no frame of any clip of the person shows the face",
    "no_head": "no frame tells where the head is",
    "no_person": "the person's body and head are measured too rarely",
    "no_reference": "no frame of the person passes the gates of references",
    "nobody": "no person is seen for long enough",
    "person_too_small": "the person fills too little of the picture",
    "several_people": "several people are seen at once",
    # films that are scored
    "not_comparable": "it differs from its truth in size, length or rate, or cannot be cut out of its grid",
    # processes that worked on an item
    "failed": "a step broke on it, in a way that nobody had foreseen",
    "crashed": "the process that worked on it ended by itself",
    "killed": "the process that worked on it was killed, as for want of memory",
    "timed_out": "it took longer than the limit of time",
    # stored samples
    "damaged_tar": "the tar's headers are not those of the index",
    "missing_member": "a member that every sample has is not there",
    "missing_shard": "the tar that the index names is not there",
    "not_finite": "numbers of it are infinite or none",
    "wrong_digest": "its bytes are not those that were indexed",
    "wrong_latents": "its latents are not of the window or autoencoder that they say",
    "wrong_meta": "its meta.json breaks a promise of the format",
    "wrong_sound": "its sound breaks a promise of the format",
    "wrong_still": "a reference breaks a promise of the format",
    "wrong_tracks": "its numbers break a promise of the format",
    "wrong_video": "its video breaks a promise of the format",
}
"""What each reason says, to a person; docs/formats.md shows the same."""


def reason_of(word: str) -> Reason:
    """The reason that a word is.

    Raises:
        ValueError: it is not on the list: a bug of whoever made it up.
    """
    if word not in MEANINGS:
        raise ValueError(f"{word!r} is no reason: the list is in schemas/reasons.py")
    return word
