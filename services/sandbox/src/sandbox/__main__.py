"""`python -m sandbox`: starts the sandbox and stays until it is told to stop."""

import sys

from sandbox.main import run

run(*sys.argv[1:2])
