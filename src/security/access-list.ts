// Users and groups that may do something, as Hadoop's keys name them: `ann,bob staff,admins`, or * for all. Apache:
// AccessControlList.

export interface ListedUser {
  readonly user: string;
  /** Who acts for `user`, when somebody does. */
  readonly realUser?: string | undefined;
}

const words = (list: string | undefined): string[] =>
  (list ?? '')
    .split(',')
    .map((word) => word.trim())
    .filter((word) => word !== '');

export class AccessList {
  readonly #all: boolean;
  readonly #users: ReadonlySet<string>;
  readonly #groups: readonly string[];

  constructor(users: string | undefined, groups: string | undefined) {
    this.#all = [users, groups].some((list) => list?.trim() === '*');
    this.#users = new Set(words(users));
    this.#groups = words(groups);
  }

  /** Users, then a blank, then groups. */
  static parse(text: string): AccessList {
    const blank = text.indexOf(' ');
    return blank < 0 ? new AccessList(text, undefined) : new AccessList(text.slice(0, blank), text.slice(blank + 1));
  }

  /** Whether the user is in it; undefined where their groups decide. */
  has({ user, realUser }: ListedUser): boolean | undefined {
    if (this.#all || this.#users.has(user)) return true;
    if (realUser !== undefined && this.#users.has(`~${realUser}`)) return true;
    return this.#groups.length === 0 ? false : undefined;
  }

  hasOneOf(groups: readonly string[]): boolean {
    return this.#groups.some((group) => groups.includes(group));
  }
}
