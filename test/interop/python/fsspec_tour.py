"""A tour of fsspec's `webhdfs:` and of pyarrow through it: prints one line for each step. Arguments: host, port, user."""

import re
import sys

import fsspec
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.fs as pafs
import pyarrow.parquet as pq


def pattern(length):
    return bytes((i * 31 + (i >> 8)) & 0xFF for i in range(length))


def main():
    host, port, user = sys.argv[1:]
    fs = fsspec.filesystem("webhdfs", host=host, port=int(port), user=user, skip_instance_cache=True)
    bulk = pattern(1 << 16) * 24 + b"odd end"

    def step(name, action):
        try:
            answer = action()
        except Exception as error:  # What a caller would see is what is compared.
            message = re.sub(r"\d+\.\d+\.\d+\.\d+(:\d+)?", "ADDRESS", (str(error) + "\n").splitlines()[0])
            answer = f"{type(error).__name__}: {message.split(chr(92) + 'n' + chr(92) + 'tat')[0]}"
        print(f"{name}: {answer}")

    def shown(info):
        return f"{info['name']} {info['type']} {info['size']} {info['permission']} {info['owner']} {info['replication']}"

    def write(path, data, **options):
        with fs.open(path, "wb", **options) as file:
            for at in range(0, len(data), 300_007):
                file.write(data[at : at + 300_007])
        return fs.info(path)["size"]

    def append(path, data):
        with fs.open(path, "ab") as file:
            file.write(data)
        return fs.info(path)["size"]

    def part(path, at, length):
        with fs.open(path, "rb", block_size=1 << 16) as file:
            file.seek(at)
            return file.read(length)

    step("home", fs.home_directory)
    step("makedirs", lambda: fs.makedirs("/fss/a/b", exist_ok=True))
    step("write", lambda: write("/fss/a/bulk", bulk, replication=1, permission="640"))
    step("write in more than one request", lambda: write("/fss/a/blocks", bulk, block_size=1 << 19))
    step("pipe", lambda: fs.pipe_file("/fss/a/small", b"one\ntwo\n"))
    step("touch", lambda: fs.touch("/fss/a/empty"))
    step("odd name", lambda: write("/fss/a/odd name é", b"x"))
    step("cat", lambda: fs.cat_file("/fss/a/bulk") == bulk)
    step("cat a range", lambda: fs.cat_file("/fss/a/bulk", start=65_530, end=65_560) == bulk[65_530:65_560])
    step("seek and read", lambda: part("/fss/a/bulk", 1_000_000, 100) == bulk[1_000_000:1_000_100])
    step("cat an odd name", lambda: fs.cat_file("/fss/a/odd name é"))
    step("append", lambda: append("/fss/a/small", b"three\n"))
    step("lines", lambda: fs.open("/fss/a/small", "rt").readlines())
    step("cat nothing", lambda: fs.cat_file("/fss/none"))
    step("ls", lambda: sorted(fs.ls("/fss/a", detail=False)))
    step("ls with detail", lambda: sorted(shown(info) for info in fs.ls("/fss/a", detail=True)))
    step("ls of nothing", lambda: fs.ls("/fss/none"))
    step("info", lambda: shown(fs.info("/fss/a/bulk")))
    step("exists", lambda: (fs.exists("/fss/a"), fs.exists("/fss/none"), fs.isdir("/fss/a"), fs.isfile("/fss/a/bulk")))
    step("find", lambda: sorted(fs.find("/fss")))
    step("glob", lambda: sorted(fs.glob("/fss/*/b*")))
    step("walk", lambda: [(p, sorted(d), sorted(f)) for p, d, f in fs.walk("/fss")])
    step("du", lambda: fs.du("/fss"))
    step("content summary", lambda: sorted(fs.content_summary("/fss").items(), key=str))
    step("checksum", lambda: sorted(fs.ukey("/fss/a/bulk").items()))
    step("chmod", lambda: fs.chmod("/fss/a/small", "600"))
    step("chown", lambda: fs.chown("/fss/a/small", owner="alice", group="staff"))
    step("replication", lambda: fs.set_replication("/fss/a/small", 2))
    step("info after", lambda: shown(fs.info("/fss/a/small")))
    step("move", lambda: fs.mv("/fss/a/small", "/fss/a/b/moved"))
    step("copy", lambda: fs.cp_file("/fss/a/b/moved", "/fss/a/copied"))
    step("cat the copy", lambda: fs.cat_file("/fss/a/copied"))
    step("remove", lambda: fs.rm("/fss/a/copied"))
    step("remove a full directory", lambda: fs.rmdir("/fss/a"))

    arrow = pafs.PyFileSystem(pafs.FSSpecHandler(fs))
    table = pa.table({"id": list(range(10_000)), "word": [f"w{i % 7}" for i in range(10_000)], "part": [i % 3 for i in range(10_000)]})
    step("parquet written", lambda: pq.write_table(table, "/fss/t.parquet", filesystem=arrow))
    step("parquet read", lambda: pq.read_table("/fss/t.parquet", filesystem=arrow).equals(table))
    step("columns read", lambda: pq.read_table("/fss/t.parquet", columns=["word"], filesystem=arrow).num_rows)

    def dataset():
        ds.write_dataset(table, "/fss/set", format="parquet", partitioning=["part"], partitioning_flavor="hive", filesystem=arrow)
        read = ds.dataset("/fss/set", format="parquet", partitioning="hive", filesystem=arrow)
        return sorted(read.files), read.to_table(filter=ds.field("part") == 1).num_rows

    step("a partitioned data set", dataset)
    step("arrow's listing", lambda: sorted(f"{i.path} {i.type.name}" for i in arrow.get_file_info(pafs.FileSelector("/fss", recursive=True))))
    step("arrow's copy", lambda: arrow.copy_file("/fss/t.parquet", "/fss/u.parquet"))
    step("arrow's move", lambda: arrow.move("/fss/u.parquet", "/fss/v.parquet"))
    step("arrow's removal", lambda: arrow.delete_dir("/fss/set"))
    step("remove all", lambda: fs.rm("/fss", recursive=True))
    step("exists after", lambda: fs.exists("/fss"))


main()
