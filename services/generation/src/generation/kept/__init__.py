"""Results kept by what they were made of: the same picture with the same options is not worked on twice."""
