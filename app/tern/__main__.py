"""Entry point: parse the arguments, hand over to a command or to the window, turn failures into one sentence.

Exit codes: 0 fine, 1 something failed (the sentence is on stderr), 2 wrong usage, 130 interrupted.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Sequence

from tern import paths
from tern.cli import settings_warnings, window
from tern.cli.parser import build_parser
from tern.errors import UserError

FAILED = 1
INTERRUPTED = 130
PIPE_CLOSED = 141  # as the shell reports a process ended by SIGPIPE


def main(argv: Sequence[str] | None = None) -> int:
    """Run ``tern`` with ``argv`` (default: the command line's) and return its exit code."""
    args = build_parser().parse_args(argv)
    data_dir = getattr(args, "data_dir", None)
    if data_dir is not None:
        paths.set_data_dir(data_dir)
    from tern import log

    try:
        for stream in (sys.stdout, sys.stderr):
            if hasattr(stream, "reconfigure"):  # a terminal that lacks a letter shows ? instead of failing
                stream.reconfigure(errors="replace")
        log.start()
        if args.run is not window.run:  # which shows them in the window
            settings_warnings.say()
        code: int = args.run(args)
        sys.stdout.flush()
        return code
    except UserError as error:
        print(f"tern: {error}", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        print(file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:  # whoever read the output has gone, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return PIPE_CLOSED
    except Exception:
        logging.getLogger(__name__).exception("unexpected error")
        place = paths.log_dir() / log.FILE_NAME
        print(f"tern: Something went wrong inside Tern; the details are in {place}.", file=sys.stderr)
        return FAILED
    finally:
        log.stop()


if __name__ == "__main__":
    sys.exit(main())
