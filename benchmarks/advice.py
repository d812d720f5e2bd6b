"""`python -m benchmarks.advice FOLDER`: how good the advice is on real learning curves, judged over
HTTP by the scorecard program that lies in the folder."""

import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.service import serving
from tests.support.databases import migrate, sqlite_url

PROGRAM = "scorecard.py"
CURVES = "runs.parquet"


def find_program(folder: Path) -> tuple[Path, Path]:
    """(scorecard program, folder of the curves). Raises SystemExit naming what is missing."""
    for program in (folder / PROGRAM, folder.parent / PROGRAM):
        for data in (folder, folder / "dev"):
            if program.is_file() and (data / CURVES).is_file():
                return program.resolve(), data.resolve()
    raise SystemExit(
        f"{folder} holds no scorecard: it needs {PROGRAM} and dev/{CURVES}. "
        "Name the folder: make bench-advice DATA=path/to/scorecard"
    )


def main(words: list[str]) -> int:
    """Judge a service of our own over a fresh SQLite file; further words go to the program."""
    if not words or not words[0]:
        raise SystemExit("name the folder of the scorecard: make bench-advice DATA=path/to/folder")
    program, data = find_program(Path(words[0]))
    with tempfile.TemporaryDirectory() as place:
        url = sqlite_url(Path(place) / "advice.db")
        migrate(url)
        with serving(url) as client:
            token = Path(place) / "token"
            token.write_text(client.token or "")
            asked = ["--url", client.url, "--token-file", str(token), "--data", str(data)]
            result = ["--json", str(Path(place) / "result.json")]
            command = [sys.executable, str(program), *asked, *result, *words[1:]]
            return subprocess.run(command, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
