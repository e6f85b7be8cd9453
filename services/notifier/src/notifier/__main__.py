"""`python -m notifier [role]`: runs one of the notifier's processes."""

import sys

from notifier.main import run

run(*sys.argv[1:2])
