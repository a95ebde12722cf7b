"""Tokens of a text in pieces are the tokens of the text, and what did not change is not tokenized again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tern import paths
from tern.engine import vocabulary
from tern.engine.encode_cache import PieceEncoder, pieces
from tern.engine.gguf.reader import GGUFFile
from tern.engine.tokenizer import Tokenizer

pytestmark = pytest.mark.slow

GUIDE = paths.resources_dir() / "guide" / "tern-guide.gguf"


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tokenizer]:
    if not GUIDE.exists():
        pytest.skip("the guide has not been made (packaging/guide)")
    folder: Path = tmp_path_factory.mktemp("vocabulary")
    with GGUFFile.open(GUIDE) as file:
        tokenizer = Tokenizer(vocabulary.sidecar(file, folder))
    yield tokenizer
    tokenizer.close()


lines = st.lists(
    st.text(st.sampled_from("aA1 \n\t\r.,'`~#*-_()é\u00a0\u2003\u3000\x0b\x1c\x85🐦中")) | st.text(),
    max_size=30,
)


@given(parts=lines)
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_pieces_have_the_tokens_of_the_whole(tokenizer: Tokenizer, parts: list[str]) -> None:
    text = "\n".join(parts)
    assert PieceEncoder(tokenizer.encode, shortest=1)(text) == tokenizer.encode(text)
    assert "".join(pieces(text, 1)) == text


def test_typing_at_the_end_of_a_long_text_tokenizes_only_the_end(tokenizer: Tokenizer) -> None:
    seen: list[int] = []

    def encode(text: str) -> list[int]:
        seen.append(len(text))
        return tokenizer.encode(text)

    encoder = PieceEncoder(encode)
    text = "A line of a long file, as files have them.\n" * 2000
    assert encoder(text) == tokenizer.encode(text)
    seen.clear()
    assert encoder(text + "and a question") == tokenizer.encode(text + "and a question")
    assert sum(seen) < 10_000, "of 86,000 characters"
