"""`python -m benchmarks.outcome FOLDER`: where hands-free studies end, judged over HTTP by the
outcome program that lies in the folder, on real curves that its job replays."""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.service import COMMAND, free_port, wait_until_ready
from paceline.client import Client

PROGRAM = "outcome.py"
CURVES = "*.bin"
SLOTS = 2


def find_program(folder: Path) -> tuple[Path, Path]:
    """(outcome program, folder of its curves). Raises SystemExit naming what is missing."""
    program = folder / PROGRAM
    for data in (folder, folder / "data"):
        if program.is_file() and any(data.glob(CURVES)):
            return program.resolve(), data.resolve()
    raise SystemExit(
        f"{folder} holds no outcome judge: it needs {PROGRAM}, its neighbours, and the prepared "
        f"curves ({CURVES}) beside them or in data/. Name it: make bench-outcome DATA=path/to/it"
    )


@contextmanager
def hands_free_service(place: Path) -> Iterator[tuple[str, Path]]:
    """`paceline up` over a fresh folder, on a free port; yields its address and token file."""
    port = free_port()
    words = ["up", "--data-dir", str(place), "--port", str(port), "--slots", str(SLOTS)]
    process = subprocess.Popen([*COMMAND, *words], stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    client = Client(url, "", timeout=60)
    try:
        wait_until_ready(client, process)
        yield url, place / "token"
    finally:
        client.close()
        process.terminate()
        process.wait(60)


def main(words: list[str]) -> int:
    """Judge a service of our own; further words go to the program."""
    if not words or not words[0]:
        raise SystemExit("name the folder of the judge: make bench-outcome DATA=path/to/folder")
    program, data = find_program(Path(words[0]))
    with (
        tempfile.TemporaryDirectory() as place,
        hands_free_service(Path(place) / "service") as (url, token),
    ):
        asked = ["--url", url, "--token-file", str(token), "--data", str(data)]
        given = words[1:] if "--json" in words else [*words[1:], "--json", f"{place}/result.json"]
        python = ["--job-python", sys.executable]
        command = [sys.executable, str(program), *asked, "--no-peers", *python, *given]
        return subprocess.run(command, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
