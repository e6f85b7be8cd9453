"""`python -m billing [role]`, and the operators' `python -m billing adjust …`."""

import sys

from billing.adjustments.command import main as adjust_command
from billing.main import run
from common.telemetry.logging import configure_logging

if sys.argv[1:2] == ["adjust"]:
    configure_logging("billing", "warning")  # the command says the rest
    sys.exit(adjust_command(sys.argv[2:]))
run(sys.argv[1] if len(sys.argv) > 1 else "all")
