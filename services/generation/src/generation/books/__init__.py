"""Colouring books: what is on their pages, how pages become black and white, and how a book is printed."""
