// Every verb of `hdfs dfs`: built, with its usage, or refused with the reason. The list is Hadoop's.
import type { Command, ShellContext } from '../command.ts';
import { GetFacl, SetFacl } from './acl.ts';
import { AppendToFile } from './append.ts';
import { Concat } from './concat.ts';
import { Cp, Get, GetMerge, MoveFromLocal, Mv, Put } from './copy.ts';
import { Count } from './count.ts';
import { Expunge, Rm, Rmdir, Rmr } from './delete.ts';
import { Cat, Checksum, Head, Tail, Text } from './display.ts';
import { Find } from './find.ts';
import { Ls, Lsr } from './ls.ts';
import { Mkdir } from './mkdir.ts';
import { Chgrp, Chmod, Chown } from './permissions.ts';
import { SetReplication } from './setrep.ts';
import { Stat } from './stat.ts';
import { Test } from './test.ts';
import { Touch, Touchz } from './touch.ts';
import { Truncate } from './truncate.ts';
import { Df, Du, Dus } from './usage.ts';
import { GetFattr, SetFattr } from './xattr.ts';

type CommandClass = new (name: string, context: ShellContext) => Command;

interface Verb {
  /** Arguments, as the usage line shows them. */
  readonly usage: string;
  /** What it does, one line each. */
  readonly help: string;
  /** What to use instead; the verb still works and warns. */
  readonly replacement?: string;
}

export type ShellVerb = Verb & ({ readonly command: CommandClass } | { readonly refused: string });

const COPY_FLAGS = '[-t <thread count>] [-q <thread pool queue size>]';
const NOT_YET = 'is not built yet';

export const VERBS: Readonly<Record<string, ShellVerb>> = {
  appendToFile: {
    usage: '[-n] <localsrc> ... <dst>',
    help: 'Adds local files, or the standard input (-), to the end of a file; -n in a block of their own.',
    command: AppendToFile,
  },
  cat: { usage: '[-ignoreCrc] <src> ...', help: 'Prints files.', command: Cat },
  checksum: { usage: '[-v] <src> ...', help: 'Prints checksums of files; with -v their block sizes too.', command: Checksum },
  chgrp: { usage: '[-R] GROUP PATH...', help: 'Changes the group of paths.', command: Chgrp },
  chmod: {
    usage: '[-R] <MODE[,MODE]... | OCTALMODE> PATH...',
    help: 'Changes permissions: three or four octal digits, or changes such as u+x,g-w.',
    command: Chmod,
  },
  chown: { usage: '[-R] [OWNER][:[GROUP]] PATH...', help: 'Changes owner and group of paths.', command: Chown },
  concat: {
    usage: '<target path> <src path> <src path> ...',
    help: 'Moves the blocks of files to the end of the first one.',
    command: Concat,
  },
  copyFromLocal: {
    usage: `[-f] [-p] [-l] [-d] ${COPY_FLAGS} <localsrc> ... <dst>`,
    help: 'The same as put.',
    command: Put,
  },
  copyToLocal: {
    usage: `[-f] [-p] [-crc] [-ignoreCrc] ${COPY_FLAGS} <src> ... <localdst>`,
    help: 'The same as get.',
    command: Get,
  },
  count: {
    usage: '[-q] [-h] [-v] [-t [<storage type>]] [-u] [-x] [-e] [-s] <path> ...',
    help: 'Counts directories, files and bytes; -q and -u show quotas, -v a header.',
    command: Count,
  },
  cp: {
    usage: `[-f] [-p | -p[topax]] [-d] ${COPY_FLAGS} <src> ... <dst>`,
    help: 'Copies within the file system or between two.',
    command: Cp,
  },
  createSnapshot: { usage: '<snapshotDir> [<snapshotName>]', help: 'Makes a snapshot.', refused: NOT_YET },
  deleteSnapshot: { usage: '<snapshotDir> <snapshotName>', help: 'Removes a snapshot.', refused: NOT_YET },
  df: { usage: '[-h] [<path> ...]', help: 'Shows capacity, used and free space.', command: Df },
  du: {
    usage: '[-s] [-h] [-v] [-x] <path> ...',
    help: 'Shows the space that paths take, without and with replication; -s as one sum.',
    command: Du,
  },
  dus: { usage: '', help: '', replacement: 'du -s', command: Dus },
  expunge: {
    usage: '[-immediate] [-fs <path>]',
    help: 'Empties the trash of what is old enough, or of all.',
    command: Expunge,
  },
  find: { usage: '<path> ... <expression> ...', help: 'Finds files: -name, -iname, -print, -print0, -a.', command: Find },
  get: {
    usage: `[-f] [-p] [-crc] [-ignoreCrc] ${COPY_FLAGS} <src> ... <localdst>`,
    help: 'Copies files to the local file system.',
    command: Get,
  },
  getfacl: { usage: '[-R] <path>', help: 'Shows ACLs; -R of everything below, too.', command: GetFacl },
  getfattr: {
    usage: '[-R] {-n name | -d} [-e en] <path>',
    help: 'Shows an extended attribute (-n) or all of them (-d); -e text, hex or base64 says how.',
    command: GetFattr,
  },
  getmerge: {
    usage: '[-nl] [-skip-empty-file] <src> <localdst>',
    help: 'Joins files into one local file; -nl puts a line end after each.',
    command: GetMerge,
  },
  head: { usage: '<file>', help: 'Prints the first 1024 bytes of a file.', command: Head },
  ls: {
    usage: '[-C] [-d] [-h] [-q] [-R] [-t] [-S] [-r] [-u] [-e] [<path> ...]',
    help: 'Lists: -C paths only, -d directories themselves, -h readable sizes, -R recursively, -t by time, -S by size, -r backwards, -u times of access.',
    command: Ls,
  },
  lsr: { usage: '', help: '', replacement: 'ls -R', command: Lsr },
  mkdir: { usage: '[-p] <path> ...', help: 'Makes directories; -p with their parents.', command: Mkdir },
  moveFromLocal: {
    usage: '[-f] [-p] [-l] [-d] <localsrc> ... <dst>',
    help: 'As put, and removes the local files.',
    command: MoveFromLocal,
  },
  moveToLocal: { usage: '<src> <localdst>', help: 'Hadoop never built it.', refused: 'is not implemented yet.' },
  mv: { usage: '<src> ... <dst>', help: 'Moves within the file system.', command: Mv },
  put: {
    usage: `[-f] [-p] [-l] [-d] ${COPY_FLAGS} <localsrc> ... <dst>`,
    help: 'Copies local files, or the standard input (-), into the file system.',
    command: Put,
  },
  renameSnapshot: { usage: '<snapshotDir> <oldName> <newName>', help: 'Renames a snapshot.', refused: NOT_YET },
  rm: {
    usage: '[-f] [-r|-R] [-skipTrash] [-safely] <src> ...',
    help: 'Removes files, with -r directories; to the trash where there is one and -skipTrash is not given.',
    command: Rm,
  },
  rmdir: { usage: '[--ignore-fail-on-non-empty] <dir> ...', help: 'Removes empty directories.', command: Rmdir },
  rmr: { usage: '', help: '', replacement: '-rm -r', command: Rmr },
  setfacl: {
    usage: '[-R] [{-b|-k} {-m|-x <acl_spec>} <path>]|[--set <acl_spec> <path>]',
    help: 'Changes ACLs: -m adds entries, -x takes them away, --set replaces all, -k drops the default ones, -b the whole list.',
    command: SetFacl,
  },
  setfattr: {
    usage: '{-n name [-v value] | -x name} <path>',
    help: 'Sets an extended attribute to a text, 0x… or 0s… (hexadecimal, base64), or removes it (-x).',
    command: SetFattr,
  },
  setrep: {
    usage: '[-R] [-w] <rep> <path> ...',
    help: 'Changes the replication of files; -w waits for it.',
    command: SetReplication,
  },
  stat: {
    usage: '[format] <path> ...',
    help: 'Prints %a %A permissions, %b size, %F type, %g group, %n name, %o block size, %r replication, %u owner, %x %X access, %y %Y modification.',
    command: Stat,
  },
  tail: {
    usage: '[-f] [-s <sleep interval>] <file>',
    help: 'Prints the last 1024 bytes of a file; -f goes on.',
    command: Tail,
  },
  test: {
    usage: '-[defswrz] <path>',
    help: 'Answers by its exit code: -d directory, -e exists, -f file, -s not empty, -w writable, -r readable, -z empty.',
    command: Test,
  },
  text: {
    usage: '[-ignoreCrc] <src> ...',
    help: 'Prints files; of gzip and other codecs what is packed, of SequenceFiles and Avro files their values.',
    command: Text,
  },
  touch: {
    usage: '[-a] [-m] [-t TIMESTAMP (yyyyMMdd:HHmmss) ] [-c] <path> ...',
    help: 'Sets times to now, or to -t; makes an empty file unless -c is given.',
    command: Touch,
  },
  touchz: { usage: '<path> ...', help: 'Makes empty files.', command: Touchz },
  truncate: { usage: '[-w] <length> <path> ...', help: 'Cuts files; -w waits until that is done.', command: Truncate },
};
