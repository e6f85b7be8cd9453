"""How many requests one account, or one network of strangers, may make a minute."""
