"""What a search finds, in every script: words inside runs without spaces, symbols, folded letters, and the passages
shown of them.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tern.chat.search import words_of
from tern.chat.store import Store
from tern.chat.types import State

pytestmark = pytest.mark.slow


def _store(*texts: str) -> Store:
    store = Store.in_memory()
    for number, text in enumerate(texts):
        store.add(store.create(f"T{number}"), [("user", text, State.DONE)], None)
    return store


def _found(store: Store, query: str) -> list[str]:
    """The texts of the messages found, and that each passage marks something of what was asked for."""
    texts = []
    for hit in store.search(query):
        assert hit.marks, f"nothing is marked in {hit.text!r}"
        for start, end in hit.marks:
            assert 0 <= start < end <= len(hit.text)
        texts += [entry.content for entry in store.entries(hit.conversation.id) if entry.id == hit.message]
    return texts


@pytest.mark.parametrize(
    ("text", "query", "marked"),
    [
        ("我正在学习三值神经网络的推理方法", "神经网络", "神经网络"),
        ("我正在学习三值神经网络的推理方法", "推理", "推理"),
        ("我正在学习三值神经网络的推理方法", "值", "值"),
        ("東京都の天気はどうですか", "天気", "天気"),
        ("コンピューターを買いました", "ピューター", "ピューター"),
        ("ﾊﾟｿｺﾝを買う", "パソコン", "パソコン"),
        ("パソコンを買う", "ﾊﾟｿｺﾝ", "パソコン"),
        ("한국어학교에서 공부합니다", "학교", "학교"),
        ("ㅋㅋㅋ 재미있다", "ㅋㅋ", "ㅋㅋ"),
        ("ฉันชอบภาษาไทยมาก", "ภาษา", "ภาษา"),
        ("ภาษาໄທ ພາສາລາວ", "ສາລາວ", "ສາລາວ"),
        ("iPhone手机很贵", "iPhone手机", "iPhone手机"),
        ("iPhone手机很贵", "手机", "手机"),
        ("𠮷野家に行く", "𠮷野", "𠮷野"),
        ("plants 🌿 grow", "🌿", "🌿"),
        ("well done👍🏽!", "👍", "👍"),
        ("a → b", "→", "→"),
        ("a→b", "a→b", "a→b"),
        ("price: 5 €", "€", "€"),
        ("x ≤ y", "≤", "≤"),
        ("✅ done", "✅", "✅"),
        ("new 🫨 emoji", "🫨", "🫨"),
        ("I write C++ daily", "C++", "C++"),
        ("I write C++17 daily", "c++", "C++"),
        ("and C# too", "c#", "C#"),
        ("R&D budget", "R&D", "R&D"),
        ("at 100% load", "100%", "100%"),
        ("mail me @home", "@home", "@home"),
        ("see /usr/lib now", "/usr/lib", "/usr/lib"),
        ("Ёлка и мёд", "елка мед", "Ёлка"),
        ("Елка и мед", "ёлка мёд", "Елка"),
        ("the ﬁnal ﬂoor", "final floor", "ﬁnal"),
        ("the final floor", "ﬁnal ﬂoor", "final"),
        ("Ｆｕｌｌ ｗｉｄｔｈ", "full", "Ｆｕｌｌ"),
        ("Crème brûlée", "creme", "Crème"),
        ("Cre\u0300me", "crème", "Crème"),
        ("İstanbul", "istanbul", "İstanbul"),
        ("Straße", "STRASSE", "Straße"),
        ("Strasse", "straße", "Strasse"),
        ("ΟΔΟΣ", "οδός", "ΟΔΟΣ"),
        ("שָׁלוֹם", "שלום", "שָׁלוֹם"),
        ("مُحَمَّد", "محمد", "مُحَمَّد"),
        ("हिन्दी में लिखो", "हिन्दी", None),
        ("don't panic", "don't", "don't"),
        ("use node.js here", "node.js", "node.js"),
        ("user_name = 5", "user_name", "user_name"),
    ],
)  # fmt: skip
def test_it_is_found_and_marked(text: str, query: str, marked: str | None) -> None:
    store = _store(text, "nothing of that, only words that begin with c r d u n 1")
    assert _found(store, query) == [text]
    (hit,) = store.search(query)
    if marked is not None:
        start, end = hit.marks[0]
        assert hit.text[start:end] == marked


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("C is old, cats are older", "C++"), ("C++ is newer", "C#"), ("a dog and a t", "don't"), ("日夜本", "日本"),
        ("本日", "日本"), ("мои", "мой"), ("カラス", "ガラス"), ("100 things", "100%"), ("uncle", "nc"), ("🌿", "🌲"),
        ("plain words", "→"), ("node and js apart", "node.js"),
    ],
)  # fmt: skip
def test_what_is_something_else_is_not_found(text: str, query: str) -> None:
    assert _found(_store(text), query) == []


def test_c_finds_what_begins_with_it_and_c_plus_plus_only_itself() -> None:
    store = _store("C is old", "C++ is newer", "cats")
    assert sorted(_found(store, "c")) == ["C is old", "C++ is newer", "cats"]
    assert _found(store, "C++") == ["C++ is newer"]


@pytest.mark.parametrize(
    "query",
    ['"', "''", "...", "—", "\0", "\u0301", "\ufe0f", "\u200d", '"a" OR', "NEAR(a b)", "*", "^a", "a AND", "{a}", "-a",
     "𞤀", "\ue000", "\ue00041", "\ud800", "a\ud83d"],
)  # fmt: skip
def test_no_query_is_an_error(query: str) -> None:
    _store("a b c").search(query)


def test_text_of_private_use_cannot_pass_for_a_symbol() -> None:
    assert _found(_store("\ue0002b"), "+") == []
    assert _found(_store("logo \uf8ff"), "\uf8ff") == ["logo \uf8ff"]


def test_titles_in_every_script() -> None:
    store = Store.in_memory()
    number = store.create("三值神经网络 → C++")
    for query in ("神经", "→", "c++"):
        (hit,) = store.search(query)
        assert (hit.conversation.id, hit.message, hit.text) == (number, None, "三值神经网络 → C++")
        assert hit.text[slice(*hit.marks[0])] == query.upper()


def test_a_passage_is_cut_where_most_of_the_words_stand() -> None:
    text = "albatross " + "filler\n\n" * 200 + "the albatross met a puffin today " + "words " * 200
    (hit,) = _store(text).search("albatross puffin")
    assert [hit.text[start:end] for start, end in hit.marks] == ["albatross", "puffin"]
    assert hit.text.startswith("…")
    assert hit.text.endswith("…")
    assert "\n" not in hit.text
    assert len(hit.text) < 150


def test_a_passage_within_a_run_without_spaces() -> None:
    (hit,) = _store("字" * 5000 + "神经网络" + "字" * 5000).search("神经网络")
    assert [hit.text[start:end] for start, end in hit.marks] == ["神经网络"]
    assert len(hit.text) < 150


def test_what_is_deleted_is_gone_from_the_index_too(tmp_path: Path) -> None:
    store = Store.open(tmp_path)
    secret = "unmistakable 神经网络 𠮷野 🫨 ﬁligree"
    number = store.create(secret)
    store.add(number, [("user", secret, State.DONE)], None)
    kept = store.create("Kept")
    store.add(kept, [("user", "an ordinary 手机", State.DONE)], None)
    words = [word.encode() for word in words_of(secret).split() if len(word.encode()) > 2]
    raw = b"".join(path.read_bytes() for path in tmp_path.glob("conversations.db*"))
    assert words[0] in raw
    store.delete(number)
    store.close()
    store = Store.open(tmp_path, keep_deleted_days=0)
    assert store.search("神经") == store.search("unmistakable") == []
    assert [hit.conversation.id for hit in store.search("手机")] == [kept]
    store._db.execute("INSERT INTO message_words (message_words) VALUES ('integrity-check')")
    store.close()
    raw = b"".join(path.read_bytes() for path in tmp_path.glob("conversations.db*"))
    assert [word.decode() for word in words if word in raw] == []


def test_words_that_are_not_to_be_found_twice_are_the_same_twice() -> None:
    """What is taken out of the index is worked out anew: it must be what was put in."""
    text = "".join(map(chr, [*range(0x20, 0xD800), *range(0xE000, 0x3_2000)]))
    assert words_of(text) == words_of(text)
    store = Store.in_memory()
    number = store.create("All")
    store.add(number, [("user", text[at : at + 500], State.DONE) for at in range(0, len(text), 500)], None)
    store.delete(number)
    store.purge()
    assert store._db.execute("SELECT count(*) FROM message_vocabulary").fetchone() == (0,)
