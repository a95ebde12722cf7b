"""The two kinds of failure Tern knows. Every room may import this; it imports nothing."""


class TernError(Exception):
    """Base of both kinds; never raised itself."""


class UserError(TernError):
    """The world's fault (a bad file, a full disk, a wrong option).

    The message is one or two clear sentences for the person: what happened and what to do next.
    """


class BugError(TernError):
    """Tern's own fault: a broken invariant. Logged with its traceback, shown as one apologetic sentence."""
