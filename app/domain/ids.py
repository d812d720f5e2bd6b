"""Identifiers, each its own type, so that a trial's id is never passed where an attempt's is
meant."""

from typing import NewType

StudyId = NewType("StudyId", str)
TrialId = NewType("TrialId", str)
AttemptId = NewType("AttemptId", str)
RecommendationId = NewType("RecommendationId", str)
WorkerId = NewType("WorkerId", str)
WaiverId = NewType("WaiverId", str)
TokenId = NewType("TokenId", str)
