"""The operators' switches: data, changed by a command, in force everywhere within seconds."""
