"""Extensions of editors and browsers. Loads nothing."""
