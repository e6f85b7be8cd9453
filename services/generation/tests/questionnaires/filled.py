"""Answers that complete the questionnaire."""

from typing import Any

ANSWERS: dict[str, Any] = {
    "age_band": "15_17",
    "level": "general",
    "subjects_liked": ["biology", "languages"],
    "marks": 4,
    "strengths": ["listening", "persevering"],
    "interests": ["nature", "care"],
    "ways_of_working": ["outdoors", "team"],
    "values": ["usefulness", "freedom"],
    "study_length": "five",
    "place": "region",
    "dreams": "A vet, then a sailor; today something with animals.",
}
