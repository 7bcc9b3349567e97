// Where a command of ours ends or speaks otherwise than Hadoop's on purpose; COMPATIBILITY.md is made from it. Exit codes and the
// words of exceptions are Hadoop's in all else.

export interface CommandDifference {
  readonly what: string;
  readonly why: string;
}

export const COMMAND_DIFFERENCES: readonly CommandDifference[] = [
  {
    what: 'help and usage texts',
    why: 'in our own words; the options and the line of each command are the same',
  },
  {
    what: 'Java’s stack traces, and `(No such file or directory)` of a local file',
    why: 'one line with the exception’s class where Hadoop’s command dies of it; of local files the system’s own error',
  },
  {
    what: '`namenode`, `secondarynamenode`, `datanode`, `httpfs` with a missing file behind `-conf`',
    why: 'end with 1, as Hadoop’s shell does; its daemons pass over the file, and come up with directories that nobody meant',
  },
  {
    what: '`namenode`, `secondarynamenode` with a class as `dfs.image.compression.codec` that is no codec, with `BZip2Codec`, or with `ZStandardCodec` on a Node older than 22.15',
    why: 'refused at start: images are packed by zlib, gzip, LZ4, Snappy and, where Node has it, Zstandard, and unpacked from bzip2 too; Hadoop finds out at its next image, and makes none from then on',
  },
  {
    what: '`dfs -put`, `-appendToFile` and the like of a local file whose name is no URI (a space, a bracket)',
    why: 'it is found; Hadoop’s shell looks for it on the NameNode, or says how its parser failed',
  },
  {
    what: 'a value of the configuration that is none of its kind (`-D dfs.replication=x`)',
    why: 'key, value and place are named, and the shell ends with 1; Hadoop’s names the value alone and ends with 255, or goes on with the default',
  },
  {
    what: '`dfs -rm` of a local file',
    why: 'removed for good; Hadoop’s shell moves it to the trash of the local home directory where fs.trash.interval is set',
  },
  {
    what: '`dfs -expunge -fs URI` whose NameNode cannot be reached',
    why: 'ends with 1 and says so; Hadoop’s ends with 0, having done nothing',
  },
  {
    what: 'SIGINT or SIGTERM to a command',
    why: 'ends it with 130, for either signal, after two seconds at most, in which what was begun is taken away (`._COPYING_`) if the NameNode answers',
  },
  {
    what: '`dfs -cp -pX` with an unknown letter X',
    why: 'a wrong word; Hadoop’s speaks of a fatal internal error; the exit code is the same',
  },
  {
    what: '`dfsadmin` with a word where a number belongs',
    why: 'the word is named in full; Hadoop’s takes its last letter for a unit and names the rest',
  },
  {
    what: '`dfsadmin -metasave` with a name that leads out of the log directory',
    why: 'refused; Hadoop’s NameNode writes wherever it may',
  },
  {
    what: '`dfsadmin -evictWriters` without a DataNode',
    why: 'the usage; Hadoop’s speaks of an index out of bounds; the exit code is the same',
  },
  {
    what: '`oiv`, `oev` with wrong options or a file of another format',
    why: 'say which option, and what of the file is wrong; the exit codes are the same',
  },
  {
    what: '`oiv -p Delimited` with a delimiter of several characters, or of none',
    why: 'lines begin with the path; Hadoop’s cut off one character whatever the delimiter is, and begin with the rest of it or without the slash',
  },
  {
    what: '`oiv -p ReverseXML` without `-o`, or with a directory behind it',
    why: 'refused; Hadoop’s writes a file of the name -, or removes the directory if it is empty',
  },
  {
    what: '`oiv`, `oev` told to write the file that they read',
    why: 'refused; Hadoop’s empty it first',
  },
  {
    what: '`namenode` with an option that there is not, `secondarynamenode` with a word that is no option, `-renameReserved`',
    why: 'the usage or the reason, and 1: Hadoop’s ends with 0 as if something had been done, starts all the same, or renames what no layout has that is read here',
  },
  {
    what: '`jmxget`',
    why: 'reads `/jmx` of a daemon’s web server; Hadoop’s speaks Java’s remote management, which only a JVM has',
  },
  {
    what: '`classpath`, `envvars`, `jnipath`',
    why: 'there are no Java classes and no native libraries: an empty path, and the directories alone; `classpath --jar` is refused',
  },
  {
    what: '`version`',
    why: 'says Hadoop’s version, whose protocols and formats these are, and ours; there are no repository, builder and checksum of Hadoop’s to tell of',
  },
  {
    what: 'configuration files with another top element than `configuration`, or with entities of their own',
    why: 'refused with the place; Hadoop reads nothing of the first, and has the second say what stands elsewhere',
  },
  {
    what: 'a key that nothing reads, in the files or on the command line',
    why: 'named with the nearest that is known when a daemon starts or a NameNode is formatted, and by `tuskfs doctor` and `tuskfs config explain`; the shell keeps quiet about it, as Hadoop does everywhere',
  },
];
