"""Makes PDF files; imported by child processes only, for it brings reportlab with it."""
