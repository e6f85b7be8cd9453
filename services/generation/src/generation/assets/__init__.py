"""Pictures that customers bring: received, judged, kept in storage, and forgotten when nobody needs them."""
