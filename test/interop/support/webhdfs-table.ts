// Requests of every operation of WebHDFS, right and wrong, in an order in which each finds what those before it made; and
// what is the same of two answers whatever the clock, the ports and the ids.
import { plainRequest } from './plain-request.ts';

export interface WebRequest {
  readonly method: string;
  /** Raw, below /webhdfs/v1. */
  readonly path: string;
  readonly query: string;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface WebAnswer {
  readonly status: number;
  readonly type: string | undefined;
  readonly location: string | undefined;
  readonly body: string;
}

/** Sends it as it stands. */
export async function send(port: number, request: WebRequest, prefix = '/webhdfs/v1'): Promise<WebAnswer> {
  const { method, path, query, body, headers } = request;
  const answer = await plainRequest(port, { method, path: `${prefix}${path}?${query}`, headers, body, lenient: true });
  return {
    status: answer.status,
    type: answer.headers['content-type'],
    location: answer.headers.location,
    body: answer.body,
  };
}

/** Follows one redirect, as a WebHDFS client does: the body goes to where it is sent only. */
export async function sendAndFollow(port: number, request: WebRequest): Promise<readonly WebAnswer[]> {
  const first = await send(port, { ...request, body: '' });
  if (first.status !== 307 || first.location === undefined) return [first];
  const target = new URL(first.location);
  const question = first.location.indexOf('?');
  const path = first.location.slice(first.location.indexOf('/', 7), question);
  const second = await send(Number(target.port), { ...request, path, query: first.location.slice(question + 1) }, '');
  return [first, second];
}

/** The same of two clusters: times, ids, ports and sizes of disks are not. */
export function plain(text: string | undefined): string | undefined {
  return (
    text
      ?.replace(/(?:127\.0\.0\.1|localhost):\d+/g, 'HOST:PORT')
      .replace(/"(accessTime|modificationTime|access_time|modification_time)":[1-9]\d{12}/g, '"$1":TIME')
      .replace(/"(fileId|blockId|generationStamp|xferPort|infoPort|ipcPort)":\d+/g, '"$1":ID')
      .replace(/"(capacity|dfsUsed|used|remaining|blockPoolUsed|lastUpdate|lastUpdateMonotonic)":\d+/g, '"$1":SIZE')
      .replace(/"(lastBlockReportTime|lastBlockReportMonotonic|xceiverCount)":-?\d+/g, '"$1":SIZE')
      .replace(/"storageID":"[^"]*"/g, '"storageID":UUID')
      .replace(/BP-[0-9.-]+/g, 'POOL')
      // The stack that Apache's RPC server sends behind a message.
      .replace(/\\n\\tat [^"]*/g, '')
  );
}

const get = (path: string, query: string): WebRequest => ({ method: 'GET', path, query });
const put = (path: string, query: string, body?: string): WebRequest => ({
  method: 'PUT',
  path,
  query,
  ...(body === undefined ? {} : { body }),
});
const post = (path: string, query: string, body?: string): WebRequest => ({
  method: 'POST',
  path,
  query,
  ...(body === undefined ? {} : { body }),
});
const remove = (path: string, query: string): WebRequest => ({ method: 'DELETE', path, query });

/** `me` runs the NameNode, and is its superuser. */
export function webRequests(me: string): readonly WebRequest[] {
  const su = `user.name=${me}`;
  const long = 'n'.repeat(256);
  return [
    get('/', `op=GETFILESTATUS&${su}`),
    get('', `op=GETFILESTATUS&${su}`),
    get('/', `op=LISTSTATUS&${su}`),
    get('/', ''),
    get('/', 'op='),
    get('/', 'op=NOPE'),
    get('/', 'op=null'),
    get('/', 'op=CREATE'),
    get('/', 'op=getfilestatus&User.Name=ann'),
    put('/', 'op=GETFILESTATUS'),
    post('/', 'op=NOPE'),
    remove('/', 'op=NOPE'),
    get('/', 'op=GETFILESTATUS&user.name=9x'),
    get('/', 'op=GETFILESTATUS&user.name=a%20b'),
    get('/', 'op=GETFILESTATUS&user.name=ann&doas=bob'),
    get('/', 'op=GETFILESTATUS&user.name=ann&doas=ann'),
    put('/tmp', `op=MKDIRS&permission=1777&${su}`),
    put('/a/b', `op=MKDIRS&permission=755&${su}`),
    put('/a/b', `op=MKDIRS&${su}`),
    put('/denied', 'op=MKDIRS&user.name=ann'),
    put('/a/c', `op=MKDIRS&permission=9&${su}`),
    put('/a/c', `op=MKDIRS&permission=2000&${su}`),
    put('/a/c', `op=MKDIRS&permission=-1&${su}`),
    put('/a/c', `op=MKDIRS&permission=&${su}`),
    put('/a/c', `op=MKDIRS&permission=null&unmaskedpermission=700&${su}`),
    put('/a/d:e', `op=MKDIRS&${su}`),
    put(`/a/${long}`, `op=MKDIRS&${su}`),
    put('/a//x//y', `op=MKDIRS&${su}`),
    put('/a/..', `op=MKDIRS&${su}`),
    put('/a/../z', `op=MKDIRS&${su}`),
    put('/a/__proto__', `op=MKDIRS&${su}`),
    put('/a/%C3%A9%20%2B%26', `op=MKDIRS&${su}`),
    put('/a/pl+us', `op=MKDIRS&${su}`),
    put('/tmp/f', 'op=CREATE&user.name=ann', 'hello, world\n'),
    put('/tmp/f', 'op=CREATE&user.name=ann', 'again'),
    put('/tmp/f', 'op=CREATE&overwrite=true&user.name=ann&permission=640', 'over\n'),
    put('/tmp/f', 'op=CREATE&overwrite=maybe&user.name=ann', 'x'),
    put('/tmp/none/f', 'op=CREATE&createparent=false&user.name=ann', 'x'),
    put('/tmp/r', 'op=CREATE&replication=2&blocksize=1048576&user.name=ann&buffersize=8192', 'r'),
    put('/tmp/r', 'op=CREATE&replication=0&user.name=ann', 'r'),
    put('/tmp/r', 'op=CREATE&replication=x&user.name=ann', 'r'),
    put('/tmp/r', 'op=CREATE&blocksize=0&user.name=ann', 'r'),
    put('/tmp/r2', 'op=CREATE&blocksize=512&user.name=ann', 'r'),
    put('/tmp/r2', 'op=CREATE&createflag=CREATE,OVERWRITE&user.name=ann', 'flags'),
    put('/tmp/r2', 'op=CREATE&createflag=NOPE&user.name=ann', 'flags'),
    put('/tmp/unmasked', 'op=CREATE&unmaskedpermission=777&permission=700&user.name=ann', 'u'),
    put('/tmp/empty', 'op=CREATE&user.name=ann', ''),
    put('/f', 'op=CREATE&user.name=ann', 'denied'),
    put('/a', `op=CREATE&overwrite=true&${su}`, 'directory'),
    put('/tmp/f:g', 'op=CREATE&user.name=ann', 'x'),
    put('/tmp/%C3%A9%20%2B%26%25', 'op=CREATE&user.name=ann', 'odd name'),
    put('/tmp/no', 'op=CREATE&noredirect=true&user.name=ann'),
    put('/tmp/no', 'op=CREATE&noredirect=perhaps&user.name=ann'),
    put('/tmp/no', 'op=CREATE&excludedatanodes=nowhere,127.0.0.9:1&noredirect=true&user.name=ann'),
    get('/tmp/f', 'op=OPEN&user.name=ann'),
    get('/tmp/f', 'op=OPEN&user.name=bob'),
    get('/tmp/f', 'op=OPEN'),
    get('/tmp/f', 'op=OPEN&user.name=ann&offset=2&length=2'),
    get('/tmp/f', 'op=OPEN&user.name=ann&offset=2'),
    get('/tmp/f', 'op=OPEN&user.name=ann&length=0'),
    get('/tmp/f', 'op=OPEN&user.name=ann&length=1000'),
    get('/tmp/f', 'op=OPEN&user.name=ann&offset=5'),
    get('/tmp/f', 'op=OPEN&user.name=ann&offset=-1'),
    get('/tmp/f', 'op=OPEN&user.name=ann&offset=x'),
    get('/tmp/f', 'op=OPEN&user.name=ann&offset=9223372036854775808'),
    get('/tmp/f', 'op=OPEN&user.name=ann&length=-1'),
    get('/tmp/f', 'op=OPEN&user.name=ann&buffersize=0'),
    get('/tmp/f', 'op=OPEN&user.name=ann&noredirect=true'),
    get('/tmp/empty', 'op=OPEN&user.name=ann'),
    get('/tmp/none', 'op=OPEN&user.name=ann'),
    get('/tmp', 'op=OPEN&user.name=ann'),
    get('/tmp/%C3%A9%20%2B%26%25', 'op=OPEN&user.name=ann'),
    get('/tmp/x//y', 'op=OPEN&user.name=ann'),
    post('/tmp/f', 'op=APPEND&user.name=ann', 'more\n'),
    post('/tmp/f', 'op=APPEND&user.name=bob', 'more\n'),
    post('/tmp/none', 'op=APPEND&user.name=ann', 'more\n'),
    post('/tmp', 'op=APPEND&user.name=ann', 'more\n'),
    post('/tmp/f', 'op=APPEND&noredirect=true&user.name=ann'),
    get('/tmp/f', 'op=OPEN&user.name=ann'),
    get('/tmp/f', 'op=GETFILECHECKSUM&user.name=ann'),
    get('/tmp/empty', 'op=GETFILECHECKSUM&user.name=ann'),
    get('/tmp/none', 'op=GETFILECHECKSUM&user.name=ann'),
    get('/tmp', 'op=GETFILECHECKSUM&user.name=ann'),
    get('/tmp/f', 'op=GETFILECHECKSUM&noredirect=true&user.name=ann'),
    get('/tmp/f', 'op=GETFILESTATUS'),
    get('/tmp/unmasked', 'op=GETFILESTATUS'),
    get('/tmp/none', 'op=GETFILESTATUS'),
    get('/tmp/f', 'op=GETFILELINKSTATUS'),
    get('/tmp/none', 'op=GETFILELINKSTATUS'),
    get('/tmp', 'op=LISTSTATUS&user.name=ann'),
    get('/tmp/f', 'op=LISTSTATUS&user.name=ann'),
    get('/tmp/none', 'op=LISTSTATUS&user.name=ann'),
    get('/a/b', `op=LISTSTATUS&${su}`),
    get('/tmp', 'op=LISTSTATUS_BATCH&user.name=ann'),
    get('/tmp', 'op=LISTSTATUS_BATCH&startafter=f&user.name=ann'),
    get('/tmp', 'op=LISTSTATUS_BATCH&startafter=&user.name=ann'),
    get('/tmp/none', 'op=LISTSTATUS_BATCH&user.name=ann'),
    get('/tmp', 'op=GETCONTENTSUMMARY'),
    get('/tmp/f', 'op=GETCONTENTSUMMARY'),
    get('/tmp/none', 'op=GETCONTENTSUMMARY'),
    get('/tmp', 'op=GETQUOTAUSAGE'),
    get('/', 'op=GETQUOTAUSAGE'),
    get('/', `op=GETQUOTAUSAGE&${su}`),
    get('/', `op=GETCONTENTSUMMARY&${su}`),
    get('/tmp/none', 'op=GETQUOTAUSAGE'),
    get('/tmp/f', 'op=GET_BLOCK_LOCATIONS&user.name=ann'),
    get('/tmp/empty', 'op=GET_BLOCK_LOCATIONS&user.name=ann'),
    get('/tmp/none', 'op=GET_BLOCK_LOCATIONS&user.name=ann'),
    get('/tmp/f', 'op=GETFILEBLOCKLOCATIONS&offset=0&length=1&user.name=ann'),
    get('/tmp/empty', 'op=GETFILEBLOCKLOCATIONS&user.name=ann'),
    get('/tmp/none', 'op=GETFILEBLOCKLOCATIONS&user.name=ann'),
    get('/', 'op=GETHOMEDIRECTORY&user.name=ann'),
    get('/', 'op=GETHOMEDIRECTORY'),
    get('/tmp/f', 'op=GETTRASHROOT&user.name=ann'),
    get('/', 'op=GETTRASHROOT&user.name=ann'),
    get('/', 'op=GETTRASHROOTS&user.name=ann'),
    put('/user/ann/.Trash', `op=MKDIRS&${su}`),
    get('/', 'op=GETTRASHROOTS&user.name=ann'),
    get('/', `op=GETTRASHROOTS&allusers=true&${su}`),
    get('/', 'op=GETTRASHROOTS&allusers=x&user.name=ann'),
    get('/', 'op=GETDELEGATIONTOKEN&user.name=ann'),
    get('/', 'op=GETDELEGATIONTOKEN&renewer=bob&user.name=ann'),
    put('/', 'op=RENEWDELEGATIONTOKEN&user.name=ann'),
    put('/', 'op=CANCELDELEGATIONTOKEN&user.name=ann'),
    get('/', 'op=GETALLSTORAGEPOLICY'),
    get('/tmp/f', 'op=GETSTORAGEPOLICY'),
    get('/tmp/none', 'op=GETSTORAGEPOLICY'),
    get('/tmp/f', 'op=GETECPOLICY'),
    get('/tmp/none', 'op=GETECPOLICY'),
    get('/', 'op=GETECCODECS'),
    get('/tmp/f', 'op=CHECKACCESS&fsaction=r--&user.name=ann'),
    get('/tmp/f', 'op=CHECKACCESS&fsaction=rwx&user.name=ann'),
    get('/tmp/f', 'op=CHECKACCESS&fsaction=r--&user.name=bob'),
    get('/tmp/f', 'op=CHECKACCESS&fsaction=rw&user.name=ann'),
    get('/tmp/f', 'op=CHECKACCESS&user.name=ann'),
    get('/tmp/none', 'op=CHECKACCESS&fsaction=r--&user.name=ann'),
    get('/', 'op=GETSERVERDEFAULTS'),
    get('/', 'op=GETSTATUS'),
    get('/', 'op=GETSNAPSHOTTABLEDIRECTORYLIST'),
    get('/', 'op=GETSNAPSHOTLIST'),
    get('/tmp', 'op=GETSNAPSHOTLIST'),
    get('/tmp/f', 'op=GETSNAPSHOTLIST&user.name=ann'),
    get('/tmp/none', 'op=GETSNAPSHOTLIST'),
    get('/', 'op=GETSNAPSHOTDIFF'),
    get('/', 'op=GETSNAPSHOTDIFF&oldsnapshotname=a&snapshotname=b'),
    get('/tmp', 'op=GETSNAPSHOTDIFF&oldsnapshotname=a&snapshotname=b'),
    get('/tmp/f', 'op=GETSNAPSHOTDIFF&oldsnapshotname=a&snapshotname=b'),
    get('/tmp/none', 'op=GETSNAPSHOTDIFF&oldsnapshotname=a&snapshotname=b'),
    get('/none/x', 'op=GETSNAPSHOTDIFF&oldsnapshotname=a&snapshotname=b'),
    get('/tmp', 'op=GETSNAPSHOTDIFFLISTING&oldsnapshotname=a&snapshotname=b&snapshotdiffindex=-2'),
    get('/tmp', 'op=GETSNAPSHOTDIFFLISTING&oldsnapshotname=a&snapshotname=b'),
    get('/tmp/f', 'op=GETLINKTARGET'),
    put('/a/l', `op=CREATESYMLINK&destination=/a/b&${su}`),
    put('/a/l', `op=CREATESYMLINK&${su}`),
    put('/tmp/r', 'op=RENAME&destination=/tmp/s&user.name=ann'),
    put('/tmp/r', 'op=RENAME&destination=/tmp/s&user.name=ann'),
    put('/tmp/s', 'op=RENAME&destination=s2&user.name=ann'),
    put('/tmp/s', 'op=RENAME&user.name=ann'),
    put('/tmp/s', 'op=RENAME&destination=/tmp//s2/&user.name=ann'),
    put('/tmp/s2', 'op=RENAME&destination=/tmp/f&renameoptions=NONE&user.name=ann'),
    put('/tmp/s2', 'op=RENAME&destination=/tmp/r2&renameoptions=OVERWRITE&user.name=ann'),
    put('/tmp/none', 'op=RENAME&destination=/tmp/x&renameoptions=OVERWRITE&user.name=ann'),
    put('/tmp/f', 'op=RENAME&destination=/tmp/x&renameoptions=NOPE&user.name=ann'),
    put('/tmp/f', 'op=SETREPLICATION&replication=2&user.name=ann'),
    put('/tmp/f', 'op=SETREPLICATION&user.name=ann'),
    put('/tmp/f', 'op=SETREPLICATION&replication=600&user.name=ann'),
    put('/tmp/f', 'op=SETREPLICATION&replication=40000&user.name=ann'),
    put('/tmp', `op=SETREPLICATION&replication=2&${su}`),
    put('/tmp/none', `op=SETREPLICATION&replication=2&${su}`),
    put('/tmp/f', `op=SETOWNER&owner=bob&group=users&${su}`),
    put('/tmp/f', 'op=SETOWNER&owner=carl&user.name=ann'),
    put('/tmp/f', `op=SETOWNER&${su}`),
    put('/tmp/f', `op=SETOWNER&owner=ann&${su}`),
    put('/tmp/none', `op=SETOWNER&owner=ann&${su}`),
    put('/tmp/f', 'op=SETPERMISSION&permission=600&user.name=ann'),
    put('/tmp/f', 'op=SETPERMISSION&user.name=ann'),
    put('/tmp/f', 'op=SETPERMISSION&permission=600&user.name=bob'),
    put('/tmp/none', 'op=SETPERMISSION&permission=600&user.name=ann'),
    put('/tmp/f', 'op=SETTIMES&modificationtime=1000&accesstime=2000&user.name=ann'),
    put('/tmp/f', 'op=SETTIMES&user.name=ann'),
    put('/tmp/f', 'op=SETTIMES&modificationtime=-2&user.name=ann'),
    put('/tmp/f', 'op=SETTIMES&modificationtime=x&user.name=ann'),
    put('/tmp/none', 'op=SETTIMES&modificationtime=1&user.name=ann'),
    get('/tmp/f', 'op=GETFILESTATUS'),
    post('/tmp/r2', 'op=CONCAT&sources=/tmp/f&user.name=ann'),
    post('/tmp/r2', 'op=CONCAT&user.name=ann'),
    post('/tmp/r2', 'op=CONCAT&sources=/tmp/none&user.name=ann'),
    post('/tmp/r2', 'op=CONCAT&sources=/tmp/r2&user.name=ann'),
    put('/tmp/t', 'op=CREATE&user.name=ann', 'to be cut'),
    post('/tmp/t', 'op=TRUNCATE&newlength=9&user.name=ann'),
    post('/tmp/t', 'op=TRUNCATE&newlength=10&user.name=ann'),
    post('/tmp/t', 'op=TRUNCATE&newlength=-1&user.name=ann'),
    post('/tmp/t', 'op=TRUNCATE&user.name=ann'),
    post('/tmp/none', 'op=TRUNCATE&newlength=0&user.name=ann'),
    put('/tmp/t', 'op=SETSTORAGEPOLICY&storagepolicy=COLD&user.name=ann'),
    put('/tmp/t', 'op=SETSTORAGEPOLICY&storagepolicy=TEPID&user.name=ann'),
    put('/tmp/t', 'op=SETSTORAGEPOLICY&user.name=ann'),
    put('/tmp/t', 'op=SATISFYSTORAGEPOLICY&user.name=ann'),
    get('/tmp/t', 'op=GETSTORAGEPOLICY'),
    post('/tmp/t', 'op=UNSETSTORAGEPOLICY&user.name=ann'),
    get('/tmp/t', 'op=GETACLSTATUS&user.name=ann'),
    put('/tmp/t', 'op=MODIFYACLENTRIES&aclspec=user:bob:rw-&user.name=ann'),
    put('/tmp/t', 'op=MODIFYACLENTRIES&aclspec=nope&user.name=ann'),
    put('/tmp/t', 'op=MODIFYACLENTRIES&user.name=ann'),
    get('/tmp/t', 'op=GETACLSTATUS&user.name=ann'),
    get('/tmp/t', 'op=GETFILESTATUS&user.name=ann'),
    put('/tmp/t', 'op=REMOVEACLENTRIES&aclspec=user:bob&user.name=ann'),
    put('/tmp/t', 'op=SETACL&aclspec=user::rw-,group::r--,other::---,user:bob:r--&user.name=ann'),
    put('/tmp/t', 'op=REMOVEDEFAULTACL&user.name=ann'),
    put('/tmp/t', 'op=REMOVEACL&user.name=ann'),
    put('/tmp/t', 'op=SETXATTR&xattr.name=user.k&xattr.value=0x6162&flag=CREATE&user.name=ann'),
    put('/tmp/t', 'op=SETXATTR&xattr.name=user.k&xattr.value=v&flag=CREATE&user.name=ann'),
    put('/tmp/t', 'op=SETXATTR&xattr.name=user.k&xattr.value=v&flag=NOPE&user.name=ann'),
    put('/tmp/t', 'op=SETXATTR&xattr.name=nope.k&xattr.value=v&flag=CREATE&user.name=ann'),
    put('/tmp/t', 'op=SETXATTR&xattr.name=user.k&user.name=ann'),
    get('/tmp/t', 'op=GETXATTRS&xattr.name=user.k&encoding=TEXT&user.name=ann'),
    get('/tmp/t', 'op=GETXATTRS&encoding=HEX&user.name=ann'),
    get('/tmp/t', 'op=GETXATTRS&encoding=base64&user.name=ann'),
    get('/tmp/t', 'op=GETXATTRS&encoding=NOPE&user.name=ann'),
    get('/tmp/t', 'op=GETXATTRS&user.name=ann'),
    get('/tmp/t', 'op=LISTXATTRS&user.name=ann'),
    put('/tmp/t', 'op=REMOVEXATTR&xattr.name=user.k&user.name=ann'),
    put('/tmp/t', 'op=REMOVEXATTR&user.name=ann'),
    put('/a', `op=SETQUOTA&namespacequota=100&storagespacequota=1000000000&${su}`),
    put('/a', `op=SETQUOTA&namespacequota=-2&${su}`),
    put('/a', 'op=SETQUOTA&namespacequota=100&user.name=ann'),
    get('/a', `op=GETQUOTAUSAGE&${su}`),
    put('/a', `op=SETQUOTABYSTORAGETYPE&storagetype=SSD&storagespacequota=1000&${su}`),
    put('/a', `op=SETQUOTABYSTORAGETYPE&storagetype=TAPE&storagespacequota=1000&${su}`),
    put('/a', `op=SETQUOTABYSTORAGETYPE&storagespacequota=1000&${su}`),
    get('/a', `op=GETQUOTAUSAGE&${su}`),
    put('/a', `op=SETQUOTA&namespacequota=-1&storagespacequota=-1&${su}`),
    remove('/tmp/none', 'op=DELETE&user.name=ann'),
    remove('/a', 'op=DELETE&recursive=true&user.name=ann'),
    remove('/a', `op=DELETE&${su}`),
    remove('/a', `op=DELETE&recursive=x&${su}`),
    remove('/a', `op=DELETE&recursive=true&${su}`),
    remove('/', `op=DELETE&recursive=true&${su}`),
    remove('/tmp/t', ''),
  ];
}
