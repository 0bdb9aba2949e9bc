"""Finds who is who: live links joined into components, each with the person id it had before.

Every step makes one named temporary table and is readable by itself:

    nodes    every identifier that is alive: durable ones, and devices with their end of life
    hubs     identifiers shared by so many that they identify nobody (a placeholder e-mail)
    edges    links between live nodes, without hubs
    labels   the smallest key of each connected component
    claims   which component may keep which earlier person id
    people   identifier -> person
"""

from __future__ import annotations

from datetime import datetime

import duckdb

from audiences.lake.query import timestamp

STRONG = "('external_id', 'email', 'phone', 'email_sha256', 'phone_sha256')"


def nodes_sql() -> str:
    """Collect every live identifier once.

    An identifier that is known raw and hashed is one node; one that anything durable vouches for
    has no end of life.
    """
    return """
        SELECT key, min(type) AS type, CASE WHEN bool_or(expires_at IS NULL) THEN NULL
            ELSE max(expires_at) END AS expires_at
        FROM (
            SELECT DISTINCT key, type, NULL::TIMESTAMPTZ AS expires_at FROM all_match_keys
            UNION ALL
            SELECT key, min(id_type), max(expires_at) FROM live_sightings GROUP BY key
            UNION ALL
            SELECT b, min(b_type), max(expires_at) FROM live_links
                WHERE expires_at IS NOT NULL GROUP BY b
            UNION ALL
            SELECT a, min(a_type), max(expires_at) FROM live_links
                WHERE expires_at IS NOT NULL GROUP BY a)
        GROUP BY key"""


def hubs_sql(max_shared: int) -> str:
    """Find identifiers linked with more than `max_shared` different durable identifiers."""
    return f"""
        SELECT key FROM (
            SELECT a AS key, b AS other, b_type AS other_type FROM live_links
            UNION ALL SELECT b, a, a_type FROM live_links)
        WHERE other_type IN {STRONG}
        GROUP BY key HAVING count(DISTINCT other) > {max_shared:d}"""


def edges_sql() -> str:
    """List each link between two live identifiers once, in both directions, without hubs."""
    return """
        SELECT DISTINCT a, b FROM (
            SELECT a, b FROM live_links UNION ALL SELECT b, a FROM live_links)
        SEMI JOIN nodes ON nodes.key = a SEMI JOIN nodes AS ends ON ends.key = b
        ANTI JOIN hubs ON hubs.key = a ANTI JOIN hubs AS busy ON busy.key = b"""


def labels_sql() -> str:
    """Spread the smallest key through each component until nothing changes."""
    return """
        WITH RECURSIVE spread(key, label) USING KEY (key) AS (
            SELECT DISTINCT a, a FROM edges
            UNION
            SELECT edges.b, min(spread.label)
            FROM spread JOIN edges ON edges.a = spread.key
            JOIN recurring.spread AS known ON known.key = edges.b
            WHERE spread.label < known.label
            GROUP BY edges.b)
        SELECT key, label FROM spread
        UNION ALL
        SELECT key, key FROM nodes ANTI JOIN edges ON edges.a = nodes.key"""


def claims_sql() -> str:
    """Give each earlier person id to one component, and to each component one person id.

    An id goes to the component that holds the identifier it was named after, else to the one
    with most of its identifiers; a component that could keep several keeps the oldest.
    """
    return """
        WITH held AS (
            SELECT labels.label, earlier.person, min(earlier.since) AS since, count(*) AS size,
                bool_or(earlier.key = earlier.person) AS named
            FROM labels JOIN earlier USING (key) GROUP BY ALL),
        given AS (
            SELECT * FROM held QUALIFY row_number() OVER (
                PARTITION BY person ORDER BY named DESC, size DESC, label) = 1)
        SELECT label, person, since FROM given QUALIFY row_number() OVER (
            PARTITION BY label ORDER BY since, person) = 1"""


def people_sql(as_of: datetime, run: str) -> str:
    """Map every live identifier to its person; a new person is named after an identifier.

    Where another person bears that name, a name is made that no earlier run can have given.
    """
    return f"""
        WITH named AS (
            SELECT label, coalesce(
                min(nodes.key) FILTER (WHERE type IN {STRONG}), min(nodes.key)) AS fresh
            FROM labels JOIN nodes USING (key) GROUP BY label),
        taken AS (SELECT DISTINCT person FROM claims)
        SELECT nodes.key, nodes.type, coalesce(claims.person, CASE
                WHEN taken.person IS NULL THEN named.fresh
                ELSE left(sha256(named.fresh || '|{run}'), 32)::UUID END) AS person,
            nodes.expires_at, coalesce(claims.since, {timestamp(as_of)}) AS since
        FROM nodes JOIN labels USING (key) JOIN named USING (label)
        LEFT JOIN claims USING (label) LEFT JOIN taken ON taken.person = named.fresh"""


def resolve(con: duckdb.DuckDBPyConnection, as_of: datetime, max_shared: int, run: str) -> str:
    """Run the steps over `live_links`, `live_sightings`, `all_match_keys` and `earlier`.

    `run` is a text that no earlier run on this lake has had. Returns the query whose rows are the
    new `people` snapshot.
    """
    steps = {
        "nodes": nodes_sql(),
        "hubs": hubs_sql(max_shared),
        "edges": edges_sql(),
        "labels": labels_sql(),
        "claims": claims_sql(),
        "people": people_sql(as_of, run),
    }
    for name, sql in steps.items():
        con.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS {sql}")
    return "SELECT key, type, person, expires_at, since FROM people"
