// Every operation of the data transfer protocol, as the DataNode answers it. The codes and messages are in
// wire/transfer/ops.ts; this only gives that table the shape of the others.
import { OPS } from '../transfer/ops.ts';
import { type EntryTable, refused } from './entry.ts';

export const TRANSFER_OPS: EntryTable = Object.fromEntries(
  Object.values(OPS).map(({ name, server }) => [name, server === 'handled' ? true : refused(server.refused)]),
);
