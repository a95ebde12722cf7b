"""Conversations: what was said, and what is said next. Knows no window and no engine internals."""
