"""The service: rings that point inward, from the API down to the playbook chapter in `domain`,
`policy` and `planning`."""
