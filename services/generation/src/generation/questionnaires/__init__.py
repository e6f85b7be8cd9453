"""Questionnaires that customers fill in at their pace: drafted, resumed, completed, then the matter of a report."""
