"""Finds who is who: live links joined into components, each with the person id it had before.

Every step makes one named temporary table and is readable by itself:

    nodes    every identifier that is alive, numbered by key: durable ones, and devices with their
             end of life
    pairs    links between two live nodes, each once, by number
    hubs     identifiers shared by so many that they identify nobody (a placeholder e-mail)
    edges    the pairs without hubs, in both directions
    labels   the smallest number of each connected component
    parts    every node with the label of its component
    claims   which component may keep which earlier person id
    people   identifier -> person

Numbers of four bytes stand for keys of sixteen wherever rows are joined again and again.
"""

from __future__ import annotations

from datetime import datetime

import duckdb

from audiences.lake.query import timestamp

STRONG = "('external_id', 'email', 'phone', 'email_sha256', 'phone_sha256')"


def nodes_sql() -> str:
    """Collect every live identifier once, numbered in the order of their keys.

    An identifier that is known raw and hashed is one node; one that anything durable vouches for
    has no end of life.
    """
    return """
        SELECT row_number() OVER (ORDER BY key)::INTEGER AS id, key, type, expires_at FROM (
            SELECT key, min(type) AS type,
                CASE WHEN NOT bool_or(expires_at IS NULL) THEN max(expires_at) END AS expires_at
            FROM (
                SELECT key, type, NULL::TIMESTAMPTZ AS expires_at FROM all_match_keys
                UNION ALL
                SELECT key, id_type, expires_at FROM live_sightings
                UNION ALL
                SELECT b, b_type, expires_at FROM live_links WHERE expires_at IS NOT NULL
                UNION ALL
                SELECT a, a_type, expires_at FROM live_links WHERE expires_at IS NOT NULL)
            GROUP BY key)"""


def pairs_sql() -> str:
    """List each link between two live identifiers once, whatever says so and how often."""
    return """
        WITH linked AS (SELECT DISTINCT least(a, b) AS a, greatest(a, b) AS b FROM live_links)
        SELECT one.id AS a, other.id AS b FROM linked
        JOIN nodes AS one ON one.key = linked.a JOIN nodes AS other ON other.key = linked.b"""


def hubs_sql(max_shared: int) -> str:
    """Find identifiers linked with more than `max_shared` different identifiers.

    Of a durable identifier only durable ones count: a customer may come with many cookies.
    """
    return f"""
        WITH ends AS (SELECT a AS id, b AS other FROM pairs UNION ALL SELECT b, a FROM pairs),
            strong AS (SELECT id FROM nodes WHERE type IN {STRONG})
        SELECT id FROM ends
        WHERE other IN (SELECT id FROM strong) OR id NOT IN (SELECT id FROM strong)
        GROUP BY id HAVING count(*) > {max_shared:d}"""


def edges_sql() -> str:
    """Leave out pairs with a hub, and list the others in both directions."""
    return """
        WITH kept AS (
            FROM pairs ANTI JOIN hubs ON hubs.id = a ANTI JOIN hubs AS busy ON busy.id = b)
        SELECT a, b FROM kept UNION ALL SELECT b, a FROM kept"""


def labels_sql() -> str:
    """Spread the smallest number through each component until nothing changes."""
    return """
        WITH RECURSIVE spread(id, label) USING KEY (id) AS (
            SELECT DISTINCT a, a FROM edges
            UNION
            SELECT edges.b, min(spread.label)
            FROM spread JOIN edges ON edges.a = spread.id
            JOIN recurring.spread AS known ON known.id = edges.b
            WHERE spread.label < known.label
            GROUP BY edges.b)
        SELECT id, label FROM spread"""


def parts_sql() -> str:
    """Give every node the label of its component; one without an edge is its own."""
    return """
        SELECT key, type, expires_at, coalesce(label, id) AS label
        FROM nodes LEFT JOIN labels USING (id)"""


def claims_sql() -> str:
    """Give each earlier person id to one component, and to each component one person id.

    An id goes to the component that holds the identifier it was named after, else to the one
    with most of its identifiers; a component that could keep several keeps the oldest.
    """
    return """
        WITH held AS (
            SELECT parts.label, earlier.person, min(earlier.since) AS since, count(*) AS size,
                bool_or(earlier.key = earlier.person) AS named
            FROM parts JOIN earlier USING (key) GROUP BY ALL),
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
                min(key) FILTER (WHERE type IN {STRONG}), min(key)) AS fresh
            FROM parts GROUP BY label),
        taken AS (SELECT DISTINCT person FROM claims)
        SELECT parts.key, parts.type, coalesce(claims.person, CASE
                WHEN taken.person IS NULL THEN named.fresh
                ELSE left(sha256(named.fresh || '|{run}'), 32)::UUID END) AS person,
            parts.expires_at, coalesce(claims.since, {timestamp(as_of)}) AS since
        FROM parts JOIN named USING (label)
        LEFT JOIN claims USING (label) LEFT JOIN taken ON taken.person = named.fresh"""


def resolve(con: duckdb.DuckDBPyConnection, as_of: datetime, max_shared: int, run: str) -> str:
    """Run the steps over `live_links`, `live_sightings`, `all_match_keys` and `earlier`.

    `run` is a text that no earlier run on this lake has had. Returns the query whose rows are the
    new `people` snapshot.
    """
    steps = {
        "nodes": nodes_sql(),
        "pairs": pairs_sql(),
        "hubs": hubs_sql(max_shared),
        "edges": edges_sql(),
        "labels": labels_sql(),
        "parts": parts_sql(),
        "claims": claims_sql(),
        "people": people_sql(as_of, run),
    }
    for name, sql in steps.items():
        con.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS {sql}")
    return "SELECT key, type, person, expires_at, since FROM people"
