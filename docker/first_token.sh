#!/bin/sh
# Make the workers' token once, in the database itself, and leave it where workers read it.
# Usage: first_token.sh FILE  (PACELINE_DATABASE_URL names the database)
set -eu
file=$1
if [ -s "$file" ]; then
    echo "the workers' token is there already: $file" >&2
    exit 0
fi
umask 077
paceline token create compose-workers --scopes workers --database-url "$PACELINE_DATABASE_URL" > "$file.new"
tail -n 1 "$file.new" > "$file.token"
mv "$file.token" "$file"
rm "$file.new"
