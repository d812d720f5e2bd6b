"""What rides on heartbeats besides the step: the code record once, logs when they have grown, what
the GPUs did."""

from typing import Any

from workers import logs
from workers.folder import TrialFolder
from workers.gpu_watch import GpuWatch
from workers.reporter import Progress

LOGS_SECONDS = 2.0

Document = dict[str, Any]  # JSON of a heartbeat or a finish


class Extras:
    """Knows what the service has not heard yet."""

    def __init__(self, folder: TrialFolder, progress: Progress, gpus: GpuWatch, now: float) -> None:
        self._folder, self._progress, self._gpus = folder, progress, gpus
        self._has_sent_code = False
        self._sent_logs: dict[str, str] = {"stdout": "", "stderr": ""}
        self._sent_size, self._sent_at = 0, now

    def are_due(self, now: float) -> bool:
        """Whether new output has waited for two seconds."""
        return now >= self._sent_at + LOGS_SECONDS and logs.size(self._folder) != self._sent_size

    def look(self, now: float) -> None:
        """Between heartbeats."""
        self._gpus.look(now)

    def pending(self) -> Document:
        """`code`, `logs` and `gpu`, as far as they are new."""
        document: Document = {}
        if self._progress.code is not None and not self._has_sent_code:
            document["code"] = self._progress.code.document()
        said = logs.tails(self._folder)
        if said != self._sent_logs:
            document["logs"] = said
        readings = self._gpus.pending()
        if readings:
            document["gpu"] = readings
        return document

    def acknowledge(self, document: Document, now: float) -> None:
        """The service has heard `document`."""
        self._has_sent_code = self._has_sent_code or "code" in document
        self._gpus.acknowledge()
        self._sent_logs = document.get("logs", self._sent_logs)
        self._sent_size, self._sent_at = logs.size(self._folder), now
