"""Whatever we write at Stripe carries a key of ours: a repetition after a lost answer is the same request there."""

import ast
from pathlib import Path

import billing.stripe

DELETES = ("subscriptions.cancel_async",)
"""DELETE takes no key: it is idempotent by definition (docs.stripe.com/api/idempotent_requests)."""
WRITES = ("create", "update", "expire", "cancel", "release", "confirm", "detach", "attach", "pay", "capture", "void")


def _writes() -> list[tuple[str, ast.Call]]:
    """Every call of the SDK that changes something, with where it stands."""
    found = []
    for path in sorted(Path(billing.stripe.__file__).parent.glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                verb, _, rest = node.func.attr.partition("_")
                if ast.unparse(node.func).endswith(DELETES):
                    continue
                if node.func.attr.endswith("_async") and verb in WRITES and rest:
                    found.append((f"{path.name}:{node.lineno}", node))
    return found


def test_every_write_carries_an_idempotency_key() -> None:
    writes = _writes()
    assert len(writes) >= 15, "the calls are not found where they were"
    bare = [
        place
        for place, call in writes
        if not any(
            isinstance(key, ast.Constant) and key.value == "idempotency_key"
            for argument in call.args
            if isinstance(argument, ast.Dict)
            for key in argument.keys
        )
    ]
    assert bare == []
