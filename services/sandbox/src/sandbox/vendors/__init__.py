"""The imitated vendors, one package each."""
