"""The servers that other tests stand on are real, private, and can be killed and started again."""

from pathlib import Path

import psycopg
import redis

from tests.support.redis import RedisServer


def test_postgres_is_a_server_of_at_least_version_15(postgres_url: str) -> None:
    with psycopg.connect(postgres_url) as session:
        assert session.info.server_version >= 150_000


def test_a_fresh_database_holds_the_migrated_tables_and_no_rows(postgres_database_url: str) -> None:
    with psycopg.connect(postgres_database_url) as session:
        tables = session.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
        ).fetchall()
        assert ("studies",) in tables
        assert session.execute("SELECT count(*) FROM studies").fetchone() == (0,)


def test_each_test_gets_a_database_of_its_own(database_url: str, postgres_url: str) -> None:
    assert database_url != postgres_url
    assert "paceline" in database_url


def test_the_shared_redis_answers(redis_url: str) -> None:
    with redis.Redis.from_url(redis_url) as client:
        assert client.ping()


def test_a_killed_redis_starts_again_on_its_port(redis_server: RedisServer) -> None:
    redis_server.kill()
    assert not redis_server.answers()

    redis_server.start()

    assert redis_server.answers()


def test_a_durable_redis_with_a_password_keeps_its_data_over_a_restart(tmp_path: Path) -> None:
    server = RedisServer(tmp_path, password="sesame", durable=True)
    server.start()
    try:
        with redis.Redis.from_url(server.url) as client:
            client.set("kept", "yes")
        server.stop()
        server.start()
        with redis.Redis.from_url(server.url) as client:
            assert client.get("kept") == b"yes"
    finally:
        server.stop()
