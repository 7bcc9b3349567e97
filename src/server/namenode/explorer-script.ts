// The script of /explorer.html, as the text that a browser gets. It runs there, not here.

/** Bytes of a file that are shown. */
const SHOWN_BYTES = 32 * 1024;

// What comes from the cluster goes into text nodes and encoded addresses only.
export const EXPLORER_SCRIPT = `
const at = (id) => document.getElementById(id);
const user = new URLSearchParams(location.search).get('user.name');
const encode = (path) => path.split('/').map(encodeURIComponent).join('/');
const address = (path, op, more = {}) =>
  '/webhdfs/v1' + encode(path) + '?' + new URLSearchParams({ op, ...(user === null ? {} : { 'user.name': user }), ...more });
const tell = (message) => { at('message').textContent = message; };
const element = (name, text, properties = {}) => Object.assign(document.createElement(name), { textContent: text }, properties);
const join = (path, name) => (name === '' ? path : (path === '/' ? '' : path) + '/' + name);
const size = (bytes) => {
  let unit = 0;
  for (; bytes >= 1024 && unit < 6; unit++) bytes /= 1024;
  return (unit === 0 ? bytes : bytes.toFixed(1)) + ' ' + ['B', 'KB', 'MB', 'GB', 'TB', 'PB', 'EB'][unit];
};
const mode = (octal, isDirectory) => {
  const bits = parseInt(octal, 8);
  const text = [8, 7, 6, 5, 4, 3, 2, 1, 0].map((bit) => ((bits >> bit) & 1 ? 'xwr'[bit % 3] : '-')).join('');
  const sticky = bits & 512 ? text.slice(0, 8) + (bits & 1 ? 't' : 'T') : text;
  return (isDirectory ? 'd' : '-') + sticky;
};
async function ask(path, op, more) {
  const answer = await fetch(address(path, op, more));
  const body = await answer.json();
  if (body.RemoteException !== undefined) throw new Error(body.RemoteException.message);
  return body;
}
async function show(path, from, bytes) {
  try {
    const answer = await fetch(address(path, 'OPEN', { offset: from, length: bytes }));
    if (!answer.ok) throw new Error('status ' + answer.status);
    at('content').textContent = await answer.text();
  } catch (error) {
    tell('The DataNode did not answer: ' + error.message);
  }
}
function file(path, status) {
  at('file').hidden = false;
  at('content').textContent = '';
  at('name').textContent = path;
  at('download').href = address(path, 'OPEN');
  at('head').onclick = () => show(path, 0, ${SHOWN_BYTES});
  at('tail').onclick = () => show(path, Math.max(0, status.length - ${SHOWN_BYTES}), ${SHOWN_BYTES});
  ask(path, 'GETFILEBLOCKLOCATIONS').then(({ BlockLocations: { BlockLocation: blocks } }) => {
    at('blocks').textContent = blocks.map(({ offset, length, names }) => offset + '+' + length + ': ' + names.join(' ')).join('\\n');
  }, (error) => tell(error.message));
}
async function open() {
  tell('');
  at('file').hidden = true;
  let path = '/';
  try {
    path = decodeURIComponent(location.hash.slice(1)).replace(/\\/+$/, '') || '/';
    at('path').value = path;
    const rows = [];
    for (let after; ; ) {
      const { DirectoryListing: part } = await ask(path, 'LISTSTATUS_BATCH', after === undefined ? {} : { startAfter: after });
      const found = part.partialListing.FileStatuses.FileStatus;
      rows.push(...found);
      after = found.at(-1)?.pathSuffix;
      if (part.remainingEntries === 0 || after === undefined || rows.length >= 10000) break;
    }
    at('list').replaceChildren(...rows.map((status) => {
      const isDirectory = status.type === 'DIRECTORY';
      const target = join(path, status.pathSuffix);
      const name = element('a', (status.pathSuffix || path) + (isDirectory ? '/' : ''), { href: isDirectory ? '#' + encode(target) : '#' });
      if (!isDirectory) name.onclick = (event) => { event.preventDefault(); file(target, status); };
      const row = element('tr', '');
      for (const text of [mode(status.permission, isDirectory), status.owner, status.group, isDirectory ? '' : size(status.length),
        new Date(status.modificationTime).toLocaleString(), isDirectory ? '' : status.replication, isDirectory ? '' : size(status.blockSize)])
        row.append(element('td', text));
      row.append(element('td', ''));
      row.lastChild.append(name);
      return row;
    }));
    if (rows.length >= 10000) tell('The first ' + rows.length + ' entries are shown.');
  } catch (error) {
    at('list').replaceChildren();
    tell(path + ': ' + error.message);
  }
}
at('go').onsubmit = (event) => { event.preventDefault(); location.hash = encode(at('path').value); };
at('up').onclick = () => { location.hash = encode(at('path').value.replace(/\\/[^/]*\\/?$/, '') || '/'); };
addEventListener('hashchange', open);
open();
`;
