"""The examples, really trained: what a user copies must do what it says."""
