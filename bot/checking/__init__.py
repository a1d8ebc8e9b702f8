"""Files that citizens send, judged by their content (docs/decisions/0015-files-are-checked-by-content.md)."""
