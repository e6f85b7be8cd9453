"""`python -m billing [role]`."""

import sys

from billing.main import run

run(sys.argv[1] if len(sys.argv) > 1 else "all")
