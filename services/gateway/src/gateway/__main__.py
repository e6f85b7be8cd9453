"""`python -m gateway [role]`."""

import sys

from gateway.main import run

run(sys.argv[1] if len(sys.argv) > 1 else "all")
