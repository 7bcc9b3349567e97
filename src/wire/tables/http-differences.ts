// What web servers and HttpFS answer otherwise than Hadoop's do, and why; the interop tests pass over these and nothing else.

export interface HttpDifference {
  readonly what: string;
  readonly why: string;
}

export const HTTP_DIFFERENCES: readonly HttpDifference[] = [
  {
    what: 'a web server’s own refusals (unknown pages, missing names, broken requests) are a line of text, Hadoop’s a page or nothing',
    why: 'the status is the same; a line can be read',
  },
  {
    what: '`GETSNAPSHOTDIFF` and `GETSNAPSHOTDIFFLISTING` without names of snapshots ask for the rights that they ask for with them',
    why: 'Hadoop’s ask for those over the whole tree, sticky bits included, as for its removal',
  },
  {
    what: 'names of parameters are taken in any case, by HttpFS too',
    why: 'Hadoop’s own client spells one of them otherwise than Hadoop’s HttpFS; its NameNode took any case before 3.5, and has a filter for it that no longer does anything',
  },
  {
    what: 'nobody to act for (`doas=`) is refused with status 400',
    why: 'Hadoop’s web server says that it failed, with 500',
  },
  {
    what: 'a DataNode lets whoever acts for itself (`doas` the same as `user.name`) do so',
    why: 'the NameNode does, and has sent it there; Hadoop’s DataNode refuses it',
  },
  {
    what: '`CREATE` with a block size that is no multiple of a checksum’s chunk makes no file',
    why: 'Hadoop’s DataNode refuses it when the file is there, and leaves that open',
  },
  {
    what: 'addresses that `noredirect` answers with are escaped where they are not ASCII',
    why: 'Hadoop’s are no addresses then, and a client would have to escape them',
  },
  {
    what: 'HttpFS also does `SETQUOTA`, `SETQUOTABYSTORAGETYPE`, `CREATESYMLINK` and `GETLINKTARGET`',
    why: 'the NameNode does, and a client should not have to choose its address by the operation',
  },
  {
    what: '`MKDIRS` and `CREATE` of HttpFS keep the sticky bit that they are given',
    why: 'Hadoop’s client of the file system takes it away where it applies its umask',
  },
  {
    what: 'HttpFS takes names that have characters unescaped which an address should escape (`[`)',
    why: 'as the NameNode does; Hadoop’s HttpFS has an older web server, which refuses them',
  },
  {
    what: 'every operation of HttpFS refuses a path that begins with two slashes',
    why: 'some of Hadoop’s take the first name for a host, and are about what the others name: `MKDIRS` makes it',
  },
  {
    what: 'HttpFS refuses an operation without the parameter that it needs (`fsaction`, `aclspec`, `sources`, `flag`, `xattr.name`, `storagepolicy`, `newlength`) with status 400',
    why: 'Hadoop’s fails with a NullPointerException, does nothing, or, for `TRUNCATE` without `newlength`, cuts the file to nothing',
  },
  {
    what: 'failures of the NameNode keep their Java class through HttpFS, and a missing file is 404 for every operation',
    why: 'Hadoop’s client shows some classes as `org.apache.hadoop.ipc.RemoteException`, and `CONCAT` and `TRUNCATE` of a missing file then are 500',
  },
  {
    what: '`GETTRASHROOTS` of HttpFS answers as the NameNode’s does',
    why: 'Hadoop’s answers with Java’s words for an object, which is no JSON',
  },
  {
    what: 'HttpFS looks for the secret of its cookies where the other daemons do, unless `hadoop.http.authentication.signature.secret.file` names a file',
    why: 'Hadoop’s has a default of its own, `httpfs-signature.secret` beside its configuration',
  },
  {
    what: 'HttpFS gives no tokens, and refuses a request that comes with one',
    why: 'tokens are not built yet; a request names its user, or has the cookie `hadoop.auth`',
  },
  {
    what: 'the user that runs HttpFS acts for itself without `hadoop.proxyuser.*` on the NameNode',
    why: 'it could as well ask the NameNode directly',
  },
  {
    what: '`OPTIONS` says what is allowed, and has no description of the service (WADL) for its body',
    why: 'nothing reads it',
  },
  {
    what: '`/` is the page of the daemon',
    why: 'Hadoop’s sends on to an address whose script sends on to the page',
  },
  {
    what: 'a DataNode refuses a path with `.` or `..` in it with status 400, whatever is asked',
    why: 'as the NameNode does, which sends nobody there with one; Hadoop’s asks its NameNode, which says 403 or 404',
  },
  {
    what: 'a DataNode takes its own NameNode where `namenoderpcaddress` is missing',
    why: 'it is the only one that it would take; Hadoop’s says that it is missing, with status 400',
  },
  {
    what: 'while the namespace is loaded `/isActive` says 405 and `not active`, and `/topology` and `/fsck` 503 with how far the start is',
    why: 'Hadoop’s calls itself active though it serves nothing yet, and the other two fail in it with status 500',
  },
  {
    what: '`/startupProgress` says for how long reports of blocks have been waited for',
    why: 'Hadoop’s never begins that step, and says 0',
  },
  {
    what: '`/dfshealth.html`, `/datanode.html`, `/status.html` and `/explorer.html` are pages of our own; the last one shows and fetches files, and changes none',
    why: 'the addresses are in bookmarks and checks; files are changed by the shell or WebHDFS',
  },
  {
    what: '`/logs/` is there where `HADOOP_LOG_DIR` names a directory, as it does for a daemon in the background',
    why: 'a daemon in the foreground has its log on its error output, and must not show a directory that happens to have the name',
  },
  {
    what: '`/prof` and `/static/` are not there',
    why: 'there is no JVM to profile, and Hadoop’s pages are not served',
  },
  {
    what: 'names of users in the audit log are escaped as paths are, and end at a slash; trash roots by WebHDFS are asked for as WebHDFS',
    why: 'a name that `doas` gives could forge a line of Hadoop’s; its WebHDFS asks for trash roots by RPC, and for encryption zones with them',
  },
];
