// Extended attributes of files and directories, for programs. Names have their name space in front: `user.origin`.
import { asBuffer } from '../base/bytes.ts';
import { parseXattrName, xattrName } from '../core/namespace/xattrs.ts';
import { type XAttrProto, XAttrSetFlagProto } from '../wire/messages/xattr.ts';
import type { ClientContext, SignalOption } from './context.ts';
import type { PathLike } from './paths.ts';

export interface SetXattrOptions extends SignalOption {
  /** Default `any`; `create` refuses a name that is there already, `replace` one that is not. */
  readonly mode?: 'any' | 'create' | 'replace' | undefined;
}

const FLAGS = {
  any: XAttrSetFlagProto.XATTR_CREATE | XAttrSetFlagProto.XATTR_REPLACE,
  create: XAttrSetFlagProto.XATTR_CREATE,
  replace: XAttrSetFlagProto.XATTR_REPLACE,
} as const;

export { parseXattrName, xattrName };

/** Throws HdfsError EINVAL for what is no name of an attribute. */
export function checkXattrName(name: string): void {
  parseXattrName(name);
}

/** One that has no value has an empty one. */
const bytesOf = ({ value }: XAttrProto): Buffer => Buffer.from(asBuffer(value ?? new Uint8Array(0)));

const mapOf = (xattrs: readonly XAttrProto[]): Map<string, Buffer> =>
  new Map(xattrs.map((xattr) => [xattrName(xattr), bytesOf(xattr)]));

/** The extended attributes of a file system: `hdfs.xattr`. */
export class Xattrs {
  readonly #context: ClientContext;
  readonly #resolve: (path: PathLike) => string;

  constructor(context: ClientContext, resolve: (path: PathLike) => string) {
    this.#context = context;
    this.#resolve = resolve;
  }

  /** Value of one attribute. Rejects with ENODATA when it is not there. */
  async get(path: PathLike, name: string, options: SignalOption = {}): Promise<Buffer> {
    const request = { src: this.#resolve(path), xAttrs: [parseXattrName(name)] };
    const { xAttrs } = await this.#context.namenode.call('getXAttrs', request, options.signal);
    const [found] = xAttrs;
    return found === undefined ? Buffer.alloc(0) : bytesOf(found);
  }

  /** Values by name: those of `names`, else of all that the user may see. */
  async getAll(path: PathLike, names: readonly string[] = [], options: SignalOption = {}): Promise<Map<string, Buffer>> {
    const request = { src: this.#resolve(path), xAttrs: names.map(parseXattrName) };
    return mapOf((await this.#context.namenode.call('getXAttrs', request, options.signal)).xAttrs);
  }

  /** Names of all that the user may see. */
  async list(path: PathLike, options: SignalOption = {}): Promise<string[]> {
    const { xAttrs } = await this.#context.namenode.call('listXAttrs', { src: this.#resolve(path) }, options.signal);
    return xAttrs.map(xattrName);
  }

  async set(path: PathLike, name: string, value?: string | Uint8Array, options: SetXattrOptions = {}): Promise<void> {
    const bytes = typeof value === 'string' ? Buffer.from(value, 'utf8') : value;
    const request = {
      src: this.#resolve(path),
      xAttr: { ...parseXattrName(name), value: bytes },
      flag: FLAGS[options.mode ?? 'any'],
    };
    await this.#context.namenode.call('setXAttr', request, options.signal);
  }

  async remove(path: PathLike, name: string, options: SignalOption = {}): Promise<void> {
    const request = { src: this.#resolve(path), xAttr: parseXattrName(name) };
    await this.#context.namenode.call('removeXAttr', request, options.signal);
  }
}
