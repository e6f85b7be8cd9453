"""`python -m generation [role]`."""

import sys

from generation.main import run

run(sys.argv[1] if len(sys.argv) > 1 else "all")
