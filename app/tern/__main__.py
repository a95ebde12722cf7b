"""Entry point: parse the arguments, hand over to a command or to the window, turn failures into one sentence.

Exit codes: 0 fine, 1 something failed (the sentence is on stderr), 2 wrong usage, 130 interrupted.
"""

import os
import sys

# Nothing else is imported up here, not even __future__: a Ctrl-C meanwhile would find nobody to take it.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import FrameType

FAILED = 1
INTERRUPTED = 130
PIPE_CLOSED = 141  # as the shell reports a process ended by SIGPIPE


def main(argv: "Sequence[str] | None" = None) -> int:
    """Run ``tern`` with ``argv`` and return its exit code. None: as a process of its own, with its own arguments."""
    try:
        if argv is None:
            _own_the_process()
        from tern.cli.streams import give_up_output, standard_streams

        with standard_streams():
            try:
                return _run(argv)
            except KeyboardInterrupt:
                print(file=sys.stderr)
                return INTERRUPTED
            except BrokenPipeError:  # whoever read the output has gone, as `head` does
                give_up_output()
                return PIPE_CLOSED
    except KeyboardInterrupt:
        return INTERRUPTED


def _run(argv: "Sequence[str] | None") -> int:
    import signal

    from tern import log, paths
    from tern.cli.parser import parse
    from tern.cli.streams import note
    from tern.errors import UserError

    before = signal.getsignal(signal.SIGINT)
    try:
        try:
            args = parse(sys.argv[1:] if argv is None else argv)
        except SystemExit:  # --help, or wrong usage
            sys.stdout.flush()
            raise
        data_dir = getattr(args, "data_dir", None)
        if data_dir is not None:
            paths.set_data_dir(data_dir)
        if before is _leave:  # from here on there may be something to close in order
            signal.signal(signal.SIGINT, signal.default_int_handler)
        log.start()
        from tern.cli import settings_warnings, window

        if args.run is not window.run:  # which shows them in the window
            settings_warnings.say()
        code: int = args.run(args)
        sys.stdout.flush()
        return code
    except UserError as error:
        note(f"tern: {error}")
        return FAILED
    except BrokenPipeError:
        raise
    except Exception as error:
        if isinstance(error, FileNotFoundError) and _current_folder_is_gone():
            note("tern: The current folder is gone. Change to another folder and try again.")
            return FAILED
        import logging

        logging.getLogger(__name__).exception("unexpected error")
        place = paths.log_dir() / log.FILE_NAME
        note(f"tern: Something went wrong inside Tern; the details are in {place}.")
        return FAILED
    finally:
        if before is _leave:
            signal.signal(signal.SIGINT, _leave)
        log.stop()


def _own_the_process() -> None:
    import signal

    # Else Ctrl-C is for others, as under nohup.
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _leave)
    # A closed stream's number would go to the next file, and with it what the stream is told.
    for number in (
        0,
        1,
        2,
    ):
        try:
            os.fstat(number)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)


def _leave(number: int, frame: "FrameType | None") -> None:
    """Ctrl-C while there is nothing to close: during the first imports, and after the last line."""
    os._exit(INTERRUPTED)


def _current_folder_is_gone() -> bool:
    try:
        os.getcwd()  # noqa: PTH109  # Path.cwd() is the same call
    except FileNotFoundError:
        return True
    return False


if __name__ == "__main__":
    sys.exit(main())
