"""The parts of the API that need no service to be judged."""
