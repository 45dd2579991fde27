"""Tables of the data generator: bytes as written, and one sentence for a file that is another."""

import pytest

from dginstyle.csv_files import read_table, write_csv


def test_a_table_is_written_with_quotes_only_where_needed(tmp_path):
    write_csv(tmp_path / "table.csv", ("image", "class"), [("a,b.png", 3), ("c.png", 0)])
    assert (tmp_path / "table.csv").read_bytes() == b'image,class\n"a,b.png",3\nc.png,0\n'


def test_cells_are_text_also_where_they_look_like_numbers_or_missing_ones(tmp_path):
    (tmp_path / "table.csv").write_text("image,class\n007,NA\n,1\n")
    assert read_table(tmp_path / "table.csv", ("image",)).to_numpy().tolist() == [["007", "NA"], ["", "1"]]


@pytest.mark.parametrize("content", ["", "image,label\n", "image\na.png\n"])
def test_an_empty_table_and_one_without_a_column_are_refused(tmp_path, content):
    (tmp_path / "table.csv").write_text(content)
    with pytest.raises(SystemExit, match="table.csv .*the command table in docs/architecture.md says what writes it"):
        read_table(tmp_path / "table.csv", ("image", "label"))


def test_a_missing_table_is_named(tmp_path):
    with pytest.raises(SystemExit, match="table.csv does not exist"):
        read_table(tmp_path / "table.csv", ("image",))
