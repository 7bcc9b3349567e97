// NS8: who may do what, by a reference function of the user, the groups and what stands on the path: mode bits, access control
// lists with their mask, the sticky bit, owners and the superuser, as Apache's documents tell of them. It shares nothing with
// core/namespace/permissions.ts.

export interface Subject {
  readonly user: string;
  readonly groups: readonly string[];
  readonly superuser: boolean;
}

export interface Guarded {
  readonly owner: string;
  readonly group: string;
  readonly mode: number;
  /** Named users and groups of the access list, with the owning group's own entry; undefined: there is no list. */
  readonly list?: {
    readonly users: ReadonlyMap<string, number>;
    readonly groups: ReadonlyMap<string, number>;
    readonly owningGroup: number;
    /** What the group bits of the mode show while there is a list. */
    readonly mask: number;
  };
}

const READ = 4;
const WRITE = 2;
const PASS = 1;
const STICKY = 0o1000;

/** Whether all of `wanted` is granted. */
export function grants({ owner, group, mode, list }: Guarded, { user, groups }: Subject, wanted: number): boolean {
  const holds = (bits: number): boolean => (bits & wanted) === wanted;
  if (user === owner) return holds((mode >> 6) & 7);
  if (list === undefined) return holds(groups.includes(group) ? (mode >> 3) & 7 : mode & 7);
  const named = list.users.get(user);
  if (named !== undefined) return holds(named & list.mask);
  const ofGroups = [...list.groups].filter(([name]) => groups.includes(name)).map(([, bits]) => bits);
  if (groups.includes(group)) ofGroups.push(list.owningGroup);
  return ofGroups.length === 0 ? holds(mode & 7) : ofGroups.some((bits) => holds(bits & list.mask));
}

/** Something at a path: `above` are the directories that lead to it, the root first. */
export interface Place {
  readonly above: readonly Guarded[];
  readonly self: Guarded;
}

const reaches = (subject: Subject, { above }: Place): boolean => above.every((each) => grants(each, subject, PASS));

const parentOf = ({ above, self }: Place): Guarded => above.at(-1) ?? self;

/** It goes out of its directory, which is empty or a file. */
function mayTakeOut(subject: Subject, place: Place): boolean {
  const parent = parentOf(place);
  const isKept = (parent.mode & STICKY) !== 0 && parent.owner !== subject.user && place.self.owner !== subject.user;
  return reaches(subject, place) && grants(parent, subject, WRITE) && !isKept;
}

/** Something comes into this directory. */
function mayPutInto(subject: Subject, { above, self }: Place): boolean {
  return [...above, self].every((each) => grants(each, subject, PASS)) && grants(self, subject, WRITE);
}

export type Attempt =
  | { readonly kind: 'list' | 'remove' | 'chmod'; readonly at: Place }
  /** Something new comes into a directory. */
  | { readonly kind: 'put'; readonly into: Place }
  | { readonly kind: 'move'; readonly at: Place; readonly into: Place };

/** The superuser is asked for nothing. */
export function mayDo(subject: Subject, attempt: Attempt): boolean {
  if (subject.superuser) return true;
  switch (attempt.kind) {
    case 'list':
      return reaches(subject, attempt.at) && grants(attempt.at.self, subject, READ | PASS);
    case 'put':
      return mayPutInto(subject, attempt.into);
    case 'remove':
      return mayTakeOut(subject, attempt.at);
    case 'move':
      return mayTakeOut(subject, attempt.at) && mayPutInto(subject, attempt.into);
    case 'chmod':
      return reaches(subject, attempt.at) && attempt.at.self.owner === subject.user;
  }
}
