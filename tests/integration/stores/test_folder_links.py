"""A link in a store's folder that leads out of it is followed nowhere."""

from pathlib import Path

import pytest

from app.stores.opening import open_store
from app.stores.store import BadKey, Wanted


def test_a_link_that_leads_out_of_the_store_is_refused(tmp_path: Path) -> None:
    outside, root = tmp_path / "outside", tmp_path / "store"
    (outside / "trial" / "attempt").mkdir(parents=True)
    (outside / "trial" / "attempt" / "1").write_text("somebody else's")
    store = open_store(str(root))
    (root / "study").symlink_to(outside)
    with pytest.raises(BadKey, match="leads out"):
        store.fetch(Wanted("study/trial/attempt/1"), tmp_path / "resume")
    with pytest.raises(BadKey, match="leads out"):
        store.drop("study/trial/attempt/1")
    assert (outside / "trial" / "attempt" / "1").exists()
