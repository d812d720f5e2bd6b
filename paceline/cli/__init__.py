"""What users type: one small file per noun; everything heavy is imported when its command runs."""
