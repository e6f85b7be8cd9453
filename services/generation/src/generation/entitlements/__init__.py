"""What an account may have made because it pays: some kinds once in each year of a subscription."""
