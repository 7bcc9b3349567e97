// Operations of features that are not built (tokens, snapshots, caching, erasure coding, rolling upgrades): the log carries
// their bodies as bytes, and only the offline viewer looks inside. Each is a list of fields, in the order of the bytes and
// of the XML alike; a list serves reading and writing.
import { ProtocolError } from '../../../base/errors.ts';
import type { EditOpName } from '../../../core/edits/ops.ts';
import { readRpcIds } from '../op-bodies-read.ts';
import { writeRpcIds } from '../op-bodies-write.ts';
import { OpBuffer } from '../op-buffer.ts';
import { OpReader } from '../op-reader.ts';
import { type Element, element, type Stanza } from './element.ts';
import { exactLong, hexBytes, int, number, rpcElements, rpcIdsOf, short } from './values.ts';

interface Field {
  /** Appends what the next bytes mean. */
  readonly read: (reader: OpReader, into: Element[]) => void;
  readonly write: (data: Stanza, out: OpBuffer) => void;
  /** Name of its element, where it has just one. */
  readonly name: string;
}

const field = (name: string, read: Field['read'], write: Field['write']): Field => ({ name, read, write });

const utf8 = (name: string): Field =>
  field(
    name,
    (r, into) => into.push(element(name, r.getUtf8())),
    (st, out) => out.putUtf8(st.value(name)),
  );
const longField = (name: string): Field =>
  field(
    name,
    (r, into) => into.push(number(name, r.getExactLong())),
    (st, out) => out.putExactLong(exactLong(st.value(name), name)),
  );
const intField = (name: string): Field =>
  field(
    name,
    (r, into) => into.push(number(name, r.getInt())),
    (st, out) => out.putInt(int(st, name)),
  );
const shortField = (name: string): Field =>
  field(
    name,
    (r, into) => into.push(number(name, r.getShort())),
    (st, out) => out.putShort(short(st, name)),
  );
const rpc: Field = field(
  'RPC_CLIENTID',
  (r, into) => into.push(...rpcElements(readRpcIds(r))),
  (st, out) => writeRpcIds(rpcIdsOf(st), out),
);

/** A word of flags that says which of the fields follow: the first bit stands for the first. */
function optional(...fields: readonly Field[]): Field {
  return field(
    'flags',
    (r, into) => {
      const flags = r.getInt();
      if (flags < 0 || flags >= 1 << fields.length) r.fail(`unknown flags 0x${(flags >>> 0).toString(16)}`);
      fields.forEach((each, bit) => {
        if ((flags & (1 << bit)) !== 0) each.read(r, into);
      });
    },
    (st, out) => {
      let flags = 0;
      fields.forEach(({ name }, bit) => {
        if (st.has(name)) flags |= 1 << bit;
      });
      out.putInt(flags);
      for (const each of fields) if (st.has(each.name)) each.write(st, out);
    },
  );
}

/** DelegationTokenIdentifier: other order in the bytes than in the XML. */
const token: Field = field(
  'DELEGATION_TOKEN_IDENTIFIER',
  (r, into) => {
    const version = r.getByte();
    if (version !== 0) r.fail(`version ${version} of a delegation token`);
    const [owner, renewer, realUser] = [r.getText(), r.getText(), r.getText()];
    const [issueDate, maxDate, sequenceNumber, masterKeyId] = [r.getVLong(), r.getVLong(), r.getVLong(), r.getVLong()];
    into.push(
      element('DELEGATION_TOKEN_IDENTIFIER', [
        element('KIND', HDFS_TOKEN),
        number('SEQUENCE_NUMBER', sequenceNumber),
        element('OWNER', owner),
        element('RENEWER', renewer),
        element('REALUSER', realUser),
        number('ISSUE_DATE', issueDate),
        number('MAX_DATE', maxDate),
        number('MASTER_KEY_ID', masterKeyId),
      ]),
    );
  },
  (data, out) => {
    const st = data.child('DELEGATION_TOKEN_IDENTIFIER');
    if (st.value('KIND') !== HDFS_TOKEN) {
      throw new ProtocolError(`can't understand DelegationTokenIdentifier KIND ${st.value('KIND')}`);
    }
    out.putByte(0);
    for (const name of ['OWNER', 'RENEWER', 'REALUSER']) out.putText(st.value(name));
    for (const name of ['ISSUE_DATE', 'MAX_DATE', 'SEQUENCE_NUMBER', 'MASTER_KEY_ID']) {
      out.putVLong(Number(exactLong(st.value(name), name)));
    }
  },
);
const HDFS_TOKEN = 'HDFS_DELEGATION_TOKEN';

/** DelegationKey. */
const key: Field = field(
  'DELEGATION_KEY',
  (r, into) => {
    const fields = [number('KEY_ID', r.getVLong()), number('EXPIRY_DATE', r.getVLong())];
    const length = r.getVLong();
    if (length >= 0) fields.push(element('KEY', Buffer.from(r.getBytes(length)).toString('hex')));
    into.push(element('DELEGATION_KEY', fields));
  },
  (data, out) => {
    const st = data.child('DELEGATION_KEY');
    out.putVLong(int(st, 'KEY_ID'));
    out.putVLong(Number(exactLong(st.value('EXPIRY_DATE'), 'EXPIRY_DATE')));
    const bytes = st.only('KEY')?.text;
    if (bytes === undefined) {
      out.putVLong(-1);
      return;
    }
    const raw = hexBytes(bytes);
    out.putVLong(raw.length);
    out.putRaw(raw);
  },
);

/** Options of an erasure coding schema beyond its numbers: how many, then keys and values. */
const extraOptions: Field = field(
  'EXTRAOPTIONS',
  (r, into) => {
    const count = r.getCount(4);
    into.push(number('EXTRAOPTIONS', count));
    for (let i = 0; i < count; i++) {
      into.push(element('EXTRAOPTION', [element('KEY', r.getUtf8()), element('VALUE', r.getUtf8())]));
    }
  },
  (st, out) => {
    const options = st.all('EXTRAOPTION');
    out.putInt(options.length);
    for (const option of options) {
      out.putUtf8(option.value('KEY'));
      out.putUtf8(option.value('VALUE'));
    }
  },
);

const snapshot = [utf8('SNAPSHOTROOT'), utf8('SNAPSHOTNAME'), longField('MTIME'), rpc];
const directive = [
  longField('ID'),
  optional(utf8('PATH'), shortField('REPLICATION'), utf8('POOL'), longField('EXPIRATION')),
  rpc,
];
const pool = [
  utf8('POOLNAME'),
  optional(
    utf8('OWNERNAME'),
    utf8('GROUPNAME'),
    shortField('MODE'),
    longField('LIMIT'),
    longField('MAXRELATIVEEXPIRY'),
    shortField('DEFAULTREPLICATION'),
  ),
  rpc,
];
const policy = [utf8('POLICYNAME'), rpc];

const FIELDS: Readonly<Partial<Record<EditOpName, readonly Field[]>>> = {
  GET_DELEGATION_TOKEN: [token, longField('EXPIRY_TIME')],
  RENEW_DELEGATION_TOKEN: [token, longField('EXPIRY_TIME')],
  CANCEL_DELEGATION_TOKEN: [token],
  UPDATE_MASTER_KEY: [key],
  CREATE_SNAPSHOT: snapshot,
  DELETE_SNAPSHOT: snapshot,
  RENAME_SNAPSHOT: [utf8('SNAPSHOTROOT'), utf8('SNAPSHOTOLDNAME'), utf8('SNAPSHOTNEWNAME'), longField('MTIME'), rpc],
  ALLOW_SNAPSHOT: [utf8('SNAPSHOTROOT')],
  DISALLOW_SNAPSHOT: [utf8('SNAPSHOTROOT')],
  ADD_CACHE_DIRECTIVE: directive,
  MODIFY_CACHE_DIRECTIVE: directive,
  REMOVE_CACHE_DIRECTIVE: [longField('ID'), rpc],
  ADD_CACHE_POOL: pool,
  MODIFY_CACHE_POOL: pool,
  REMOVE_CACHE_POOL: [utf8('POOLNAME'), rpc],
  ROLLING_UPGRADE_START: [longField('STARTTIME')],
  ROLLING_UPGRADE_FINALIZE: [longField('FINALIZETIME')],
  ADD_ERASURE_CODING_POLICY: [
    utf8('CODEC'),
    intField('DATAUNITS'),
    intField('PARITYUNITS'),
    intField('CELLSIZE'),
    extraOptions,
    rpc,
  ],
  ENABLE_ERASURE_CODING_POLICY: policy,
  DISABLE_ERASURE_CODING_POLICY: policy,
  REMOVE_ERASURE_CODING_POLICY: policy,
};

/** The fields of a body; undefined: the op is none of these. Throws ProtocolError. */
export function opaqueElements(name: EditOpName, body: Uint8Array): readonly Element[] | undefined {
  const fields = FIELDS[name];
  if (fields === undefined) return undefined;
  const reader = new OpReader();
  reader.reset(Buffer.from(body.buffer, body.byteOffset, body.length), 0, body.length);
  const elements: Element[] = [];
  for (const each of fields) each.read(reader, elements);
  if (reader.remaining > 0) throw new ProtocolError(`OP_${name} has ${reader.remaining} bytes too many`);
  return elements;
}

/** The body that the XML stands for; undefined: the op is none of these. Throws ProtocolError. */
export function opaqueBody(name: EditOpName, data: Stanza): Uint8Array | undefined {
  const fields = FIELDS[name];
  if (fields === undefined) return undefined;
  const out = new OpBuffer(1024);
  for (const each of fields) each.write(data, out);
  return new Uint8Array(out.slice());
}
