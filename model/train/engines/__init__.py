"""What drives a network: plain, compiled, DeepSpeed; the optimizer; ranks."""
