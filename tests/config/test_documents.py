"""Files put together."""

from pathlib import Path

import pytest

from solmux.config.documents import read
from solmux.config.load import ConfigError
from tests.config.support import complaints, write


def test_drop_ins_are_read_after_the_main_file_in_the_order_of_their_names(tmp_path: Path) -> None:
    path = write(tmp_path, "[bmc]\n", b="[ssh]\n", a="[log]\n")
    (tmp_path / "conf.d" / ".a.toml").write_text("an editor's leftover")
    (tmp_path / "conf.d" / "README").write_text("not TOML")
    names = [document.path.name for document in read(path).documents]
    assert names == ["solmux.toml", "a.toml", "b.toml"]


def test_tables_of_several_files_are_merged(tmp_path: Path) -> None:
    documents = read(
        write(
            tmp_path, '[bmc]\nusername = "a"\n[consoles.x]\nlog = true\n', a='[consoles.x]\nsize = "80x25"\n'
        )
    )
    assert list(documents.merge()) == []
    assert documents.merged == {"bmc": {"username": "a"}, "consoles": {"x": {"log": True, "size": "80x25"}}}


def test_a_key_is_set_once_over_all_files(tmp_path: Path) -> None:
    found = complaints(tmp_path, '[bmc]\nusername = "a"\n', a='# drop-in\n[bmc]\nusername = "b"\n')
    assert found == ["conf.d/a.toml:3:1: bmc.username: is set twice, first at solmux.toml:2"]


def test_a_table_in_one_file_and_a_value_in_another_do_not_merge(tmp_path: Path) -> None:
    found = complaints(tmp_path, "[bmc]\n", a="bmc = 3\n")
    assert found == ["conf.d/a.toml:1:1: bmc: is set twice, first at solmux.toml:1"]


def test_values_know_their_file(tmp_path: Path) -> None:
    documents = read(write(tmp_path, "[consoles.x]\nlog = true\n", a='\n[consoles.x]\nsize = "80x25"\n'))
    assert not list(documents.merge())
    assert documents.place(("consoles", "x", "size")) == (tmp_path / "conf.d" / "a.toml", 3, 1)
    assert documents.place(("consoles", "x")) == (tmp_path / "solmux.toml", 1, 2)
    assert documents.directory(("consoles", "x", "size")) == tmp_path / "conf.d"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[bmc\n", "solmux.toml:1:5: not TOML: expected ']' at the end of a table declaration"),
        ("a = 1\nb = \n", "solmux.toml:2:5: not TOML: invalid value"),
        ('a = "x', "solmux.toml:1:7: not TOML: unterminated string"),
        ("a = 1\n\nb\n", "solmux.toml:3:2: not TOML: expected '=' after a key in a key/value pair"),
        ("[a]\nx = 1\ny = 2\nx = 3\n", "solmux.toml:4:1: a.x: is written twice, first in line 2"),
        ("a = " + "[" * 5000 + "]" * 5000, "solmux.toml: lists or tables are nested too deeply"),
        ("a = " + "9" * 5000, "solmux.toml: a number has too many digits"),
    ],
)
def test_bad_syntax_is_reported_with_its_place(tmp_path: Path, text: str, complaint: str) -> None:
    assert complaints(tmp_path, text) == [complaint]


def test_a_table_declared_twice_is_reported_where_it_is(tmp_path: Path) -> None:
    (found,) = complaints(tmp_path, "[a]\n[b]\n[a]\n")
    assert found.startswith("solmux.toml:3:3: not TOML: cannot declare")


def test_a_byte_order_mark_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "solmux.toml"
    path.write_bytes(b"\xef\xbb\xbf[bmc]\n")
    assert read(path).documents[0].values == {"bmc": {}}


def test_bytes_that_are_no_utf_8_are_reported_with_their_place(tmp_path: Path) -> None:
    path = tmp_path / "solmux.toml"
    path.write_bytes(b'[bmc]\nusername = "\xfcber"\n')
    with pytest.raises(ConfigError) as caught:
        read(path)
    assert str(caught.value) == f"{path}:2:13: not UTF-8 (found byte 0xfc)"


def test_every_file_with_bad_syntax_is_reported(tmp_path: Path) -> None:
    found = complaints(tmp_path, "x\n", a="[ok]\n", b="y\n")
    assert [line.partition(":")[0] for line in found] == ["solmux.toml", "conf.d/b.toml"]


def test_a_missing_file_is_reported(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        read(tmp_path / "solmux.toml")
    assert str(caught.value) == f"{tmp_path}/solmux.toml: cannot be read: No such file or directory"


def test_a_directory_in_place_of_a_file_is_reported(tmp_path: Path) -> None:
    path = write(tmp_path, "")
    (tmp_path / "conf.d" / "x.toml").mkdir(parents=True)
    with pytest.raises(ConfigError) as caught:
        read(path)
    assert str(caught.value) == f"{tmp_path}/conf.d/x.toml: cannot be read: Is a directory"
