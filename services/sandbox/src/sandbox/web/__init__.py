"""The HTTP edge of the sandbox: the layer around every vendor, and the connections it may close."""
