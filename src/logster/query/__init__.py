"""Text of people to questions: the search language, pipes, completion and variables."""
