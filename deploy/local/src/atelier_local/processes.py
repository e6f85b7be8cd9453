"""Owns the plan: which processes make up the product, in which order they stop, where they say they are ready."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from typing import Any

STOP_FIRST, STOP_SERVICES, STOP_SANDBOX, STOP_VALKEY, STOP_POSTGRES = range(5)

BACKGROUND = 15


@dataclass(frozen=True, slots=True)
class ProcessSpec:
    """One Python process: `<module>.main.run(role)`."""

    name: str
    module: str
    role: str = "all"
    stop_stage: int = STOP_SERVICES
    ports: dict[str, str] = field(default_factory=dict)
    """Environment variable → name of the port in this home."""
    ready_port: str | None = None
    """Name of the port that tells whether the process is ready; None: it is ready when it runs."""
    ready_path: str | None = "/readyz"
    """None: accepting connections is enough."""
    migrates: bool = False
    """Owns the database `atelier_<module>` and brings it up to date by the role `migrate`."""
    niceness: int = 0
    """How far the process stands back when cores are scarce (0 to 19): what a customer waits for goes first."""
    environment: dict[str, str] = field(default_factory=dict)
    """Wins over everything else."""


PRODUCT = (
    ProcessSpec(
        "sandbox",
        "sandbox",
        stop_stage=STOP_SANDBOX,
        ports={"SANDBOX_HTTP_PORT": "sandbox", "SANDBOX_SMTP_PORT": "smtp"},
        ready_port="sandbox",
        ready_path=None,
        niceness=BACKGROUND,
    ),
    ProcessSpec(
        "gateway",
        "gateway",
        stop_stage=STOP_FIRST,
        ports={"GATEWAY_PORT": "gateway"},
        ready_port="gateway",
        migrates=True,
    ),
    ProcessSpec("billing", "billing", ports={"BILLING_PORT": "billing"}, ready_port="billing", migrates=True),
    ProcessSpec(
        "generation",
        "generation",
        ports={"GENERATION_PORT": "generation"},
        ready_port="generation",
        migrates=True,
        niceness=BACKGROUND,
    ),
    ProcessSpec(
        "notifier",
        "notifier",
        ports={"NOTIFIER_PORT": "notifier"},
        ready_port="notifier",
        migrates=True,
        niceness=BACKGROUND,
    ),
)


WORKER = ProcessSpec(
    "worker",
    "generation",
    role="worker",
    ports={"GENERATION_WORKER_PORT": "worker"},
    ready_port="worker",
    niceness=BACKGROUND,
)


def product(*, workers: int = 0, only: Iterable[str] | None = None) -> list[ProcessSpec]:
    """The whole product, or just some processes of it.

    Without `workers` the service `generation` carries out the work itself, which spares a small box a process and its
    connections; with them it does not, and there are so many, named `worker`, `worker-2`, ….

    Raises:
        ValueError: a name in `only` is not a process.
    """
    plan: list[ProcessSpec] = []
    for spec in PRODUCT:
        plan.append(spec if workers or spec.name != "generation" else replace(spec, role="box"))
        if spec.name == "generation":
            plan += [WORKER if number == 1 else _numbered(WORKER, number) for number in range(1, workers + 1)]
    if workers > 1:
        plan = [replace(spec, environment={"GENERATION_WORKERS": str(workers)}) for spec in plan]
    if only is None:
        return plan
    wanted = set(only)
    if unknown := wanted - {spec.name for spec in plan}:
        raise ValueError(f"no such process: {', '.join(sorted(unknown))}")
    return [spec for spec in plan if spec.name in wanted]


def port_names(plan: Iterable[ProcessSpec]) -> list[str]:
    """All ports the plan needs."""
    return sorted({name for spec in plan for name in spec.ports.values()})


def to_json(plan: Iterable[ProcessSpec]) -> dict[str, Any]:
    """The plan as it is handed to a supervisor in another process."""
    return {"processes": [asdict(spec) for spec in plan]}


def from_json(content: dict[str, Any]) -> list[ProcessSpec]:
    """The reverse of `to_json`."""
    return [ProcessSpec(**spec) for spec in content["processes"]]


def _numbered(spec: ProcessSpec, number: int) -> ProcessSpec:
    name = f"{spec.name}-{number}"
    return replace(spec, name=name, ports=dict.fromkeys(spec.ports, name), ready_port=name)
