"""The form in which attachments are told: it can be taken apart again, whatever is in them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tern.chat.attachments import Attachment, AttachmentKind, compose, from_json, to_json, words_of

texts = st.text(st.sampled_from("ab `\n:é🐦")) | st.text()
attachments = st.lists(
    st.builds(
        Attachment,
        texts,
        texts,
        st.integers(0, 10**9),
        st.sampled_from(AttachmentKind),
        st.sampled_from(["", "UTF-8", "Shift_JIS"]),
        st.integers(0, 3),
    ),
    max_size=4,
)


def test_the_form_is_the_documented_one() -> None:
    files = [Attachment("notes.txt", "Terns fly.", 10), Attachment("", "a\n```\nb", 7, AttachmentKind.PASTE)]
    assert compose("Why?", files) == (
        "File notes.txt:\n```\nTerns fly.\n```\n\nPasted text:\n````\na\n```\nb\n````\n\nWhy?"
    )
    assert compose("", files[:1]) == "File notes.txt:\n```\nTerns fly.\n```"
    assert compose("Why?", []) == "Why?"


@given(st.text(), attachments)
def test_it_can_be_taken_apart(words: str, files: list[Attachment]) -> None:
    content = compose(words, files)
    assert words_of(content, files) == words
    assert from_json(to_json(files), content) == tuple(files)


def test_what_another_version_says_of_an_attachment_is_passed_over() -> None:
    files = (Attachment("a.txt", "text", 4),)
    assert to_json(files) == [{"name": "a.txt", "kind": "file", "size": 4, "start": 16, "length": 4}]
    newer = [{**to_json(files)[0], "pages": 2}]
    assert from_json(newer, compose("", files)) == files


def test_what_does_not_belong_together_is_refused() -> None:
    files = [Attachment("a.txt", "text", 4)]
    found, content = to_json(files), compose("Why?", files)
    for bad in ([{**found[0], "start": 3}], [{**found[0], "name": "b.txt"}], [found[0], found[0]]):
        with pytest.raises(ValueError, match="not in the content"):
            from_json(bad, content)
    with pytest.raises(ValueError, match="not in the content"):
        from_json(found, content[1:])
