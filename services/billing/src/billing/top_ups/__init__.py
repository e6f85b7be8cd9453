"""Packs bought by themselves when credits run low."""
