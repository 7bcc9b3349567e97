// The erasure coding policies that an image holds. Those that every file system has are told by their ids alone.
import { ProtocolError } from '../../base/errors.ts';
import {
  builtInPolicy,
  type ErasureCodingPolicy,
  isBuiltIn,
  type PolicyInfo,
  type PolicyState,
} from '../../core/namespace/erasure-coding.ts';
import { ErasureCodingSection } from '../../wire/messages/fsimage.ts';
import {
  type ErasureCodingPolicyProto,
  type ErasureCodingPolicyProtoInit,
  ErasureCodingPolicyState,
} from '../../wire/messages/hdfs.ts';
import { readDelimited } from '../../wire/protobuf/message.ts';
import { ProtoReader } from '../../wire/protobuf/reader.ts';
import type { CarriedSection } from './state.ts';

const STATES: Readonly<Record<ErasureCodingPolicyState, PolicyState>> = {
  [ErasureCodingPolicyState.DISABLED]: 'disabled',
  [ErasureCodingPolicyState.ENABLED]: 'enabled',
  [ErasureCodingPolicyState.REMOVED]: 'removed',
};

const STATE_NUMBERS: Readonly<Record<PolicyState, ErasureCodingPolicyState>> = {
  disabled: ErasureCodingPolicyState.DISABLED,
  enabled: ErasureCodingPolicyState.ENABLED,
  removed: ErasureCodingPolicyState.REMOVED,
};

/** Throws ProtocolError for a policy of no known id that does not say what it is. */
function policyOf({ id, name, schema, cellSize }: ErasureCodingPolicyProto): ErasureCodingPolicy {
  const known = builtInPolicy(id);
  if (known !== undefined) return known;
  if (name === undefined || schema === undefined || cellSize === undefined) {
    throw new ProtocolError(`the erasure coding policy ${id} lacks its name, its schema or its cell size`);
  }
  const { codecName: codec, dataUnits, parityUnits, options } = schema;
  return { id, name, codec, dataUnits, parityUnits, cellSize, options };
}

/** None where the image has no such section. */
export function readPolicies(carried: readonly CarriedSection[]): readonly PolicyInfo[] {
  const section = carried.find(({ name }) => name === 'ERASURE_CODING');
  if (section === undefined || section.bytes.length === 0) return [];
  const { policies } = readDelimited(ErasureCodingSection, new ProtoReader(section.bytes));
  return policies.map((policy) => ({ policy: policyOf(policy), state: STATES[policy.state] }));
}

export function policyProto({ policy, state }: PolicyInfo): ErasureCodingPolicyProtoInit {
  const { id, name, codec, dataUnits, parityUnits, cellSize, options } = policy;
  if (isBuiltIn(id)) return { id, state: STATE_NUMBERS[state] };
  const schema = { codecName: codec, dataUnits, parityUnits, options };
  return { id, name, schema, cellSize, state: STATE_NUMBERS[state] };
}
