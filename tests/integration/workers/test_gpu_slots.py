"""Slots with GPUs, played by a file: what is sampled, and that nothing starts on a GPU in use."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.integration.workers.conftest import StartNode
from tests.integration.workers.ledger import Ledger, claim
from tests.integration.workers.programs import python
from tests.support.waiting import wait_until
from workers import gpu_watch, quarantine

GIB = 2**30
SAYS_ITS_GPU = "import os, time; print(os.environ['CUDA_VISIBLE_DEVICES']); time.sleep({pause})"


def play(path: Path, used_gib: float, utilisation: float = 0.5) -> Path:
    """One GPU with so much of its 80 GiB in use."""
    gpu: dict[str, Any] = {"id": "GPU-a", "name": "H100", "memory_bytes": 80 * GIB}
    draft = path.with_suffix(".draft")
    draft.write_text(
        json.dumps([{**gpu, "used_bytes": int(used_gib * GIB), "utilisation": utilisation}])
    )
    draft.rename(path)
    return path


def test_an_attempt_says_what_its_gpu_did(
    ledger: Ledger, start_node: StartNode, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gpu_watch, "SAMPLE_SECONDS", 0.0)
    gpus = play(tmp_path / "gpus.json", 0.0)
    start_node(gpus_per_slot=1, simulated_gpus=gpus)
    ledger.work.append(claim("a1", python(SAYS_ITS_GPU, pause=1.5)))
    wait_until(lambda: ledger.claimed)
    play(gpus, 40.0, 0.9)
    wait_until(lambda: ledger.finishes)
    play(gpus, 0.0)
    told = [one for beat in ledger.heartbeats for one in beat.get("gpu", [])]
    told += ledger.finishes["a1"].get("gpu", [])
    assert max(one["memory_bytes"] for one in told) == 40 * GIB
    assert {(one["id"], one["name"], one["memory_total_bytes"]) for one in told} == {
        ("GPU-a", "H100", 80 * GIB)
    }
    assert ledger.logs["a1"]["stdout"].strip() == "GPU-a"
    (slot,) = ledger.registrations[0]["slots"]
    assert slot["devices"] == [{"id": "GPU-a", "name": "H100", "memory_bytes": 80 * GIB}]


def test_a_slot_whose_gpu_is_in_use_claims_nothing_until_it_is_free(
    ledger: Ledger, start_node: StartNode, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quarantine, "PATIENCE_SECONDS", 0.0)
    gpus = play(tmp_path / "gpus.json", 60.0)
    ledger.work.append(claim("a1", python("pass")))
    start_node(gpus_per_slot=1, simulated_gpus=gpus)
    wait_until(lambda: len(ledger.registrations) > 1)
    (slot,) = ledger.registrations[-1]["slots"]
    assert "61440 of 81920 MiB in use" in slot["problem"]
    assert not ledger.claims
    play(gpus, 1.0)
    wait_until(lambda: ledger.finishes)
    (slot,) = ledger.registrations[-1]["slots"]
    assert slot["problem"] is None


def test_a_worker_ends_although_its_slot_is_quarantined(
    ledger: Ledger, start_node: StartNode, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quarantine, "PATIENCE_SECONDS", 0.0)
    node = start_node(gpus_per_slot=1, simulated_gpus=play(tmp_path / "gpus.json", 60.0))
    wait_until(lambda: len(ledger.registrations) > 1)
    node.stop()
    assert node.wait(10)
