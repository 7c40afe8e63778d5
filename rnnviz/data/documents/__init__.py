"""Files that people bring: their encodings, formats and tables, read into texts."""
