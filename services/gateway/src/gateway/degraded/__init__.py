"""What the gateway goes on doing while a part it needs is away, and how it finds back."""
