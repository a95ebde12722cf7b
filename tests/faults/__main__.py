"""Makes the rows of the table of faults, goes on where the last run stopped, and writes docs/FAULTS.md:
``make faults``, or ``python -m faults --only kill power_loss --times 20`` from tests/.
"""

from __future__ import annotations

import argparse
import importlib
from pathlib import Path

from faults.harness import Row, carry_out
from faults.report import write


def rows() -> list[Row]:
    """Those of all files beside this one."""
    found = []
    for path in sorted(Path(__file__).parent.glob("test_*.py")):
        module = importlib.import_module(f"faults.{path.stem}")
        found += [value for value in vars(module).values() if isinstance(value, Row)]
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument(
        "--only", nargs="+", metavar="ROW", help="of the table: " + ", ".join(r.name for r in rows())
    )
    parser.add_argument("--times", type=int, help="trials of each row; the row's own number when left out")
    parser.add_argument("--again", action="store_true", help="forget the trials that were made")
    parser.add_argument("--bad", action="store_true", help="make those again that had problems")
    parser.add_argument(
        "--report", action="store_true", help="write the report of what there is, and try nothing"
    )
    args = parser.parse_args()
    for row in rows():
        if not args.report and (not args.only or row.name in args.only):
            carry_out(row, row.times if args.times is None else args.times, args.again, args.bad)
    bad = write(rows())
    raise SystemExit(bad > 0)


if __name__ == "__main__":
    main()
