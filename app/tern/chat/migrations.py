"""The shape of the conversations file, as the ordered steps that made it. A step, once released, never changes.

``PRAGMA user_version`` says how many steps a file has taken. Every file that an older Tern wrote is kept in
tests/data/old_databases and must open here.
"""

from __future__ import annotations

import sqlite3

from tern.errors import UserError

# 1: conversations, each a tree of messages (regenerating or editing makes a sibling), and small facts by name.
_CONVERSATIONS = (
    """CREATE TABLE conversation (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        title TEXT NOT NULL,
        pinned INTEGER NOT NULL DEFAULT 0,
        created REAL NOT NULL,
        updated REAL NOT NULL,
        deleted REAL,                     -- when; NULL: it is there
        leaf INTEGER,                     -- the last message of the branch on show
        system TEXT,                      -- NULL: as the settings say
        sampling TEXT NOT NULL DEFAULT '{}',
        draft TEXT NOT NULL DEFAULT ''
    )""",
    """CREATE TABLE message (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        conversation INTEGER NOT NULL REFERENCES conversation(id) ON DELETE CASCADE,
        parent INTEGER REFERENCES message(id) ON DELETE CASCADE,
        role TEXT NOT NULL CHECK (role IN ('system', 'user', 'assistant')),
        content TEXT NOT NULL,
        state TEXT NOT NULL CHECK (state IN ('streaming', 'done', 'failed', 'cut')),
        error TEXT NOT NULL DEFAULT '',
        stats TEXT NOT NULL DEFAULT '{}',
        created REAL NOT NULL,
        deleted REAL
    )""",
    "CREATE INDEX message_of ON message (conversation)",
    "CREATE INDEX message_after ON message (parent)",  # cascades look for children
    "CREATE INDEX message_open ON message (state) WHERE state = 'streaming'",
    "CREATE INDEX conversation_recent ON conversation (updated) WHERE deleted IS NULL",
    "CREATE TABLE fact (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
)

# 2: full-text search. A reply is indexed when it is finished, so that a checkpoint writes no index.
_SEARCH = (
    """CREATE VIRTUAL TABLE message_words USING fts5 (
        content, content='message', content_rowid='id',
        tokenize="unicode61 remove_diacritics 2", prefix='1 2 3'
    )""",
    """CREATE VIRTUAL TABLE title_words USING fts5 (
        title, content='conversation', content_rowid='id',
        tokenize="unicode61 remove_diacritics 2", prefix='1 2 3'
    )""",
    "CREATE VIRTUAL TABLE message_vocabulary USING fts5vocab (message_words, row)",
    """CREATE TRIGGER message_added AFTER INSERT ON message WHEN new.state <> 'streaming' BEGIN
        INSERT INTO message_words (rowid, content) VALUES (new.id, new.content);
    END""",
    """CREATE TRIGGER message_gone AFTER DELETE ON message WHEN old.state <> 'streaming' BEGIN
        INSERT INTO message_words (message_words, rowid, content) VALUES ('delete', old.id, old.content);
    END""",
    """CREATE TRIGGER message_changed AFTER UPDATE OF content, state ON message BEGIN
        INSERT INTO message_words (message_words, rowid, content)
            SELECT 'delete', old.id, old.content WHERE old.state <> 'streaming';
        INSERT INTO message_words (rowid, content) SELECT new.id, new.content WHERE new.state <> 'streaming';
    END""",
    """CREATE TRIGGER title_added AFTER INSERT ON conversation BEGIN
        INSERT INTO title_words (rowid, title) VALUES (new.id, new.title);
    END""",
    """CREATE TRIGGER title_gone AFTER DELETE ON conversation BEGIN
        INSERT INTO title_words (title_words, rowid, title) VALUES ('delete', old.id, old.title);
    END""",
    """CREATE TRIGGER title_changed AFTER UPDATE OF title ON conversation BEGIN
        INSERT INTO title_words (title_words, rowid, title) VALUES ('delete', old.id, old.title);
        INSERT INTO title_words (rowid, title) VALUES (new.id, new.title);
    END""",
    "INSERT INTO message_words (rowid, content) SELECT id, content FROM message WHERE state <> 'streaming'",
    "INSERT INTO title_words (rowid, title) SELECT id, title FROM conversation",
)

# 3: what is attached to a message or a draft (JSON; empty for nothing), and which model wrote a reply.
_ATTACHMENTS = (
    "ALTER TABLE message ADD COLUMN attachments TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE message ADD COLUMN model TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE conversation ADD COLUMN draft_attachments TEXT NOT NULL DEFAULT ''",
)

# 4: search by words as search.words_of gives them, which knows of scripts without spaces, of symbols and of ligatures.
# The index keeps no text of its own: what is taken out of it is what ``words_of`` gives again.
_TOKENS = "tokenize=\"unicode61 remove_diacritics 0 categories 'L* N* Co M*'\", prefix='1 2 3'"
_WORDS = (
    *(
        f"DROP TRIGGER {table}_{event}"
        for table in ("message", "title")
        for event in ("added", "gone", "changed")
    ),
    "DROP TABLE message_vocabulary",
    "DROP TABLE message_words",
    "DROP TABLE title_words",
    f"CREATE VIRTUAL TABLE message_words USING fts5 (content, content='', {_TOKENS})",
    f"CREATE VIRTUAL TABLE title_words USING fts5 (title, content='', {_TOKENS})",
    "CREATE VIRTUAL TABLE message_vocabulary USING fts5vocab (message_words, row)",
    """CREATE TRIGGER message_added AFTER INSERT ON message WHEN new.state <> 'streaming' BEGIN
        INSERT INTO message_words (rowid, content) VALUES (new.id, words_of(new.content));
    END""",
    """CREATE TRIGGER message_gone AFTER DELETE ON message WHEN old.state <> 'streaming' BEGIN
        INSERT INTO message_words (message_words, rowid, content) VALUES ('delete', old.id, words_of(old.content));
    END""",
    """CREATE TRIGGER message_changed AFTER UPDATE OF content, state ON message BEGIN
        INSERT INTO message_words (message_words, rowid, content)
            SELECT 'delete', old.id, words_of(old.content) WHERE old.state <> 'streaming';
        INSERT INTO message_words (rowid, content)
            SELECT new.id, words_of(new.content) WHERE new.state <> 'streaming';
    END""",
    """CREATE TRIGGER title_added AFTER INSERT ON conversation BEGIN
        INSERT INTO title_words (rowid, title) VALUES (new.id, words_of(new.title));
    END""",
    """CREATE TRIGGER title_gone AFTER DELETE ON conversation BEGIN
        INSERT INTO title_words (title_words, rowid, title) VALUES ('delete', old.id, words_of(old.title));
    END""",
    """CREATE TRIGGER title_changed AFTER UPDATE OF title ON conversation BEGIN
        INSERT INTO title_words (title_words, rowid, title) VALUES ('delete', old.id, words_of(old.title));
        INSERT INTO title_words (rowid, title) VALUES (new.id, words_of(new.title));
    END""",
    "INSERT INTO message_words (rowid, content) SELECT id, words_of(content) FROM message WHERE state <> 'streaming'",
    "INSERT INTO title_words (rowid, title) SELECT id, words_of(title) FROM conversation",
)

STEPS: tuple[tuple[str, ...], ...] = (_CONVERSATIONS, _SEARCH, _ATTACHMENTS, _WORDS)


def version(connection: sqlite3.Connection) -> int:
    """How many steps the file has taken; 0 for an empty one."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def refuse_newer(connection: sqlite3.Connection) -> None:
    """Raises UserError for a file that a newer Tern wrote: what this one would do to it is not known."""
    if version(connection) > len(STEPS):
        raise UserError(
            "Your conversations were last opened by a newer Tern. Install that version again to see them; "
            "until then nothing is changed in them, and what you write now is not kept."
        )


def migrate(connection: sqlite3.Connection, up_to: int = len(STEPS)) -> None:
    """Take the steps that are missing, each whole or not at all. ``connection`` must be in autocommit mode, and have
    been prepared for search."""
    for number in range(version(connection), up_to):
        connection.execute("BEGIN IMMEDIATE")
        try:
            for statement in STEPS[number]:
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {number + 1}")
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")
