"""Purchases of credits: from the checkout to the grant."""
