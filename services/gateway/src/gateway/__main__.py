"""`python -m gateway [role]`, and the operators' `python -m gateway features …` and `prices …`."""

import sys

from gateway.features.command import main as features_command
from gateway.kinds.command import main as prices_command
from gateway.main import run

if sys.argv[1:2] == ["features"]:
    sys.exit(features_command(sys.argv[2:]))
if sys.argv[1:2] == ["prices"]:
    sys.exit(prices_command(sys.argv[2:]))
run(sys.argv[1] if len(sys.argv) > 1 else "all")
