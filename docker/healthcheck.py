"""Ask a route of the API and exit 0 if it answers 200: the images' health check.

A path alone is asked of the service that PACELINE_URL names.
"""

import os
import sys
import urllib.error
import urllib.request

SECONDS = 4


def main() -> int:
    """Check the address, or the path, that the command line names."""
    place = sys.argv[1]
    url = os.environ["PACELINE_URL"].rstrip("/") + place if place.startswith("/") else place
    try:
        with urllib.request.urlopen(url, timeout=SECONDS) as answer:
            return 0 if answer.status == 200 else 1
    except (urllib.error.URLError, TimeoutError) as error:
        print(f"{url}: {error}", file=sys.stderr)  # noqa: T201 - shown by the engine beside the state
        return 1


if __name__ == "__main__":
    sys.exit(main())
