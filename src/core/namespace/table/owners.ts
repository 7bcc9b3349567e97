// Pairs of owner and group, each stored once and named by a number. It only grows: a cluster has few pairs, and numbers in
// rows and frozen views stay right for ever.

export class Owners {
  private readonly users: string[] = [];
  private readonly groups: string[] = [];
  private readonly numbers = new Map<string, Map<string, number>>();

  user(pair: number): string {
    return this.users[pair] as string;
  }

  group(pair: number): string {
    return this.groups[pair] as string;
  }

  number(user: string, group: string): number {
    let ofUser = this.numbers.get(user);
    if (ofUser === undefined) {
      ofUser = new Map();
      this.numbers.set(user, ofUser);
    }
    let pair = ofUser.get(group);
    if (pair === undefined) {
      pair = this.users.length;
      this.users.push(user);
      this.groups.push(group);
      ofUser.set(group, pair);
    }
    return pair;
  }
}
