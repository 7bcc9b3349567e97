// Parts of the product by themselves, in the process that asks for them.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

/** What `source`, lines of exports from ./src, exports. */
export async function product(source) {
  const folder = mkdtempSync(join(tmpdir(), 'tuskfs-bench-product-'));
  const outfile = join(folder, 'product.mjs');
  try {
    await build({
      stdin: { contents: source, resolveDir: fileURLToPath(new URL('..', import.meta.url)), loader: 'ts' },
      bundle: true,
      platform: 'node',
      format: 'esm',
      outfile,
      logLevel: 'error',
    });
    return await import(pathToFileURL(outfile).href);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
