"""Many submissions at once: reports, comparison, and what reviewers and employers get."""
