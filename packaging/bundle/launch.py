"""What the bundled program starts with."""

import sys

from tern.__main__ import main

sys.exit(main())
