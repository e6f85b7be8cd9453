"""`python -m atelier_local`."""

import sys

from atelier_local.cli import main

sys.exit(main())
