// /explorer.html: looks through the file system and fetches files, with WebHDFS, as whoever WebHDFS takes the reader for. The path
// stands behind the #, where bookmarks of Hadoop's page of this name have it.

import { PAGE_STYLE } from '../../web/page.ts';
import type { Route } from '../../web/server.ts';
import { EXPLORER_SCRIPT } from './explorer-script.ts';

const COLUMNS = ['Permission', 'Owner', 'Group', 'Size', 'Modified', 'Replication', 'Block size', 'Name'];

const PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Files</title>
<style>
${PAGE_STYLE}
#path{width:60%}pre{overflow:auto;max-height:30rem}
</style>
</head>
<body>
<h1>Files</h1>
<form id="go"><button type="button" id="up">Up</button> <input id="path" aria-label="Path"> <button>Go</button></form>
<noscript><p>This page needs scripts. Without them: /webhdfs/v1/PATH?op=LISTSTATUS</p></noscript>
<p id="message" role="status"></p>
<table>
<thead><tr>${COLUMNS.map((column) => `<th>${column}</th>`).join('')}</tr></thead>
<tbody id="list"></tbody>
</table>
<section id="file" hidden>
<h2 id="name"></h2>
<p><a id="download">Download</a> <button id="head">First 32 KB</button> <button id="tail">Last 32 KB</button></p>
<h3>Blocks</h3>
<pre id="blocks"></pre>
<pre id="content"></pre>
</section>
<nav><p><a href="/">Status</a></p></nav>
<script>${EXPLORER_SCRIPT}</script>
</body>
</html>
`;

export const EXPLORER: Route = {
  method: 'GET',
  path: '/explorer.html',
  handler: () => ({ status: 200, headers: { 'Content-Type': 'text/html; charset=utf-8' }, body: PAGE }),
};
