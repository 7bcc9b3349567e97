// How many blocks lie as their storage policy wants it, for `fsck -storagepolicies`. Mirrors StoragePolicySummary.
import { STORAGE_TYPE_ORDER, type StorageType, storageTypeName } from '../../../core/blocks/storage-type.ts';
import { STORAGE_POLICIES, type StoragePolicy } from '../../../core/placement/storage-policy.ts';

const sorted = (types: readonly StorageType[]): readonly StorageType[] =>
  [...types].sort((a, b) => STORAGE_TYPE_ORDER.indexOf(a) - STORAGE_TYPE_ORDER.indexOf(b));

/** The first policy whose types these are, the last one as often as it takes. */
function policyOf(types: readonly StorageType[]): StoragePolicy | undefined {
  return STORAGE_POLICIES.find(({ storageTypes }) => {
    const wanted = sorted(storageTypes);
    const last = wanted.at(-1);
    return wanted.length <= types.length && types.every((type, index) => type === (wanted[index] ?? last));
  });
}

interface Combination {
  readonly specified: StoragePolicy;
  readonly actual: StoragePolicy | undefined;
  /** DISK:2,ARCHIVE:1(WARM) */
  readonly text: string;
  count: number;
}

export class StoragePolicySummary {
  readonly #combinations = new Map<string, Combination>();
  #blocks = 0;

  /** A block of a file with that policy, whose replicas lie on these. */
  add(types: readonly StorageType[], specified: StoragePolicy): void {
    this.#blocks++;
    const all = sorted(types);
    const key = `${specified.id} ${all.join(',')}`;
    const known = this.#combinations.get(key);
    if (known !== undefined) {
      known.count++;
      return;
    }
    const actual = policyOf(all);
    const counts = STORAGE_TYPE_ORDER.map((type) => [type, all.filter((each) => each === type).length] as const);
    const shown = counts.filter(([, count]) => count > 0).map(([type, count]) => `${storageTypeName(type)}:${count}`);
    const text = `${shown.join(',')}${actual === undefined ? '' : `(${actual.name})`}`;
    this.#combinations.set(key, { specified, actual, text, count: 1 });
  }

  report(): string {
    const all = [...this.#combinations.values()].sort((a, b) => b.count - a.count);
    const share = ({ count }: Combination): string => `${((count / this.#blocks) * 100).toFixed(4)}%`.padStart(20);
    const number = ({ count }: Combination): string => String(count).padStart(10);
    const good = all.filter(({ specified, actual }) => specified === actual);
    const bad = all.filter(({ specified, actual }) => specified !== actual);
    const lines = [
      '',
      'Blocks satisfying the specified storage policy:',
      'Storage Policy                  # of blocks       % of blocks',
      ...good.map((each) => `${each.text.padEnd(25)} ${number(each)}  ${share(each)}`),
      '',
    ];
    if (bad.length === 0) lines.push('All blocks satisfy specified storage policy.');
    else {
      lines.push(
        'Blocks NOT satisfying the specified storage policy:',
        'Storage Policy                  Specified Storage Policy      # of blocks       % of blocks',
        ...bad.map((each) => `${each.text.padEnd(35)} ${each.specified.name.padEnd(20)} ${number(each)}  ${share(each)}`),
      );
    }
    return `${lines.join('\n')}\n`;
  }
}
