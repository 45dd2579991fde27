"""CSV tables: bytes as written, and messages for invalid files."""

import pytest

from dginstyle.csv_files import read_table, write_csv


def test_a_table_is_written_with_quotes_only_where_needed(tmp_path):
    write_csv(tmp_path / "table.csv", ("image", "class"), [("a,b.png", 3), ("c.png", 0)])
    assert (tmp_path / "table.csv").read_bytes() == b'image,class\n"a,b.png",3\nc.png,0\n'


def test_cells_that_look_like_numbers_or_missing_values_stay_strings(tmp_path):
    (tmp_path / "table.csv").write_text("image,class\n007,NA\n,1\n")
    assert read_table(tmp_path / "table.csv", ("image",)).to_numpy().tolist() == [["007", "NA"], ["", "1"]]


@pytest.mark.parametrize("content", ["", "image,label\n", "image\na.png\n"])
def test_empty_tables_and_missing_columns_are_rejected(tmp_path, content):
    (tmp_path / "table.csv").write_text(content)
    with pytest.raises(SystemExit, match="table.csv .*docs/architecture.md lists the command that writes it"):
        read_table(tmp_path / "table.csv", ("image", "label"))


def test_a_missing_table_is_named(tmp_path):
    with pytest.raises(SystemExit, match="table.csv does not exist"):
        read_table(tmp_path / "table.csv", ("image",))
