// What `npm run sim --` can be told.
import { Command, InvalidArgumentError, Option } from 'commander';
import { DRILL_NAMES } from './drills/index.ts';
import { EXPLORED } from './explore/index.ts';

const SCENARIOS = ['swarm', 'power', 'short', 'calm', 'blackout', 'faults'] as const;

export interface SimOptions {
  /** First seed. Undefined: 1, or a fresh one with `hours`. */
  readonly from?: number;
  readonly seeds?: number;
  readonly hours?: number;
  /** Of chaos in each seed. */
  readonly minutes: number;
  readonly scenario: (typeof SCENARIOS)[number];
  readonly beyond?: true;
  readonly minimize?: true;
  /** Plays of a minimiser. */
  readonly runs: number;
  /** File with the shape to play. */
  readonly shape?: string;
  readonly explore?: (typeof EXPLORED)[number] | 'all';
  /** Disks at most that an exploration starts on. */
  readonly limit: number;
  readonly drill?: (typeof DRILL_NAMES)[number] | 'all';
  /** All drills behind the seeds. */
  readonly drills?: true;
  readonly predicates?: true;
  /** A known bug, which the bundler has put in. */
  readonly mutant?: string;
  readonly speed?: true;
  /** Virtual seconds that `speed` measures. */
  readonly seconds: number;
  readonly trace?: true;
  readonly verbose?: true;
}

function wholeNumber(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(value)) throw new InvalidArgumentError('A whole number is needed.');
  return value;
}

function positive(text: string): number {
  const value = Number(text);
  if (!(value > 0) || !Number.isFinite(value)) throw new InvalidArgumentError('A number above 0 is needed.');
  return value;
}

/** Throws commander's CommanderError, after it has written why, for what cannot be understood and for `--help`. */
export function parseSimOptions(args: readonly string[], write: (text: string) => void): SimOptions {
  const command = new Command('npm run sim --')
    .description('Plays a cluster under each seed, in virtual time. Exits 1 when a promise was broken.')
    .option('--from <seed>', 'the first seed (default: 1, or a fresh one with --hours)', wholeNumber)
    .option('--seeds <count>', 'how many (default: 10 seeds, 1 time each drill)', wholeNumber)
    .option('--hours <hours>', 'seed after seed until so much time is over', positive)
    .option('--minutes <minutes>', 'of chaos in each seed', wholeNumber, 5)
    .addOption(
      new Option(
        '--scenario <name>',
        'swarm: all kinds of trouble; power: it fails again and again; short: as the seed chooses',
      )
        .choices(SCENARIOS)
        .default('swarm'),
    )
    .option('--beyond', 'nothing is spared, more is lost than may be: only that nothing wrong is served is checked')
    .option('--minimize', 'makes the shape of each failing seed smaller and prints it')
    .option('--runs <count>', 'of a minimiser, at most', wholeNumber, 200)
    .option('--shape <file>', 'plays this shape, as printed by a minimiser, instead of what the seed draws')
    .addOption(
      new Option('--explore <work>', 'starts the daemons on every disk that a power cut could leave').choices([
        ...EXPLORED,
        'all',
      ]),
    )
    .option('--limit <disks>', 'of an exploration, at most', wholeNumber, 2_000)
    .addOption(new Option('--drill <name>', 'one kind of trouble on purpose').choices([...DRILL_NAMES, 'all']))
    .option('--drills', 'all drills once, behind the seeds: the rare situations that they meet count too')
    .option('--mutant <id>', 'with a known bug in the product, as `npm run sim:mutants -- --list` names it')
    .option('--predicates', 'what is looked at, where and when; plays nothing')
    .option('--speed', 'measures how much faster than real time a common load is')
    .option('--seconds <seconds>', 'of virtual time that --speed measures', wholeNumber, 3600)
    .option('--trace', 'every event')
    .option('--verbose', "every line of the daemons' logs")
    .allowExcessArguments(false)
    .exitOverride()
    .configureOutput({ writeOut: write, writeErr: write });
  return command.parse(args, { from: 'user' }).opts<SimOptions>();
}
