"""A tour of Python's `hdfs` package (HdfsCLI) through WebHDFS: prints one line for each step. Arguments: the address, the user."""

import os
import re
import sys
import tempfile

from hdfs import InsecureClient

# Of two clusters, times and ids are never the same.
SHOWN = ("blockSize", "group", "length", "owner", "pathSuffix", "permission", "replication", "type")


def shown(status):
    return " ".join(f"{name}={status[name]}" for name in SHOWN)


def pattern(length):
    return bytes((i * 31 + (i >> 8)) & 0xFF for i in range(length))


def main():
    url, user = sys.argv[1:]
    client = InsecureClient(url, user=user, timeout=30)
    other = InsecureClient(url, user="mallory", timeout=30)
    bulk = pattern(1 << 16) * 48 + b"odd end"

    def step(name, action):
        try:
            answer = action()
        except Exception as error:  # What a caller would see is what is compared.
            # Without the stack of a Java server behind it.
            message = re.sub(r"\d+\.\d+\.\d+\.\d+(:\d+)?", "ADDRESS", str(error).splitlines()[0])
            answer = f"{type(error).__name__}: {message}"
        print(f"{name}: {answer}")

    def read(path, **options):
        with client.read(path, **options) as reader:
            return reader.read()

    def lines(path):
        with client.read(path, encoding="utf-8", delimiter="\n") as reader:
            return list(reader)

    def written(path, data, **options):
        client.write(path, data, **options)
        return client.status(path)["length"]

    def streamed(path, chunk, count):
        with client.write(path, overwrite=True) as writer:
            for _ in range(count):
                writer.write(chunk)
        return client.status(path)["length"]

    step("home", lambda: client.resolve("x"))
    step("makedirs", lambda: client.makedirs("/py/a/b", permission="750"))
    step("write", lambda: written("/py/a/bulk", bulk))
    step("write again", lambda: written("/py/a/bulk", b"x"))
    step("overwrite", lambda: written("/py/a/small", b"one\ntwo\n", overwrite=True, permission="640", replication=1))
    step("write with a block size", lambda: written("/py/a/blocks", bulk, blocksize=1 << 20))
    step("empty", lambda: written("/py/a/empty", b""))
    step("stream of unknown length", lambda: streamed("/py/a/stream", b"0123456789" * 1000, 50))
    step("generator", lambda: written("/py/a/lines", (line for line in [b"a\n", b"b\n"])))
    step("text", lambda: written("/py/a/text", "größe\n", encoding="utf-8"))
    step("json", lambda: written("/py/a/odd name +&%?#", '{"k":[1,2]}', encoding="utf-8"))
    step("read", lambda: read("/py/a/bulk") == bulk)
    step("read a range", lambda: read("/py/a/bulk", offset=1_048_570, length=20) == bulk[1_048_570:1_048_590])
    step("read from an offset", lambda: read("/py/a/blocks", offset=len(bulk) - 7))
    step("read behind the end", lambda: read("/py/a/small", offset=100))
    step("read text", lambda: read("/py/a/text", encoding="utf-8"))
    step("read lines", lambda: lines("/py/a/small"))
    step("read an odd name", lambda: read("/py/a/odd name +&%?#"))
    step("read nothing", lambda: read("/py/none"))
    step("read a directory", lambda: read("/py/a"))
    step("append", lambda: written("/py/a/bulk", b"more of it", append=True))
    step("read what was appended", lambda: read("/py/a/bulk") == bulk + b"more of it")
    step("append to nothing", lambda: written("/py/none", b"x", append=True))
    step("list", lambda: sorted(client.list("/py/a")))
    step("list with status", lambda: [f"{name}: {shown(s)}" for name, s in sorted(client.list("/py/a", status=True))])
    step("list a file", lambda: client.list("/py/a/small"))
    step("list nothing", lambda: client.list("/py/none"))
    step("walk", lambda: [(p, sorted(d), sorted(f)) for p, d, f in client.walk("/py")])
    step("status", lambda: shown(client.status("/py/a/small")))
    step("status of nothing", lambda: client.status("/py/none"))
    step("status of nothing, not strict", lambda: client.status("/py/none", strict=False))
    step("content", lambda: {k: v for k, v in sorted(client.content("/py").items()) if k != "typeQuota"})
    step("content of nothing", lambda: client.content("/py/none"))
    step("checksum", lambda: sorted(client.checksum("/py/a/blocks").items()))
    step("checksum of a directory", lambda: client.checksum("/py/a"))
    step("permission", lambda: client.set_permission("/py/a/small", "600"))
    step("permission of another's", lambda: other.set_permission("/py/a/small", "777"))
    step("owner", lambda: client.set_owner("/py/a/small", owner="alice", group="staff"))
    step("owner by another", lambda: other.set_owner("/py/a/small", owner="mallory"))
    step("replication", lambda: client.set_replication("/py/a/small", 2))
    step("times", lambda: client.set_times("/py/a/small", access_time=2_000_000, modification_time=1_000_000))
    step("status after", lambda: (shown(client.status("/py/a/small")), client.status("/py/a/small")["modificationTime"]))
    step("acl", lambda: client.set_acl("/py/a/lines", "user:bob:rw-", clear=False))
    step("acl status", lambda: sorted(client.acl_status("/py/a/lines").items(), key=str))
    step("acl replaced", lambda: client.set_acl("/py/a/lines", "user::rw-,group::r--,other::---,user:eve:r--"))
    step("acl of the directory", lambda: client.set_acl("/py/a/b", "default:user:bob:r-x", clear=False))
    step("acl entries removed", lambda: client.remove_acl_entries("/py/a/lines", "user:eve"))
    step("default acl removed", lambda: client.remove_default_acl("/py/a/b"))
    step("acl removed", lambda: client.remove_acl("/py/a/lines"))
    step("acl status after", lambda: sorted(client.acl_status("/py/a/lines").items(), key=str))
    step("acl that is none", lambda: client.set_acl("/py/a/lines", "nobody", clear=False))
    step("rename", lambda: client.rename("/py/a/small", "/py/a/b/moved"))
    step("rename of nothing", lambda: client.rename("/py/none", "/py/x"))
    step("rename onto a file", lambda: client.rename("/py/a/empty", "/py/a/b/moved"))
    step("delete a full directory", lambda: client.delete("/py/a"))
    step("delete by another", lambda: other.delete("/py/a", recursive=True))

    with tempfile.TemporaryDirectory() as directory:
        os.makedirs(os.path.join(directory, "up/deep"))
        for name, data in (("up/one", bulk), ("up/deep/two", b"2"), ("up/deep/none", b"")):
            with open(os.path.join(directory, name), "wb") as file:
                file.write(data)
        step("upload", lambda: client.upload("/py/up", os.path.join(directory, "up"), n_threads=2))
        step("download", lambda: client.download("/py/up", os.path.join(directory, "down"), n_threads=2) and "done")
        down = os.path.join(directory, "down")
        step("what came down", lambda: sorted((p[len(down) :], sorted(d), sorted(f)) for p, d, f in os.walk(down)))
        step("its bytes", lambda: open(os.path.join(down, "one"), "rb").read() == bulk)

    step("delete to the trash", lambda: client.delete("/py/up", recursive=True, skip_trash=False))
    step("delete", lambda: client.delete("/py", recursive=True))
    step("delete again", lambda: client.delete("/py", recursive=True))


main()
