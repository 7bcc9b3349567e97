// A record of the edit log as an element of the XML that `hdfs oev` writes, and back.
import { ProtocolError } from '../../../base/errors.ts';
import { type EditOp, EditOpCode, type EditOpName, type LoggedOp } from '../../../core/edits/ops.ts';
import { opCodeOf, opName } from '../op-table.ts';
import { type Element, element, type XmlRecord } from './element.ts';
import { opElements, opOfXml } from './op-xml.ts';
import { opaqueBody, opaqueElements } from './opaque-ops.ts';
import { long, number } from './values.ts';

export function recordElement({ txid, op }: LoggedOp): Element {
  const name = opName(opCodeOf(op));
  if (name === undefined) throw new ProtocolError(`transaction ${txid} has the unknown op code ${opCodeOf(op)}`);
  const fields = op.kind === 'OPAQUE' ? opaqueElements(name, op.body) : opElements(op);
  if (fields === undefined) throw new ProtocolError(`transaction ${txid}: OP_${name} cannot be shown`);
  return element('RECORD', [element('OPCODE', `OP_${name}`), element('DATA', [number('TXID', txid), ...fields])]);
}

/** Throws ProtocolError that names the transaction. */
export function recordOfXml({ opCode, data }: XmlRecord): LoggedOp {
  const txid = long(data, 'TXID');
  const name = opCode.replace(/^OP_/, '') as EditOpName;
  try {
    if (!Object.hasOwn(EditOpCode, name) || !opCode.startsWith('OP_')) throw new ProtocolError('no such operation');
    const op: EditOp | undefined = opOfXml(name, data) ?? opaque(name, opaqueBody(name, data));
    if (op === undefined) throw new ProtocolError('Hadoop no longer writes or reads it');
    return { txid, op };
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    throw new ProtocolError(`transaction ${txid}, ${opCode}: ${error.message}`);
  }
}

function opaque(name: EditOpName, body: Uint8Array | undefined): EditOp | undefined {
  return body === undefined ? undefined : { kind: 'OPAQUE', code: EditOpCode[name], body };
}
