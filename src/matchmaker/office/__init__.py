"""Office files turned into blocks or rows, with limits against hostile files; nothing here knows about problems."""
