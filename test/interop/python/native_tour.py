"""A tour of the Rust client (hdfs-native) through a namespace: prints one line for each step. Arguments: the URI."""

import sys

from hdfs_native import Client, WriteOptions


def shown(path, status):
    return (
        f"{path} dir={status.isdir} length={status.length} mode={status.permission:o} "
        f"owner={status.owner}:{status.group} replication={status.replication} block={status.blocksize}"
    )


def pattern(length):
    return bytes((i * 31 + (i >> 8)) & 0xFF for i in range(length))


def main():
    client = Client(sys.argv[1])
    bulk = pattern(1 << 16) * 80 + b"odd end"

    def step(name, action):
        try:
            answer = action()
        except Exception as error:  # What a caller would see is what is compared.
            # Without the stack of a Java server, which follows on lines of its own, or escaped.
            message = str(error).splitlines()[0].split("\\n\\tat")[0].rstrip('")')
            answer = f"{type(error).__name__}: {message}"
        print(f"{name}: {answer}")

    def write(path, data, options=WriteOptions()):
        with client.create(path, options) as writer:
            for at in range(0, len(data), 1_000_001):
                writer.write(data[at : at + 1_000_001])
        return client.get_file_info(path).length

    def append(path, data):
        with client.append(path) as writer:
            writer.write(data)
        return client.get_file_info(path).length

    def read(path):
        with client.read(path) as reader:
            return bytes(reader.read())

    def read_range(path, at, length):
        with client.read(path) as reader:
            return bytes(reader.read_range(at, length))

    step("mkdirs", lambda: client.mkdirs("/rust/a/b", 0o750, True))
    step("mkdirs without parents", lambda: client.mkdirs("/none/a", 0o750, False))
    step("write", lambda: write("/rust/a/bulk", bulk))
    step("write again", lambda: write("/rust/a/bulk", b"x"))
    step("overwrite", lambda: write("/rust/a/small", b"one", WriteOptions(overwrite=True)))
    step("empty", lambda: write("/rust/a/empty", b""))
    step("read", lambda: read("/rust/a/bulk") == bulk)
    step("read a range", lambda: read_range("/rust/a/bulk", 1_048_570, 20) == bulk[1_048_570:1_048_590])
    step("append", lambda: append("/rust/a/bulk", b"more of it"))
    step("read what was appended", lambda: read("/rust/a/bulk") == bulk + b"more of it")
    step("append to nothing", lambda: append("/rust/none", b"x"))
    step("status", lambda: shown("bulk", client.get_file_info("/rust/a/bulk")))
    step("status of nothing", lambda: client.get_file_info("/rust/none"))
    step("list", lambda: sorted(shown(s.path, s) for s in client.list_status("/rust", True)))
    step("glob", lambda: sorted(s.path for s in client.glob_status("/rust/*/{bulk,sm*}")))
    step("mode", lambda: client.set_permission("/rust/a/small", 0o640))
    step("owner", lambda: client.set_owner("/rust/a/small", "alice", "staff"))
    step("replication", lambda: client.set_replication("/rust/a/small", 1))
    step("times", lambda: client.set_times("/rust/a/small", 1_000_000, 2_000_000))
    step("status after", lambda: shown("small", client.get_file_info("/rust/a/small")))

    def summary():
        s = client.get_content_summary("/rust")
        return f"{s.length} bytes, {s.file_count} files, {s.directory_count} directories, {s.space_consumed} in all"

    step("summary", summary)
    step("rename", lambda: client.rename("/rust/a/small", "/rust/a/b/moved", False))
    step("rename of nothing", lambda: client.rename("/rust/none", "/rust/x", False))
    step("rename over a file", lambda: client.rename("/rust/a/empty", "/rust/a/b/moved", False))
    step("rename over it by wish", lambda: client.rename("/rust/a/empty", "/rust/a/b/moved", True))
    step("delete a full directory", lambda: client.delete("/rust/a", False))
    step("delete", lambda: client.delete("/rust", True))
    step("delete again", lambda: client.delete("/rust", True))


main()
