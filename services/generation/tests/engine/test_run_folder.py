"""What killed workers leave on disk goes with the next start; what belongs to the living stays."""

import os
import subprocess
from pathlib import Path

from generation.engine.run_folder import FOLDER_PREFIX, RunFolder, sweep_left_folders


def test_the_next_start_removes_what_the_dead_have_left(tmp_path: Path) -> None:
    with subprocess.Popen(["true"]) as dead:
        dead.wait()
    left = [f"{FOLDER_PREFIX}{dead.pid}-abc", f"{FOLDER_PREFIX}{os.getpid()}-from-a-former-life"]
    living = [f"{FOLDER_PREFIX}{os.getppid()}-abc", f"{FOLDER_PREFIX}odd", "another-folder"]
    for name in (*left, *living):
        (tmp_path / name).mkdir()
        (tmp_path / name / "page-01.png").write_bytes(b"x")

    assert sweep_left_folders(tmp_path) == 2
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(living)


async def test_a_run_s_folder_bears_its_worker_s_pid_and_ends_with_it(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    path = await folder.path()
    assert path.name.startswith(f"{FOLDER_PREFIX}{os.getpid()}-")
    await folder.aclose()
    assert not path.exists()
