// If this fails, a misspelt option of the simulator plays something else than was asked for, and its green line says nothing.
import { CommanderError } from 'commander';
import { expect, it } from 'vitest';
import { parseSimOptions } from './options.ts';

it.each([
  [['--form', '1'], /--from/],
  [['--seeds', '-1'], /whole number/],
  [['--seeds', '1.5'], /whole number/],
  [['--hours', '0'], /above 0/],
  [['--scenario', 'warm'], /swarm/],
  [['--drill', 'none'], /all/],
  [['7'], /too many arguments/],
])('%j is refused, with what would be right', (args, why) => {
  let told = '';
  expect(() => parseSimOptions(args, (text) => (told += text))).toThrow(CommanderError);
  expect(told).toMatch(why);
});

it('takes what the help lists, and has the defaults it lists', () => {
  expect(parseSimOptions(['--from', '7', '--hours', '0.05', '--minimize'], () => undefined)).toEqual({
    from: 7,
    hours: 0.05,
    minimize: true,
    minutes: 5,
    scenario: 'swarm',
    runs: 200,
    limit: 2_000,
    seconds: 3600,
  });
});
