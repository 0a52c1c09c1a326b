"""What Tidegauge costs, measured. Each module is a program: python -m benchmarks.NAME."""
