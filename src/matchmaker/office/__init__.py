"""Files of offices as blocks or rows, with limits against hostile ones; nothing here knows of problems."""
