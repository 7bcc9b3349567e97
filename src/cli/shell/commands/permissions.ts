// chmod, chown, chgrp.
import { HdfsError, messageOf } from '../../../base/errors.ts';
import { parseOptions, UsageError } from '../command-format.ts';
import type { Item } from '../item.ts';
import { OverlappingCommand } from '../overlapping-command.ts';
import { type ModeChange, parseMode } from '../permissions.ts';

/** A failure, with what was being done in front of it. */
async function attempt(what: string, item: Item, action: Promise<void>): Promise<void> {
  try {
    await action;
  } catch (error) {
    const code = error instanceof HdfsError ? error.code : 'EIO';
    throw new HdfsError(code, `changing ${what} of '${item.text}': ${messageOf(error)}`, { cause: error });
  }
}

export class Chmod extends OverlappingCommand {
  #change: ModeChange = (bits) => bits;

  protected processOptions(args: string[]): void {
    this.recursive = parseOptions(args, { min: 2, flags: ['R'], ignoreUnknown: true }).has('R');
    const mode = args.shift() ?? '';
    const change = parseMode(mode);
    if (change === undefined) throw new UsageError(`chmod : mode '${mode}' does not match the expected pattern.`);
    this.#change = change;
  }

  protected async change(item: Item): Promise<undefined> {
    const { permission, isDirectory } = item.found;
    const changed = this.#change(permission, isDirectory);
    if (changed !== permission) await attempt('permissions', item, item.fs.chmod(item.path, changed));
  }
}

const NAME = '[-+_./@a-zA-Z0-9]';
const OWNER = new RegExp(`^\\s*(${NAME}+)?(:(${NAME}*))?\\s*$`);
const GROUP = new RegExp(`^\\s*(${NAME}+)\\s*$`);

export class Chown extends OverlappingCommand {
  protected owner: string | undefined;
  protected group: string | undefined;

  protected processOptions(args: string[]): void {
    this.recursive = parseOptions(args, { min: 2, flags: ['R'] }).has('R');
    this.parse(args.shift() ?? '');
  }

  protected parse(text: string): void {
    const match = OWNER.exec(text);
    if (match === null) throw new UsageError(`'${text}' does not match expected pattern for [owner][:group].`);
    this.owner = match[1];
    this.group = match[3] === '' ? undefined : match[3];
    if (this.owner === undefined && this.group === undefined)
      throw new UsageError(`'${text}' does not specify owner or group.`);
  }

  protected async change(item: Item): Promise<undefined> {
    const owner = this.owner === item.found.owner ? undefined : this.owner;
    const group = this.group === item.found.group ? undefined : this.group;
    if (owner !== undefined || group !== undefined) await attempt('ownership', item, item.fs.chown(item.path, owner, group));
  }
}

export class Chgrp extends Chown {
  protected override parse(text: string): void {
    const match = GROUP.exec(text);
    if (match === null) throw new UsageError(`'${text}' does not match expected pattern for group`);
    this.group = match[1];
  }
}
