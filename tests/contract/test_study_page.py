"""The study page says what the recommendation says: the sentence, why, and what would change it."""

from html import unescape

from tests.contract.lab import Lab, falling


def page_of(lab: Lab, study_id: str) -> str:
    answer = lab.client.get(f"/studies/{study_id}")
    assert answer.status_code == 200, answer.text
    return unescape(answer.text)


def test_the_page_shows_the_whole_recommendation(lab: Lab) -> None:
    study_id = lab.judged(falling)
    advice = lab.get(f"/v1/studies/{study_id}/recommendation")
    page = page_of(lab, study_id)
    told = [advice["sentence"], *advice["would_change_my_mind"]]
    told += [reason["message"] for reason in advice["reasons"]]
    assert len(told) > 2
    assert [words for words in told if words not in page] == []
    assert f"paceline recommend {study_id} --accept" in page


def test_before_the_first_review_the_page_says_so(lab: Lab) -> None:
    page = page_of(lab, str(lab.create()["id"]))
    assert "No round has been reviewed yet." in page
