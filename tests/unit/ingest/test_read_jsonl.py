"""JSON lines: nested objects, lists, digits as written; a bad line costs its neighbours nothing."""

from __future__ import annotations

from pathlib import Path

from audiences.ingest.parse import read


def test_values_become_texts(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_bytes(
        b'\xef\xbb\xbf{"Email": "a", "value": 12.50, "big": 123456789012345678901, "yes": true,'
        b' "no": false, "none": null, "empty": "  ", "social": {"X": {"id": 7}}, "tags": ["p", 1,'
        b' null, true, {"k": 1}], "nan": NaN, " Padded ": "\\ud83d\\ude00"}\r\n'
    )
    [batch] = read(path)
    [row] = batch.rows.to_pylist()
    assert {k: v for k, v in row.items() if v is not None} == {
        "row": 1,
        "email": "a",
        "value": "12.50",
        "big": "123456789012345678901",
        "yes": "true",
        "no": "false",
        "social.x.id": "7",
        "tags": 'p|1|true|{"k": "1"}',
        "nan": "nan",
        "padded": "\U0001f600",
    }


def test_bad_lines_come_aside_by_their_number(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    lines = [
        b'{"email": "a"}',
        b"",
        b"not json",
        b"[1, 2]",
        b'"text"',
        b'{"email": "\xff"}',
        b'{"email": "\\ud83d"}',
        b'{"\\ud83d": "x"}',
        b'{"": "x"}',
        b"[" * 100_000,
        b'{"other": "b"}',
    ]
    path.write_bytes(b"\n".join(lines))
    [batch] = read(path)
    assert batch.rows["row"].to_pylist() == [1, 11]
    assert {b.row: b.reason for b in batch.broken} == {
        3: "not_a_json_object",
        4: "not_a_json_object",
        5: "not_a_json_object",
        6: "not_utf8",
        7: "not_utf8",
        8: "not_utf8",
        9: "not_a_json_object",
        10: "not_a_json_object",
    }


def test_every_row_may_bring_its_own_columns(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text("".join(f'{{"email": "{n}", "own{n}": "x"}}\n' for n in range(3_000)))
    batches = list(read(path))
    assert [row for b in batches for row in b.rows["row"].to_pylist()] == [*range(1, 3_001)]
